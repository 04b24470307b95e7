// The process's log: JSON lines on stderr.
//
//   {"time":"2013-01-01T05:15:00.123Z","level":"info","message":"…",…}
//
// Thread-safety: StartLogging before other threads; Log (transport/log.h)
// from any thread afterwards.
#ifndef STREAMER_SERVICE_LOGGING_H_
#define STREAMER_SERVICE_LOGGING_H_

#include "transport/log.h"

namespace streamer {

// Sends what is logged from now on to stderr, from `least` upwards.
void StartLogging(LogLevel least);

}  // namespace streamer

#endif  // STREAMER_SERVICE_LOGGING_H_
