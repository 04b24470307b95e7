#include "index/internal/access.h"

#include <algorithm>
#include <cmath>

#include "index/internal/numbers.h"

namespace streamer {
namespace {

// Shares of events, where nothing better is known. Only their order matters.
constexpr double kShareOfInterval = 0.25;
constexpr double kShareOfHalfLine = 0.5;
constexpr double kShareOfPrefix = 0.05;
constexpr double kShareOfPresent = 0.9;
// Terms imagined beside those counted, so that the first constants of a path
// do not look as if every event had them.
constexpr double kImaginedTerms = 10;

constexpr Value kTrueConstant = Value::Bool(true);
constexpr Value kFalseConstant = Value::Bool(false);

bool IsWantedTrue(const Predicate& predicate) {
  return predicate.wanted == Answer::kTrue;
}

bool AsksForAbsence(const Predicate& predicate) {
  return predicate.kind == PredicateKind::kPresent && !IsWantedTrue(predicate);
}

bool IsSamePath(const Predicate& a, const Predicate& b) {
  return a.variable == b.variable && a.path == b.path;
}

bool IsNumberOrdering(const Predicate& predicate) {
  return IsOrdering(predicate.kind) && predicate.operand.value().is_number();
}

bool IsTextOrdering(const Predicate& predicate) {
  if (!predicate.operand.value().is(ValueKind::kString)) return false;
  return IsOrdering(predicate.kind) ||
         (predicate.kind == PredicateKind::kStartsWith &&
          IsWantedTrue(predicate));
}

// Whether the values that satisfy an ordering lie above its operand.
bool BoundsFromBelow(const Predicate& predicate) {
  const bool is_greater = predicate.kind == PredicateKind::kGreater ||
                          predicate.kind == PredicateKind::kGreaterEqual;
  return is_greater == IsWantedTrue(predicate);
}

void Narrow(const Predicate& predicate, NumberInterval& interval) {
  const NumberBound bound{RoundedNumber(predicate.operand.value())};
  interval.holds_nan = interval.holds_nan && !IsWantedTrue(predicate);
  if (std::isnan(bound.number)) {
    // Nothing compares with NaN as true, and all numbers do as false.
    if (IsWantedTrue(predicate)) {
      interval.low = NumberBound::Highest();
      interval.high = NumberBound::Lowest();
    }
  } else if (BoundsFromBelow(predicate)) {
    interval.low = std::max(interval.low, bound);
  } else {
    interval.high = std::min(interval.high, bound);
  }
}

void Narrow(const Predicate& predicate, TextInterval& interval) {
  const std::string_view text = predicate.operand.value().text();
  if (predicate.kind == PredicateKind::kStartsWith) {
    interval.low = std::max(interval.low, TextBound{text, false});
    interval.high = std::min(interval.high, TextBound{text, true});
  } else if (BoundsFromBelow(predicate)) {
    interval.low = std::max(interval.low, TextBound{text, false});
  } else {
    interval.high = std::min(interval.high, TextBound{text, false});
  }
}

template <typename Interval, typename IsMeant>
Interval IntervalOf(const Conjunction& conjunction, const Access& access,
                    IsMeant is_meant) {
  const Predicate& chosen = conjunction.predicates[access.predicate];
  Interval interval;
  for (const Predicate& predicate : conjunction.predicates) {
    if (is_meant(predicate) && IsSamePath(predicate, chosen)) {
      Narrow(predicate, interval);
    }
  }
  return interval;
}

template <typename Interval>
double ShareOf(const Interval& interval) {
  const Interval whole;
  return interval.low == whole.low || interval.high == whole.high
             ? kShareOfHalfLine
             : kShareOfInterval;
}

Access JudgeNumbers(const Conjunction& conjunction, Access access) {
  access.kind = AccessKind::kNumbers;
  const NumberInterval interval = NumberIntervalOf(conjunction, access);
  access.share = ShareOf(interval);
  if (interval.is_empty() && !interval.holds_nan) {
    access.kind = AccessKind::kNever;
    access.share = 0;
  }
  return access;
}

Access JudgeTexts(const Conjunction& conjunction, Access access) {
  access.kind = AccessKind::kTexts;
  const TextInterval interval = TextIntervalOf(conjunction, access);
  access.share = interval.high.is_after_prefix && !interval.high.text.empty()
                     ? kShareOfPrefix
                     : ShareOf(interval);
  if (interval.is_empty()) {
    access.kind = AccessKind::kNever;
    access.share = 0;
  }
  return access;
}

// Whether an ordering includes its bound, as intervals do, and comparing after
// rounding is comparing.
bool IsClosedAndExact(const Predicate& predicate) {
  const bool includes_bound = predicate.kind == PredicateKind::kLessEqual ||
                              predicate.kind == PredicateKind::kGreaterEqual;
  return includes_bound == IsWantedTrue(predicate) &&
         IsExactWhenRounded(RoundedNumber(predicate.operand.value()));
}

bool HasExactConstants(const Predicate& predicate) {
  const std::span<const Value> constants = ConstantsOf(predicate);
  return std::all_of(constants.begin(), constants.end(),
                     [](const Value& constant) {
                       return LookupOf(constant) != Lookup::kChecked;
                     });
}

// An access that every value at the path comes through.
Access PresentAccess() { return {AccessKind::kPresent, 0, kShareOfPresent}; }

}  // namespace

std::span<const Value> ConstantsOf(const Predicate& predicate) {
  switch (predicate.kind) {
    case PredicateKind::kIsBoolean:
      return {IsWantedTrue(predicate) ? &kTrueConstant : &kFalseConstant, 1};
    case PredicateKind::kIn:
      return predicate.operand.value().list().items();
    default:
      return {&predicate.operand.value(), 1};
  }
}

NumberInterval NumberIntervalOf(const Conjunction& conjunction,
                                const Access& access) {
  return IntervalOf<NumberInterval>(conjunction, access, IsNumberOrdering);
}

TextInterval TextIntervalOf(const Conjunction& conjunction,
                            const Access& access) {
  return IntervalOf<TextInterval>(conjunction, access, IsTextOrdering);
}

bool IsProvenByAccess(const Conjunction& conjunction, std::uint32_t index,
                      const Access& access) {
  const Predicate& predicate = conjunction.predicates[index];
  const bool is_access = index == access.predicate;
  switch (access.kind) {
    case AccessKind::kEquality:
    case AccessKind::kMember:
      return is_access && HasExactConstants(predicate);
    case AccessKind::kPresent:
      return is_access && predicate.kind == PredicateKind::kPresent;
    case AccessKind::kNumbers:
      return IsNumberOrdering(predicate) && IsClosedAndExact(predicate) &&
             IsSamePath(predicate, conjunction.predicates[access.predicate]);
    default:
      return false;
  }
}

bool IsScanned(const Conjunction& conjunction) {
  return std::all_of(
      conjunction.predicates.begin(), conjunction.predicates.end(),
      [](const Predicate& predicate) { return AsksForAbsence(predicate); });
}

Access AccessChooser::Choose(const Conjunction& conjunction) const {
  Access best;
  for (std::uint32_t i = 0; i < conjunction.predicates.size(); ++i) {
    const Access access = Judge(conjunction, i);
    if (access.share < best.share) best = access;
  }
  return best;
}

Access AccessChooser::Judge(const Conjunction& conjunction,
                            std::uint32_t index) const {
  const Predicate& predicate = conjunction.predicates[index];
  Access access = PresentAccess();
  if (IsNumberOrdering(predicate)) {
    return JudgeNumbers(conjunction, {AccessKind::kNumbers, index, 1});
  }
  if (IsTextOrdering(predicate)) {
    return JudgeTexts(conjunction, {AccessKind::kTexts, index, 1});
  }
  if (predicate.kind == PredicateKind::kIsBoolean) {
    access = JudgeEquality(predicate);
  } else if (AsksForAbsence(predicate)) {
    access = Access();
  } else if (IsWantedTrue(predicate)) {
    if (predicate.kind == PredicateKind::kEqual ||
        predicate.kind == PredicateKind::kIn) {
      access = JudgeEquality(predicate);
    } else if (predicate.kind == PredicateKind::kContains) {
      access = JudgeMember(predicate);
    }
  }
  access.predicate = index;
  return access;
}

Access AccessChooser::JudgeEquality(const Predicate& predicate) const {
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  Access access{AccessKind::kNever, 0, 0};
  for (const Value& constant : ConstantsOf(predicate)) {
    const Lookup lookup = LookupOf(constant);
    if (lookup == Lookup::kNone) return PresentAccess();
    if (lookup == Lookup::kNever) continue;
    access.kind = AccessKind::kEquality;
    access.share += ShareOf(path, constant);
  }
  // Better any term than every value, however many terms there are.
  access.share = std::min(access.share, kShareOfPresent - 0.01);
  return access;
}

Access AccessChooser::JudgeMember(const Predicate& predicate) const {
  const Value& constant = predicate.operand.value();
  switch (LookupOf(constant)) {
    case Lookup::kNone:
      return PresentAccess();
    case Lookup::kNever:
      return {AccessKind::kNever, 0, 0};
    default:
      break;
  }
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  // A container has several members, any of which may be the constant.
  constexpr double kImaginedMembers = 3;
  return {AccessKind::kMember, 0,
          std::min(kImaginedMembers * ShareOf(path, constant),
                   kShareOfPresent - 0.01)};
}

double AccessChooser::ShareOf(PathId path, const Value& constant) const {
  if (path == PathTrie::kNone) return 1 / kImaginedTerms;
  const TermId term = terms_.Find(path, constant);
  const double uses = term == TermTable::kNone ? 0 : terms_[term].references;
  return (uses + 1) / (paths_[path].term_references + kImaginedTerms);
}

}  // namespace streamer
