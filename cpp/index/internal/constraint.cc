#include "index/internal/constraint.h"

#include <algorithm>

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

void AddNumber(const PredicateRecord& record,
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
void AddCells(const PredicateRecord& record,
              std::vector<Constraint>& constraints) {
  if (record.reference.cells == 0) return;
  const bool is_member = record.ordering == PredicateKind::kContains;
  const ConstraintKind kind =
      is_member ? ConstraintKind::kMember : ConstraintKind::kTerm;
  if (is_member && Find(constraints, record.path, kind) != nullptr) return;
  constraints.push_back(
      {.path = record.path, .kind = kind, .cells = record.reference.cells});
}

}  // namespace

void ReadConstraints(const HungConjunction& hung,
                     std::vector<Constraint>& constraints) {
  constraints.clear();
  for (std::uint32_t i = 0; i < hung.record_count; ++i) {
    const PredicateRecord& record = hung.record(i);
    switch (record.test) {
      case RecordTest::kNumber:
        AddNumber(record, constraints);
        break;
      case RecordTest::kTerm:
      case RecordTest::kShared:
        AddCells(record, constraints);
        break;
      default:
        break;
    }
  }
}

}  // namespace streamer
