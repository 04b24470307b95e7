// Service: the parts of streamerd, put together, and taken apart in order.
//
//   HTTP ──────────▶ log ──▶ engine ──▶ gRPC     puller and streamer in one
//   HTTP ──────────▶ log ──▶ gRPC (puller)       roles: puller
//   remote puller ─▶ log ──▶ engine ──▶ gRPC     roles: streamer
//
// Drain: unready, no more events, what is logged goes out, the streams end
// with UNAVAILABLE, the state is saved, the threads stop (docs/decisions/0026).
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

// What a drain has done.
struct Drained {
  // All that was logged reached the gateways' streams.
  bool is_delivered = true;
  // The next start goes on where this one ended.
  bool is_saved = true;

  [[nodiscard]] bool is_complete() const { return is_delivered && is_saved; }
};

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

  // Ends everything. No step waits for anybody beyond `timeout`; what a disk
  // takes for a call that is under way is beyond its power. Later calls do
  // nothing, and return what the first did.
  Drained Drain(Duration timeout);

 private:
  struct State;
  explicit Service(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_SERVICE_SERVICE_H_
