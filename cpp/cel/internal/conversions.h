// The conversions between types, and type() and dyn(): see cel/functions.h.
#ifndef STREAMER_CEL_INTERNAL_CONVERSIONS_H_
#define STREAMER_CEL_INTERNAL_CONVERSIONS_H_

#include <span>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

Value ConvertToBool(std::span<const Value> arguments, Arena& arena);
Value ConvertToBytes(std::span<const Value> arguments, Arena& arena);
Value ConvertToDouble(std::span<const Value> arguments, Arena& arena);
Value ConvertToDuration(std::span<const Value> arguments, Arena& arena);
Value ConvertToDyn(std::span<const Value> arguments, Arena& arena);
Value ConvertToInt(std::span<const Value> arguments, Arena& arena);
Value ConvertToString(std::span<const Value> arguments, Arena& arena);
Value ConvertToTimestamp(std::span<const Value> arguments, Arena& arena);
Value ConvertToType(std::span<const Value> arguments, Arena& arena);
Value ConvertToUint(std::span<const Value> arguments, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CONVERSIONS_H_
