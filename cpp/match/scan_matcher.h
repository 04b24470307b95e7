// ScanMatcher: the slow truth. It evaluates the filter of every subscription
// of the event's tenant and collection with the plain evaluator, one by one.
// It is the gold standard against which Matcher is checked, and what the
// reference design does in production.
#ifndef STREAMER_MATCH_SCAN_MATCHER_H_
#define STREAMER_MATCH_SCAN_MATCHER_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "filter/filter.h"
#include "match/match_input.h"
#include "match/matcher.h"

namespace streamer {

class ScanMatcher {
 public:
  void Add(SubscriptionHandle handle, std::string_view tenant,
           std::string_view collection, std::shared_ptr<const Filter> filter);
  void Remove(SubscriptionHandle handle);
  std::span<const SubscriptionHandle> Match(const MatchInput& input,
                                            MatchScratch& scratch) const;
  [[nodiscard]] std::size_t size() const { return subscriptions_.size(); }

 private:
  struct Subscription {
    std::string tenant;
    std::string collection;
    std::shared_ptr<const Filter> filter;
  };
  std::map<SubscriptionHandle, Subscription> subscriptions_;
};

}  // namespace streamer

#endif  // STREAMER_MATCH_SCAN_MATCHER_H_
