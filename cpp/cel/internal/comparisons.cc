// The code of the six comparisons: of any two operands, and of what a path
// leads to with a constant, which is what most filters are made of.
#include <compare>

#include "cel/internal/code.h"
#include "cel/internal/errors.h"
#include "cel/internal/run_parts.h"
#include "value/equal_text.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

constexpr Cost kEqualCost = {CostRule::kEqual, 1};
constexpr Cost kOrderCost = {CostRule::kOrder, 1};

// Charges what depends on the size of two operands.
[[gnu::noinline]] bool ChargePair(Cost cost, const Value& left,
                                  const Value& right, const Frame& frame) {
  const Value operands[] = {left, right};
  return frame.meter.Charge(ChargeOf(cost, operands, frame.meter.left()));
}

// Each comparison has a quick answer for the operands that it meets most,
// whether or not one is an error, and the full one. The left operand of the
// quick one may be an error, and then there is no quick answer.
template <bool kWanted>
struct IsEqual {
  static bool Try(const Value& left, const Value& right, Value& answer) {
    bool are_equal = false;
    if (left.is(ValueKind::kString) && right.is(ValueKind::kString) &&
        left.text().size() <= kShortText) {
      are_equal = EqualText(left.text(), right.text());
    } else if (left.is(ValueKind::kInt) && right.is(ValueKind::kInt)) {
      are_equal = left.int_value() == right.int_value();
    } else {
      return false;
    }
    answer = Value::Bool(are_equal == kWanted);
    return true;
  }
  [[gnu::noinline]] static Value Of(const Value& left, const Value& right,
                                    const Frame& frame) {
    if (IsLarge(left) && left.is(right.kind()) &&
        !ChargePair(kEqualCost, left, right, frame)) {
      return OverBudget();
    }
    return Value::Bool(Equal(left, right) == kWanted);
  }
};

// With a text: what is no text is another value.
template <bool kWanted>
struct IsEqualText {
  static bool Try(const Value& left, const Value& right, Value& answer) {
    if (!left.is(ValueKind::kString)) return false;
    answer = Value::Bool(EqualText(left.text(), right.text()) == kWanted);
    return true;
  }
  static Value Of(const Value&, const Value&, const Frame&) {
    return Value::Bool(!kWanted);
  }
};

template <BinarySymbol kSymbol>
struct IsOrdered {
  static bool Accept(std::partial_ordering order) {
    switch (kSymbol) {
      case BinarySymbol::kLess:
        return order < 0;
      case BinarySymbol::kLessEqual:
        return order <= 0;
      case BinarySymbol::kGreater:
        return order > 0;
      default:
        return order >= 0;
    }
  }
  template <typename Number>
  static bool AreOrdered(Number left, Number right) {
    switch (kSymbol) {
      case BinarySymbol::kLess:
        return left < right;
      case BinarySymbol::kLessEqual:
        return left <= right;
      case BinarySymbol::kGreater:
        return left > right;
      default:
        return left >= right;
    }
  }
  static bool Try(const Value& left, const Value& right, Value& answer) {
    if (left.kind() != right.kind()) return false;
    if (left.is(ValueKind::kInt)) {
      answer = Value::Bool(AreOrdered(left.int_value(), right.int_value()));
      return true;
    }
    if (left.is(ValueKind::kDouble)) {
      answer =
          Value::Bool(AreOrdered(left.double_value(), right.double_value()));
      return true;
    }
    return false;
  }
  [[gnu::noinline]] static Value Of(const Value& left, const Value& right,
                                    const Frame& frame) {
    if (IsLarge(left) && left.is(right.kind()) &&
        !ChargePair(kOrderCost, left, right, frame)) {
      return OverBudget();
    }
    auto order = Compare(left, right);
    if (!order) return NoSuchOverload(kSymbol, left, right);
    return Value::Bool(Accept(*order));
  }
};

template <typename Comparison>
Value RunComparison(const CodeNode& node, const Frame& frame) {
  Value left = Run(node.children[0], frame);
  if (left.is_error()) return left;
  Value right = RunOperand(node.children[1], frame);
  if (right.is_error()) return right;
  Value answer;
  if (Comparison::Try(left, right, answer)) return answer;
  return Comparison::Of(left, right, frame);
}

template <typename Comparison>
[[gnu::noinline]] Value CompareBroken(const CodeNode& node,
                                      const Frame& frame) {
  Value reached = BrokenPath(node, frame);
  if (reached.is_error()) return reached;
  return Comparison::Of(reached, node.constant, frame);
}

template <typename Comparison, Steps kSteps>
Value RunPathComparison(const CodeNode& node, const Frame& frame) {
  const Value* found = Walk<kSteps>(node, frame);
  if (found == nullptr) [[unlikely]] {
    return CompareBroken<Comparison>(node, frame);
  }
  Value answer;
  if (Comparison::Try(*found, node.constant, answer)) return answer;
  if (found->is_error()) return *found;
  return Comparison::Of(*found, node.constant, frame);
}

template <typename Comparison>
Runner PathRunnerOf(const CodeNode& node) {
  if (node.fields.empty()) return RunPathComparison<Comparison, Steps::kNone>;
  if (node.fields.size() == 1) {
    return RunPathComparison<Comparison, Steps::kOne>;
  }
  return RunPathComparison<Comparison, Steps::kMany>;
}

template <bool kWanted>
Runner PathEqualRunnerOf(const CodeNode& node) {
  bool is_short_text =
      node.constant.is(ValueKind::kString) && !IsLarge(node.constant);
  return is_short_text ? PathRunnerOf<IsEqualText<kWanted>>(node)
                       : PathRunnerOf<IsEqual<kWanted>>(node);
}

}  // namespace

Value BrokenPath(const CodeNode& node, const Frame& frame) {
  Value current = frame.bindings[node.slot];
  for (const FieldStep& step : node.fields) {
    if (current.is_error()) break;
    current = SelectField(current, step.name.text, frame.arena);
  }
  return ChargeError(current, frame);
}

Runner ComparisonRunnerOf(const CodeNode& node) {
  switch (node.opcode) {
    case Opcode::kEqual:
      return RunComparison<IsEqual<true>>;
    case Opcode::kNotEqual:
      return RunComparison<IsEqual<false>>;
    case Opcode::kLess:
      return RunComparison<IsOrdered<BinarySymbol::kLess>>;
    case Opcode::kLessEqual:
      return RunComparison<IsOrdered<BinarySymbol::kLessEqual>>;
    case Opcode::kGreater:
      return RunComparison<IsOrdered<BinarySymbol::kGreater>>;
    case Opcode::kGreaterEqual:
      return RunComparison<IsOrdered<BinarySymbol::kGreaterEqual>>;
    case Opcode::kPathEqual:
      return PathEqualRunnerOf<true>(node);
    case Opcode::kPathNotEqual:
      return PathEqualRunnerOf<false>(node);
    case Opcode::kPathLess:
      return PathRunnerOf<IsOrdered<BinarySymbol::kLess>>(node);
    case Opcode::kPathLessEqual:
      return PathRunnerOf<IsOrdered<BinarySymbol::kLessEqual>>(node);
    case Opcode::kPathGreater:
      return PathRunnerOf<IsOrdered<BinarySymbol::kGreater>>(node);
    default:
      return PathRunnerOf<IsOrdered<BinarySymbol::kGreaterEqual>>(node);
  }
}

}  // namespace streamer::cel::internal
