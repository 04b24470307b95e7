#include "cel/internal/code.h"

#include <algorithm>
#include <array>

#include "cel/internal/errors.h"
#include "cel/internal/tree_evaluator.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

Value RunPath(const CodeNode& node, const Frame& frame) {
  const Value* current = &frame.bindings[node.slot];
  for (const FieldStep& step : node.fields) {
    if (!current->is(ValueKind::kMap)) {
      if (current->is_error()) return *current;
      return SelectField(*current, step.name.text, frame.arena);
    }
    current = current->map().Find(step.name);
    if (current == nullptr) return step.missing;
  }
  return *current;
}

// The commonest operands, without a further call.
inline Value Operand(const CodeNode& node, const Frame& frame) {
  if (node.opcode == Opcode::kConstant) return node.constant;
  if (node.opcode == Opcode::kPath) return RunPath(node, frame);
  return Run(node, frame);
}

Value RunSelect(const CodeNode& node, const Frame& frame) {
  Value operand = Operand(node.children[0], frame);
  const FieldStep& step = node.fields[0];
  if (operand.is(ValueKind::kMap)) {
    const Value* found = operand.map().Find(step.name);
    return found != nullptr ? *found : step.missing;
  }
  if (operand.is_error()) return operand;
  return SelectField(operand, step.name.text, frame.arena);
}

Value RunHas(const CodeNode& node, const Frame& frame) {
  Value operand = Operand(node.children[0], frame);
  const FieldStep& step = node.fields[0];
  if (operand.is(ValueKind::kMap)) {
    return Value::Bool(operand.map().Find(step.name) != nullptr);
  }
  if (operand.is_error()) return operand;
  return HasField(operand, step.name.text, frame.arena);
}

// See TreeEvaluator::EvaluateLogical.
Value RunLogical(const CodeNode& node, const Frame& frame, bool absorbing) {
  Value undecided = Value::Bool(!absorbing);
  for (const CodeNode& child : node.children) {
    Value value = Run(child, frame);
    if (value.is(ValueKind::kBool)) {
      if (value.bool_value() == absorbing) return value;
    } else if (!undecided.is_error()) {
      undecided = value.is_error() ? value
                                   : BoolExpected(absorbing ? "||" : "&&",
                                                  value, frame.arena);
    }
  }
  return undecided;
}

Value RunConditional(const CodeNode& node, const Frame& frame) {
  Value condition = Run(node.children[0], frame);
  if (condition.is_error()) return condition;
  if (!condition.is(ValueKind::kBool)) {
    return BoolExpected("?:", condition, frame.arena);
  }
  return Run(node.children[condition.bool_value() ? 1 : 2], frame);
}

// Equality, with the commonest case, text against text, done in place.
bool AreEqual(const Value& left, const Value& right) {
  if (left.is(ValueKind::kString) && right.is(ValueKind::kString)) {
    return left.text() == right.text();
  }
  return Equal(left, right);
}

Value RunEquality(const CodeNode& node, const Frame& frame, bool wanted) {
  Value left = Operand(node.children[0], frame);
  if (left.is_error()) return left;
  Value right = Operand(node.children[1], frame);
  if (right.is_error()) return right;
  return Value::Bool(AreEqual(left, right) == wanted);
}

// Orders with the commonest case, int against int, done in place.
template <typename Accept>
Value RunOrder(const CodeNode& node, const Frame& frame, BinarySymbol symbol,
               Accept accept) {
  Value left = Operand(node.children[0], frame);
  if (left.is_error()) return left;
  Value right = Operand(node.children[1], frame);
  if (right.is_error()) return right;
  if (left.is(ValueKind::kInt) && right.is(ValueKind::kInt)) {
    return Value::Bool(accept(left.int_value() <=> right.int_value()));
  }
  auto order = Compare(left, right);
  if (!order) return NoSuchOverload(symbol, left, right);
  return Value::Bool(accept(*order));
}

Value RunInSet(const CodeNode& node, const Frame& frame) {
  Value wanted = Operand(node.children[0], frame);
  if (wanted.is_error()) return wanted;
  return Value::Bool(node.set->Contains(wanted));
}

Value RunMatches(const CodeNode& node, const Frame& frame) {
  Value text = Operand(node.children[0], frame);
  if (text.is_error()) return text;
  if (!text.is(ValueKind::kString)) {
    const Value arguments[] = {text, Value::String("")};
    return NoSuchMemberCall("matches", arguments, frame.arena);
  }
  return Value::Bool(node.pattern->Matches(text.text()));
}

Value RunCall(const CodeNode& node, const Frame& frame) {
  std::array<Value, kMostArguments> arguments;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    arguments[i] = Operand(node.children[i], frame);
    if (arguments[i].is_error()) return arguments[i];
  }
  return node.function(std::span(arguments).first(node.children.size()),
                       frame.arena);
}

Value RunList(const CodeNode& node, const Frame& frame) {
  std::span<Value> items = frame.arena.NewArray<Value>(node.children.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = Operand(node.children[i], frame);
    if (items[i].is_error()) return items[i];
  }
  return Value::List(frame.arena.New<ListValue>(items));
}

Value RunMap(const CodeNode& node, const Frame& frame) {
  std::span<MapEntry> entries =
      frame.arena.NewArray<MapEntry>(node.children.size() / 2);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].key = Operand(node.children[2 * i], frame);
    if (entries[i].key.is_error()) return entries[i].key;
    entries[i].value = Operand(node.children[2 * i + 1], frame);
    if (entries[i].value.is_error()) return entries[i].value;
  }
  return MakeMap(entries, frame.arena);
}

}  // namespace

Value Run(const CodeNode& node, const Frame& frame) {
  switch (node.opcode) {
    case Opcode::kConstant:
      return node.constant;
    case Opcode::kVariable:
      return frame.bindings[node.slot];
    case Opcode::kPath:
      return RunPath(node, frame);
    case Opcode::kSelect:
      return RunSelect(node, frame);
    case Opcode::kHas:
      return RunHas(node, frame);
    case Opcode::kAnd:
      return RunLogical(node, frame, false);
    case Opcode::kOr:
      return RunLogical(node, frame, true);
    case Opcode::kConditional:
      return RunConditional(node, frame);
    case Opcode::kEqual:
      return RunEquality(node, frame, true);
    case Opcode::kNotEqual:
      return RunEquality(node, frame, false);
    case Opcode::kLess:
      return RunOrder(node, frame, BinarySymbol::kLess,
                      [](auto order) { return order < 0; });
    case Opcode::kLessEqual:
      return RunOrder(node, frame, BinarySymbol::kLessEqual,
                      [](auto order) { return order <= 0; });
    case Opcode::kGreater:
      return RunOrder(node, frame, BinarySymbol::kGreater,
                      [](auto order) { return order > 0; });
    case Opcode::kGreaterEqual:
      return RunOrder(node, frame, BinarySymbol::kGreaterEqual,
                      [](auto order) { return order >= 0; });
    case Opcode::kInSet:
      return RunInSet(node, frame);
    case Opcode::kMatches:
      return RunMatches(node, frame);
    case Opcode::kCall:
      return RunCall(node, frame);
    case Opcode::kList:
      return RunList(node, frame);
    case Opcode::kMap:
      return RunMap(node, frame);
  }
  return Value::Null();
}

}  // namespace streamer::cel::internal
