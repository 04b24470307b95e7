// Value: one JSON or CEL value, as a 16-byte view.
//
// A Value holds numbers in itself and points at text, lists and maps, which
// live in an Arena (a Document's, a Program's or one evaluation's). Copying is
// free, nothing is counted, and an evaluation allocates only what it builds.
//
//   Arena arena;
//   Value two = Value::Int(2);
//   Value name = Value::String(arena.CopyText("ada"));
//
// Invariant: immutable. A Value is valid as long as what it points into; a
// holder that outlives that copies it (OwnedValue).
//
// An *error* is a Value too: the outcome of an expression that failed on this
// document. It flows through && and || as CEL says. See base/status.h for the
// other channel.
//
// Thread-safety: as for any immutable memory.
#ifndef STREAMER_VALUE_VALUE_H_
#define STREAMER_VALUE_VALUE_H_

#include <cassert>
#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace streamer {

enum class ValueKind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
  kOptional,
  kError,
};

// The CEL name of a kind, as type(x) gives it: "null_type", "bool", "int", …,
// "google.protobuf.Timestamp", "optional_type"; "error" for kError.
std::string_view NameOf(ValueKind kind);

// Why an expression failed, for counters and for tests that must not depend
// on wording.
enum class ErrorCode : std::uint8_t {
  kNoSuchField,      // the map has no such key, or an index is out of range
  kNoSuchOverload,   // operand types for which the operation is not defined
  kUnknownVariable,  // a name that is not bound
  kOverflow,         // the result does not fit its type
  kDivisionByZero,
  kInvalidArgument,  // the types fit, the content does not
  kOverBudget,       // the evaluation used up its cost
};

class Value;
class ListValue;
class MapValue;

struct ErrorValue {
  ErrorCode code;
  std::string_view message;
};

// Seconds and nanoseconds since the Unix epoch, or of a duration. Nanoseconds
// lie in [0, 1e9) for timestamps; for durations they have the sign of seconds.
struct SecondsAndNanos {
  std::int64_t seconds;
  std::int32_t nanos;
};

class Value {
 public:
  constexpr Value() : Value(ValueKind::kNull, 0, std::int64_t{0}) {}

  static constexpr Value Null() { return {}; }
  static constexpr Value Bool(bool value) {
    return {ValueKind::kBool, 0, std::int64_t{value}};
  }
  static constexpr Value Int(std::int64_t value) {
    return {ValueKind::kInt, 0, value};
  }
  static constexpr Value Uint(std::uint64_t value) {
    return {ValueKind::kUint, 0, static_cast<std::int64_t>(value)};
  }
  static constexpr Value Double(double value) {
    Value result(ValueKind::kDouble, 0, std::int64_t{0});
    result.double_ = value;
    return result;
  }
  // The text is not copied. At most 4 GiB.
  static constexpr Value String(std::string_view text) {
    return {ValueKind::kString, text};
  }
  static constexpr Value Bytes(std::string_view bytes) {
    return {ValueKind::kBytes, bytes};
  }
  static Value List(const ListValue* list);
  static Value Map(const MapValue* map);
  static constexpr Value Timestamp(SecondsAndNanos time) {
    return {ValueKind::kTimestamp, static_cast<std::uint32_t>(time.nanos),
            time.seconds};
  }
  static constexpr Value Duration(SecondsAndNanos time) {
    return {ValueKind::kDuration, static_cast<std::uint32_t>(time.nanos),
            time.seconds};
  }
  // The type whose CEL name is `name`, for type(x) == int.
  static constexpr Value Type(std::string_view name) {
    return {ValueKind::kType, name};
  }
  // A value that may be absent: `content` points at it, nullptr is none.
  static Value Optional(const Value* content);
  static Value Error(const ErrorValue* error);
  // An error with `message`, copied into `arena`.
  static Value Error(Arena& arena, ErrorCode code, std::string_view message);

  [[nodiscard]] constexpr ValueKind kind() const { return kind_; }
  [[nodiscard]] constexpr bool is(ValueKind kind) const {
    return kind_ == kind;
  }
  [[nodiscard]] constexpr bool is_error() const {
    return is(ValueKind::kError);
  }
  [[nodiscard]] constexpr bool is_number() const {
    return kind_ >= ValueKind::kInt && kind_ <= ValueKind::kDouble;
  }
  [[nodiscard]] constexpr bool is_true() const {
    return is(ValueKind::kBool) && int_ != 0;
  }
  [[nodiscard]] constexpr bool is_false() const {
    return is(ValueKind::kBool) && int_ == 0;
  }

  // The content. REQUIRES: the kind asked for is the kind it has.
  [[nodiscard]] constexpr bool bool_value() const {
    assert(is(ValueKind::kBool));
    return int_ != 0;
  }
  [[nodiscard]] constexpr std::int64_t int_value() const {
    assert(is(ValueKind::kInt));
    return int_;
  }
  [[nodiscard]] constexpr std::uint64_t uint_value() const {
    assert(is(ValueKind::kUint));
    return static_cast<std::uint64_t>(int_);
  }
  [[nodiscard]] constexpr double double_value() const {
    assert(is(ValueKind::kDouble));
    return double_;
  }
  // Of a string, bytes or a type.
  [[nodiscard]] constexpr std::string_view text() const {
    assert(is(ValueKind::kString) || is(ValueKind::kBytes) ||
           is(ValueKind::kType));
    return {text_, size_};
  }
  [[nodiscard]] const ListValue& list() const {
    assert(is(ValueKind::kList));
    return *list_;
  }
  [[nodiscard]] const MapValue& map() const {
    assert(is(ValueKind::kMap));
    return *map_;
  }
  // Of a timestamp or a duration.
  [[nodiscard]] constexpr SecondsAndNanos time() const {
    assert(is(ValueKind::kTimestamp) || is(ValueKind::kDuration));
    return {int_, static_cast<std::int32_t>(size_)};
  }
  // The value in an optional, nullptr if there is none.
  [[nodiscard]] const Value* optional() const {
    assert(is(ValueKind::kOptional));
    return optional_;
  }
  [[nodiscard]] const ErrorValue& error() const {
    assert(is_error());
    return *error_;
  }

 private:
  constexpr Value(ValueKind kind, std::uint32_t size, std::int64_t value)
      : kind_(kind), size_(size), int_(value) {}
  constexpr Value(ValueKind kind, std::string_view text)
      : kind_(kind),
        size_(static_cast<std::uint32_t>(text.size())),
        text_(text.data()) {}

  ValueKind kind_;
  std::uint32_t size_;  // length of text; nanoseconds of a time
  union {
    std::int64_t int_;
    double double_;
    const char* text_;
    const ListValue* list_;
    const MapValue* map_;
    const Value* optional_;
    const ErrorValue* error_;
  };
};
static_assert(sizeof(Value) == 16);

// Implementation details follow.

inline Value Value::List(const ListValue* list) {
  Value result(ValueKind::kList, 0, std::int64_t{0});
  result.list_ = list;
  return result;
}
inline Value Value::Map(const MapValue* map) {
  Value result(ValueKind::kMap, 0, std::int64_t{0});
  result.map_ = map;
  return result;
}
inline Value Value::Optional(const Value* content) {
  Value result(ValueKind::kOptional, 0, std::int64_t{0});
  result.optional_ = content;
  return result;
}
inline Value Value::Error(const ErrorValue* error) {
  Value result(ValueKind::kError, 0, std::int64_t{0});
  result.error_ = error;
  return result;
}

}  // namespace streamer

// A Value is of little use without what its lists and maps point at.
#include "value/containers.h"  // IWYU pragma: export

#endif  // STREAMER_VALUE_VALUE_H_
