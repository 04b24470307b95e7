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
  // The same of a path, in `slot` and `fields`, with `constant`.
  kPathEqual,
  kPathNotEqual,
  kPathLess,
  kPathLessEqual,
  kPathGreater,
  kPathGreaterEqual,
  kInSet,    // children[0] in `set`
  kMatches,  // children[0] against `pattern`
  kCall,     // `function` of the children
  kList,
  kMap,  // keys and values alternate
};

// One step of a path, with the error that its absence is.
struct FieldStep {
  HashedText name;
  Value missing;
};

struct CodeNode;

// Where one evaluation takes its bindings from and puts what it makes.
struct Frame {
  const Value* bindings;
  Arena& arena;
};

using Runner = Value (*)(const CodeNode& node, const Frame& frame);

struct CodeNode {
  Runner run = nullptr;  // of the opcode
  Opcode opcode = Opcode::kConstant;
  std::uint32_t slot = 0;
  Value constant;
  std::span<const FieldStep> fields;
  std::span<const CodeNode> children;
  union {
    Function function = nullptr;
    const Pattern* pattern;
    const ConstantSet* set;
  };
};

inline Value Run(const CodeNode& node, const Frame& frame) {
  return node.run(node, frame);
}

// The function that runs nodes of `opcode`.
Runner RunnerOf(Opcode opcode);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CODE_H_
