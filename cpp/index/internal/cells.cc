#include "index/internal/cells.h"

#include "base/hash.h"
#include "index/internal/access.h"
#include "value/containers.h"
#include "value/ordering.h"

namespace streamer {

CellSet CellOfTerm(const Value& value) {
  const Lookup lookup = LookupOf(value);
  if (lookup == Lookup::kNone || lookup == Lookup::kNever) return 0;
  return static_cast<CellSet>(1u << (MixHash(0, Hash(value)) % kCellCount));
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

CellSet CellsAskedBy(const Predicate& predicate) {
  switch (predicate.kind) {
    case PredicateKind::kIsBoolean:
      break;  // its constant is the answer that is wanted of it
    case PredicateKind::kEqual:
    case PredicateKind::kIn:
    case PredicateKind::kContains:
      if (predicate.wanted == Answer::kTrue) break;
      return 0;
    default:
      return 0;
  }
  CellSet cells = 0;
  for (const Value& constant : ConstantsOf(predicate)) {
    const Lookup lookup = LookupOf(constant);
    if (lookup == Lookup::kNone) return 0;
    if (lookup != Lookup::kNever) cells |= CellOfTerm(constant);
  }
  return cells;
}

}  // namespace streamer
