#include "filter/internal/selectivity.h"

#include <algorithm>

namespace streamer {
namespace {

constexpr double kPresence = 1000;

// Of a predicate that is wanted to be true.
double HitsWhenTrue(const Predicate& predicate) {
  switch (predicate.kind) {
    case PredicateKind::kEqual:
      return 1;
    case PredicateKind::kIn:
      return std::min(kPresence, static_cast<double>(
                                     predicate.operand.value().list().size()));
    case PredicateKind::kContains:
      return 3;
    case PredicateKind::kStartsWith:
    case PredicateKind::kEndsWith:
    case PredicateKind::kHasSubstring:
      return 20;
    default:
      return kPresence;
  }
}

}  // namespace

double ExpectedHits(const Predicate& predicate) {
  if (IsOrdering(predicate.kind)) return 200;
  if (predicate.kind == PredicateKind::kIsBoolean) return 500;
  return predicate.wanted == Answer::kTrue ? HitsWhenTrue(predicate)
                                           : kPresence;
}

}  // namespace streamer
