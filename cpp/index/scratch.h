// IndexScratch: what finding the candidates of one event needs, kept between
// events so that matching allocates nothing once it has grown to its size.
//
// Nothing is cleared between events. Whatever is noted carries the number of
// its event (the epoch), and a note of another event counts as none. So one
// scratch serves the indexes of many collections in turn.
//
// Thread-safety: none; one per matching thread.
#ifndef STREAMER_INDEX_SCRATCH_H_
#define STREAMER_INDEX_SCRATCH_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "cel/cost.h"
#include "index/id_marks.h"
#include "index/ids.h"
#include "value/guided_json.h"
#include "value/value.h"

namespace streamer {

struct Conjunction;

// A conjunction whose predicates hold. It is proven when nothing else is
// asked; otherwise its residuals, or the whole filter, must decide. Of one
// that is cut off, a derived value that it asks for took more than the budget
// of an evaluation: nobody can say whether it holds.
struct Candidate {
  EntryId entry;
  const Conjunction* conjunction = nullptr;  // null: all of the filter
  bool is_proven = false;
  bool is_cut_off = false;
};

class IndexScratch {
 public:
  // What the event has at a path, and what was found out about it.
  struct PathSlot {
    const Value* value = nullptr;
    double number = 0;  // when the value is a number
    std::uint32_t epoch = 0;
    TermId term;  // kUnresolvedTerm until somebody asks
    // The cells of the value and of its members (CellSet), or 0 until somebody
    // asks.
    std::uint16_t term_cell = 0;
    std::uint16_t member_cells = 0;
    bool is_number = false;
  };
  static constexpr TermId kUnresolvedTerm{~std::uint32_t{0}};
  static constexpr TermId kNoTerm{~std::uint32_t{0} - 1};

  // Forgets the last event. `paths` bounds the ids of the paths of the index.
  void BeginEvent(std::size_t paths);

  void SetPath(PathId path, const Value& value);
  // The slot of `path`, or nullptr when the event has nothing there.
  PathSlot* FindPath(PathId path) {
    PathSlot& slot = paths_[path.value()];
    return slot.epoch == epoch_ ? &slot : nullptr;
  }
  [[nodiscard]] const PathSlot* FindPath(PathId path) const {
    const PathSlot& slot = paths_[path.value()];
    return slot.epoch == epoch_ ? &slot : nullptr;
  }
  // The number at `path`, rounded; NaN when there is none. For a first look
  // that may say too often that a number lies between two others.
  [[nodiscard]] float NumberAt(PathId path) const {
    return numbers_[path.value()];
  }
  // The paths set, in the order of the walk.
  [[nodiscard]] const std::vector<PathId>& visited() const { return visited_; }

  // Marks an entry as decided for this event; false when it was already.
  bool Claim(EntryId entry) { return claimed_.Mark(entry.value()).is_new; }
  [[nodiscard]] bool IsClaimed(EntryId entry) const {
    return claimed_.IsMarked(entry.value());
  }

  // The answer of a shared predicate; `evaluate` is called at most once an
  // event.
  template <typename Evaluate>
  bool Memoized(SharedPredicateId id, Evaluate evaluate) {
    const auto [is_new, place] = memos_.Mark(id.value());
    if (is_new) memos_.Note(place, evaluate());
    return memos_.noted(place);
  }

  // A key of the event that may lead to a list of conjunctions.
  struct Probe {
    std::uint64_t hash = 0;
    std::uint64_t value = 0;
    std::uint32_t space = 0;

    friend auto operator<=>(const Probe&, const Probe&) = default;
  };

  // The look-up of the term that the event's value at a path is.
  struct TermLookup {
    PathId path;
    std::uint32_t number = 0;  // of the term that it should be
    std::uint64_t hash = 0;
  };

  // Filled by CollectionIndex::FindCandidates.
  std::vector<Candidate> candidates;
  // Conjunctions looked at for this event, and derived values evaluated for it:
  // the work done.
  std::uint64_t examined = 0;
  std::uint64_t derived = 0;
  // Of the derived values, those that used up the budget.
  std::vector<PathId> cut_off;
  // What evaluating one derived value may use up. Set by who owns the scratch.
  cel::Units evaluation_budget = cel::kEvaluationBudget;
  // What of the event was read from its text lies here, and what its derived
  // values made.
  Arena arena;
  GuidedJson reader;
  // Working memory of CollectionIndex.
  std::uint32_t step = 0;  // the next one
  std::vector<TermLookup> lookups;
  std::vector<ConjunctionId> reached;
  std::vector<TermId> members;
  std::vector<Probe> probes;

 private:
  std::uint32_t epoch_ = 0;
  std::vector<PathSlot> paths_;
  std::vector<float> numbers_;
  std::vector<PathId> visited_;
  IdMarks memos_;
  IdMarks claimed_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_SCRATCH_H_
