// The lists extension; reverse() is with the strings, which have it too.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "cel/expression.h"
#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;
constexpr ValueKind kList = ValueKind::kList;
constexpr ValueKind kInt = ValueKind::kInt;

Value Slice(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kList, kInt, kInt})) {
    return NoSuchMemberCall("slice", arguments, arena);
  }
  std::span<const Value> items = arguments[0].list().items();
  std::int64_t begin = arguments[1].int_value();
  std::int64_t end = arguments[2].int_value();
  auto size = static_cast<std::int64_t>(items.size());
  if (begin < 0 || end < begin || end > size) {
    return Invalid("cannot slice(" + std::to_string(begin) + ", " +
                       std::to_string(end) + ") a list of size " +
                       std::to_string(size),
                   arena);
  }
  return Value::List(arena.New<ListValue>(items.subspan(
      static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))));
}

// Appends the items of `list`, those of lists in it down to `depth` levels.
// False once they are too many for one list.
bool AppendFlat(const ListValue& list, std::int64_t depth,
                std::vector<Value>& flat) {
  for (const Value& item : list.items()) {
    if (item.is(kList) && depth > 0) {
      if (!AppendFlat(item.list(), depth - 1, flat)) return false;
    } else {
      flat.push_back(item);
      if (flat.size() * sizeof(Value) > kLargestValue) return false;
    }
  }
  return true;
}

Value Flatten(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kList, kInt})) {
    return NoSuchMemberCall("flatten", arguments, arena);
  }
  std::int64_t depth = arguments.size() > 1 ? arguments[1].int_value() : 1;
  if (depth < 0) return Invalid("level must be non-negative", arena);
  std::vector<Value> flat;
  if (!AppendFlat(arguments[0].list(), depth, flat)) return TooLarge();
  return MakeList(flat, arena);
}

bool IsSortable(const Value& key) {
  switch (key.kind()) {
    case ValueKind::kBool:
    case ValueKind::kInt:
    case ValueKind::kUint:
    case ValueKind::kDouble:
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kTimestamp:
    case ValueKind::kDuration:
      return true;
    default:
      return false;
  }
}

// Whether the keys are of one kind that has an order. NaN has none.
bool AreSortable(std::span<const Value> keys) {
  return std::all_of(keys.begin(), keys.end(), [&](const Value& key) {
    return IsSortable(key) && key.kind() == keys.front().kind();
  });
}

// Before, in an order that NaN is part of, as the greatest number.
bool IsBefore(const Value& left, const Value& right) {
  if (left.is(ValueKind::kDouble)) {
    bool is_left_nan = left.double_value() != left.double_value();
    bool is_right_nan = right.double_value() != right.double_value();
    if (is_left_nan || is_right_nan) return !is_left_nan && is_right_nan;
  }
  return *Compare(left, right) < 0;
}

Value SortByKeys(std::span<const Value> items, std::span<const Value> keys,
                 Arena& arena) {
  if (!AreSortable(keys)) {
    return Invalid("list elements must have the same type, one with an order",
                   arena);
  }
  std::vector<std::uint32_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t left, std::uint32_t right) {
                     return IsBefore(keys[left], keys[right]);
                   });
  std::vector<Value> sorted(items.size());
  std::transform(order.begin(), order.end(), sorted.begin(),
                 [&](std::uint32_t index) { return items[index]; });
  return MakeList(sorted, arena);
}

Value Sort(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(kList)) {
    return NoSuchMemberCall("sort", arguments, arena);
  }
  std::span<const Value> items = arguments[0].list().items();
  return SortByKeys(items, items, arena);
}

Value SortBy(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kList, kList}) ||
      arguments[0].list().size() != arguments[1].list().size()) {
    return NoSuchMemberCall("sortBy", arguments.first(1), arena);
  }
  return SortByKeys(arguments[0].list().items(), arguments[1].list().items(),
                    arena);
}

Value Distinct(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(kList)) {
    return NoSuchMemberCall("distinct", arguments, arena);
  }
  std::vector<Value> kept;
  for (const Value& item : arguments[0].list().items()) {
    bool is_new =
        std::none_of(kept.begin(), kept.end(),
                     [&](const Value& other) { return Equal(item, other); });
    if (is_new) kept.push_back(item);
  }
  return MakeList(kept, arena);
}

Value Range(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(kInt)) {
    return NoSuchCall("lists.range", arguments, arena);
  }
  std::int64_t size = std::max<std::int64_t>(arguments[0].int_value(), 0);
  if (size > static_cast<std::int64_t>(kLargestValue / sizeof(Value))) {
    return TooLarge();
  }
  std::span<Value> items =
      arena.NewArray<Value>(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    items[static_cast<std::size_t>(i)] = Value::Int(i);
  }
  return Value::List(arena.New<ListValue>(items));
}

Value First(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(kList)) {
    return NoSuchMemberCall("first", arguments, arena);
  }
  std::span<const Value> items = arguments[0].list().items();
  return Value::Optional(items.empty() ? nullptr : &items.front());
}

Value Last(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(kList)) {
    return NoSuchMemberCall("last", arguments, arena);
  }
  std::span<const Value> items = arguments[0].list().items();
  return Value::Optional(items.empty() ? nullptr : &items.back());
}

constexpr CallStyle kMember = CallStyle::kMember;
constexpr Cost kOne = {CostRule::kFixed, 1};
constexpr std::string_view kSortable =
    "(list(bool)) -> list(bool); (list(int)) -> list(int); "
    "(list(uint)) -> list(uint); (list(double)) -> list(double); "
    "(list(string)) -> list(string); (list(bytes)) -> list(bytes); "
    "(list(timestamp)) -> list(timestamp); "
    "(list(duration)) -> list(duration)";

constexpr FunctionEntry kEntries[] = {
    {"slice", kMember, 3, Slice, kOne, "(list(A), int, int) -> list(A)"},
    {"flatten",
     kMember,
     1,
     Flatten,
     {CostRule::kDeep, 4},
     "(list(list(A))) -> list(A); (list(A)) -> list(A)"},
    {"flatten",
     kMember,
     2,
     Flatten,
     {CostRule::kDeep, 4},
     "(list(dyn), int) -> list(dyn)"},
    {"sort", kMember, 1, Sort, {CostRule::kSort, 8}, kSortable},
    {operators::kSortBy,
     CallStyle::kGlobal,
     2,
     SortBy,
     {CostRule::kSort, 8},
     "(list(A), list(B)) -> list(A)"},
    {"distinct",
     kMember,
     1,
     Distinct,
     {CostRule::kDistinct, 4},
     "(list(A)) -> list(A)"},
    {"lists.range",
     CallStyle::kGlobal,
     1,
     Range,
     {CostRule::kRange, 4},
     "(int) -> list(int)"},
    {"first", kMember, 1, First, kOne, "(list(A)) -> optional_type(A)"},
    {"last", kMember, 1, Last, kOne, "(list(A)) -> optional_type(A)"},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> ListFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
