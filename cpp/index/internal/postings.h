// Postings: where the conjunctions of one collection hang, and which of them
// an event reaches.
//
// Each conjunction hangs on one access predicate (access.h) and is reached by
// exactly the events that could satisfy that predicate.
//
// Under a constant, a cell of numbers or a literal lies a posting list that
// divides by further predicates when it grows (posting_tree.h). Numbers of
// which nothing else can be a key, and texts in order, lie in interval tables.
//
// Invariant: what Hang notes of a conjunction is a function of the
// conjunction, its keys and the Access, so Unhang needs nothing else to undo
// it.
// Cost: Hang and Unhang touch the lists of that one predicate. Visiting
// follows what is reached and, for ranges, the levels in use.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_POSTINGS_H_
#define STREAMER_INDEX_INTERNAL_POSTINGS_H_

#include <cstddef>
#include <vector>

#include "filter/filter.h"
#include "index/id_set.h"
#include "index/ids.h"
#include "index/internal/access.h"
#include "index/internal/hung_conjunction.h"
#include "index/internal/numbers.h"
#include "index/internal/path_trie.h"
#include "index/internal/posting_tree.h"
#include "index/internal/record.h"
#include "index/internal/term_table.h"
#include "index/pool.h"
#include "index/scratch.h"

namespace streamer {

class Postings {
 public:
  Postings(Pool<HungConjunction>& conjunctions, PathTrie& paths,
           TermTable& terms, const AccessChooser& chooser)
      : paths_(paths),
        terms_(terms),
        tree_(conjunctions, paths, terms, chooser) {}

  // REQUIRES: its records are set.
  void Hang(ConjunctionId id, const Conjunction& conjunction,
            const Access& access);
  // REQUIRES: hung with an equal `access`.
  void Unhang(ConjunctionId id, const Conjunction& conjunction,
              const Access& access);

  // Conjunctions for which another access may have become better.
  void TakeCrowded(std::vector<ConjunctionId>& conjunctions) {
    tree_.TakeCrowded(conjunctions);
  }

  // Looks up the terms of the event walked into `scratch`, in three steps
  // (TermTable::BeginFind); the third but finds what is there.
  void BeginTerms(IndexScratch& scratch) const;
  void ContinueTerms(IndexScratch& scratch) const;
  void PrefetchPostings(const IndexScratch& scratch) const;
  void EndTerms(IndexScratch& scratch) const;

  // Calls `visit(id)` for every conjunction that the event walked into
  // `scratch` reaches; for each once, unless it is reached through several
  // members of one value.
  template <typename Visit>
  void ForEachReached(const Verifier& verifier, IndexScratch& scratch,
                      Visit visit) const;

  [[nodiscard]] const IdSet<ConjunctionId>& scanned() const { return scanned_; }
  [[nodiscard]] std::size_t memory_bytes() const {
    return tree_.memory_bytes();
  }

 private:
  void HangOnTerms(ConjunctionId id, const Conjunction& conjunction,
                   const Access& access, PathId path);
  void UnhangFromTerms(ConjunctionId id, const Conjunction& conjunction,
                       const Access& access, PathId path);
  void HangOnRange(ConjunctionId id, const Conjunction& conjunction,
                   const Access& access, PathNode& node);
  void UnhangFromRange(ConjunctionId id, const Conjunction& conjunction,
                       const Access& access, PathNode& node);
  template <typename Visit>
  void VisitTerms(PathId path, const PathNode& node, const Verifier& verifier,
                  IndexScratch& scratch, Visit& visit) const;
  template <typename Visit>
  void VisitRanges(const RangePostings& ranges, const Value& value,
                   Visit& visit) const;

  PathTrie& paths_;
  TermTable& terms_;
  PostingTree tree_;
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
    if (node.division != kNoDivision) {
      tree_.ForEachReached(node.division, verifier, scratch, visit);
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
    if (term != TermTable::kNone) {
      tree_.ForEachReached(terms_[term].equalities, verifier, scratch, visit);
    }
  }
  if (node.member_postings > 0) {
    terms_.FindMembers(path, *slot.value, scratch.members);
    const std::size_t end = scratch.members.size();
    for (std::size_t i = 0; i < end; ++i) {
      const Term& term = terms_[scratch.members[i]];
      tree_.ForEachReached(term.members, verifier, scratch, visit);
    }
    scratch.members.clear();
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
