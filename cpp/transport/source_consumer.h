// SourceConsumer: following a remote puller, without clock, thread or socket.
//
// Its owner tells it what happened and when (message received, stream broken,
// batch stored, time passed) and does what it answers, in order (open a
// stream, read, store, report). The shipped client (puller_client.h) and the
// simulation drive the same object.
//
//   Start ─▶ OpenStream(after marker) ─▶ Read … message ─▶ Store … stored ─┐
//               ▲                          ▲                               │
//               └── broken: after backoff  └── while there is room ◀───────┘
//
// Order: what was received is stored and reported in the order in which it
// came, one batch at a time; a batch that could not be stored is offered again
// until it is, and nothing is read meanwhile. A marker without an event (of a
// heartbeat) is recorded once all before it is stored. So the marker in the log
// never stands for something that is not.
//
// A loss (a gap, an event that cannot be read) is stored in its place like an
// event: from then on the log tells of it whoever reads over it.
//
// Going on: the next stream begins after the last marker received. What was
// received and is not stored yet waits here, so nothing is lost or doubled.
// A gap is stored, in its place in that order, when
//   - the source says that it has one;
//   - the source no longer serves the marker, but names the oldest it does;
//   - a stream begins without a marker: somewhere in the source's events, and
//     what came before may have been waited for. Only the first stream of a
//     process that begins anew, with nobody waiting, misses nothing; one that
//     comes to nothing may have cost the time in which somebody subscribed.
// After a marker was refused the next stream is opened at once, however long
// the backoff was, and soon if that is refused as well: a source that drops
// what is old sooner than one waits would never be caught up with.
//
// Thread-safety: none; guarded by its owner.
#ifndef STREAMER_TRANSPORT_SOURCE_CONSUMER_H_
#define STREAMER_TRANSPORT_SOURCE_CONSUMER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"

namespace streamer {

// One message of the source, decoded. A heartbeat has nothing but `progress`.
struct SourceMessage {
  std::string progress;            // empty: no new marker
  std::optional<SourceEvent> gap;  // a loss, before the event
  // May be one that cannot be read, a loss. Its upstream_marker is `progress`.
  std::optional<SourceEvent> event;
};

struct SourceConsumerOptions {
  // Streams are called "<consumer_id>-<instance>-<number>". `instance` is
  // drawn anew for each run of the process.
  std::string consumer_id = "streamer";
  std::string instance;
  bool coalesces = false;
  // Under which a heartbeat's marker is recorded.
  std::string backend;
  BackoffOptions backoff;
  std::uint64_t backoff_seed = 0;
  // How long a stream may take to its first message, and between two. A stock
  // puller sends a heartbeat every 30 s, and none at once: a stream that is
  // idle and whole says nothing for so long, and one heartbeat may be late. A
  // source that is not there is not waited for: gRPC says so itself.
  Duration attempt_timeout = std::chrono::seconds(90);
  Duration silence_limit = std::chrono::seconds(90);
  // How long it is ready without a stream.
  Duration unready_after = std::chrono::seconds(30);
  Duration store_retry = std::chrono::milliseconds(100);
  // What may wait to be stored before reading stops, and what is stored at
  // once.
  std::size_t max_waiting_events = 4'096;
  std::size_t max_waiting_bytes = 16u << 20;
  std::size_t batch_events = 1'024;
};

// Where the log stands when following begins.
struct SourceStart {
  std::string marker;  // the last upstream marker in the log; may be empty
  // The log is empty, and no session goes on that may have seen another.
  bool is_new = true;
};

// What the owner is to do, in order.
namespace source_action {
struct OpenStream {
  std::string consumer_id;
  std::string after;
  bool coalesces = false;
};
// Nothing of the stream concerns the consumer any more.
struct CancelStream {};
// Receive one more message. The first Read follows OpenStream.
struct Read {};
// Append, then call Stored.
struct Append {
  std::vector<SourceEvent> events;
};
// EventLog::RecordMarker, then call Stored.
struct RecordMarker {
  std::string backend;
  std::string marker;
};
}  // namespace source_action

using SourceAction =
    std::variant<source_action::OpenStream, source_action::CancelStream,
                 source_action::Read, source_action::Append,
                 source_action::RecordMarker>;
using SourceActions = std::vector<SourceAction>;

// Since the start.
struct SourceConsumerStatistics {
  std::uint64_t events = 0;     // received and readable
  std::uint64_t malformed = 0;  // received and not
  std::uint64_t heartbeats = 0;
  std::uint64_t gaps = 0;
  std::uint64_t streams_opened = 0;
  std::uint64_t store_failures = 0;
};

class SourceConsumer {
 public:
  SourceConsumer(const SourceConsumerOptions& options,
                 const SourceStart& start);

  // Called once, before anything else.
  SourceActions Start(MonotonicTime now);

  // The answer to a Read.
  SourceActions Received(SourceMessage message, MonotonicTime now);
  // The stream ended by itself. `oldest` is the marker after which the source
  // can still be followed, if it said so.
  SourceActions StreamBroken(const Status& status, const std::string& oldest,
                             MonotonicTime now);
  // The answer to Append and RecordMarker.
  SourceActions Stored(const Status& status, MonotonicTime now);

  // Does what is due. Needed at NextDeadline() or later.
  SourceActions Tick(MonotonicTime now);
  [[nodiscard]] std::optional<MonotonicTime> NextDeadline() const;

  // Ends it: nothing more is asked for. What waits is dropped: it lies after
  // the log's marker, and is sent again to whoever goes on from there.
  SourceActions Close();

  // Whether the source is followed: a message has come, and there was none to
  // come from for no longer than `unready_after`. After a stream that broke as
  // soon as it was heard, the next counts once it has brought something new or
  // lasted: a source that always breaks so is never followed.
  [[nodiscard]] bool IsReady(MonotonicTime now) const;
  // Why the last stream broke.
  [[nodiscard]] const Status& last_failure() const { return last_failure_; }
  [[nodiscard]] const SourceConsumerStatistics& statistics() const {
    return statistics_;
  }

 private:
  struct Marker {
    std::string text;
  };
  using Item = std::variant<SourceEvent, Marker>;

  void Open(MonotonicTime now, SourceActions& actions);
  void BeginHearing(const SourceMessage& message, MonotonicTime now);
  void Break(const Status& status, MonotonicTime now);
  [[nodiscard]] bool HasProvenItself(MonotonicTime now) const;
  void LoseMarker(const Status& status, const std::string& oldest);
  void Push(Item item);
  void PushGap(SourceEvent gap);
  void Pop();
  void GoOn(MonotonicTime now, SourceActions& actions);
  void StoreNext(SourceActions& actions);
  void StoreEvents(SourceActions& actions);
  [[nodiscard]] bool IsSuperseded() const;
  [[nodiscard]] bool MayRead() const;
  // When silence on the open stream makes it a broken one.
  [[nodiscard]] MonotonicTime PatienceEnd() const;

  const SourceConsumerOptions options_;
  Backoff backoff_;
  SourceConsumerStatistics statistics_;
  Status last_failure_;
  bool is_closed_ = false;

  std::string marker_;         // the last received: where a stream begins
  std::string queued_marker_;  // the last that was queued to be recorded
  const bool is_new_;          // nobody waited for what was before the start
  std::string lost_marker_;    // refused, and no other in its place
  std::string lost_reason_;

  // Received and not stored, oldest first; of these, how many are being stored.
  std::deque<Item> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t storing_ = 0;
  bool is_store_refused_ = false;  // until it succeeds
  MonotonicTime store_retry_at_;

  // Of the stream.
  bool is_stream_open_ = false;
  bool is_reading_ = false;
  bool has_heard_ = false;
  bool has_ever_heard_ = false;
  bool has_brought_ = false;  // an event, or a marker that is another
  bool must_prove_ = false;   // the last stream that was heard did not
  bool was_refused_ = false;  // a marker, and nothing was heard since
  MonotonicTime heard_since_;
  MonotonicTime read_since_;
  MonotonicTime lost_at_;   // when the last stream that counts broke
  MonotonicTime retry_at_;  // while there is none
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_SOURCE_CONSUMER_H_
