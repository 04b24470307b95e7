// EventLog: the ordered log of source events between sources and the core.
//
// Every source appends here, and the position that an event gets is the one
// order everything follows. The core reads from any position it has not
// passed; so does a gateway that must catch up.
//
// Promises: offsets are dense from 1 within an epoch. Read gives the events
// after a position, in order, none left out. A position that the log no longer
// reaches, or that belongs to another log, is OutOfRange, never an empty
// answer.
//
// Thread-safety: all methods may be called from any thread at once.
#ifndef STREAMER_STORE_EVENT_LOG_H_
#define STREAMER_STORE_EVENT_LOG_H_

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/log_entry.h"
#include "event/position.h"

namespace streamer {

class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends `events` in order and returns the position of the last, once they
  // are as durable as the log is configured to make them. All or nothing: on
  // failure nothing was appended. An empty batch returns head().
  virtual Result<Position> Append(std::vector<SourceEvent> events,
                                  Instant now) = 0;

  // Appends to `entries` at most `limit` events after `after`, in order.
  // Nothing when there are none yet. OutOfRange when `after` lies before
  // first() - 1 or past head(), or in another epoch.
  virtual Status Read(Position after, std::size_t limit,
                      std::vector<LogEntry>& entries) const = 0;

  // The position of the oldest event held; one past head() when none is.
  virtual Position first() const = 0;
  // The position of the newest event; offset 0 when there was none.
  virtual Position head() const = 0;

  // The reader will not ask for events up to `position` again: what retention
  // by size may drop first. Never drops past it.
  virtual void Release(Position position) = 0;
};

}  // namespace streamer

#endif  // STREAMER_STORE_EVENT_LOG_H_
