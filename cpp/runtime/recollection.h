// Recollection: what a log tells, when an engine starts on it, of the events
// before the first that the engine will take.
//
//   STREAMER_ASSIGN_OR_RETURN(Recollection past,
//                             Recollect(log, log.head(), options.core));
//   ThreadedEngine engine(options, log, std::move(past));
//
// A source goes on after the last marker that was logged and may send again
// what it sent before it: so the duplicate window is filled for its full
// length before the start, however long the process was away. And what the
// newest events said of documents (deleted, name behind a key) and of cluster
// times is read again.
//
// Cost: fingerprints are read at some ten millions a second; events at one,
// and of them no more than the normalizer remembers.
// Thread-safety: plain data, and a pure function of the log.
#ifndef STREAMER_RUNTIME_RECOLLECTION_H_
#define STREAMER_RUNTIME_RECOLLECTION_H_

#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "core/options.h"
#include "core/sequencer.h"
#include "event/log_entry.h"
#include "event/position.h"
#include "store/event_log.h"

namespace streamer {

struct Recollection {
  // The last event before the first one that will be taken.
  Position start;
  // Of the length of the duplicate window, oldest first.
  std::vector<LoggedFingerprint> fingerprints;
  // The newest events, oldest first: fewer than those, or more.
  std::vector<LogEntry> entries;
};

// REQUIRES: `start` is a position of the log. OutOfRange or DataLoss as
// EventLog::Read: then nothing should start.
Result<Recollection> Recollect(const EventLog& log, Position start,
                               const CoreOptions& options);

// Tells `sequencer`, which has taken nothing yet. What was logged just before
// the start counts as seen at `now`, the rest as much earlier as it was.
void Remember(const Recollection& past, MonotonicTime now,
              Sequencer& sequencer);

}  // namespace streamer

#endif  // STREAMER_RUNTIME_RECOLLECTION_H_
