// The error values of CEL, in the field's usual words.
//
// Those that a document meets often are made once and shared, so that a
// filter which fails on every document allocates nothing.
#ifndef STREAMER_CEL_INTERNAL_ERRORS_H_
#define STREAMER_CEL_INTERNAL_ERRORS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

// Operators between two operands.
enum class BinarySymbol : std::uint8_t {
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
};

// "no such overload: string < int"
Value NoSuchOverload(BinarySymbol symbol, const Value& left,
                     const Value& right);
// "no such overload: -string"
Value NoSuchUnary(std::string_view symbol, const Value& operand, Arena& arena);
// "no such overload: size(int)"
Value NoSuchCall(std::string_view function, std::span<const Value> arguments,
                 Arena& arena);
// "no such overload: int.startsWith(string)"
Value NoSuchMemberCall(std::string_view function,
                       std::span<const Value> arguments, Arena& arena);
// "no such overload: && expects bool, got int". `construct` is what expects
// it: &&, ||, !, ?:.
Value BoolExpected(std::string_view construct, const Value& got, Arena& arena);

// "no such key: price"
Value NoSuchKey(const Value& key, Arena& arena);

Value DivideByZero();
Value ModulusByZero();
Value Overflow();
// The meter has nothing left.
Value OverBudget();
// "no such overload: cannot iterate over int"
Value NotIterable(const Value& range, Arena& arena);
// A text, bytes or list that would be larger than one value may be.
Value TooLarge();

// "cannot convert the string 'x' to int", for a text whose content is wrong.
Value CannotConvert(const Value& from, std::string_view to, Arena& arena);

// `text`, or its beginning when it is too long to be part of a message.
std::string_view Shorten(std::string_view text);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_ERRORS_H_
