// PredicateRecord: a predicate in 16 bytes, for verifying conjunctions that
// have been reached.
//
// What can be decided by comparing two numbers is: the event's value is turned
// into its term or its double once, and every record that looks at it compares
// with that. The rest is shared: evaluated once an event, then remembered.
//
// Invariant: Verifier::Holds agrees with Predicate::Holds on every input.
#ifndef STREAMER_INDEX_INTERNAL_RECORD_H_
#define STREAMER_INDEX_INTERNAL_RECORD_H_

#include <cstdint>

#include "filter/predicate.h"
#include "index/ids.h"
#include "index/internal/cells.h"
#include "index/internal/path_trie.h"
#include "index/internal/shared_predicates.h"
#include "index/internal/term_table.h"
#include "index/scratch.h"

namespace streamer {

enum class RecordTest : std::uint8_t {
  kTerm,     // the value's term is term()
  kNumber,   // the value is a number, ordered so against `number`
  kPresent,  // there is a value
  kAbsent,   // there is none, but its parent is a map
  kShared,   // what shared() says
};

struct PredicateRecord {
  PathId path;
  RecordTest test = RecordTest::kPresent;
  PredicateKind ordering = PredicateKind::kLess;  // of kNumber
  Answer wanted = Answer::kTrue;                  // of kTerm and kNumber
  struct Reference {
    std::uint32_t id;
    // CellsAskedBy of the predicate, for a first look.
    CellSet cells;
  };
  union {
    double number = 0;    // of kNumber
    Reference reference;  // of kTerm and kShared
  };

  // Of kNumber: whether the values that satisfy it lie above `number`.
  [[nodiscard]] bool bounds_from_below() const {
    const bool is_greater = ordering == PredicateKind::kGreater ||
                            ordering == PredicateKind::kGreaterEqual;
    return is_greater == (wanted == Answer::kTrue);
  }
  [[nodiscard]] TermId term() const { return TermId(reference.id); }
  [[nodiscard]] SharedPredicateId shared() const {
    return SharedPredicateId(reference.id);
  }
};
static_assert(sizeof(PredicateRecord) == 16);

// The cheapest test that decides `predicate` exactly.
RecordTest TestOf(const Predicate& predicate);

class Verifier {
 public:
  Verifier(const PathTrie& paths, const TermTable& terms,
           const SharedPredicates& shared)
      : paths_(paths), terms_(terms), shared_(shared) {}

  // Whether the predicate gives its wanted answer on the event in `scratch`.
  bool Holds(const PredicateRecord& record, IndexScratch& scratch) const {
    IndexScratch::PathSlot* slot = scratch.FindPath(record.path);
    switch (record.test) {
      case RecordTest::kTerm:
        return slot != nullptr &&
               (TermOf(record.path, *slot) == record.term()) == IsTrue(record);
      case RecordTest::kNumber:
        return slot != nullptr && slot->is_number &&
               IsOrdered(slot->number, record) == IsTrue(record);
      case RecordTest::kPresent:
        return slot != nullptr;
      case RecordTest::kAbsent:
        return slot == nullptr && ParentIsMap(record.path, scratch);
      case RecordTest::kShared:
        break;
    }
    return SharedHolds(record, slot, scratch);
  }

  // The same of a predicate that looks at `path`, without a record of it.
  [[nodiscard]] bool HoldsAt(PathId path, const Predicate& predicate,
                             const IndexScratch& scratch) const;

  // The term of the value in `slot`, looked up when first asked for.
  TermId TermOf(PathId path, IndexScratch::PathSlot& slot) const {
    if (slot.term == IndexScratch::kUnresolvedTerm) {
      slot.term = terms_.Find(path, *slot.value);
    }
    return slot.term;
  }

 private:
  static bool IsTrue(const PredicateRecord& record) {
    return record.wanted == Answer::kTrue;
  }
  static bool IsOrdered(double number, const PredicateRecord& record) {
    switch (record.ordering) {
      case PredicateKind::kLess:
        return number < record.number;
      case PredicateKind::kLessEqual:
        return number <= record.number;
      case PredicateKind::kGreater:
        return number > record.number;
      default:
        return number >= record.number;
    }
  }
  [[nodiscard]] bool ParentIsMap(PathId path,
                                 const IndexScratch& scratch) const;
  bool SharedHolds(const PredicateRecord& record, IndexScratch::PathSlot* slot,
                   IndexScratch& scratch) const;

  const PathTrie& paths_;
  const TermTable& terms_;
  const SharedPredicates& shared_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_RECORD_H_
