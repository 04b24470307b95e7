#include "cel/internal/tree_evaluator.h"

#include <string>

#include "cel/functions.h"
#include "cel/internal/errors.h"
#include "cel/internal/names.h"

namespace streamer::cel::internal {

Value TreeEvaluator::Evaluate(const Expr& node) {
  Value value = EvaluateKind(node);
  if (trace_ != nullptr) trace_->push_back({&node, value});
  return value;
}

Value TreeEvaluator::EvaluateKind(const Expr& node) {
  switch (node.kind) {
    case ExprKind::kLiteral:
      return node.literal;
    case ExprKind::kIdentifier:
      return EvaluateIdentifier(node);
    case ExprKind::kSelect:
      return EvaluateSelect(node);
    case ExprKind::kCall:
      return EvaluateCall(node);
    case ExprKind::kList:
      return EvaluateList(node);
    case ExprKind::kMap:
      return EvaluateMap(node);
  }
  return Value::Null();
}

Value TreeEvaluator::EvaluateIdentifier(const Expr& node) {
  if (auto slot = FindVariable(node, variables_)) return bindings_[*slot];
  if (auto type = FindTypeName(node, variables_)) return *type;
  return Undeclared(node);
}

Value TreeEvaluator::Undeclared(const Expr& node) {
  std::string message = "undeclared reference to '";
  message.append(Shorten(node.name)).append("'");
  ErrorCode code = node.kind == ExprKind::kIdentifier
                       ? ErrorCode::kUnknownVariable
                       : ErrorCode::kNoSuchOverload;
  return Value::Error(arena_, code, message);
}

Value TreeEvaluator::EvaluateSelect(const Expr& node) {
  if (auto type = FindTypeName(node, variables_)) return *type;
  Value operand = Evaluate(*node.operand);
  if (operand.is_error()) return operand;
  return node.is_test ? HasField(operand, node.name, arena_)
                      : SelectField(operand, node.name, arena_);
}

Value TreeEvaluator::EvaluateCall(const Expr& node) {
  if (node.operand == nullptr) {
    if (node.name == operators::kAnd) return EvaluateLogical(node, false);
    if (node.name == operators::kOr) return EvaluateLogical(node, true);
    if (node.name == operators::kConditional) return EvaluateConditional(node);
  }
  std::vector<Value> arguments;
  if (node.operand != nullptr) {
    arguments.push_back(Evaluate(*node.operand));
    if (arguments.back().is_error()) return arguments.back();
  }
  for (const Expr* argument : node.arguments) {
    arguments.push_back(Evaluate(*argument));
    if (arguments.back().is_error()) return arguments.back();
  }
  const FunctionEntry* entry = FindFunction(
      node.name,
      node.operand != nullptr ? CallStyle::kMember : CallStyle::kGlobal,
      arguments.size());
  if (entry == nullptr) return Undeclared(node);
  return entry->function(arguments, arena_);
}

// && with `absorbing` false, || with true: one operand that is `absorbing`
// decides, whatever the other is. Otherwise the first that is no bool is the
// result, as an error.
Value TreeEvaluator::EvaluateLogical(const Expr& node, bool absorbing) {
  Value undecided = Value::Bool(!absorbing);
  for (const Expr* argument : node.arguments) {
    Value value = Evaluate(*argument);
    if (value.is(ValueKind::kBool)) {
      if (value.bool_value() == absorbing) return value;
      continue;
    }
    if (undecided.is_error()) continue;
    undecided = value.is_error()
                    ? value
                    : BoolExpected(absorbing ? "||" : "&&", value, arena_);
  }
  return undecided;
}

Value TreeEvaluator::EvaluateConditional(const Expr& node) {
  Value condition = Evaluate(*node.arguments[0]);
  if (condition.is_error()) return condition;
  if (!condition.is(ValueKind::kBool)) {
    return BoolExpected("?:", condition, arena_);
  }
  return Evaluate(*node.arguments[condition.bool_value() ? 1 : 2]);
}

Value TreeEvaluator::EvaluateList(const Expr& node) {
  std::span<Value> items = arena_.NewArray<Value>(node.arguments.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = Evaluate(*node.arguments[i]);
    if (items[i].is_error()) return items[i];
  }
  return Value::List(arena_.New<ListValue>(items));
}

Value TreeEvaluator::EvaluateMap(const Expr& node) {
  std::span<MapEntry> entries =
      arena_.NewArray<MapEntry>(node.arguments.size() / 2);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].key = Evaluate(*node.arguments[2 * i]);
    if (entries[i].key.is_error()) return entries[i].key;
    entries[i].value = Evaluate(*node.arguments[2 * i + 1]);
    if (entries[i].value.is_error()) return entries[i].value;
  }
  return MakeMap(entries, arena_);
}

Value MakeMap(std::span<MapEntry> entries, Arena& arena) {
  for (const MapEntry& entry : entries) {
    ValueKind kind = entry.key.kind();
    if (kind != ValueKind::kString && kind != ValueKind::kBool &&
        kind != ValueKind::kInt && kind != ValueKind::kUint) {
      return Value::Error(arena, ErrorCode::kInvalidArgument,
                          "unsupported key type: " + std::string(NameOf(kind)));
    }
  }
  const MapValue* map = MapValue::MakeIfDistinct(arena, entries);
  if (map == nullptr) {
    return Value::Error(arena, ErrorCode::kInvalidArgument,
                        "failed with repeated key");
  }
  return Value::Map(map);
}

}  // namespace streamer::cel::internal
