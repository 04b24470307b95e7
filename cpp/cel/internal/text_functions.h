// size(), startsWith(), endsWith(), contains() and matches(): see
// cel/functions.h.
#ifndef STREAMER_CEL_INTERNAL_TEXT_FUNCTIONS_H_
#define STREAMER_CEL_INTERNAL_TEXT_FUNCTIONS_H_

#include <span>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

Value FunctionSize(std::span<const Value> arguments, Arena& arena);
Value FunctionStartsWith(std::span<const Value> arguments, Arena& arena);
Value FunctionEndsWith(std::span<const Value> arguments, Arena& arena);
Value FunctionContains(std::span<const Value> arguments, Arena& arena);
// Compiles the pattern at each call; a Program compiles constant ones once.
Value FunctionMatches(std::span<const Value> arguments, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_TEXT_FUNCTIONS_H_
