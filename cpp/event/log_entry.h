// LogEntry: a source event at its place in the log. What the store hands to
// the sequencer.
//
// Thread-safety: plain data; the event is shared and immutable.
#ifndef STREAMER_EVENT_LOG_ENTRY_H_
#define STREAMER_EVENT_LOG_ENTRY_H_

#include <memory>

#include "base/time.h"
#include "event/change_event.h"
#include "event/position.h"

namespace streamer {

struct LogEntry {
  Position position;
  std::shared_ptr<const SourceEvent> event;
  Instant logged_at;
};

}  // namespace streamer

#endif  // STREAMER_EVENT_LOG_ENTRY_H_
