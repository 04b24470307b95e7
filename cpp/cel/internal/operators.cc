#include "cel/internal/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "cel/internal/errors.h"
#include "cel/internal/optionals.h"
#include "cel/internal/time_arithmetic.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

constexpr std::int64_t kLeastInt = std::numeric_limits<std::int64_t>::min();

bool Both(ValueKind kind, std::span<const Value> operands) {
  return operands[0].is(kind) && operands[1].is(kind);
}

template <typename Accept>
Value CompareWith(std::span<const Value> operands, BinarySymbol symbol,
                  Accept accept) {
  auto order = Compare(operands[0], operands[1]);
  if (!order) return NoSuchOverload(symbol, operands[0], operands[1]);
  return Value::Bool(accept(*order));
}

std::string_view Concatenate(std::string_view left, std::string_view right,
                             Arena& arena) {
  char* joined =
      static_cast<char*>(arena.Allocate(left.size() + right.size(), 1));
  std::copy(left.begin(), left.end(), joined);
  std::copy(right.begin(), right.end(), joined + left.size());
  return {joined, left.size() + right.size()};
}

Value AddTexts(const Value& left, const Value& right, Arena& arena) {
  if (left.text().size() + right.text().size() > kLargestValue) {
    return TooLarge();
  }
  std::string_view joined = Concatenate(left.text(), right.text(), arena);
  return left.is(ValueKind::kString) ? Value::String(joined)
                                     : Value::Bytes(joined);
}

Value AddLists(const ListValue& left, const ListValue& right, Arena& arena) {
  if ((left.size() + right.size()) * sizeof(Value) > kLargestValue) {
    return TooLarge();
  }
  std::span<Value> items = arena.NewArray<Value>(left.size() + right.size());
  auto middle =
      std::copy(left.items().begin(), left.items().end(), items.begin());
  std::copy(right.items().begin(), right.items().end(), middle);
  return Value::List(arena.New<ListValue>(items));
}

// The element that `index` names, or nothing when it lies outside.
std::optional<std::size_t> PositionIn(std::size_t size, const Value& index) {
  std::size_t position = 0;
  switch (index.kind()) {
    case ValueKind::kInt:
      if (index.int_value() < 0) return std::nullopt;
      position = static_cast<std::size_t>(index.int_value());
      break;
    case ValueKind::kUint:
      position = index.uint_value();
      break;
    default:
      if (index.double_value() < 0) return std::nullopt;
      if (index.double_value() >= static_cast<double>(size)) {
        return std::nullopt;
      }
      position = static_cast<std::size_t>(index.double_value());
  }
  if (position >= size) return std::nullopt;
  return position;
}

Value IndexList(const ListValue& list, const Value& index, Arena& arena) {
  if (index.is(ValueKind::kDouble) &&
      std::trunc(index.double_value()) != index.double_value()) {
    return Value::Error(
        arena, ErrorCode::kInvalidArgument,
        "list index is not a whole number: " + FormatJson(index));
  }
  auto position = PositionIn(list.size(), index);
  if (position) return list.items()[*position];
  return Value::Error(arena, ErrorCode::kNoSuchField,
                      "index out of bounds: " + FormatJson(index));
}

bool MayBeKey(const Value& key) {
  return key.is(ValueKind::kString) || key.is(ValueKind::kBool) ||
         key.is_number();
}

}  // namespace

Value OperatorEqual(std::span<const Value> operands, Arena&) {
  return Value::Bool(Equal(operands[0], operands[1]));
}

Value OperatorNotEqual(std::span<const Value> operands, Arena&) {
  return Value::Bool(!Equal(operands[0], operands[1]));
}

Value OperatorLess(std::span<const Value> operands, Arena&) {
  return CompareWith(operands, BinarySymbol::kLess,
                     [](std::partial_ordering order) { return order < 0; });
}

Value OperatorLessEqual(std::span<const Value> operands, Arena&) {
  return CompareWith(operands, BinarySymbol::kLessEqual,
                     [](std::partial_ordering order) { return order <= 0; });
}

Value OperatorGreater(std::span<const Value> operands, Arena&) {
  return CompareWith(operands, BinarySymbol::kGreater,
                     [](std::partial_ordering order) { return order > 0; });
}

Value OperatorGreaterEqual(std::span<const Value> operands, Arena&) {
  return CompareWith(operands, BinarySymbol::kGreaterEqual,
                     [](std::partial_ordering order) { return order >= 0; });
}

Value OperatorIn(std::span<const Value> operands, Arena&) {
  const Value& wanted = operands[0];
  const Value& container = operands[1];
  if (container.is(ValueKind::kMap)) {
    return Value::Bool(container.map().Find(wanted) != nullptr);
  }
  if (!container.is(ValueKind::kList)) {
    return NoSuchOverload(BinarySymbol::kIn, wanted, container);
  }
  std::span<const Value> items = container.list().items();
  return Value::Bool(
      std::any_of(items.begin(), items.end(),
                  [&](const Value& item) { return Equal(item, wanted); }));
}

Value OperatorAdd(std::span<const Value> operands, Arena& arena) {
  const Value& left = operands[0];
  const Value& right = operands[1];
  if (Both(ValueKind::kInt, operands)) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(left.int_value(), right.int_value(), &sum)) {
      return Overflow();
    }
    return Value::Int(sum);
  }
  if (Both(ValueKind::kUint, operands)) {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(left.uint_value(), right.uint_value(), &sum)) {
      return Overflow();
    }
    return Value::Uint(sum);
  }
  if (Both(ValueKind::kDouble, operands)) {
    return Value::Double(left.double_value() + right.double_value());
  }
  if (Both(ValueKind::kString, operands) || Both(ValueKind::kBytes, operands)) {
    return AddTexts(left, right, arena);
  }
  if (Both(ValueKind::kList, operands)) {
    return AddLists(left.list(), right.list(), arena);
  }
  if (auto sum = AddTimes(left, right)) return *sum;
  return NoSuchOverload(BinarySymbol::kAdd, left, right);
}

Value OperatorSubtract(std::span<const Value> operands, Arena&) {
  const Value& left = operands[0];
  const Value& right = operands[1];
  if (Both(ValueKind::kInt, operands)) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(left.int_value(), right.int_value(),
                               &difference)) {
      return Overflow();
    }
    return Value::Int(difference);
  }
  if (Both(ValueKind::kUint, operands)) {
    if (left.uint_value() < right.uint_value()) return Overflow();
    return Value::Uint(left.uint_value() - right.uint_value());
  }
  if (Both(ValueKind::kDouble, operands)) {
    return Value::Double(left.double_value() - right.double_value());
  }
  if (auto difference = SubtractTimes(left, right)) return *difference;
  return NoSuchOverload(BinarySymbol::kSubtract, left, right);
}

Value OperatorMultiply(std::span<const Value> operands, Arena&) {
  const Value& left = operands[0];
  const Value& right = operands[1];
  if (Both(ValueKind::kInt, operands)) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(left.int_value(), right.int_value(), &product)) {
      return Overflow();
    }
    return Value::Int(product);
  }
  if (Both(ValueKind::kUint, operands)) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(left.uint_value(), right.uint_value(),
                               &product)) {
      return Overflow();
    }
    return Value::Uint(product);
  }
  if (Both(ValueKind::kDouble, operands)) {
    return Value::Double(left.double_value() * right.double_value());
  }
  return NoSuchOverload(BinarySymbol::kMultiply, left, right);
}

Value OperatorDivide(std::span<const Value> operands, Arena&) {
  const Value& left = operands[0];
  const Value& right = operands[1];
  if (Both(ValueKind::kInt, operands)) {
    if (right.int_value() == 0) return DivideByZero();
    if (left.int_value() == kLeastInt && right.int_value() == -1) {
      return Overflow();
    }
    return Value::Int(left.int_value() / right.int_value());
  }
  if (Both(ValueKind::kUint, operands)) {
    if (right.uint_value() == 0) return DivideByZero();
    return Value::Uint(left.uint_value() / right.uint_value());
  }
  if (Both(ValueKind::kDouble, operands)) {
    return Value::Double(left.double_value() / right.double_value());
  }
  return NoSuchOverload(BinarySymbol::kDivide, left, right);
}

Value OperatorModulo(std::span<const Value> operands, Arena&) {
  const Value& left = operands[0];
  const Value& right = operands[1];
  if (Both(ValueKind::kInt, operands)) {
    if (right.int_value() == 0) return ModulusByZero();
    if (left.int_value() == kLeastInt && right.int_value() == -1) {
      return Overflow();
    }
    return Value::Int(left.int_value() % right.int_value());
  }
  if (Both(ValueKind::kUint, operands)) {
    if (right.uint_value() == 0) return ModulusByZero();
    return Value::Uint(left.uint_value() % right.uint_value());
  }
  return NoSuchOverload(BinarySymbol::kModulo, left, right);
}

Value OperatorNegate(std::span<const Value> operands, Arena& arena) {
  const Value& operand = operands[0];
  if (operand.is(ValueKind::kInt)) {
    if (operand.int_value() == kLeastInt) return Overflow();
    return Value::Int(-operand.int_value());
  }
  if (operand.is(ValueKind::kDouble)) {
    return Value::Double(-operand.double_value());
  }
  return NoSuchUnary("-", operand, arena);
}

Value OperatorNot(std::span<const Value> operands, Arena& arena) {
  if (operands[0].is(ValueKind::kBool)) {
    return Value::Bool(operands[0].is_false());
  }
  return BoolExpected("!", operands[0], arena);
}

Value OperatorIndex(std::span<const Value> operands, Arena& arena) {
  const Value& container = operands[0];
  const Value& key = operands[1];
  if (container.is(ValueKind::kOptional)) {
    return IndexOptional(container, key, arena);
  }
  if (container.is(ValueKind::kList) && key.is_number()) {
    return IndexList(container.list(), key, arena);
  }
  if (container.is(ValueKind::kMap) && MayBeKey(key)) {
    const Value* found = container.map().Find(key);
    return found != nullptr ? *found : NoSuchKey(key, arena);
  }
  std::string operation(NameOf(container.kind()));
  operation.append("[").append(NameOf(key.kind())).append("]");
  return Value::Error(arena, ErrorCode::kNoSuchOverload,
                      "no such overload: " + operation);
}

}  // namespace streamer::cel::internal
