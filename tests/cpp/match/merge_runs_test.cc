#include "match/internal/merge_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/random.h"

namespace streamer {
namespace {

TEST(MergeRunsTest, SortsAnyRuns) {
  support::Random random(support::SeedOf("MergeRunsTest"));
  SCOPED_TRACE(random.seed_note());
  std::vector<SubscriptionHandle> room;
  for (int round = 0; round < 300; ++round) {
    std::vector<SubscriptionHandle> handles;
    std::vector<std::size_t> starts;
    for (std::size_t run = random.Below(9); run > 0; --run) {
      starts.push_back(handles.size());
      std::uint64_t handle = random.Below(50);
      for (std::size_t i = random.Below(40); i > 0; --i) {
        handles.emplace_back(handle += 1 + random.Below(5));
      }
    }
    std::vector<SubscriptionHandle> sorted = handles;
    std::sort(sorted.begin(), sorted.end());
    MergeRuns(handles, starts, room);
    ASSERT_EQ(handles, sorted);
  }
}

}  // namespace
}  // namespace streamer
