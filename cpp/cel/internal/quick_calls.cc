// The code of calls that filters make most: !, in, size(), startsWith(),
// endsWith() and contains() of small operands are done here; of all others
// the function of the entry is called as any other.
#include <algorithm>
#include <array>

#include "cel/internal/code.h"
#include "cel/internal/operators.h"
#include "cel/internal/run_parts.h"
#include "cel/internal/text_functions.h"
#include "value/equal_text.h"
#include "value/ordering.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

// Texts so short are searched within the time of the node itself: the charge
// of CostRule::kSearch is nothing.
constexpr std::size_t kQuicklySearched = 64;
constexpr std::size_t kQuicklySought = 16;

[[gnu::noinline]] Value CallOne(const Value& operand, const CodeNode& node,
                                const Frame& frame) {
  if (operand.is_error()) return operand;
  return CallWith(std::span(&operand, 1), node, frame);
}

// REQUIRES: `left` is no error.
[[gnu::noinline]] Value CallTwo(const Value& left, const Value& right,
                                const CodeNode& node, const Frame& frame) {
  if (right.is_error()) return right;
  const Value arguments[] = {left, right};
  return CallWith(arguments, node, frame);
}

Value RunNot(const CodeNode& node, const Frame& frame) {
  Value operand = Run(node.children[0], frame);
  if (operand.is(ValueKind::kBool)) return Value::Bool(!operand.bool_value());
  return CallOne(operand, node, frame);
}

Value RunSize(const CodeNode& node, const Frame& frame) {
  Value operand = Run(node.children[0], frame);
  if (operand.is(ValueKind::kString) && operand.text().size() <= kShortText) {
    std::size_t count = CountCodePoints(operand.text());
    return Value::Int(static_cast<std::int64_t>(count));
  }
  if (operand.is(ValueKind::kList)) {
    return Value::Int(static_cast<std::int64_t>(operand.list().size()));
  }
  return CallOne(operand, node, frame);
}

struct StartsWith {
  static constexpr std::size_t kLongest = kShortText;
  static constexpr std::size_t kLongestPart = kShortText;
  static bool Test(std::string_view text, std::string_view part) {
    return text.size() >= part.size() &&
           EqualText(text.substr(0, part.size()), part);
  }
};

struct EndsWith {
  static constexpr std::size_t kLongest = kShortText;
  static constexpr std::size_t kLongestPart = kShortText;
  static bool Test(std::string_view text, std::string_view part) {
    return text.size() >= part.size() &&
           EqualText(text.substr(text.size() - part.size()), part);
  }
};

struct Contains {
  static constexpr std::size_t kLongest = kQuicklySearched - 1;
  static constexpr std::size_t kLongestPart = kQuicklySought;
  static bool Test(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
  }
};

template <typename TextTest>
Value RunTextTest(const CodeNode& node, const Frame& frame) {
  Value text = Run(node.children[0], frame);
  if (text.is_error()) return text;
  Value part = RunOperand(node.children[1], frame);
  if (text.is(ValueKind::kString) && part.is(ValueKind::kString) &&
      text.text().size() <= TextTest::kLongest &&
      part.text().size() <= TextTest::kLongestPart) {
    return Value::Bool(TextTest::Test(text.text(), part.text()));
  }
  return CallTwo(text, part, node, frame);
}

// A short text in a list; its charge is that of CostRule::kMember.
Value FindText(std::string_view wanted, std::span<const Value> items,
               const Frame& frame) {
  if (!frame.meter.Charge(items.size() / 2)) return OverBudget();
  return Value::Bool(
      std::any_of(items.begin(), items.end(), [&](const Value& item) {
        return item.is(ValueKind::kString) && EqualText(item.text(), wanted);
      }));
}

Value RunIn(const CodeNode& node, const Frame& frame) {
  Value wanted = RunOperand(node.children[0], frame);
  if (wanted.is_error()) return wanted;
  Value container = Run(node.children[1], frame);
  bool is_short_text =
      wanted.is(ValueKind::kString) && wanted.text().size() < kQuicklySearched;
  if (is_short_text && container.is(ValueKind::kList)) {
    return FindText(wanted.text(), container.list().items(), frame);
  }
  return CallTwo(wanted, container, node, frame);
}

struct QuickCall {
  Function function;
  Runner run;
};

constexpr QuickCall kQuickCalls[] = {
    {OperatorNot, RunNot},
    {OperatorIn, RunIn},
    {FunctionSize, RunSize},
    {FunctionStartsWith, RunTextTest<StartsWith>},
    {FunctionEndsWith, RunTextTest<EndsWith>},
    {FunctionContains, RunTextTest<Contains>},
};

}  // namespace

Runner QuickRunnerOf(const FunctionEntry& entry) {
  for (const QuickCall& quick : kQuickCalls) {
    if (quick.function == entry.function) return quick.run;
  }
  return nullptr;
}

}  // namespace streamer::cel::internal
