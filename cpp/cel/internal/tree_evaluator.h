// TreeEvaluator: evaluates a tree by walking it, one rule per kind of node, in
// the words of the language definition and with no thought of speed.
//
// SlowEvaluate is this; so is Program::Trace, which needs the value of every
// node that was evaluated.
#ifndef STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_
#define STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_

#include <span>
#include <vector>

#include "base/arena.h"
#include "cel/expression.h"
#include "cel/program.h"
#include "value/value.h"

namespace streamer::cel::internal {

class TreeEvaluator {
 public:
  // Appends to `trace`, unless it is nullptr, every node with its value, a
  // node after those below it.
  TreeEvaluator(const Variables& variables, std::span<const Value> bindings,
                Arena& arena, std::vector<Program::NodeValue>* trace)
      : variables_(variables),
        bindings_(bindings),
        arena_(arena),
        trace_(trace) {}

  // REQUIRES: node.depth <= kMaxTreeDepth.
  Value Evaluate(const Expr& node);

 private:
  Value EvaluateKind(const Expr& node);
  Value EvaluateIdentifier(const Expr& node);
  Value EvaluateSelect(const Expr& node);
  Value EvaluateCall(const Expr& node);
  Value EvaluateLogical(const Expr& node, bool absorbing);
  Value EvaluateConditional(const Expr& node);
  Value EvaluateList(const Expr& node);
  Value EvaluateMap(const Expr& node);
  Value Undeclared(const Expr& node);

  const Variables& variables_;
  std::span<const Value> bindings_;
  Arena& arena_;
  std::vector<Program::NodeValue>* trace_;
};

// {keys: values}, or the error that a repeated or unsuitable key is.
Value MakeMap(std::span<MapEntry> entries, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_
