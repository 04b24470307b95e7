// RecordingSink: a gateway that keeps what it is given, as text, and lets a
// test wait for it.
//
// Thread-safety: OnEffects by the router's thread, the rest by the test's.
#ifndef STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_
#define STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine.h"
#include "support/describe_effect.h"

namespace streamer {

class RecordingSink : public GatewaySink {
 public:
  void OnEffects(std::vector<GatewayEffect> effects) override {
    {
      std::lock_guard lock(mutex_);
      for (const GatewayEffect& effect : effects) {
        lines_.push_back(support::Describe(effect));
      }
    }
    for (const GatewayEffect& effect : effects) {
      if (on_line) on_line(support::Describe(effect));
    }
    changed_.notify_all();
  }

  // Called for each line, by the router's thread; set before the first.
  std::function<void(const std::string&)> on_line;

  [[nodiscard]] std::vector<std::string> lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
  }

  // Waits until there are `count` lines; whether that came before a deadline
  // that only a hung engine misses.
  [[nodiscard]] bool WaitFor(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return lines_.size() >= count; });
  }

  // Waits, likewise, until the last line begins so.
  [[nodiscard]] bool WaitForLine(std::string_view beginning) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] {
      return !lines_.empty() && lines_.back().starts_with(beginning);
    });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace streamer

#endif  // STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_
