#include "index/internal/posting_lists.h"

#include <utility>
#include <vector>

namespace streamer {
namespace {

// A crowd that has fewer conjunctions becomes a row of postings again.
constexpr std::size_t kLeastCrowd = 32;

}  // namespace

void PostingLists::Insert(PostingList& list, ConjunctionId id,
                          GuardOf guard_of) {
  if (list.is_crowded()) {
    bytes_ -= CrowdOf(list).memory_bytes();
    CrowdOf(list).Insert(id, source_);
    bytes_ += CrowdOf(list).memory_bytes();
    return;
  }
  bytes_ -= list.memory_bytes();
  list.Insert({id, guard_of(id)},
              list.is_single() ? guard_of(list.single()) : Guard::None());
  bytes_ += list.memory_bytes();
}

bool PostingLists::Erase(PostingList& list, ConjunctionId id,
                         GuardOf guard_of) {
  if (!list.is_crowded()) {
    bytes_ -= list.memory_bytes();
    const bool was_there = list.Erase(id);
    bytes_ += list.memory_bytes();
    return was_there;
  }
  bytes_ -= CrowdOf(list).memory_bytes();
  const bool was_there = CrowdOf(list).Erase(id, source_);
  bytes_ += CrowdOf(list).memory_bytes();
  if (CrowdOf(list).size() < kLeastCrowd) Uncrowd(list, guard_of);
  return was_there;
}

bool PostingLists::Holds(const PostingList& list, ConjunctionId id) const {
  return list.is_crowded() ? CrowdOf(list).Contains(id) : list.Contains(id);
}

std::size_t PostingLists::SizeOf(const PostingList& list) const {
  return list.is_crowded() ? CrowdOf(list).size() : list.size();
}

ConjunctionId PostingLists::LastOf(const PostingList& list) const {
  return list.is_crowded() ? CrowdOf(list).last() : list.last();
}

void PostingLists::Crowd(PostingList& list) {
  std::vector<ConjunctionId> ids;
  ForEach(list, [&](ConjunctionId id) { ids.push_back(id); });
  streamer::Crowd crowd;
  crowd.InsertAll(ids, source_);
  bytes_ += crowd.memory_bytes() - list.memory_bytes();
  list.Clear();
  list.Crowd(CrowdId(crowds_.Add(std::move(crowd))));
}

void PostingLists::Uncrowd(PostingList& list, GuardOf guard_of) {
  const CrowdId id = list.crowd();
  const streamer::Crowd crowd = std::move(crowds_[id.value()]);
  bytes_ -= crowd.memory_bytes();
  crowds_.Remove(id.value());
  list.Clear();
  crowd.ForEach([&](ConjunctionId member) { Insert(list, member, guard_of); });
}

}  // namespace streamer
