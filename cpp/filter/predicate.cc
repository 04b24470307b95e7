#include "filter/predicate.h"

#include <algorithm>
#include <compare>
#include <string_view>

#include "filter/derived_value.h"
#include "filter/internal/constant_set.h"
#include "filter/literal_pattern.h"
#include "value/ordering.h"

namespace streamer {
namespace {

// Below this a search of the list is as fast as a hash.
constexpr std::size_t kSearchedItems = 8;

bool AnyEqual(std::span<const Value> items, const Value& value) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& item) { return Equal(item, value); });
}

std::optional<bool> OrderingHolds(PredicateKind kind, const Value& value,
                                  const Value& operand) {
  std::optional<std::partial_ordering> order = Compare(value, operand);
  if (!order.has_value()) return std::nullopt;
  switch (kind) {
    case PredicateKind::kLess:
      return *order < 0;
    case PredicateKind::kLessEqual:
      return *order <= 0;
    case PredicateKind::kGreater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

std::optional<bool> TextHolds(PredicateKind kind, const Value& value,
                              const Value& operand) {
  if (!value.is(ValueKind::kString) || !operand.is(ValueKind::kString)) {
    return std::nullopt;
  }
  switch (kind) {
    case PredicateKind::kStartsWith:
      return value.text().starts_with(operand.text());
    case PredicateKind::kEndsWith:
      return value.text().ends_with(operand.text());
    default:
      return value.text().find(operand.text()) != std::string_view::npos;
  }
}

std::optional<bool> ContainerHolds(const Value& container,
                                   const Value& member) {
  if (container.is(ValueKind::kList)) {
    return AnyEqual(container.list().items(), member);
  }
  if (container.is(ValueKind::kMap)) {
    return container.map().Find(member) != nullptr;
  }
  return std::nullopt;
}

// The map that has, or lacks, the last segment of `path`; null when there is
// no such map.
const Value* FindParentMap(const Value& root, const FieldPath& path) {
  const Value* parent = &root;
  for (std::size_t i = 0; i + 1 < path.segments().size(); ++i) {
    if (!parent->is(ValueKind::kMap)) return nullptr;
    parent = parent->map().Find(path.segments()[i]);
    if (parent == nullptr) return nullptr;
  }
  return parent->is(ValueKind::kMap) ? parent : nullptr;
}

void AppendText(std::string_view text, std::string& key) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

}  // namespace

void Predicate::IndexOperand() {
  if (kind != PredicateKind::kIn || !operand.value().is(ValueKind::kList)) {
    return;
  }
  std::span<const Value> items = operand.value().list().items();
  if (items.size() <= kSearchedItems) return;
  members = std::make_shared<const ConstantSet>(items);
}

bool Predicate::Holds(const FilterInput& input) const {
  if (variable == FilterVariable::kDerived) return HoldsForDerived(input);
  const Value& root = input[variable];
  if (kind != PredicateKind::kPresent) return HoldsFor(path.Find(root));
  const Value* parent = FindParentMap(root, path);
  if (parent == nullptr) return false;
  bool is_present = parent->map().Find(path.segments().back()) != nullptr;
  return is_present == (wanted == Answer::kTrue);
}

bool Predicate::HoldsForDerived(const FilterInput& input) const {
  // The value may lie in the program, as a constant of it.
  const DerivedValue derived = DerivedValue::Compile(path);
  Arena arena;
  cel::Meter meter;
  const std::optional<Value> value = derived.Evaluate(input, arena, meter);
  return HoldsFor(value.has_value() ? &*value : nullptr);
}

bool Predicate::HoldsFor(const Value* value) const {
  if (value == nullptr) return false;
  return TruthOf(*value) == (wanted == Answer::kTrue);
}

std::optional<bool> Predicate::TruthOf(const Value& value) const {
  switch (kind) {
    case PredicateKind::kEqual:
      return Equal(value, operand.value());
    case PredicateKind::kLess:
    case PredicateKind::kLessEqual:
    case PredicateKind::kGreater:
    case PredicateKind::kGreaterEqual:
      return OrderingHolds(kind, value, operand.value());
    case PredicateKind::kIn:
      if (members != nullptr) return members->Contains(value);
      return AnyEqual(operand.value().list().items(), value);
    case PredicateKind::kContains:
      return ContainerHolds(value, operand.value());
    case PredicateKind::kStartsWith:
    case PredicateKind::kEndsWith:
    case PredicateKind::kHasSubstring:
      return TextHolds(kind, value, operand.value());
    case PredicateKind::kMatches:
      if (!value.is(ValueKind::kString)) return std::nullopt;
      return pattern->Matches(value.text());
    case PredicateKind::kIsBoolean:
      if (!value.is(ValueKind::kBool)) return std::nullopt;
      return value.bool_value();
    case PredicateKind::kPresent:
      break;
  }
  return std::nullopt;
}

void Predicate::AppendIdentity(std::string& key) const {
  key += static_cast<char>('a' + static_cast<int>(variable));
  key += static_cast<char>('A' + static_cast<int>(kind));
  key += wanted == Answer::kTrue ? 'T' : 'F';
  for (const std::string& segment : path.segments()) AppendText(segment, key);
  key += ';';
  streamer::AppendIdentity(operand.value(), key);
}

}  // namespace streamer
