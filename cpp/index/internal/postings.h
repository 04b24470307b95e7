// Postings: where the conjunctions of one collection hang, and which of them
// an event reaches.
//
// Each conjunction hangs on one access predicate (access.h) and is reached by
// exactly the events that could satisfy that predicate.
//
// Invariant: what Hang notes of a conjunction is a function of the
// conjunction and the Access, so Unhang needs nothing else to undo it.
// Cost: Hang and Unhang touch the lists of that one predicate. Visiting
// follows what is reached and, for ranges, the levels in use.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_POSTINGS_H_
#define STREAMER_INDEX_INTERNAL_POSTINGS_H_

#include <cstddef>

#include "filter/filter.h"
#include "index/id_set.h"
#include "index/ids.h"
#include "index/internal/access.h"
#include "index/internal/numbers.h"
#include "index/internal/path_trie.h"
#include "index/internal/record.h"
#include "index/internal/term_table.h"
#include "index/scratch.h"

namespace streamer {

class Postings {
 public:
  Postings(PathTrie& paths, TermTable& terms) : paths_(paths), terms_(terms) {}

  void Hang(ConjunctionId id, const Conjunction& conjunction,
            const Access& access);
  // REQUIRES: hung with an equal `access`.
  void Unhang(ConjunctionId id, const Conjunction& conjunction,
              const Access& access);

  // Calls `visit(id)` for every conjunction that the event walked into
  // `scratch` reaches; for each once, unless it is reached through several
  // members of one value.
  template <typename Visit>
  void ForEachReached(const Verifier& verifier, IndexScratch& scratch,
                      Visit visit) const;

  // How many conjunctions hang where this one does; 0 when that is not known
  // at once.
  [[nodiscard]] std::size_t CrowdOf(const Conjunction& conjunction,
                                    const Access& access) const;

  [[nodiscard]] const IdSet<ConjunctionId>& scanned() const { return scanned_; }

 private:
  void HangOnTerms(ConjunctionId id, const Predicate& predicate, PathId path,
                   AccessKind kind);
  void UnhangFromTerms(ConjunctionId id, const Predicate& predicate,
                       PathId path, AccessKind kind);
  void HangOnRange(ConjunctionId id, const Conjunction& conjunction,
                   const Access& access, PathNode& node);
  void UnhangFromRange(ConjunctionId id, const Conjunction& conjunction,
                       const Access& access, PathNode& node);
  void FindMembers(PathId path, const Value& container,
                   IndexScratch& scratch) const;
  template <typename Visit>
  void VisitTerms(PathId path, const PathNode& node, const Verifier& verifier,
                  IndexScratch& scratch, Visit& visit) const;
  template <typename Visit>
  void VisitRanges(const RangePostings& ranges, const Value& value,
                   Visit& visit) const;

  PathTrie& paths_;
  TermTable& terms_;
  IdSet<ConjunctionId> scanned_;
};

// Implementation details follow.

template <typename Visit>
void Postings::ForEachReached(const Verifier& verifier, IndexScratch& scratch,
                              Visit visit) const {
  for (PathId path : scratch.visited()) {
    const PathNode& node = paths_[path];
    VisitTerms(path, node, verifier, scratch, visit);
    if (node.ranges != nullptr) {
      VisitRanges(*node.ranges, *scratch.FindPath(path)->value, visit);
    }
    node.present.ForEach(visit);
  }
  scanned_.ForEach(visit);
}

template <typename Visit>
void Postings::VisitTerms(PathId path, const PathNode& node,
                          const Verifier& verifier, IndexScratch& scratch,
                          Visit& visit) const {
  IndexScratch::PathSlot& slot = *scratch.FindPath(path);
  if (node.equality_postings > 0) {
    const TermId term = verifier.TermOf(path, slot);
    if (term != TermTable::kNone) terms_[term].equalities.ForEach(visit);
  }
  if (node.member_postings > 0) {
    FindMembers(path, *slot.value, scratch);
    for (TermId term : scratch.members) terms_[term].members.ForEach(visit);
  }
}

template <typename Visit>
void Postings::VisitRanges(const RangePostings& ranges, const Value& value,
                           Visit& visit) const {
  if (value.is(ValueKind::kString)) {
    ranges.texts.Stab({value.text(), false}, visit);
  } else if (value.is_number()) {
    const double number = RoundedNumber(value);
    if (number != number) {
      ranges.nans.ForEach(visit);
    } else {
      ranges.numbers.Stab({number}, visit);
    }
  }
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_POSTINGS_H_
