#include "match/scan_matcher.h"

#include <utility>

#include "cel/evaluator.h"

namespace streamer {

void ScanMatcher::Add(SubscriptionHandle handle, std::string_view tenant,
                      std::string_view collection,
                      std::shared_ptr<const Filter> filter) {
  subscriptions_.insert_or_assign(
      handle, Subscription{std::string(tenant), std::string(collection),
                           std::move(filter)});
}

void ScanMatcher::Remove(SubscriptionHandle handle) {
  subscriptions_.erase(handle);
}

std::span<const SubscriptionHandle> ScanMatcher::Match(
    const MatchInput& input, MatchScratch& scratch) const {
  scratch.arena.Reset();
  scratch.matches.clear();
  for (const auto& [handle, subscription] : subscriptions_) {
    if (subscription.tenant != input.tenant ||
        subscription.collection != input.collection) {
      continue;
    }
    const Value result =
        cel::SlowEvaluate(subscription.filter->tree().root(), FilterVariables(),
                          input.values.values, scratch.arena);
    if (result.is_true()) scratch.matches.push_back(handle);
  }
  return scratch.matches;
}

}  // namespace streamer
