// Optional values: what `a.?b`, `a[?k]` and selects of an optional yield.
#ifndef STREAMER_CEL_INTERNAL_OPTIONALS_H_
#define STREAMER_CEL_INTERNAL_OPTIONALS_H_

#include <span>
#include <string_view>

#include "base/arena.h"
#include "cel/functions.h"
#include "value/value.h"

namespace streamer::cel::internal {

// The field of what `optional` holds, as an optional: none if it holds nothing
// or has no such field.
Value SelectOptional(const Value& optional, std::string_view field,
                     Arena& arena);

// The element or entry of what `optional` holds, likewise.
Value IndexOptional(const Value& optional, const Value& key, Arena& arena);

// Whether a call is or() or orValue(), which evaluate their argument only when
// the optional before the dot holds nothing.
bool IsOrElse(const FunctionEntry& entry);
// Whether `value` is an optional that holds something.
inline bool HasContent(const Value& value) {
  return value.is(ValueKind::kOptional) && value.optional() != nullptr;
}

// The error of an optional element, `[?x]`, whose value is no optional.
Value OptionalExpected(const Value& got, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_OPTIONALS_H_
