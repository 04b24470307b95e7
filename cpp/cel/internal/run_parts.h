// What running several kinds of nodes has in common: walking a path, taking an
// operand, calling a function.
#ifndef STREAMER_CEL_INTERNAL_RUN_PARTS_H_
#define STREAMER_CEL_INTERNAL_RUN_PARTS_H_

#include <cstdint>
#include <span>

#include "cel/internal/code.h"
#include "cel/internal/errors.h"
#include "value/value.h"

namespace streamer::cel::internal {

// How many fields a path has, where that is known when it is compiled.
enum class Steps : std::uint8_t { kNone, kOne, kMany };

// The value at the end of the path or the error of the step that is missing;
// nullptr when a step leads through something that is no map.
template <Steps kSteps>
inline const Value* Walk(const CodeNode& node, const Frame& frame) {
  const Value* current = &frame.bindings[node.slot];
  if constexpr (kSteps == Steps::kNone) return current;
  std::span<const FieldStep> steps = node.fields;
  if constexpr (kSteps == Steps::kOne) steps = {steps.data(), 1};
  for (const FieldStep& step : steps) {
    if (!current->is(ValueKind::kMap)) [[unlikely]]
      return nullptr;
    current = current->map().Find(step.name);
    if (current == nullptr) [[unlikely]]
      return &step.missing;
  }
  return current;
}

// What lies where Walk found no way: an error, or a field of an optional.
Value BrokenPath(const CodeNode& node, const Frame& frame);

// An operand that is often a constant.
inline Value RunOperand(const CodeNode& node, const Frame& frame) {
  if (node.opcode == Opcode::kConstant) return node.constant;
  return Run(node, frame);
}

// An error that is made, and not at hand, is a text.
inline constexpr Units kErrorUnits = 8;

inline Value ChargeError(const Value& made, const Frame& frame) {
  if (made.is_error() && !frame.meter.Charge(kErrorUnits)) return OverBudget();
  return made;
}

// Calls the function of `node`. REQUIRES: no argument is an error.
inline Value CallWith(std::span<const Value> arguments, const CodeNode& node,
                      const Frame& frame) {
  if (!ChargeCall(*node.entry, arguments, frame)) return OverBudget();
  return ChargeError(node.entry->function(arguments, frame.arena), frame);
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_RUN_PARTS_H_
