// PullerSession: what one stream of syntrix.puller.v1 sends next, without
// clock, thread or socket.
//
// The shell asks Next whenever it can send, when the log has grown and when a
// heartbeat is due; the simulation does the same.
//
//   heartbeat(start) event event … heartbeat(last sent) …
//
// The first message is a heartbeat with the marker from which the stream goes
// on: the head for a consumer that has no marker or is up to date. It is never
// a later one, since the consumer keeps it as the place up to which it has
// everything. Nor is any other: where an event went out before an earlier one,
// which is joined to what comes later, the marker says so, and the stream that
// begins after it sends what that batch still had to send (puller_marker.h).
//
// A stream is catching up when it is opened behind the head, or when more than
// a batch waits for it, until it has read to the head. If the consumer allows
// it, what is read meanwhile is coalesced (coalescing.h). Events that repeat
// an earlier one are then left out, as the consumer would: it could not know a
// repeat of one that it never got. For that, what came before the stream's
// beginning is looked at when it is opened.
//
// What is forgotten is a danger: the consumer may remember it, and would drop a
// repeat with all that was joined to it. How long a consumer remembers is not
// known here: 3 min if it is not told otherwise, and 24 h at most. So an event
// is remembered for longer than that, as long as there is room. For one for
// which there is none, no changes are joined until `consumer_memory` after it
// was seen; and if that were 24 h, too, nothing would ever be joined in a log
// that takes an event a second. What remains: a consumer told to remember
// longer than `consumer_memory`, and a repeat that comes later than that and
// more than `repeats.count` events after what it repeats. Likewise no changes
// are joined after a beginning for which the log does not reach back so far, or
// that lay in a lost tail: the consumer remembers what this log does not.
//
// Bounds: one batch is held, `batch_events` events or about `batch_bytes`, and
// 40 bytes for each of the `repeats.count` events remembered, if it coalesces.
// Thread-safety: none; one owner. The log outlives it.
#ifndef STREAMER_PULLER_PULLER_SESSION_H_
#define STREAMER_PULLER_PULLER_SESSION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/duplicate_window.h"
#include "event/log_entry.h"
#include "event/position.h"
#include "puller/puller_marker.h"
#include "store/event_log.h"

namespace streamer {

struct PullerSessionOptions {
  // What is read from the log at once. The number follows the size of the
  // events read before, so the bytes may be more by what one batch differs
  // from the next.
  std::size_t batch_events = 512;
  std::size_t batch_bytes = 1u << 20;
  // An idle stream is heard of so often.
  Duration heartbeat_interval = std::chrono::seconds(10);
  // In which repeats are found, of a stream that coalesces. An hour more than
  // any consumer remembers: it gets later what is seen here.
  DuplicateWindowOptions repeats{.age = std::chrono::hours(25),
                                 .count = 65'536};
  // How long after an event its repeat is expected, if it is not remembered.
  Duration consumer_memory = std::chrono::minutes(3);
};

struct PullerRequest {
  std::string after;  // exclusive; empty: from the head
  bool coalesces = false;
};

struct PullerMessage {
  PullerMarker progress;                     // what was sent, with this
  std::shared_ptr<const SourceEvent> event;  // null: a heartbeat; may be a loss
};

class PullerSession {
 public:
  // InvalidArgument when `after` is no marker; OutOfRange, with the range, when
  // the log does not reach it.
  static Result<PullerSession> Open(const PullerRequest& request,
                                    const PullerSessionOptions& options,
                                    const EventLog& log, MonotonicTime now);

  // The next message, if there is one to send now. OutOfRange when the log was
  // trimmed past the stream, DataLoss when it is damaged there: the stream is
  // over.
  Result<std::optional<PullerMessage>> Next(MonotonicTime now);

  // When Next has a heartbeat to send, if the log does not grow before.
  [[nodiscard]] MonotonicTime next_heartbeat() const { return heartbeat_at_; }
  // Whether Next has another event at hand.
  [[nodiscard]] bool has_more() const { return !batch_.empty(); }
  // Events left out since the stream was opened.
  [[nodiscard]] std::uint64_t coalesced() const { return coalesced_; }

 private:
  PullerSession(const PullerSessionOptions& options, const EventLog& log,
                const PullerMarker& begin, bool coalesces, MonotonicTime now);

  Status RememberEarlier(MonotonicTime now);
  Status FillBatch(MonotonicTime now);
  [[nodiscard]] std::size_t NextLimit() const;
  void TakeBatch(std::vector<LogEntry>& entries, Position head,
                 MonotonicTime now);
  void LeaveOutRepeats(std::vector<LogEntry>& entries, MonotonicTime now);
  void QueueJoined(std::vector<LogEntry>& entries);
  void Queue(std::vector<LogEntry>& entries,
             const std::vector<std::uint64_t>& firsts);
  void FinishBatchBegunBefore();
  bool IsRepeat(const SourceEvent& event, MonotonicTime now);
  void NoteForgotten(MonotonicTime seen);
  void AdaptLimit(const std::vector<LogEntry>& entries);

  PullerSessionOptions options_;
  const EventLog* log_;
  bool coalesces_;
  Position read_;      // the last event read
  PullerMarker sent_;  // what the consumer was sent
  // The batch within which the stream before this one ended, until it is read.
  std::optional<PullerMarker> begun_;
  bool is_catching_up_;
  std::size_t limit_;
  std::deque<PullerMessage> batch_;         // to be sent
  std::optional<DuplicateWindow> repeats_;  // if anything is to be joined
  // Until then what comes may repeat something that is not remembered.
  MonotonicTime joins_after_ = MonotonicTime::min();
  std::uint64_t coalesced_ = 0;
  MonotonicTime heartbeat_at_;
};

// The marker after which lies all that `log` holds.
Position OldestPosition(const EventLog& log);

}  // namespace streamer

#endif  // STREAMER_PULLER_PULLER_SESSION_H_
