// The operators, as functions over values: see cel/functions.h.
#ifndef STREAMER_CEL_INTERNAL_OPERATORS_H_
#define STREAMER_CEL_INTERNAL_OPERATORS_H_

#include <span>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

// The largest text, bytes or list that an operator makes, in bytes. Without
// it a few doublings of a document's own text would fill the memory. It bounds
// each value; the nodes of an expression bound their number.
inline constexpr std::size_t kLargestValue = std::size_t{256} << 10;

Value OperatorEqual(std::span<const Value> operands, Arena& arena);
Value OperatorNotEqual(std::span<const Value> operands, Arena& arena);
Value OperatorLess(std::span<const Value> operands, Arena& arena);
Value OperatorLessEqual(std::span<const Value> operands, Arena& arena);
Value OperatorGreater(std::span<const Value> operands, Arena& arena);
Value OperatorGreaterEqual(std::span<const Value> operands, Arena& arena);
Value OperatorIn(std::span<const Value> operands, Arena& arena);
Value OperatorAdd(std::span<const Value> operands, Arena& arena);
Value OperatorSubtract(std::span<const Value> operands, Arena& arena);
Value OperatorMultiply(std::span<const Value> operands, Arena& arena);
Value OperatorDivide(std::span<const Value> operands, Arena& arena);
Value OperatorModulo(std::span<const Value> operands, Arena& arena);
Value OperatorNegate(std::span<const Value> operands, Arena& arena);
Value OperatorNot(std::span<const Value> operands, Arena& arena);
Value OperatorIndex(std::span<const Value> operands, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_OPERATORS_H_
