// PathTrie: the paths that some filter of the collection mentions, and the
// walk that finds the event's values at them.
//
// The walk goes through event and trie together and enters only what both
// have. At each map it goes through whichever is smaller, the map's fields or
// the paths below, and looks the other one up.
//
// What hangs on a path (postings that are not under a term) lies in its node.
//
// Derived values are nodes too, all below one root. The walk evaluates each of
// them once and notes its value as if the event had it there.
//
// Invariant: a node is there exactly as long as a predicate refers to it or to
// a path below it.
// Cost: Acquire and Release are a lookup for each segment; the first Acquire of
// a derived value compiles it. Walk visits at most the smaller side of each
// map, and evaluates every derived value.
// Thread-safety: none; Walk is safe while nobody changes the trie.
#ifndef STREAMER_INDEX_INTERNAL_PATH_TRIE_H_
#define STREAMER_INDEX_INTERNAL_PATH_TRIE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "filter/derived_value.h"
#include "filter/filter_input.h"
#include "index/hash_index.h"
#include "index/id_set.h"
#include "index/ids.h"
#include "index/internal/bounds.h"
#include "index/internal/interval_table.h"
#include "index/internal/posting_list.h"
#include "index/pool.h"
#include "index/scratch.h"
#include "value/field_path.h"

namespace streamer {

// Conjunctions reached by the order of the value at a path.
struct RangePostings {
  IntervalTable<NumberBound, ConjunctionId> numbers;
  IntervalTable<TextBound, ConjunctionId> texts;
  IdSet<ConjunctionId> nans;  // those that also hold for NaN

  [[nodiscard]] bool is_empty() const {
    return numbers.is_empty() && texts.is_empty() && nans.is_empty();
  }
};

struct PathNode {
  // The trie.
  PathId parent;
  std::string segment;
  PathId first_child;  // as the siblings: PathTrie::kNone for none
  PathId next_sibling;
  PathId previous_sibling;
  std::uint32_t child_count = 0;
  // A bit for the segment of each child: most members of a document have no
  // node, and are seen not to by this.
  std::uint64_t child_bits = 0;
  std::uint32_t references = 0;                 // predicates that look here
  std::unique_ptr<const DerivedValue> derived;  // of a derived value

  // What is reached through the value here.
  std::uint32_t term_references = 0;    // uses of constants under this path
  std::uint32_t equality_postings = 0;  // conjunctions under those constants
  std::uint32_t member_postings = 0;    // … as members
  IdSet<ConjunctionId> present;         // reached when there is any value
  std::unique_ptr<RangePostings> ranges;
  // Conjunctions reached by the cell of a number or a literal of a text, and
  // how many.
  DivisionId division = kNoDivision;
  std::uint32_t keyed_postings = 0;
};

class PathTrie {
 public:
  static constexpr PathId kNone{~std::uint32_t{0}};

  PathTrie() { roots_.fill(kNone); }

  // The node of a path, made when it is not there; one more refers to it.
  PathId Acquire(FilterVariable variable, const FieldPath& path);
  // One fewer refers to it. REQUIRES: acquired before.
  void Release(PathId path);
  // The node of a path, or kNone.
  [[nodiscard]] PathId Find(FilterVariable variable,
                            const FieldPath& path) const;

  // Notes in `scratch` the value of every node that the event has, and which
  // derived values used up scratch.evaluation_budget.
  void Walk(const FilterInput& input, IndexScratch& scratch) const;
  // The same for all variables but those of the document after the change,
  // which EventWalk finds in its text, and without derived values.
  void WalkOthers(const FilterInput& input, IndexScratch& scratch) const;
  // The same for one node and those below it.
  void Visit(PathId path, const Value& value, IndexScratch& scratch) const;

  // The node that stands for the whole of a variable, or kNone.
  [[nodiscard]] PathId root(FilterVariable variable) const {
    return roots_[static_cast<std::size_t>(variable)];
  }
  // The node of a member, or kNone.
  [[nodiscard]] PathId FindChild(PathId parent, std::string_view segment) const;

  PathNode& operator[](PathId path) { return nodes_[path.value()]; }
  const PathNode& operator[](PathId path) const { return nodes_[path.value()]; }
  // Asks for the memory of a small trie, in two steps.
  void PrefetchSmall(int step) const {
    nodes_.PrefetchFirst(step);
    children_.PrefetchSmall(step);
  }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::size_t bound() const { return nodes_.bound(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  PathId AddChild(PathId parent, std::string_view segment);
  void RemoveIfUnused(PathId path);
  void RemoveChild(PathId path);
  void VisitChildren(const PathNode& node, PathId path, const MapValue& map,
                     IndexScratch& scratch) const;
  void VisitDerived(const FilterInput& input, IndexScratch& scratch) const;

  Pool<PathNode> nodes_;
  HashIndex children_;  // by parent and segment
  // By variable, that of derived values among them.
  std::array<PathId, kFilterVariableCount + 1> roots_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_PATH_TRIE_H_
