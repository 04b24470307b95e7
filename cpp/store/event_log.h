// EventLog: the ordered log of source events between sources and the core.
//
// Every source appends here, and the position that an event gets is the one
// order everything follows. The core reads from any position it has not
// passed; so does a gateway that must catch up, and a source that asks where
// its upstream stands.
//
// Promises: offsets are dense from 1 through all epochs (log_history.h), and
// an event's position never changes. Read gives the events after a position,
// in order, none left out. A position that the log no longer reaches, or that
// belongs to another log, is OutOfRange, never an empty answer. An event is
// read only once it is as durable as the log makes it.
//
// Thread-safety: all methods may be called from any thread at once.
#ifndef STREAMER_STORE_EVENT_LOG_H_
#define STREAMER_STORE_EVENT_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/fingerprint.h"
#include "event/log_entry.h"
#include "event/position.h"
#include "store/log_history.h"

namespace streamer {

// What a log keeps of the events that its reader has released. What is beyond
// one of these is dropped, the oldest first.
struct RetentionOptions {
  std::uint64_t events = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  Duration age = Duration::max();
};

// How far the sources had been read: the last marker that is not empty, of all
// that was appended or recorded.
struct UpstreamMarkers {
  std::string last;                 // of whichever backend
  TextMap<std::string> by_backend;  // of each
};

// What tells an event from others, without the event.
struct LoggedFingerprint {
  Position position;
  // When it was appended, on a timeline of the log's own that follows the
  // wall clock from one start to the next, but never goes back, nor jumps
  // while the log is open.
  WallTime logged_at{};
  EventFingerprint fingerprint;
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends `events` with their upstream markers, in order and in one write,
  // and returns the position of the last, once they are as durable as the log
  // is configured to make them. All or nothing: on failure nothing was
  // appended. Unavailable when it cannot be written; may be tried again. An
  // empty batch returns head().
  virtual Result<Position> Append(std::vector<SourceEvent> events,
                                  Instant now) = 0;

  // Notes that `backend` was read up to `marker` without an event. An empty
  // marker changes nothing. Errors as Append.
  virtual Status RecordMarker(std::string_view backend,
                              std::string_view marker) = 0;
  virtual UpstreamMarkers markers() const = 0;

  // Appends to `entries` at most `limit` events after `after`, in order.
  // Nothing when there are none yet. OutOfRange, with the range, when `after`
  // lies before first() - 1 or past head(), or is no position of this log.
  // DataLoss, naming the file, when the log is damaged there; the events
  // before it were given.
  virtual Status Read(Position after, std::size_t limit,
                      std::vector<LogEntry>& entries) const = 0;

  // As Read, and much cheaper: what a duplicate window is filled from.
  virtual Status ReadFingerprints(
      Position after, std::size_t limit,
      std::vector<LoggedFingerprint>& fingerprints) const = 0;

  // The position after which lie all events that were appended at most `age`
  // before the one at `position`: as far back as a duplicate window must look.
  // Not before first() - 1. OutOfRange as Read.
  virtual Result<Position> FindEarlier(Position position,
                                       Duration age) const = 0;

  // Where to go on after `position`, which may come from a client, from an
  // earlier life of this log, or from another log; see LogHistory::Resolve.
  // OutOfRange, with the range, when the log does not reach it.
  Result<ResolvedPosition> Resolve(Position position) const;
  virtual LogHistory history() const = 0;

  // The position of the oldest event held; one past head() when none is.
  virtual Position first() const = 0;
  // The position of the newest event; offset 0 when there was none.
  virtual Position head() const = 0;

  // The reader will not ask for events up to `position` again: what retention
  // may drop. Never drops past it.
  virtual void Release(Position position) = 0;
  // Drops what retention does not hold at `now`. Whole runs of events go at a
  // time, so some more than that stays. Unavailable as Append: nothing was
  // dropped.
  virtual Status Trim(Instant now) = 0;
};

}  // namespace streamer

#endif  // STREAMER_STORE_EVENT_LOG_H_
