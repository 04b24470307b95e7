#include "index/internal/access.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "filter/literal_pattern.h"
#include "index/internal/numbers.h"

namespace streamer {
namespace {

// Shares of events, where nothing better is known. Only their order matters.
constexpr double kShareOfInterval = 0.25;
constexpr double kShareOfHalfLine = 0.5;
constexpr double kShareOfByte = 0.2;  // one that a text has somewhere
constexpr double kShareOfPresent = 0.9;
// Terms imagined beside those counted, so that the first constants of a path
// do not look as if every event had them.
constexpr double kImaginedTerms = 10;
// A list with more constants is no key beside another one: it would hang a
// conjunction in as many places again.
constexpr std::size_t kMostKeyTerms = 4;

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
  return IsOrdering(predicate.kind) &&
         predicate.operand.value().is(ValueKind::kString);
}

bool IsLiteral(const Predicate& predicate) {
  switch (predicate.kind) {
    case PredicateKind::kStartsWith:
    case PredicateKind::kEndsWith:
    case PredicateKind::kHasSubstring:
    case PredicateKind::kMatches:
      return IsWantedTrue(predicate) && !LiteralOf(predicate).text.empty();
    default:
      return false;
  }
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
  if (BoundsFromBelow(predicate)) {
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
double ShareOfEnds(const Interval& interval) {
  const Interval whole;
  return interval.low == whole.low || interval.high == whole.high
             ? kShareOfHalfLine
             : kShareOfInterval;
}

// The longest that it has: at an end rather than somewhere.
Literal LiteralOf(const LiteralPattern& pattern) {
  Literal best{pattern.prefix(), LiteralPlace::kStart};
  for (const Literal& other :
       {Literal{pattern.suffix(), LiteralPlace::kEnd},
        Literal{pattern.longest(), LiteralPlace::kAnywhere}}) {
    if (other.text.size() > best.text.size()) best = other;
  }
  return best;
}

// Longer literals are rarer, but how rare the longest are nobody knows.
double ShareOfLiteral(std::string_view text) {
  constexpr std::size_t kTelling = 4;
  return kShareOfByte / static_cast<double>(std::min(text.size(), kTelling));
}

// The kind of access to the terms of some constants: never when all of them
// equal nothing, any value when one cannot be looked up.
AccessKind KindOfTerms(const Predicate& predicate, AccessKind kind) {
  bool is_possible = false;
  for (const Value& constant : ConstantsOf(predicate)) {
    const Lookup lookup = LookupOf(constant);
    if (lookup == Lookup::kNone) return AccessKind::kPresent;
    is_possible = is_possible || lookup != Lookup::kNever;
  }
  return is_possible ? kind : AccessKind::kNever;
}

AccessKind KindOfNumbers(const Conjunction& conjunction,
                         std::uint32_t predicate) {
  const NumberInterval interval =
      NumberIntervalOf(conjunction, {AccessKind::kNumbers, predicate, 1});
  return interval.is_empty() && !interval.holds_nan ? AccessKind::kNever
                                                    : AccessKind::kNumbers;
}

AccessKind KindOfTexts(const Conjunction& conjunction,
                       std::uint32_t predicate) {
  const TextInterval interval =
      TextIntervalOf(conjunction, {AccessKind::kTexts, predicate, 1});
  return interval.is_empty() ? AccessKind::kNever : AccessKind::kTexts;
}

bool IsKeyAs(AccessKind kind, const Conjunction& conjunction,
             std::uint32_t predicate) {
  switch (kind) {
    case AccessKind::kEquality:
      return ConstantsOf(conjunction.predicates[predicate]).size() <=
             kMostKeyTerms;
    case AccessKind::kMember:
    case AccessKind::kLiteral:
      return true;
    case AccessKind::kNumbers: {
      const NumberInterval interval =
          NumberIntervalOf(conjunction, {AccessKind::kNumbers, predicate, 1});
      return !interval.holds_nan && !interval.is_empty();
    }
    default:
      return false;
  }
}

// Whether something else can be a key beside a range that can.
bool HasOtherKey(const Conjunction& conjunction, const Offers& offers,
                 std::uint32_t index) {
  for (std::uint32_t i = 0; i < offers.size(); ++i) {
    if (offers[i].is_key && !IsSameRange(conjunction.predicates[i],
                                         conjunction.predicates[index])) {
      return true;
    }
  }
  return false;
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

}  // namespace

Literal LiteralOf(const Predicate& predicate) {
  if (predicate.kind == PredicateKind::kMatches) {
    return LiteralOf(*predicate.pattern);
  }
  if (!predicate.operand.value().is(ValueKind::kString)) return {};
  const std::string_view text = predicate.operand.value().text();
  switch (predicate.kind) {
    case PredicateKind::kStartsWith:
      return {text, LiteralPlace::kStart};
    case PredicateKind::kEndsWith:
      return {text, LiteralPlace::kEnd};
    default:
      return {text, LiteralPlace::kAnywhere};
  }
}

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

AccessKind AccessKindOf(const Conjunction& conjunction, std::uint32_t index) {
  const Predicate& predicate = conjunction.predicates[index];
  if (IsNumberOrdering(predicate)) return KindOfNumbers(conjunction, index);
  if (IsTextOrdering(predicate)) return KindOfTexts(conjunction, index);
  if (IsLiteral(predicate)) return AccessKind::kLiteral;
  if (predicate.kind == PredicateKind::kIsBoolean) return AccessKind::kEquality;
  if (AsksForAbsence(predicate)) return AccessKind::kScan;
  if (!IsWantedTrue(predicate)) return AccessKind::kPresent;
  switch (predicate.kind) {
    case PredicateKind::kEqual:
    case PredicateKind::kIn:
      return KindOfTerms(predicate, AccessKind::kEquality);
    case PredicateKind::kContains:
      return KindOfTerms(predicate, AccessKind::kMember);
    default:
      return AccessKind::kPresent;
  }
}

Offers OffersOf(const Conjunction& conjunction) {
  const auto count = static_cast<std::uint32_t>(conjunction.predicates.size());
  Offers offers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const AccessKind kind = AccessKindOf(conjunction, i);
    offers.push_back({kind, IsKeyAs(kind, conjunction, i)});
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (offers[i].kind == AccessKind::kNumbers && offers[i].is_key &&
        HasOtherKey(conjunction, offers, i)) {
      offers[i].kind = AccessKind::kCells;
    }
  }
  return offers;
}

bool IsSameRange(const Predicate& a, const Predicate& b) {
  return &a == &b ||
         (IsNumberOrdering(a) && IsNumberOrdering(b) && IsSamePath(a, b));
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
  const Offers offers = OffersOf(conjunction);
  for (std::uint32_t i = 0; i < offers.size(); ++i) {
    const Access access = Judge(conjunction, i, offers[i]);
    if (access.share < best.share) best = access;
  }
  return best;
}

Access AccessChooser::Judge(const Conjunction& conjunction, std::uint32_t index,
                            const Offer& offer) const {
  const Predicate& predicate = conjunction.predicates[index];
  Access access{offer.kind, index, 1};
  switch (offer.kind) {
    case AccessKind::kNever:
      access.share = 0;
      break;
    case AccessKind::kEquality:
      access.share = ShareOfEquality(predicate);
      break;
    case AccessKind::kMember:
      access.share = ShareOfMember(predicate);
      break;
    case AccessKind::kNumbers:
      access.share = ShareOf(NumberIntervalOf(conjunction, access));
      break;
    case AccessKind::kCells:
      access.share =
          ShareOf(NumberIntervalOf(conjunction, access)) + WeightOf(predicate);
      break;
    case AccessKind::kTexts:
      access.share = ShareOfEnds(TextIntervalOf(conjunction, access));
      break;
    case AccessKind::kLiteral:
      access.share =
          ShareOfLiteral(LiteralOf(predicate).text) + WeightOf(predicate);
      break;
    case AccessKind::kPresent:
      access.share = kShareOfPresent;
      break;
    case AccessKind::kScan:
      break;
  }
  return access;
}

// So little that it only decides between equals: of paths with ranges alike,
// the one takes the next that has taken fewest.
double AccessChooser::WeightOf(const Predicate& predicate) const {
  constexpr double kMost = 0.001;
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  if (path == PathTrie::kNone) return 0;
  const double postings = paths_[path].keyed_postings;
  return kMost * postings / (postings + 1e6);
}

double AccessChooser::ShareOfEquality(const Predicate& predicate) const {
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  double share = 0;
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) != Lookup::kNever) share += ShareOf(path, constant);
  }
  // Better any term than every value, however many terms there are.
  return std::min(share, kShareOfPresent - 0.01);
}

double AccessChooser::ShareOfMember(const Predicate& predicate) const {
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  // A container has several members, any of which may be the constant.
  constexpr double kImaginedMembers = 3;
  return std::min(kImaginedMembers * ShareOf(path, predicate.operand.value()),
                  kShareOfPresent - 0.01);
}

double AccessChooser::ShareOf(PathId path, const Value& constant) const {
  if (path == PathTrie::kNone) return 1 / kImaginedTerms;
  const TermId term = terms_.Find(path, constant);
  return term == TermTable::kNone
             ? 1 / (paths_[path].term_references + kImaginedTerms)
             : ShareOf(term);
}

double AccessChooser::ShareOf(TermId term) const {
  return (terms_[term].references + 1) /
         (paths_[terms_[term].path].term_references + kImaginedTerms);
}

double AccessChooser::ShareOf(const NumberInterval& interval) {
  return ShareOfEnds(interval);
}

}  // namespace streamer
