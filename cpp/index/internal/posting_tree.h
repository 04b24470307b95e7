// PostingTree: posting lists that change their form when they grow long.
//
// A list that is longer than reading it should cost becomes a *crowd*
// (crowd.h); or, where one more predicate tells nearly all of its conjunctions
// apart, a *division*: each goes on to the list under a key of that predicate.
// What has none stays in the division's `rest`. They move a few with each
// addition, so that none has to wait for all; until then they are `waiting`.
// So a constant that every filter names, or a range that every event is in,
// costs an event little more than the conjunctions that it satisfies another
// predicate of.
//
//   status == 'active' ── 3,000 filters, divided
//        ├─ symbol == 'A' ── [12 filters]
//        ├─ symbol == 'B' ── a crowd of 700
//        └─ rest: those that ask for nothing else
//
// Every path that has numbers in cells or literals is the root of a division
// of its own (PathNode::division).
//
// Invariant: a conjunction is in exactly one list under each key that it hangs
// on, and the keys of one level are those of one of its predicates
// (HungConjunction::keys).
// Cost: Insert and Erase touch one list and move a few postings; a list that
// doubles is judged anew. Visiting costs a look-up for each space in use below
// the lists that are reached, and reading those lists.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_POSTING_TREE_H_
#define STREAMER_INDEX_INTERNAL_POSTING_TREE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "index/hash_index.h"
#include "index/id_set.h"
#include "index/ids.h"
#include "index/internal/access.h"
#include "index/internal/constraint.h"
#include "index/internal/hung_conjunction.h"
#include "index/internal/key_space.h"
#include "index/internal/list_sample.h"
#include "index/internal/path_trie.h"
#include "index/internal/posting_list.h"
#include "index/internal/posting_lists.h"
#include "index/internal/record.h"
#include "index/internal/term_table.h"
#include "index/pool.h"
#include "index/scratch.h"

namespace streamer {

class PostingTree {
 public:
  PostingTree(Pool<HungConjunction>& conjunctions, PathTrie& paths,
              TermTable& terms, const AccessChooser& chooser)
      : conjunctions_(conjunctions),
        paths_(paths),
        terms_(terms),
        chooser_(chooser),
        flat_(conjunctions) {}

  // Adds to a list that is reached by the access predicate alone.
  // REQUIRES: the records are set.
  void Insert(PostingList& list, ConjunctionId id) { Insert(list, id, 0); }
  // Removes it. REQUIRES: it is there.
  void Erase(PostingList& list, ConjunctionId id) { Erase(list, id, 0); }

  // The same for the keys of the access predicate under the division of a
  // path, which is made when there is none, and removed when it is empty.
  void InsertByKeys(DivisionId& division, const KeySet& keys, ConjunctionId id);
  void EraseByKeys(DivisionId& division, const KeySet& keys, ConjunctionId id);

  // Moves the conjunctions of lists that grew long since the last call to
  // `conjunctions`: another access predicate may have become better for them.
  void TakeCrowded(std::vector<ConjunctionId>& conjunctions);

  // Calls `visit(id)` for what the event in `scratch` reaches through a list
  // or a division and should be verified; for each once, unless it is reached
  // through several members of one value.
  template <typename Visit>
  void ForEachReached(const PostingList& list, const Verifier& verifier,
                      IndexScratch& scratch, Visit& visit) const;
  template <typename Visit>
  void ForEachReached(DivisionId division, const Verifier& verifier,
                      IndexScratch& scratch, Visit& visit) const;

  // Asks for the memory that ForEachReached of the list will read first.
  void Prefetch(const PostingList& list) const {
    if (list.is_single()) {
      __builtin_prefetch(&conjunctions_[list.single().value()]);
    } else {
      list.Prefetch();
    }
  }

  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  using Depth = std::uint32_t;

  struct Space {
    KeySpace space;
    std::uint32_t lists = 0;
  };
  struct Division {
    PostingList waiting;
    IdSet<ConjunctionId> rest;
    std::vector<Space> spaces;
    std::uint32_t postings = 0;  // here and below
  };
  // A list under a key of a division.
  struct KeyedList {
    DivisionId division;
    Key key;
    PostingList list;
  };

  static std::uint64_t SeedOf(DivisionId division, const KeySpace& space);
  static std::uint64_t HashOf(DivisionId division, const Key& key);

  void Insert(PostingList& list, ConjunctionId id, Depth depth);
  void Erase(PostingList& list, ConjunctionId id, Depth depth);

  enum class Form : std::uint8_t { kAsItIs, kCrowd, kDivision };
  [[nodiscard]] bool IsToBeJudged(const PostingList& list) const;
  [[nodiscard]] Form BestFormOf(const PostingList& list, Depth depth) const;
  void AddToSample(ConjunctionId id, Depth depth, ListSample& sample) const;
  void Divide(PostingList& list);
  void MoveSome(DivisionId id, Depth depth);
  void InsertInto(DivisionId id, ConjunctionId conjunction, Depth depth);
  void EraseFrom(DivisionId id, ConjunctionId conjunction, Depth depth);
  // Into the lists under `keys`, which lie at `depth`.
  void InsertUnder(DivisionId id, const KeySet& keys, ConjunctionId conjunction,
                   Depth depth);
  void EraseUnder(DivisionId id, const KeySet& keys, ConjunctionId conjunction,
                  Depth depth);
  [[nodiscard]] const Key& LeastCrowded(DivisionId id,
                                        const KeySet& keys) const;
  [[nodiscard]] bool Holds(const PostingList& list, ConjunctionId id,
                           Depth depth) const;

  [[nodiscard]] HashIndex::Number FindList(DivisionId id, const Key& key,
                                           std::uint64_t hash) const;
  [[nodiscard]] HashIndex::Number FindList(DivisionId id,
                                           const Key& key) const {
    return FindList(id, key, HashOf(id, key));
  }
  HashIndex::Number AddList(DivisionId id, const Key& key);
  void RemoveList(HashIndex::Number number);

  // Of the predicates by which a conjunction did not get to `depth`, the
  // eligible one that should tell the fewest events; or kNoKey.
  [[nodiscard]] std::uint8_t BestKeyOf(const HungConjunction& hung,
                                       Depth depth) const;
  static bool IsUsed(const HungConjunction& hung, std::uint32_t predicate,
                     Depth depth);
  [[nodiscard]] KeySet KeysOf(const HungConjunction& hung,
                              std::uint32_t predicate) const;
  static bool HasTerms(const HungConjunction& hung, Depth depth);
  void AcquireTerms(const HungConjunction& hung, Depth depth);
  void ReleaseTerms(const HungConjunction& hung, Depth depth);
  [[nodiscard]] Guard GuardOf(const HungConjunction& hung, Depth depth) const;
  [[nodiscard]] std::array<PathId, 1 + HungConjunction::kMostKeys> UsedPaths(
      const HungConjunction& hung, Depth depth) const;
  [[nodiscard]] auto GuardsAt(Depth depth) const {
    return [this, depth](ConjunctionId id) {
      return GuardOf(conjunctions_[id.value()], depth);
    };
  }
  [[nodiscard]] PathId PathOf(const Predicate& predicate) const {
    return paths_.Find(predicate.variable, predicate.path);
  }

  // Where the keys of an event are looked up.
  struct ProbeSite {
    std::uint64_t seed;
    std::uint32_t space;  // of Division::spaces
  };
  void AddProbes(DivisionId id, std::uint32_t space_number,
                 const Verifier& verifier, IndexScratch& scratch) const;
  void AddProbe(const ProbeSite& site, std::uint64_t value,
                IndexScratch& scratch) const;
  void AddMemberProbes(const ProbeSite& site, PathId path,
                       const Value& container, IndexScratch& scratch) const;
  void AddTextProbes(const ProbeSite& site, const KeySpace& space,
                     std::string_view text, IndexScratch& scratch) const;
  void AddGramProbes(const ProbeSite& site, std::uint8_t width,
                     std::string_view text, IndexScratch& scratch) const;
  // Any list under a hash, perhaps of another key; or HashIndex::kNone.
  [[nodiscard]] HashIndex::Number LikelyList(std::uint64_t hash) const;
  // Of the probes from `begin` on, leaves those under whose hash there is a
  // list, and asks for its memory.
  void KeepFound(std::size_t begin, IndexScratch& scratch) const;

  Pool<HungConjunction>& conjunctions_;
  PathTrie& paths_;
  TermTable& terms_;
  const AccessChooser& chooser_;
  PostingLists flat_;  // those that are not divided
  Pool<Division> divisions_;
  HashIndex list_of_key_{HashIndex::Bits::kInFront};
  Pool<KeyedList> lists_;
  std::vector<ConjunctionId> long_;
};

// Implementation details follow.

template <typename Visit>
void PostingTree::ForEachReached(const PostingList& list,
                                 const Verifier& verifier,
                                 IndexScratch& scratch, Visit& visit) const {
  if (list.is_divided()) {
    ForEachReached(list.division(), verifier, scratch, visit);
    return;
  }
  flat_.ForEachPossible(list, verifier, scratch, visit);
}

template <typename Visit>
void PostingTree::ForEachReached(DivisionId id, const Verifier& verifier,
                                 IndexScratch& scratch, Visit& visit) const {
  const Division& division = divisions_[id.value()];
  ForEachReached(division.waiting, verifier, scratch, visit);
  division.rest.ForEach(visit);
  const std::size_t begin = scratch.probes.size();
  for (std::uint32_t i = 0; i < division.spaces.size(); ++i) {
    AddProbes(id, i, verifier, scratch);
  }
  KeepFound(begin, scratch);
  const std::size_t end = scratch.probes.size();
  std::size_t found = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const IndexScratch::Probe probe = scratch.probes[i];
    const HashIndex::Number number = FindList(
        id, {division.spaces[probe.space].space, probe.value}, probe.hash);
    if (number == HashIndex::kNone) continue;
    lists_[number].list.Prefetch();
    scratch.probes[found++].value = number;
  }
  for (std::size_t i = begin; i < found; ++i) {
    const auto number = static_cast<HashIndex::Number>(scratch.probes[i].value);
    ForEachReached(lists_[number].list, verifier, scratch, visit);
  }
  scratch.probes.resize(begin);
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_POSTING_TREE_H_
