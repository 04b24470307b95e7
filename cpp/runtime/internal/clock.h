// The clocks that the service runs by.
#ifndef STREAMER_RUNTIME_INTERNAL_CLOCK_H_
#define STREAMER_RUNTIME_INTERNAL_CLOCK_H_

#include <chrono>

#include "base/time.h"

namespace streamer::internal {

inline MonotonicTime ReadMonotonicClock() {
  return MonotonicTime(std::chrono::duration_cast<Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

inline Instant ReadClocks() {
  return {ReadMonotonicClock(),
          std::chrono::time_point_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now())};
}

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_CLOCK_H_
