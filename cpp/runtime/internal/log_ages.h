// How far, in time, progress is behind the log, and before its loss.
//
// By the wall clock: a clock that is set moves these numbers, and nothing that
// anything depends on.
//
// Cost: a read or two of the log. Thread-safety: any thread.
#ifndef STREAMER_RUNTIME_INTERNAL_LOG_AGES_H_
#define STREAMER_RUNTIME_INTERNAL_LOG_AGES_H_

#include "base/time.h"
#include "event/position.h"
#include "store/event_log.h"

namespace streamer::internal {

// How long ago the first event after `position` was logged: the oldest that is
// held, if the log does not reach as far back. Zero when there is none.
Duration AgeAfter(const EventLog& log, Position position, WallTime now);

// How much of the log, in seconds, is held before what follows `position`.
// Infinite as long as nothing was dropped from it.
double HeadroomBefore(const EventLog& log, Position position, WallTime now);

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_LOG_AGES_H_
