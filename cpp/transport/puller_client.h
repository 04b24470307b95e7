// PullerClient: feeds a log from a remote puller over syntrix.puller.v1.
//
// What it asks for and when is decided by a SourceConsumer
// (source_consumer.h); this is its gRPC stream, its two threads and its clock.
// It follows the source until it is closed, whatever breaks.
//
// A stream that ends while no message is being read is noticed with the next
// read. So while storing is refused, the source is not looked at.
//
// A message may be as large as protobuf can read, 2 GiB: one that was refused
// would come again each time, and what lies behind it never.
//
// Cost: one thread that stores, one that waits for timers.
// Thread-safety: every method from any thread.
#ifndef STREAMER_TRANSPORT_PULLER_CLIENT_H_
#define STREAMER_TRANSPORT_PULLER_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "event/change_event.h"
#include "event/position.h"
#include "transport/source_consumer.h"

namespace streamer {

// Where the events go. Called by one thread, one call at a time, in the order
// of the source; may block. It outlives the client.
class SourceIntake {
 public:
  virtual ~SourceIntake() = default;

  // Appends all or nothing, with the events' upstream markers; some may be
  // losses. Whatever it fails with, the same events are offered again, and none
  // other before.
  virtual Result<Position> Append(std::vector<SourceEvent> events) = 0;
  // As EventLog::RecordMarker. After a failure it is called again.
  virtual Status RecordMarker(std::string_view backend,
                              std::string_view marker) = 0;
};

struct PullerClientOptions {
  std::string target;  // host:port, or any gRPC target
  // `instance` and `backoff_seed` are drawn if they are left empty.
  SourceConsumerOptions consumer;
  SourceStart start;
};

class PullerClient {
 public:
  // Begins to follow the source.
  PullerClient(const PullerClientOptions& options, SourceIntake& intake);
  // Closes.
  ~PullerClient();
  PullerClient(const PullerClient&) = delete;
  PullerClient& operator=(const PullerClient&) = delete;

  // Ends it: returns once `intake` is not called any more. What was received
  // and not stored is not acknowledged either: it comes again. Idempotent.
  void Close();

  // As SourceConsumer::IsReady.
  [[nodiscard]] bool IsReady() const;
  // Why the last stream broke; OK if none did.
  [[nodiscard]] Status LastFailure() const;
  [[nodiscard]] SourceConsumerStatistics Statistics() const;

 private:
  class Connection;
  const std::shared_ptr<Connection> connection_;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_PULLER_CLIENT_H_
