// Where clients go on: what the places that they name mean in the log.
//
// Thread-safety: any thread.
#ifndef STREAMER_RUNTIME_INTERNAL_RESUMPTION_H_
#define STREAMER_RUNTIME_INTERNAL_RESUMPTION_H_

#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "event/position.h"
#include "runtime/engine.h"
#include "store/event_log.h"

namespace streamer::internal {

// See Engine::Resolve.
Result<ResumePoint> ResolveProgress(const EventLog& log,
                                    std::string_view progress);

// The command that `request` asks for. A place that the log does not know is
// none: then everything that the session did not acknowledge comes again.
OpenSession CommandOf(const EventLog& log, GatewayHandle stream,
                      SessionRequest request);

// Where a gateway goes on whose stream broke: a second before the newest event
// that it was given, or, when that was long ago, where a stream that was not
// stalled for `stall_timeout` must have been.
DisconnectGateway BreakOf(const EventLog& log, GatewayHandle gateway,
                          BrokenOff broken_off, Duration stall_timeout);

// Up to where a stream that has not taken an event is stalled. `horizon` is
// what FindEarlier says of the head and the time-out: if the log does not reach
// back so far, its oldest event may be of now, and nobody is.
Position StalledUpto(const EventLog& log, Position horizon);

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_RESUMPTION_H_
