// HttpServer: ingest, operations and the control plane.
//
//   POST /v1/events                     change events, NDJSON
//   GET  /health/live /health/ready /health /metrics /openapi.json
//   POST /internal/v1/filters/check     compile and explain a filter
//   GET  /internal/v1/subscriptions     those that live
//   POST, PUT, DELETE there             registered, renewed, ended
//   GET  /internal/v1/collections/summary  Bloom summaries of a collection
//
// The tap of deliveries answers 501 and says so. Every refusal is a problem
// (RFC 7807) that names what was expected.
//
// Bounds: connections, bytes of header and body, of what all bodies hold in
// memory together, and a time limit on every wait for the peer: a body must
// bring 1 KiB a second or so. None on the wait for a full pipeline, which is
// the pipeline's to end.
// Thread-safety: every method, from any thread.
#ifndef STREAMER_TRANSPORT_HTTP_SERVER_H_
#define STREAMER_TRANSPORT_HTTP_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "runtime/engine.h"
#include "transport/metrics.h"

namespace streamer {

// What the service is ready for. Events are taken while it is ready or replays,
// and tried while its log or state fails: that is how it is noticed that all is
// well again.
enum class ServicePhase : std::uint8_t {
  kStarting,
  kReplaying,  // what was logged before the start and not acknowledged
  kReady,
  kLogFailing,
  kStateFailing,  // what must survive a restart cannot be saved
  kSourceLost,    // the puller that it follows
  kDraining,
};

constexpr bool TakesEvents(ServicePhase phase) {
  return phase != ServicePhase::kStarting && phase != ServicePhase::kDraining;
}

struct HttpServerOptions {
  std::string listen = "127.0.0.1";
  int port = 8083;  // 0: any that is free
  std::string version;
  std::size_t threads = 2;
  std::size_t max_connections = 1'000;
  std::size_t max_body_bytes = 16u << 20;
  std::size_t max_header_bytes = 16u << 10;
  // Of bodies, on all connections, received and not taken yet.
  std::size_t max_buffered_bytes = 256u << 20;
  // How long a connection may be idle between requests, and how long a peer
  // may take to send a header, the next piece of a body, or to take a piece
  // of a response.
  Duration idle_timeout = std::chrono::seconds(60);
  Duration peer_timeout = std::chrono::seconds(20);
  // How long a change may take to be saved before its caller is told that
  // nobody knows.
  Duration answer_timeout = std::chrono::seconds(10);
  // Of what is registered: how long a subscription lives without a renewal if
  // nobody says, and how much may wait for a session that begins so.
  Duration default_ttl = std::chrono::seconds(300);
  OutboxLimits outbox;
};

class HttpServer {
 public:
  // Listens. Unavailable when the port is taken, InvalidArgument when `listen`
  // is no address. `engine` and `metrics` outlive the server.
  static Result<std::unique_ptr<HttpServer>> Start(
      const HttpServerOptions& options, Engine& engine, const Metrics& metrics);
  // Shuts down at once if Shutdown was not called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port it listens on.
  [[nodiscard]] int port() const;

  // kStarting at first. Once it has returned, events are taken only if
  // TakesEvents(phase); requests under way are no exception.
  void SetPhase(ServicePhase phase);

  // Accepts no more connections, lets requests under way be answered for at
  // most `grace`, and closes everything. Idempotent.
  void Shutdown(Duration grace);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_HTTP_SERVER_H_
