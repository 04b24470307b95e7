// The types of time. There is no clock here, nor in any folder up to `store/`:
// time enters the core as an argument, so that a test owns it.
//
// Two kinds that must not be mixed. *Monotonic* time drives every timer (time
// to live, stall, duplicate window) and is not disturbed when somebody sets
// the clock. *Wall* time only labels things for people.
#ifndef STREAMER_BASE_TIME_H_
#define STREAMER_BASE_TIME_H_

#include <chrono>
#include <cstdint>

namespace streamer {

using Duration = std::chrono::nanoseconds;

// A clock type without now(): it gives time points a type and nothing else.
struct MonotonicTimeline {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicTimeline, Duration>;
  static constexpr bool is_steady = true;
};
using MonotonicTime = MonotonicTimeline::time_point;

// Unix time in milliseconds.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// One moment, seen both ways. The shell reads both clocks at once.
struct Instant {
  MonotonicTime monotonic;
  WallTime wall;

  // The moment `duration` later.
  [[nodiscard]] Instant After(Duration duration) const {
    return {
        monotonic + duration,
        wall + std::chrono::duration_cast<std::chrono::milliseconds>(duration)};
  }
};

inline std::int64_t ToUnixMillis(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime FromUnixMillis(std::int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

}  // namespace streamer

#endif  // STREAMER_BASE_TIME_H_
