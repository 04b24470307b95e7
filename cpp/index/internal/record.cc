#include "index/internal/record.h"

#include "index/internal/access.h"
#include "index/internal/numbers.h"

namespace streamer {

RecordTest TestOf(const Predicate& predicate) {
  const Value& operand = predicate.operand.value();
  switch (predicate.kind) {
    case PredicateKind::kPresent:
      return predicate.wanted == Answer::kTrue ? RecordTest::kPresent
                                               : RecordTest::kAbsent;
    case PredicateKind::kIsBoolean:
      return RecordTest::kTerm;
    case PredicateKind::kEqual:
      return LookupOf(operand) == Lookup::kExact ? RecordTest::kTerm
                                                 : RecordTest::kShared;
    case PredicateKind::kLess:
    case PredicateKind::kLessEqual:
    case PredicateKind::kGreater:
    case PredicateKind::kGreaterEqual:
      return operand.is_number() && IsExactWhenRounded(RoundedNumber(operand))
                 ? RecordTest::kNumber
                 : RecordTest::kShared;
    default:
      return RecordTest::kShared;
  }
}

bool Verifier::ParentIsMap(PathId path, const IndexScratch& scratch) const {
  const IndexScratch::PathSlot* parent = scratch.FindPath(paths_[path].parent);
  return parent != nullptr && parent->value->is(ValueKind::kMap);
}

// A path without a node is one that was never hung nor recorded.
bool Verifier::HoldsAt(PathId path, const Predicate& predicate,
                       const IndexScratch& scratch) const {
  if (path == PathTrie::kNone) return false;
  const IndexScratch::PathSlot* slot = scratch.FindPath(path);
  if (predicate.kind != PredicateKind::kPresent) {
    return predicate.HoldsFor(slot == nullptr ? nullptr : slot->value);
  }
  if (predicate.wanted == Answer::kTrue) return slot != nullptr;
  return slot == nullptr && ParentIsMap(path, scratch);
}

bool Verifier::SharedHolds(const PredicateRecord& record,
                           IndexScratch::PathSlot* slot,
                           IndexScratch& scratch) const {
  if (slot == nullptr) return false;
  if (record.reference.cells != 0) {
    const CellSet cells = record.ordering == PredicateKind::kContains
                              ? MemberCellsAt(*slot)
                              : TermCellAt(*slot);
    if ((record.reference.cells & cells) == 0) return false;
  }
  return scratch.Memoized(record.shared(), [&] {
    return shared_[record.shared()].HoldsFor(slot->value);
  });
}

}  // namespace streamer
