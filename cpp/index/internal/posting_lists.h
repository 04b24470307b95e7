// PostingLists: posting lists in either of their forms but divided, as a row of
// postings or as a crowd, and the crowds that they refer to.
//
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_POSTING_LISTS_H_
#define STREAMER_INDEX_INTERNAL_POSTING_LISTS_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "index/ids.h"
#include "index/internal/crowd.h"
#include "index/internal/posting_list.h"
#include "index/internal/record.h"
#include "index/pool.h"
#include "index/scratch.h"

namespace streamer {

// REQUIRES of all: the list is not divided.
class PostingLists {
 public:
  // The guard of a conjunction in the list at hand.
  using GuardOf = absl::FunctionRef<Guard(ConjunctionId)>;

  explicit PostingLists(const CrowdSource& source) : source_(source) {}

  void Insert(PostingList& list, ConjunctionId id, GuardOf guard_of);
  // False when it is not there. A small crowd becomes postings again.
  bool Erase(PostingList& list, ConjunctionId id, GuardOf guard_of);
  [[nodiscard]] bool Holds(const PostingList& list, ConjunctionId id) const;
  [[nodiscard]] std::size_t SizeOf(const PostingList& list) const;
  // Any of its conjunctions. REQUIRES: not empty.
  [[nodiscard]] ConjunctionId LastOf(const PostingList& list) const;

  // Makes a crowd of postings.
  void Crowd(PostingList& list);

  // Calls `visit(id)` for each, in no order that callers may rely on.
  template <typename Visit>
  void ForEach(const PostingList& list, Visit visit) const;
  // The same for those that the event in `scratch` may satisfy.
  template <typename Visit>
  void ForEachPossible(const PostingList& list, const Verifier& verifier,
                       IndexScratch& scratch, Visit& visit) const;

  // Of crowds, and of what lists hold outside of themselves.
  [[nodiscard]] std::size_t memory_bytes() const {
    return crowds_.memory_bytes() + bytes_;
  }

 private:
  static bool Passes(const Guard& guard, const Verifier& verifier,
                     IndexScratch& scratch);
  void Uncrowd(PostingList& list, GuardOf guard_of);
  streamer::Crowd& CrowdOf(const PostingList& list) {
    return crowds_[list.crowd().value()];
  }
  [[nodiscard]] const streamer::Crowd& CrowdOf(const PostingList& list) const {
    return crowds_[list.crowd().value()];
  }

  const CrowdSource& source_;
  Pool<streamer::Crowd> crowds_;
  std::size_t bytes_ = 0;
};

// Implementation details follow.

inline bool PostingLists::Passes(const Guard& guard, const Verifier& verifier,
                                 IndexScratch& scratch) {
  switch (guard.kind()) {
    case Guard::Kind::kNumber: {
      const float number = scratch.NumberAt(guard.path());
      return number >= guard.bounds.low && number <= guard.bounds.high;
    }
    case Guard::Kind::kTerm: {
      IndexScratch::PathSlot* slot = scratch.FindPath(guard.path());
      return slot != nullptr &&
             verifier.TermOf(guard.path(), *slot).value() == guard.term;
    }
    case Guard::Kind::kNone:
      break;
  }
  return true;
}

template <typename Visit>
void PostingLists::ForEach(const PostingList& list, Visit visit) const {
  if (list.is_crowded()) {
    CrowdOf(list).ForEach(visit);
  } else {
    list.ForEach([&](const Posting& posting) { visit(posting.id); });
  }
}

template <typename Visit>
void PostingLists::ForEachPossible(const PostingList& list,
                                   const Verifier& verifier,
                                   IndexScratch& scratch, Visit& visit) const {
  if (list.is_crowded()) {
    CrowdOf(list).ForEachPossible(scratch, visit);
    return;
  }
  list.ForEach([&](const Posting& posting) {
    if (Passes(posting.guard, verifier, scratch)) visit(posting.id);
  });
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_POSTING_LISTS_H_
