// Service: the parts of streamerd, put together, and taken apart in order.
//
//   HTTP ──────────▶ log ──▶ engine ──▶ gRPC     puller and streamer in one
//   HTTP ──────────▶ log ──▶ gRPC (puller)       roles: puller
//   remote puller ─▶ log ──▶ engine ──▶ gRPC     roles: streamer
//
// Drain: unready, no more events, what is logged goes out, the streams end
// with UNAVAILABLE, the threads stop.
// Thread-safety: one thread starts and drains it.
#ifndef STREAMER_SERVICE_SERVICE_H_
#define STREAMER_SERVICE_SERVICE_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "service/config.h"

namespace streamer {

// "0.1.0".
std::string_view Version();

class Service {
 public:
  // Listens and is ready. Unavailable names the address that is taken.
  static Result<std::unique_ptr<Service>> Start(const ServiceConfig& config);
  // Drains without waiting for anybody, if Drain was not called.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] int http_port() const;
  [[nodiscard]] int grpc_port() const;

  // Ends everything within `timeout`. Whether all that was logged reached the
  // gateways' streams.
  bool Drain(Duration timeout);

 private:
  struct State;
  explicit Service(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_SERVICE_SERVICE_H_
