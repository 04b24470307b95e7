// Schedule: simulated time, and what is to happen at which moment of it.
//
// Time stands still while something happens and then jumps to the next thing.
// What is due at the same moment happens in the order in which it was planned,
// so a run is a function of its seed alone.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_SCHEDULE_H_
#define STREAMER_TESTS_SIM_SCHEDULE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace streamer::sim {

class Schedule {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] MonotonicTime now() const { return now_; }

  // What lies in the past happens now.
  void At(MonotonicTime time, Action action) {
    planned_.emplace(std::pair(std::max(time, now_), ++planned_count_),
                     std::move(action));
  }
  void After(Duration delay, Action action) {
    At(now_ + delay, std::move(action));
  }

  // Does what is due up to `end`, which is then the time.
  void RunUntil(MonotonicTime end) {
    while (!planned_.empty() && planned_.begin()->first.first <= end) {
      auto next = planned_.extract(planned_.begin());
      now_ = next.key().first;
      next.mapped()();
    }
    now_ = end;
  }

 private:
  // A day after the beginning, so that nothing lies before all time.
  MonotonicTime now_{std::chrono::hours(24)};
  std::uint64_t planned_count_ = 0;
  std::map<std::pair<MonotonicTime, std::uint64_t>, Action> planned_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_SCHEDULE_H_
