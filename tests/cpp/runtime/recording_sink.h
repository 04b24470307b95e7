// RecordingSink: a gateway that keeps what it is given, as text, and lets a
// test wait for it.
//
// Thread-safety: OnEffects by the router's thread, the rest by the test's.
#ifndef STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_
#define STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/engine.h"

namespace streamer {

// One effect as a line: "delivery 1 e7 [s1,s2]", "subscribed s1 after 4", …
inline std::string Describe(const GatewayEffect& effect) {
  if (const auto* delivery = std::get_if<Delivery>(&effect)) {
    return absl::StrCat("delivery ", delivery->sequence, " ",
                        delivery->event->event.source->event_id, " [",
                        absl::StrJoin(delivery->subscription_ids, ","), "]");
  }
  if (const auto* response = std::get_if<SubscribeResponse>(&effect)) {
    return absl::StrCat("subscribed ", response->subscription_id, " ",
                        response->status.ok()
                            ? absl::StrCat("after ", response->from.offset)
                            : std::string(MessageOf(response->status)));
  }
  if (const auto* response = std::get_if<UnsubscribeResponse>(&effect)) {
    return absl::StrCat("unsubscribed ", response->subscription_id, " ",
                        response->status.ok());
  }
  if (const auto* closed = std::get_if<GatewayClosed>(&effect)) {
    return absl::StrCat("closed ", std::string(MessageOf(closed->status)));
  }
  if (const auto* closed = std::get_if<SubscriptionClosed>(&effect)) {
    return "ended " + closed->subscription_id;
  }
  return absl::StrCat("effect of kind ", effect.index());
}

class RecordingSink : public GatewaySink {
 public:
  void OnEffects(std::vector<GatewayEffect> effects) override {
    {
      std::lock_guard lock(mutex_);
      for (const GatewayEffect& effect : effects) {
        lines_.push_back(Describe(effect));
      }
    }
    changed_.notify_all();
  }

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

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace streamer

#endif  // STREAMER_TESTS_RUNTIME_RECORDING_SINK_H_
