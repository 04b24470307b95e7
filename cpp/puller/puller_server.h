// PullerServer: syntrix.puller.v1.PullerService over an EventLog.
//
// Each stream is a PullerSession of its own (puller_session.h): it goes at the
// pace at which its consumer takes messages, with one write under way and one
// batch in memory, and a consumer that takes none costs that much and nothing
// else.
//
// The server learns that the log has grown from Notify, which whoever appends
// calls afterwards. It reads the log only then, when a consumer took what it
// was sent, and when a heartbeat is due.
//
// It does not hold the log's retention back: a consumer that falls behind it
// gets OUT_OF_RANGE.
//
// Bounds: `max_streams`; a peer that answers no keepalive ping for 10 s is cut
// off.
// Cost: one thread; gRPC's own threads read the log for busy streams.
// Thread-safety: every method, from any thread.
#ifndef STREAMER_PULLER_PULLER_SERVER_H_
#define STREAMER_PULLER_PULLER_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "puller/puller_session.h"
#include "store/event_log.h"

namespace streamer {

struct PullerServerOptions {
  std::string listen = "127.0.0.1";
  int port = 8085;  // 0: any that is free
  std::size_t max_streams = 1'000;
  PullerSessionOptions session;
};

// Since the start.
struct PullerServerStatistics {
  std::uint64_t streams_opened = 0;  // with a marker that could be served
  std::uint64_t streams_open = 0;
  std::uint64_t events_sent = 0;  // handed to gRPC
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t events_coalesced = 0;
};

class PullerServer {
 public:
  // Listens. Unavailable, naming the address, when it cannot. `log` outlives
  // the server.
  static Result<std::unique_ptr<PullerServer>> Start(
      const PullerServerOptions& options, const EventLog& log);
  // Shuts down at once if Shutdown was not called.
  ~PullerServer();
  PullerServer(const PullerServer&) = delete;
  PullerServer& operator=(const PullerServer&) = delete;

  // The port it listens on.
  [[nodiscard]] int port() const;

  // The log has grown. Cheap: wakes a thread.
  void Notify();

  // Accepts no more streams, ends those there are with `status` once what they
  // are sending is sent, and cuts off what is left after `grace`. Returns when
  // no stream is left. Idempotent.
  void Shutdown(Duration grace, const Status& status);

  [[nodiscard]] PullerServerStatistics Statistics() const;

 private:
  struct State;
  explicit PullerServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_PULLER_PULLER_SERVER_H_
