#include "filter/internal/turn.h"

#include "cel/macros.h"
#include "filter/internal/describe.h"

namespace streamer {
namespace {

using cel::Comprehension;
using cel::Expr;
using cel::Macro;

// The fold that runs through the elements: sortBy names its list first, and
// the keys are a map() within.
const Expr* LoopOf(const Expr& macro) {
  if (macro.comprehension->macro == Macro::kSortBy) {
    return macro.arguments[3]->arguments[1];
  }
  return cel::IsLoop(macro.comprehension->macro) ? &macro : nullptr;
}

// "i = 7", "k = \"a\", v = 7".
std::string DescribeElement(const Comprehension& loop, const Value& range,
                            std::size_t index) {
  const bool has_two = !loop.second_variable.empty();
  Value first = Value::Int(static_cast<std::int64_t>(index));
  Value second;
  if (range.is(ValueKind::kMap)) {
    const MapEntry& entry = range.map().entries()[index];
    first = entry.key;
    second = entry.value;
  } else {
    second = range.list().items()[index];
    if (!has_two) first = second;
  }
  std::string text = std::string(loop.variable) + " = " + DescribeValue(first);
  if (!has_two) return text;
  return text + ", " + std::string(loop.second_variable) + " = " +
         DescribeValue(second);
}

std::size_t SizeOf(const Value& range) {
  if (range.is(ValueKind::kList)) return range.list().size();
  return range.is(ValueKind::kMap) ? range.map().size() : 0;
}

}  // namespace

MacroParts PartsOf(const Expr& macro) {
  const Comprehension& fold = *macro.comprehension;
  const auto arguments = fold.written->arguments;
  if (fold.macro == Macro::kBind) return {arguments[1], arguments.subspan(2)};
  const bool has_two = !fold.second_variable.empty();
  return {fold.written->operand, arguments.subspan(has_two ? 2 : 1)};
}

std::optional<std::string> ShownTurn(const Expr& macro, const Trace& trace) {
  const Expr* loop = LoopOf(macro);
  if (loop == nullptr) return std::nullopt;
  const std::optional<std::size_t> index = trace.FindTurn(*loop);
  const std::optional<Value> range = trace.Find(*PartsOf(macro).range);
  if (!index.has_value() || !range.has_value() || *index >= SizeOf(*range)) {
    return std::nullopt;
  }
  return DescribeElement(*loop->comprehension, *range, *index) + " (" +
         std::to_string(*index + 1) + " of " + std::to_string(SizeOf(*range)) +
         ")";
}

std::size_t SizeOfRange(const Expr& range, const Trace& trace) {
  const std::optional<Value> value = trace.Find(range);
  return value.has_value() ? SizeOf(*value) : 0;
}

}  // namespace streamer
