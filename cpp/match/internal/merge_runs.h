// MergeRuns: one ascending sequence out of several.
//
// What matched arrives as one ascending run of handles for each filter.
// Merging neighbours pairwise costs n log(runs), where sorting would cost
// n log(n): with a thousand subscribers to each of ten filters, a third.
#ifndef STREAMER_MATCH_INTERNAL_MERGE_RUNS_H_
#define STREAMER_MATCH_INTERNAL_MERGE_RUNS_H_

#include <cstddef>
#include <vector>

#include "base/ids.h"

namespace streamer {

// Sorts `handles`, whose parts from each of `starts` to the next are sorted.
// `room` is working memory; `starts` is used up.
// REQUIRES: starts ascend, and the first is 0 unless both are empty.
void MergeRuns(std::vector<SubscriptionHandle>& handles,
               std::vector<std::size_t>& starts,
               std::vector<SubscriptionHandle>& room);

}  // namespace streamer

#endif  // STREAMER_MATCH_INTERNAL_MERGE_RUNS_H_
