#include "cel/internal/code.h"

#include <algorithm>
#include <array>

#include "cel/internal/errors.h"
#include "cel/internal/optionals.h"
#include "cel/internal/run_parts.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel::internal {
namespace {

Value RunConstant(const CodeNode& node, const Frame&) { return node.constant; }

Value RunVariable(const CodeNode& node, const Frame& frame) {
  return frame.bindings[node.slot];
}

template <Steps kSteps>
Value RunPath(const CodeNode& node, const Frame& frame) {
  const Value* found = Walk<kSteps>(node, frame);
  return found != nullptr ? *found : BrokenPath(node, frame);
}

Value RunSelect(const CodeNode& node, const Frame& frame) {
  Value operand = Run(node.children[0], frame);
  const FieldStep& step = node.fields[0];
  if (operand.is(ValueKind::kMap)) {
    const Value* found = operand.map().Find(step.name);
    return found != nullptr ? *found : step.missing;
  }
  if (operand.is_error()) return operand;
  return ChargeError(SelectField(operand, step.name.text, frame.arena), frame);
}

Value RunHas(const CodeNode& node, const Frame& frame) {
  Value operand = Run(node.children[0], frame);
  const FieldStep& step = node.fields[0];
  if (operand.is(ValueKind::kMap)) {
    return Value::Bool(operand.map().Find(step.name) != nullptr);
  }
  if (operand.is_error()) return operand;
  return ChargeError(HasField(operand, step.name.text, frame.arena), frame);
}

// What a chain is whose operand `first_bad` yielded `bad`, which is no bool:
// a later operand may still decide it.
template <bool kAbsorbing>
[[gnu::noinline]] Value FinishLogical(const CodeNode& node, const Frame& frame,
                                      const CodeNode* first_bad, Value bad) {
  auto index = static_cast<std::size_t>(first_bad - node.children.data());
  for (const CodeNode& child : node.children.subspan(index + 1)) {
    Value value = Run(child, frame);
    if (value.is(ValueKind::kBool) && value.bool_value() == kAbsorbing) {
      return value;
    }
  }
  if (bad.is_error()) return bad;
  return BoolExpected(kAbsorbing ? "||" : "&&", bad, frame.arena);
}

// See TreeEvaluator::EvaluateLogical.
template <bool kAbsorbing>
Value RunLogical(const CodeNode& node, const Frame& frame) {
  for (const CodeNode& child : node.children) {
    Value value = Run(child, frame);
    if (!value.is(ValueKind::kBool)) [[unlikely]] {
      return FinishLogical<kAbsorbing>(node, frame, &child, value);
    }
    if (value.bool_value() == kAbsorbing) return value;
  }
  return Value::Bool(!kAbsorbing);
}

Value RunConditional(const CodeNode& node, const Frame& frame) {
  Value condition = Run(node.children[0], frame);
  if (condition.is(ValueKind::kBool)) {
    return Run(node.children[condition.bool_value() ? 1 : 2], frame);
  }
  if (condition.is_error()) return condition;
  return BoolExpected("?:", condition, frame.arena);
}

Value RunInSet(const CodeNode& node, const Frame& frame) {
  Value wanted = Run(node.children[0], frame);
  if (wanted.is_error()) return wanted;
  // To hash it is to walk through it.
  if (IsLarge(wanted) &&
      !frame.meter.Charge(DeepSize(wanted, frame.meter.left()))) {
    return OverBudget();
  }
  return Value::Bool(node.set->Contains(wanted));
}

Value RunMatches(const CodeNode& node, const Frame& frame) {
  Value text = Run(node.children[0], frame);
  if (text.is_error()) return text;
  if (!text.is(ValueKind::kString)) {
    const Value arguments[] = {text, Value::String("")};
    return NoSuchMemberCall("matches", arguments, frame.arena);
  }
  if (!frame.meter.Charge(
          ChargeOfMatch(node.pattern->instructions(), text.text().size()))) {
    return OverBudget();
  }
  return Value::Bool(node.pattern->Matches(text.text()));
}

template <std::size_t kCount>
Value RunCallOf(const CodeNode& node, const Frame& frame) {
  std::array<Value, kCount> arguments;
  for (std::size_t i = 0; i < kCount; ++i) {
    arguments[i] = RunOperand(node.children[i], frame);
    if (arguments[i].is_error()) return arguments[i];
  }
  return CallWith(arguments, node, frame);
}

// Of any number of arguments.
Value RunCall(const CodeNode& node, const Frame& frame) {
  std::span<Value> arguments =
      frame.arena.NewArray<Value>(node.children.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    arguments[i] = Run(node.children[i], frame);
    if (arguments[i].is_error()) return arguments[i];
  }
  return CallWith(arguments, node, frame);
}

Value RunOrElse(const CodeNode& node, const Frame& frame) {
  Value arguments[2] = {Run(node.children[0], frame), {}};
  if (arguments[0].is_error()) return arguments[0];
  if (!HasContent(arguments[0])) {
    arguments[1] = Run(node.children[1], frame);
    if (arguments[1].is_error()) return arguments[1];
  } else {
    arguments[1] = arguments[0];  // not looked at
  }
  return CallWith(arguments, node, frame);
}

Value RunList(const CodeNode& node, const Frame& frame) {
  std::span<Value> items = frame.arena.NewArray<Value>(node.children.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = Run(node.children[i], frame);
    if (items[i].is_error()) return items[i];
  }
  return Value::List(frame.arena.New<ListValue>(items));
}

Value RunMap(const CodeNode& node, const Frame& frame) {
  std::span<MapEntry> entries =
      frame.arena.NewArray<MapEntry>(node.children.size() / 2);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].key = Run(node.children[2 * i], frame);
    if (entries[i].key.is_error()) return entries[i].key;
    entries[i].value = Run(node.children[2 * i + 1], frame);
    if (entries[i].value.is_error()) return entries[i].value;
  }
  return MakeMap(entries, frame.arena);
}

// What an optional element adds: its content, nothing, or an error.
const Value* ContentOf(bool is_optional, Value& value, Arena& arena) {
  if (value.is_error() || !is_optional) return &value;
  if (!value.is(ValueKind::kOptional)) {
    value = OptionalExpected(value, arena);
    return &value;
  }
  return value.optional();
}

Value RunOptionalList(const CodeNode& node, const Frame& frame) {
  std::span<Value> items = frame.arena.NewArray<Value>(node.children.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Value value = Run(node.children[i], frame);
    const Value* content = ContentOf(node.are_optional[i], value, frame.arena);
    if (content == nullptr) continue;
    if (content->is_error()) return *content;
    items[count++] = *content;
  }
  return Value::List(frame.arena.New<ListValue>(items.first(count)));
}

Value RunOptionalMap(const CodeNode& node, const Frame& frame) {
  std::span<MapEntry> entries =
      frame.arena.NewArray<MapEntry>(node.children.size() / 2);
  std::size_t count = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Value key = Run(node.children[2 * i], frame);
    if (key.is_error()) return key;
    Value value = Run(node.children[2 * i + 1], frame);
    const Value* content = ContentOf(node.are_optional[i], value, frame.arena);
    if (content == nullptr) continue;
    if (content->is_error()) return *content;
    entries[count++] = {key, *content};
  }
  return MakeMap(entries.first(count), frame.arena);
}

Runner CallRunnerOf(const CodeNode& node) {
  if (Runner quick = QuickRunnerOf(*node.entry)) return quick;
  switch (node.children.size()) {
    case 1:
      return RunCallOf<1>;
    case 2:
      return RunCallOf<2>;
    case 3:
      return RunCallOf<3>;
    default:
      return RunCall;
  }
}

// What a node costs itself, whatever it meets.
Units OwnUnits(const CodeNode& node) {
  switch (node.opcode) {
    case Opcode::kConstant:
    case Opcode::kAnd:
    case Opcode::kOr:
      return 0;
    case Opcode::kPath:
      return node.fields.size();
    case Opcode::kMatches:
      return 2;
    case Opcode::kCall:
    case Opcode::kOrElse:
      return node.entry->cost.units;
    case Opcode::kList:
    case Opcode::kOptionalList:
      return 2 + node.children.size() / 2;
    case Opcode::kMap:
    case Opcode::kOptionalMap:
      return 2 + 2 * node.children.size();
    case Opcode::kBlock:
      return node.children.size();
    default:
      return 1;
  }
}

}  // namespace

std::uint32_t UnitsOf(const CodeNode& node) {
  Units units = OwnUnits(node);
  for (const CodeNode& child : node.children) units += child.units;
  return static_cast<std::uint32_t>(units);
}

bool IsBounded(const CodeNode& node) {
  switch (node.opcode) {
    case Opcode::kConstant:
    case Opcode::kVariable:
    case Opcode::kPath:
    case Opcode::kSelect:
    case Opcode::kHas:
    case Opcode::kAnd:
    case Opcode::kOr:
    case Opcode::kConditional:
      break;
    case Opcode::kPathEqual:
    case Opcode::kPathNotEqual:
    case Opcode::kPathLess:
    case Opcode::kPathLessEqual:
    case Opcode::kPathGreater:
    case Opcode::kPathGreaterEqual:
      if (IsLarge(node.constant)) return false;
      break;
    default:
      return false;
  }
  return std::all_of(node.children.begin(), node.children.end(), IsBounded);
}

Runner RunnerOf(const CodeNode& node) {
  switch (node.opcode) {
    case Opcode::kConstant:
      return RunConstant;
    case Opcode::kVariable:
      return RunVariable;
    case Opcode::kPath:
      return node.fields.size() == 1 ? RunPath<Steps::kOne>
                                     : RunPath<Steps::kMany>;
    case Opcode::kSelect:
      return RunSelect;
    case Opcode::kHas:
      return RunHas;
    case Opcode::kAnd:
      return RunLogical<false>;
    case Opcode::kOr:
      return RunLogical<true>;
    case Opcode::kConditional:
      return RunConditional;
    case Opcode::kEqual:
    case Opcode::kNotEqual:
    case Opcode::kLess:
    case Opcode::kLessEqual:
    case Opcode::kGreater:
    case Opcode::kGreaterEqual:
    case Opcode::kPathEqual:
    case Opcode::kPathNotEqual:
    case Opcode::kPathLess:
    case Opcode::kPathLessEqual:
    case Opcode::kPathGreater:
    case Opcode::kPathGreaterEqual:
      return ComparisonRunnerOf(node);
    case Opcode::kInSet:
      return RunInSet;
    case Opcode::kMatches:
      return RunMatches;
    case Opcode::kCall:
      return CallRunnerOf(node);
    case Opcode::kList:
      return RunList;
    case Opcode::kMap:
      return RunMap;
    case Opcode::kOptionalList:
      return RunOptionalList;
    case Opcode::kOptionalMap:
      return RunOptionalMap;
    case Opcode::kOrElse:
      return RunOrElse;
    default:
      return LoopRunnerOf(node.opcode);
  }
}

}  // namespace streamer::cel::internal
