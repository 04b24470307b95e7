// The compiled form of an expression: a tree of small nodes, each with what
// its operation needs already looked up.
//
// It differs from the syntax tree where that is faster and means the same:
// names are slots, functions are pointers, a chain of selects from a variable
// is one node, so is a chain of && or ||, and so is the comparison of such a
// path with a constant; constant parts are values. Each node knows the function
// that runs it.
//
// Invariant: Run of a node yields what TreeEvaluator yields of the expression
// it was compiled from; the tests compare the two on random pairs.
#ifndef STREAMER_CEL_INTERNAL_CODE_H_
#define STREAMER_CEL_INTERNAL_CODE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.h"
#include "cel/cost.h"
#include "cel/functions.h"
#include "cel/internal/constant_set.h"
#include "cel/internal/pattern.h"
#include "value/value.h"

namespace streamer::cel::internal {

enum class Opcode : std::uint8_t {
  kConstant,     // constant
  kVariable,     // the binding in `slot`
  kPath,         // fields, one after the other, from the binding in `slot`
  kSelect,       // fields[0] of children[0]
  kHas,          // whether children[0] has fields[0]
  kAnd,          // children: two or more, of one chain
  kOr,           // likewise
  kConditional,  // children: condition, then, else
  kEqual,        // children: two
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  // The same of a path, in `slot` and `fields`, with `constant`. No fields: the
  // variable itself.
  kPathEqual,
  kPathNotEqual,
  kPathLess,
  kPathLessEqual,
  kPathGreater,
  kPathGreaterEqual,
  kInSet,    // children[0] in `set`
  kMatches,  // children[0] against `pattern`
  kCall,     // the function of `entry`, of the children
  kList,
  kMap,           // keys and values alternate
  kOptionalList,  // the same with `are_optional`
  kOptionalMap,
  kOrElse,  // `entry`, or() or orValue(); children[1] only if it is needed
  kAll,     // `loop`; children[0] is the range
  kExists,  // likewise, as all up to kMapEntries
  kExistsOne,
  kElements,    // the list of what children say of each element
  kMapValues,   // the map of each key to what they say
  kMapEntries,  // the map of all entries that they make
  kBind,        // children[0] in `slot` while children[1] runs
  kBlock,       // all children but the last in `slot` and those after it
};

// One step of a path, with the error that its absence is.
struct FieldStep {
  HashedText name;
  Value missing;
};

struct CodeNode;

// Where one evaluation takes its bindings from, puts what it makes and counts
// what it costs. The variables of macros have slots after those of the
// bindings.
struct Frame {
  Value* bindings;
  Arena& arena;
  Meter& meter;
};

// How a loop runs through its range: children[0] of its node.
struct LoopCode {
  std::uint32_t slot = 0;         // of the element, key or index
  std::uint32_t second_slot = 0;  // of the element or value, if there are two
  bool has_second = false;
  const CodeNode* filter = nullptr;  // nullptr: every element counts
  const CodeNode* body = nullptr;    // what is asked or made of it
  Units turn_units = 0;
};

using Runner = Value (*)(const CodeNode& node, const Frame& frame);

struct CodeNode {
  Runner run = nullptr;  // of the opcode
  Opcode opcode = Opcode::kConstant;
  std::uint32_t slot = 0;
  // What all below costs that does not depend on the bindings. It is charged
  // once, before the program or the turn of a loop begins.
  std::uint32_t units = 0;
  Value constant;
  std::span<const FieldStep> fields;
  std::span<const CodeNode> children;
  union {
    const FunctionEntry* entry = nullptr;
    const Pattern* pattern;
    const ConstantSet* set;
    const LoopCode* loop;
    const bool* are_optional;
  };
};

inline Value Run(const CodeNode& node, const Frame& frame) {
  return node.run(node, frame);
}

// The function that runs `node`, the quickest there is for what it holds.
Runner RunnerOf(const CodeNode& node);
// Likewise of nodes that compare: see internal/comparisons.cc.
Runner ComparisonRunnerOf(const CodeNode& node);
// Of calls of some functions, or nullptr: see internal/quick_calls.cc.
Runner QuickRunnerOf(const FunctionEntry& entry);
// What `node` and all below it cost that does not depend on the bindings.
// REQUIRES: the units of its children are known.
std::uint32_t UnitsOf(const CodeNode& node);
// Whether nothing below `node` makes anything but errors, nor is charged for
// what it reads.
bool IsBounded(const CodeNode& node);
// Likewise of those that loop or bind: see internal/loops.cc.
Runner LoopRunnerOf(Opcode opcode);

// A text no longer than this is read within the time of the node itself.
inline constexpr std::size_t kShortText = 256;

// Whether working on `value` may take longer than the node itself: it is a
// long text, or holds other values.
inline bool IsLarge(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kString:
    case ValueKind::kBytes:
      return value.text().size() > kShortText;
    case ValueKind::kList:
    case ValueKind::kMap:
    case ValueKind::kOptional:
      return true;
    default:
      return false;
  }
}

// Charges a call for its arguments. False when the budget is used up.
inline bool ChargeCall(const FunctionEntry& entry,
                       std::span<const Value> arguments, const Frame& frame) {
  if (entry.cost.rule == CostRule::kFixed) return true;
  bool only_reads = entry.cost.rule == CostRule::kText;
  if (only_reads && !IsLarge(arguments[0]) && !IsLarge(arguments.back())) {
    return true;
  }
  bool is_plain_member = entry.cost.rule == CostRule::kMember &&
                         !IsLarge(arguments[0]) &&
                         arguments[1].is(ValueKind::kList);
  if (is_plain_member) {
    return frame.meter.Charge(arguments[1].list().size() / 2);
  }
  return frame.meter.Charge(
      ChargeOf(entry.cost, arguments, frame.meter.left()));
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CODE_H_
