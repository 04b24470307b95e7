// Shard: matches the events of the collections it owns.
//
// Takes its tasks in order, so a filter added before an event sees it and one
// added after does not. Bodies are parsed here, and only when the collection
// has subscriptions.
//
// Invariant: every MatchEvent yields exactly one result.
// Thread-safety: none; owned by one thread.
#ifndef STREAMER_CORE_SHARD_H_
#define STREAMER_CORE_SHARD_H_

#include <cstdint>
#include <optional>

#include "core/sequenced.h"
#include "match/matcher.h"

namespace streamer {

struct ShardStatistics {
  // Events whose body is no JSON object: skipped, and said so in the log.
  std::uint64_t malformed = 0;
  std::uint64_t distinct_filters = 0;
  MatchStatistics match;
};

class Shard {
 public:
  // Nothing for additions and removals.
  std::optional<ShardResult> Process(ShardTask task);

  [[nodiscard]] ShardStatistics statistics() const;

 private:
  ShardResult Match(Ordinal ordinal, ChangeEvent event);

  Matcher matcher_;
  MatchScratch scratch_;
  std::uint64_t malformed_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_CORE_SHARD_H_
