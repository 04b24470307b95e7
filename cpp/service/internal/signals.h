// SignalWatch: SIGTERM and SIGINT as something to wait for.
//
// The signals are blocked in the thread that makes the watch and in all that
// it starts later, so that they arrive nowhere but in Wait. Make it before
// any thread. A peer that goes away must not end the process either: SIGPIPE
// is ignored.
//
// Thread-safety: one thread waits.
#ifndef STREAMER_SERVICE_INTERNAL_SIGNALS_H_
#define STREAMER_SERVICE_INTERNAL_SIGNALS_H_

#include <csignal>

#include "base/time.h"

namespace streamer {

class SignalWatch {
 public:
  SignalWatch();

  // Waits for the next of the signals and returns its number.
  int Wait();
  // As Wait, but returns 0 after `timeout`.
  int WaitFor(Duration timeout);

 private:
  sigset_t signals_{};
};

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_SIGNALS_H_
