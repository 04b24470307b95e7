// What functions hand back: texts and lists that they make, none larger than
// one value may be.
#ifndef STREAMER_CEL_INTERNAL_MADE_VALUES_H_
#define STREAMER_CEL_INTERNAL_MADE_VALUES_H_

#include <span>
#include <string_view>

#include "base/arena.h"
#include "cel/internal/errors.h"
#include "cel/internal/operators.h"
#include "value/value.h"

namespace streamer::cel::internal {

// A copy of `text`, or the error that it is too large.
inline Value MakeText(std::string_view text, Arena& arena) {
  if (text.size() > kLargestValue) return TooLarge();
  return Value::String(arena.CopyText(text));
}

// A list of a copy of `items`, or the error that it is too large.
inline Value MakeList(std::span<const Value> items, Arena& arena) {
  if (items.size_bytes() > kLargestValue) return TooLarge();
  std::span<Value> copy = arena.NewArray<Value>(items.size());
  std::copy(items.begin(), items.end(), copy.begin());
  return Value::List(arena.New<ListValue>(copy));
}

// An optional that holds a copy of `content`.
inline Value MakeOptional(const Value& content, Arena& arena) {
  return Value::Optional(arena.New<Value>(content));
}

inline Value Invalid(std::string_view message, Arena& arena) {
  return Value::Error(arena, ErrorCode::kInvalidArgument, message);
}

// Whether the first arguments are of these kinds, as many as there are.
inline bool AreKinds(std::span<const Value> arguments,
                     std::initializer_list<ValueKind> kinds) {
  std::size_t i = 0;
  for (ValueKind kind : kinds) {
    if (i < arguments.size() && !arguments[i].is(kind)) return false;
    ++i;
  }
  return true;
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_MADE_VALUES_H_
