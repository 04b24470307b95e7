// What the log says of an event that could not be matched.
//
// Thread-safety: from any thread.
#ifndef STREAMER_SERVICE_INTERNAL_MALFORMED_EVENT_LOG_H_
#define STREAMER_SERVICE_INTERNAL_MALFORMED_EVENT_LOG_H_

#include "core/sequenced.h"

namespace streamer {

// Logs one line: which event it was, where it stands, and what is wrong.
void LogMalformedEvent(const MalformedEvent& malformed);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_MALFORMED_EVENT_LOG_H_
