// The sets extension: lists read as sets.
#include <algorithm>

#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;

bool Holds(const ListValue& list, const Value& wanted) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& item) { return Equal(item, wanted); });
}

bool HoldsAll(const ListValue& list, const ListValue& wanted) {
  return std::all_of(wanted.items().begin(), wanted.items().end(),
                     [&](const Value& item) { return Holds(list, item); });
}

template <typename Test>
Value CompareSets(std::string_view name, Arguments arguments, Arena& arena,
                  Test test) {
  if (!AreKinds(arguments, {ValueKind::kList, ValueKind::kList})) {
    return NoSuchCall(name, arguments, arena);
  }
  return Value::Bool(test(arguments[0].list(), arguments[1].list()));
}

Value Contains(Arguments arguments, Arena& arena) {
  return CompareSets("sets.contains", arguments, arena, HoldsAll);
}

Value Equivalent(Arguments arguments, Arena& arena) {
  return CompareSets("sets.equivalent", arguments, arena,
                     [](const ListValue& left, const ListValue& right) {
                       return HoldsAll(left, right) && HoldsAll(right, left);
                     });
}

Value Intersects(Arguments arguments, Arena& arena) {
  return CompareSets(
      "sets.intersects", arguments, arena,
      [](const ListValue& left, const ListValue& right) {
        return std::any_of(
            right.items().begin(), right.items().end(),
            [&](const Value& item) { return Holds(left, item); });
      });
}

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr Cost kPairs = {CostRule::kPairs, 2};
constexpr std::string_view kTwoSets = "(list(A), list(A)) -> bool";

constexpr FunctionEntry kEntries[] = {
    {"sets.contains", kGlobal, 2, Contains, kPairs, kTwoSets},
    {"sets.equivalent", kGlobal, 2, Equivalent, kPairs, kTwoSets},
    {"sets.intersects", kGlobal, 2, Intersects, kPairs, kTwoSets},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> SetFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
