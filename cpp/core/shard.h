// Shard: matches the events of the collections it owns.
//
// Takes its tasks in order, so a filter added before an event sees it and one
// added after does not. Bodies are parsed here, and only when the collection
// has subscriptions.
//
// A filter that uses up its evaluation budget on an event is removed there and
// then: from that event on its subscriptions are suspended, and the result
// says so.
//
// Invariant: every MatchEvent yields exactly one result.
// Thread-safety: none; owned by one thread.
#ifndef STREAMER_CORE_SHARD_H_
#define STREAMER_CORE_SHARD_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "cel/cost.h"
#include "core/sequenced.h"
#include "match/matcher.h"

namespace streamer {

struct ShardStatistics {
  std::uint64_t distinct_filters = 0;
  MatchStatistics match;
};

class Shard {
 public:
  explicit Shard(cel::Units evaluation_budget = cel::kEvaluationBudget,
                 const BloomOptions& bloom = {})
      : evaluation_budget_(evaluation_budget),
        matcher_(evaluation_budget, bloom) {}

  // Nothing unless it was to match.
  std::optional<ShardResult> Process(ShardTask task);

  [[nodiscard]] ShardStatistics statistics() const;

 private:
  ShardResult Match(Ordinal ordinal, ChangeEvent event);
  std::shared_ptr<const Suspension> Suspend(const ChangeEvent& event);

  const cel::Units evaluation_budget_;
  Matcher matcher_;
  MatchScratch scratch_;
};

}  // namespace streamer

#endif  // STREAMER_CORE_SHARD_H_
