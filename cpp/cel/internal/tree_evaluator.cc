#include "cel/internal/tree_evaluator.h"

#include <array>
#include <string>

#include "cel/functions.h"
#include "cel/internal/errors.h"
#include "cel/internal/made_values.h"
#include "cel/internal/map_insert.h"
#include "cel/internal/names.h"
#include "cel/internal/optionals.h"

namespace streamer::cel::internal {

Value TreeEvaluator::Evaluate(const Expr& node) {
  if (!meter_.Charge(1)) return OverBudget();
  Value value = EvaluateKind(node);
  if (trace_ != nullptr) {
    const bool is_fold = node.kind == ExprKind::kComprehension;
    trace_->push_back({&node, value, is_fold ? shown_turn_ : -1});
  }
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
    case ExprKind::kComprehension: {
      std::int64_t shown_turn = -1;
      Value value = EvaluateFold(node, shown_turn);
      shown_turn_ = shown_turn;
      return value;
    }
    case ExprKind::kMessage:
      break;
  }
  return UndeclaredReference(node, arena_);
}

const Value* TreeEvaluator::FindLocal(std::string_view name) const {
  for (std::size_t i = locals_.size(); i > 0; --i) {
    if (locals_[i - 1].name == name) return &locals_[i - 1].value;
  }
  return nullptr;
}

Value TreeEvaluator::EvaluateIdentifier(const Expr& node) {
  if (const Value* local = FindLocal(node.name)) return *local;
  auto meaning = FindName(node, variables_);
  if (!meaning) return UndeclaredReference(node, arena_);
  return meaning->variable ? bindings_[*meaning->variable] : meaning->type;
}

Value TreeEvaluator::EvaluateSelect(const Expr& node) {
  const Expr* root = RootOf(node);
  if (root != nullptr && FindLocal(root->name) == nullptr) {
    auto meaning = FindName(node, variables_);
    if (meaning) {
      return meaning->variable ? bindings_[*meaning->variable] : meaning->type;
    }
  }
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
    if (node.name == operators::kBlock) return EvaluateBlock(node);
    if (node.name == operators::kNotStrictlyFalse) {
      return Value::Bool(!Evaluate(*node.arguments[0]).is_false());
    }
  }
  ResolvedCall call = ResolveCall(node, variables_, [&](std::string_view name) {
    return FindLocal(name) != nullptr;
  });
  if (call.entry == nullptr) return UndeclaredReference(node, arena_);
  std::vector<Value> arguments;
  if (call.has_receiver) {
    arguments.push_back(Evaluate(*node.operand));
    if (arguments.back().is_error()) return arguments.back();
  }
  if (IsOrElse(*call.entry) && HasContent(arguments[0])) {
    return Called(*call.entry, std::array{arguments[0], arguments[0]});
  }
  for (const Expr* argument : node.arguments) {
    arguments.push_back(Evaluate(*argument));
    if (arguments.back().is_error()) return arguments.back();
  }
  return Called(*call.entry, arguments);
}

Value TreeEvaluator::Called(const FunctionEntry& entry,
                            std::span<const Value> arguments) {
  Units units = ChargeOf(entry.cost, arguments, meter_.left());
  if (!meter_.Charge(entry.cost.units) || !meter_.Charge(units)) {
    return OverBudget();
  }
  return entry.function(arguments, arena_);
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
  std::vector<Value> items;
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    Value item = Evaluate(*node.arguments[i]);
    if (item.is_error()) return item;
    if (!IsOptional(node, i)) {
      items.push_back(item);
    } else if (!item.is(ValueKind::kOptional)) {
      return OptionalExpected(item, arena_);
    } else if (item.optional() != nullptr) {
      items.push_back(*item.optional());
    }
  }
  return MakeList(items, arena_);
}

Value TreeEvaluator::EvaluateMap(const Expr& node) {
  std::vector<MapEntry> entries;
  for (std::size_t i = 0; i + 1 < node.arguments.size(); i += 2) {
    Value key = Evaluate(*node.arguments[i]);
    if (key.is_error()) return key;
    Value value = Evaluate(*node.arguments[i + 1]);
    if (value.is_error()) return value;
    if (!IsOptional(node, i / 2)) {
      entries.push_back({key, value});
    } else if (!value.is(ValueKind::kOptional)) {
      return OptionalExpected(value, arena_);
    } else if (value.optional() != nullptr) {
      entries.push_back({key, *value.optional()});
    }
  }
  return MapOfEntries(entries, arena_);
}

// cel.block([a, b], t): each element has a name while those after it, and the
// result, are evaluated.
Value TreeEvaluator::EvaluateBlock(const Expr& node) {
  const Expr& list = *node.arguments[0];
  std::size_t outer = locals_.size();
  auto name = [&] { return "@index" + std::to_string(locals_.size() - outer); };
  if (list.kind == ExprKind::kLiteral) {
    for (const Value& item : list.literal.list().items()) {
      locals_.push_back({name(), item});
    }
  } else {
    for (const Expr* element : list.arguments) {
      Value value = Evaluate(*element);
      locals_.push_back({name(), value});
    }
  }
  Value result = Evaluate(*node.arguments[1]);
  locals_.resize(outer);
  return result;
}

// The accumulator begins with its start and becomes, for every element, the
// value of the step; the value of the whole is that of the result.
Value TreeEvaluator::EvaluateFold(const Expr& node, std::int64_t& shown_turn) {
  const Comprehension& fold = *node.comprehension;
  Value range = Evaluate(*node.operand);
  if (range.is_error()) return range;
  if (!range.is(ValueKind::kList) && !range.is(ValueKind::kMap)) {
    return NotIterable(range, arena_);
  }
  Value start = Evaluate(*node.arguments[0]);
  ShownTurn shown{.begin = TraceSize()};
  Value accumulator = Loop(node, range, start, shown);
  shown_turn = shown.index;
  locals_.push_back({std::string(fold.accumulator), accumulator});
  Value result = Evaluate(*node.arguments[3]);
  locals_.pop_back();
  return result;
}

namespace {

// Whether the accumulator is another one now. Lists and maps that a step makes
// are new ones.
bool IsAnother(const Value& before, const Value& after) {
  if (before.kind() != after.kind()) return true;
  switch (after.kind()) {
    case ValueKind::kBool:
      return before.bool_value() != after.bool_value();
    case ValueKind::kInt:
      return before.int_value() != after.int_value();
    case ValueKind::kList:
      return &before.list() != &after.list();
    case ValueKind::kMap:
      return &before.map() != &after.map();
    default:
      return false;
  }
}

}  // namespace

Value TreeEvaluator::Loop(const Expr& node, const Value& range,
                          Value accumulator, ShownTurn& shown) {
  bool has_two = !node.comprehension->second_variable.empty();
  Value condition = Value::Bool(true);
  std::int64_t index = 0;
  auto turn = [&](const Value& first, const Value& second) {
    const Value before = accumulator;
    const std::size_t begin = TraceSize();
    condition = Turn(node, accumulator, first, second);
    if (!condition.is_true()) return false;
    ShowTurn(begin, index++, IsAnother(before, accumulator), shown);
    return true;
  };
  if (range.is(ValueKind::kMap)) {
    for (const MapEntry& entry : range.map().entries()) {
      if (!turn(entry.key, entry.value)) break;
    }
  } else {
    for (const Value& item : range.list().items()) {
      if (!turn(has_two ? Value::Int(index) : item, item)) break;
    }
  }
  return condition.is_error() ? condition : accumulator;
}

std::size_t TreeEvaluator::TraceSize() const {
  return trace_ == nullptr ? 0 : trace_->size();
}

void TreeEvaluator::ForgetFrom(std::size_t size) {
  if (trace_ == nullptr) return;
  trace_->erase(trace_->begin() + static_cast<std::ptrdiff_t>(size),
                trace_->end());
}

// Keeps the nodes of this turn, from `begin` on, or those of the turn that was
// shown so far.
void TreeEvaluator::ShowTurn(std::size_t begin, std::int64_t index,
                             bool has_changed, ShownTurn& shown) {
  if (trace_ == nullptr) return;
  if (shown.has_changed && !has_changed) return ForgetFrom(begin);
  auto at = [&](std::size_t place) {
    return trace_->begin() + static_cast<std::ptrdiff_t>(place);
  };
  trace_->erase(at(shown.begin), at(begin));
  shown.index = index;
  shown.has_changed = has_changed;
}

// One turn: whether the loop goes on. An accumulator that is an error stays
// one, unless the step is && or ||, and those ask in their condition whether
// it is still open; so any other loop ends with its first error.
Value TreeEvaluator::Turn(const Expr& node, Value& accumulator,
                          const Value& first, const Value& second) {
  const Comprehension& fold = *node.comprehension;
  const Expr& condition = *node.arguments[1];
  bool is_quantifier = condition.kind == ExprKind::kCall;
  if (accumulator.is_error() && !is_quantifier) return Value::Bool(false);
  std::size_t outer = locals_.size();
  std::size_t begin = TraceSize();
  locals_.push_back({std::string(fold.accumulator), accumulator});
  Value goes_on = Evaluate(condition);
  ForgetFrom(begin);
  if (goes_on.is_true()) {
    locals_.push_back({std::string(fold.variable), first});
    if (!fold.second_variable.empty()) {
      locals_.push_back({std::string(fold.second_variable), second});
    }
    accumulator = Evaluate(*node.arguments[2]);
  }
  locals_.resize(outer);
  return goes_on;
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
