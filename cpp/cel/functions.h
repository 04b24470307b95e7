// The functions and operators of CEL, as plain functions over values.
//
// One table serves the checker, which reads what each function takes and
// gives, the compiler, which looks a name up once, and both evaluators, which
// call through a pointer. Errors are values. `&&`, `||`, `?:`, has() and the
// macros are not here: they do not evaluate all their operands.
//
// Bound: no function makes a text, bytes or list larger than 256 KiB; it
// yields an error value instead. Its Cost is charged before it is called.
//
// Thread-safety: pure functions over an immutable table.
#ifndef STREAMER_CEL_FUNCTIONS_H_
#define STREAMER_CEL_FUNCTIONS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "cel/cost.h"
#include "value/value.h"

namespace streamer::cel {

enum class CallStyle : std::uint8_t {
  kGlobal,  // size(x), math.abs(x), and every operator
  kMember,  // x.size(); the receiver is the first argument
};

// An entry that takes one argument or more, as many as there are.
inline constexpr std::uint8_t kAnyNumber = 0xFF;
// Of the other entries.
inline constexpr std::size_t kMostArguments = 4;

// Arguments are never errors: the evaluator returns the first error instead of
// calling. The result may point into the arguments, which outlive it.
using Function = Value (*)(std::span<const Value> arguments, Arena& arena);

struct FunctionEntry {
  std::string_view name;
  CallStyle style;
  std::uint8_t argument_count;  // the receiver counts
  Function function;
  Cost cost;
  // What it takes and gives, one overload after another:
  // "(int, int) -> int; (list(A), list(A)) -> list(A)".
  std::string_view overloads;
};

// Every table of entries asserts this of itself.
template <std::size_t count>
constexpr bool AreComplete(const FunctionEntry (&entries)[count]) {
  return std::all_of(entries, entries + count, [](const FunctionEntry& entry) {
    return HasCost(entry.cost) && !entry.overloads.empty();
  });
}

// The entry for this call, or nullptr.
const FunctionEntry* FindFunction(std::string_view name, CallStyle style,
                                  std::size_t argument_count);
// Whether any entry has this name, for the wording of an error.
bool IsFunctionName(std::string_view name);
// Whether names of functions begin with `name` and a dot, as with math.abs.
bool IsFunctionNamespace(std::string_view name);
// The whole table, in no order that callers may rely on.
std::span<const FunctionEntry> AllFunctions();

// The type that an identifier such as `int` names, or nothing.
std::optional<Value> FindTypeName(std::string_view name);

// operand.field, and has(operand.field). Of an optional, the field of its
// content, as an optional. REQUIRES: `operand` is no error.
Value SelectField(const Value& operand, std::string_view field, Arena& arena);
Value HasField(const Value& operand, std::string_view field, Arena& arena);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_FUNCTIONS_H_
