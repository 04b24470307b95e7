// GrpcServer: the gateways' door.
//
// Serves syntrix.streamer.v1.StreamerService, grpc.health.v1.Health and
// server reflection on one port. Each stream is a soft-state gateway of its
// own, or one of the streams of a session; what it promises is written in
// internal/gateway_stream.h.
//
// Bounds: 4 MiB a message, and up to 64 to a session that asks for it; 1,000
// streams a connection, `max_streams` in all; a peer that answers no keepalive
// ping for 10 s, or takes no message for `stall_timeout`, is cut off.
// Thread-safety: every method, from any thread.
#ifndef STREAMER_TRANSPORT_GRPC_SERVER_H_
#define STREAMER_TRANSPORT_GRPC_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "core/commands.h"
#include "runtime/engine.h"

namespace streamer {

struct GrpcServerOptions {
  std::string listen = "127.0.0.1";
  int port = 8084;  // 0: any that is free
  std::size_t max_streams = 10'000;
  OutboxLimits outbox;
  Duration stall_timeout = std::chrono::seconds(30);
};

// Since the start.
struct GrpcServerStatistics {
  std::uint64_t deliveries = 0;  // handed to gRPC
  // Documents too large for the gateway's messages: left out for a session; a
  // plain stream ended there.
  std::uint64_t documents_omitted = 0;
  std::uint64_t streams_opened = 0;
  std::uint64_t streams_open = 0;
  // Filters of subscribe requests; all servers of a process share the cache.
  std::uint64_t filter_cache_hits = 0;
  std::uint64_t filter_cache_misses = 0;
};

class GrpcServer {
 public:
  // Listens. Unavailable, with the reason, when it cannot. `engine` outlives
  // the server.
  static Result<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, Engine& engine);
  // Shuts down if Shutdown was not called.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The port it listens on.
  [[nodiscard]] int port() const;

  // What grpc.health.v1 answers, for "" and for the service; not serving at
  // first.
  void SetServing(bool is_serving);

  // Accepts no more streams, ends those there are with `status` once what
  // they have queued is written, and cuts off what is left after `grace`.
  // Returns when no stream is left: whether none had to be cut off.
  // Idempotent.
  bool Shutdown(Duration grace, const Status& status);

  [[nodiscard]] GrpcServerStatistics Statistics() const;

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_GRPC_SERVER_H_
