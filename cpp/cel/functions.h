// The functions and operators of CEL, as plain functions over values.
//
// One table serves the compiler, which looks a name up once, and both
// evaluators, which call through a pointer. Errors are values. `&&`, `||`,
// `?:` and has() are not here: they do not evaluate all their operands.
//
// Bound: no function makes a text, bytes or list larger than 256 KiB; it
// yields an error value instead.
//
// Thread-safety: pure functions over an immutable table.
#ifndef STREAMER_CEL_FUNCTIONS_H_
#define STREAMER_CEL_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel {

enum class CallStyle : std::uint8_t {
  kGlobal,  // size(x), and every operator
  kMember,  // x.size(); the receiver is the first argument
};

inline constexpr std::size_t kMostArguments = 2;

// Arguments are never errors: the evaluator returns the first error instead of
// calling. The result may point into the arguments, which outlive it.
using Function = Value (*)(std::span<const Value> arguments, Arena& arena);

struct FunctionEntry {
  std::string_view name;
  CallStyle style;
  std::uint8_t argument_count;  // the receiver counts
  Function function;
};

// The entry for this call, or nullptr.
const FunctionEntry* FindFunction(std::string_view name, CallStyle style,
                                  std::size_t argument_count);
// Whether any entry has this name, for the wording of an error.
bool IsFunctionName(std::string_view name);
// The whole table, in no order that callers may rely on.
std::span<const FunctionEntry> AllFunctions();

// The type that an identifier such as `int` names, or nothing.
std::optional<Value> FindTypeName(std::string_view name);

// operand.field, and has(operand.field). REQUIRES: `operand` is no error.
Value SelectField(const Value& operand, std::string_view field, Arena& arena);
Value HasField(const Value& operand, std::string_view field, Arena& arena);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_FUNCTIONS_H_
