#include "match/internal/merge_runs.h"

#include <algorithm>

namespace streamer {
namespace {

// Below this sorting in place beats moving to and fro.
constexpr std::size_t kSortedInPlace = 64;

// Merges runs 2i and 2i+1 of `from` into `to`; leaves every second start.
void MergePairs(const std::vector<SubscriptionHandle>& from,
                std::vector<std::size_t>& starts,
                std::vector<SubscriptionHandle>& to) {
  auto at = [&](std::size_t run) {
    return from.begin() + static_cast<std::ptrdiff_t>(
                              run < starts.size() ? starts[run] : from.size());
  };
  auto out = to.begin();
  std::size_t kept = 0;
  for (std::size_t run = 0; run < starts.size(); run += 2) {
    out = std::merge(at(run), at(run + 1), at(run + 1), at(run + 2), out);
    starts[kept++] = starts[run];
  }
  starts.resize(kept);
}

}  // namespace

void MergeRuns(std::vector<SubscriptionHandle>& handles,
               std::vector<std::size_t>& starts,
               std::vector<SubscriptionHandle>& room) {
  if (starts.size() <= 1) return;
  if (handles.size() <= kSortedInPlace) {
    std::sort(handles.begin(), handles.end());
    return;
  }
  room.resize(handles.size());
  while (starts.size() > 1) {
    MergePairs(handles, starts, room);
    handles.swap(room);
  }
}

}  // namespace streamer
