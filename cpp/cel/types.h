// Type: what the checker knows of a value before it exists.
//
// A type is a small immutable tree. Written, it reads as CEL's tools show it:
// int, list(string), map(string, dyn), optional_type(int), type(int), and the
// names timestamp, duration and null. A single capital letter is a parameter
// of a signature: list(A).
//
// Types are compared by structure; they live in whatever arena they were made
// in, the simple ones for ever.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_TYPES_H_
#define STREAMER_CEL_TYPES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"

namespace streamer::cel {

enum class TypeKind : std::uint8_t {
  kDyn,  // any value; checked when the program runs
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,       // parameters[0]: of the elements
  kMap,        // parameters: of the keys, of the values
  kType,       // parameters[0], if known: the type it is
  kOptional,   // parameters[0]: of the content
  kOpaque,     // a type known by name only, perhaps with parameters
  kParameter,  // A, B, …; or one that stands for a type not known yet
  kError,      // of what was refused; fits everything, so it is reported once
};

struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::string_view name;  // of kOpaque and kParameter
  std::span<const Type* const> parameters;
  std::uint32_t variable = 0;  // of a kParameter of the checker's: which
};

// The type of a kind without parameters.
const Type* SimpleType(TypeKind kind);

// REQUIRES: the parameters live as long as `arena`.
const Type* ListOf(Arena& arena, const Type* element);
const Type* MapOf(Arena& arena, const Type* key, const Type* value);
const Type* OptionalOf(Arena& arena, const Type* content);
const Type* TypeOf(Arena& arena, const Type* type);

// The type that `text` writes, or InvalidArgument.
Result<const Type*> ParseType(std::string_view text, Arena& arena);

// "map(string, list(int))". A parameter not known reads as dyn.
std::string FormatType(const Type& type);

// The type that the CEL name of a kind stands for, as in `type(x) == int`:
// "int" is int, "list" is list(dyn), "google.protobuf.Duration" duration.
const Type* TypeOfName(std::string_view name);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_TYPES_H_
