#include "index/internal/constraint.h"

#include <algorithm>

#include "base/hash.h"
#include "index/internal/access.h"
#include "value/ordering.h"

namespace streamer {
namespace {

Constraint* Find(std::vector<Constraint>& constraints, PathId path,
                 ConstraintKind kind) {
  const auto found =
      std::find_if(constraints.begin(), constraints.end(),
                   [&](const Constraint& constraint) {
                     return constraint.path == path && constraint.kind == kind;
                   });
  return found == constraints.end() ? nullptr : &*found;
}

// The cells of some constants; none when one of them has no cell, so that
// nothing can be said.
CellSet CellsOfConstants(const Predicate& predicate) {
  CellSet cells = 0;
  for (const Value& constant : ConstantsOf(predicate)) {
    const Lookup lookup = LookupOf(constant);
    if (lookup == Lookup::kNone) return 0;
    if (lookup != Lookup::kNever) cells |= CellOfTerm(constant);
  }
  return cells;
}

}  // namespace

CellSet CellOfTerm(const Value& value) {
  const Lookup lookup = LookupOf(value);
  if (lookup == Lookup::kNone || lookup == Lookup::kNever) return 0;
  return static_cast<CellSet>(1u << (MixHash(0, Hash(value)) % kCells));
}

CellSet CellsOfMembers(const Value& container) {
  CellSet cells = 0;
  if (container.is(ValueKind::kList)) {
    for (const Value& item : container.list().items()) {
      cells |= CellOfTerm(item);
    }
  } else if (container.is(ValueKind::kMap)) {
    for (const MapEntry& entry : container.map().entries()) {
      cells |= CellOfTerm(entry.key);
    }
  }
  return cells;
}

void ConstraintReader::Read(const HungConjunction& hung,
                            std::vector<Constraint>& constraints) const {
  constraints.clear();
  for (std::uint32_t i = 0; i < hung.record_count; ++i) {
    const PredicateRecord& record = hung.record(i);
    switch (record.test) {
      case RecordTest::kNumber:
        AddNumber(record, constraints);
        break;
      case RecordTest::kTerm:
        if (record.wanted == Answer::kTrue) {
          constraints.push_back(
              {.path = record.path,
               .kind = ConstraintKind::kTerm,
               .cells = CellOfTerm(terms_[record.term()].value)});
        }
        break;
      case RecordTest::kShared:
        AddShared(record, constraints);
        break;
      default:
        break;
    }
  }
}

void ConstraintReader::AddNumber(const PredicateRecord& record,
                                 std::vector<Constraint>& constraints) {
  Constraint* constraint =
      Find(constraints, record.path, ConstraintKind::kNumber);
  if (constraint == nullptr) {
    constraint = &constraints.emplace_back();
    constraint->path = record.path;
  }
  const auto bound = static_cast<float>(record.number);
  if (record.bounds_from_below()) {
    constraint->low = std::max(constraint->low, bound);
  } else {
    constraint->high = std::min(constraint->high, bound);
  }
  constraint->holds_other &= record.wanted == Answer::kFalse;
}

// Of several members that one value must have, the first is a constraint:
// which of the cells that the value has excludes what, can be said of one.
void ConstraintReader::AddShared(const PredicateRecord& record,
                                 std::vector<Constraint>& constraints) const {
  const Predicate& predicate = shared_[record.shared()];
  if (predicate.wanted != Answer::kTrue) return;
  const bool is_member = predicate.kind == PredicateKind::kContains;
  if (!is_member && predicate.kind != PredicateKind::kEqual &&
      predicate.kind != PredicateKind::kIn) {
    return;
  }
  const ConstraintKind kind =
      is_member ? ConstraintKind::kMember : ConstraintKind::kTerm;
  if (is_member && Find(constraints, record.path, kind) != nullptr) return;
  const CellSet cells = CellsOfConstants(predicate);
  if (cells == 0) return;
  constraints.push_back({.path = record.path, .kind = kind, .cells = cells});
}

}  // namespace streamer
