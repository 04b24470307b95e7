// TreeEvaluator: evaluates a tree by walking it, one rule per kind of node, in
// the words of the language definition and with no thought of speed. A macro
// is to it the fold that it was written out to, whatever it was.
//
// SlowEvaluate is this; so is Program::Trace, which needs the value of every
// node that was evaluated.
#ifndef STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_
#define STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/program.h"
#include "value/value.h"

namespace streamer::cel::internal {

class TreeEvaluator {
 public:
  // Appends to `trace`, unless it is nullptr, every node with its value, a
  // node after those below it; of the turns of a loop one, as Program::Trace
  // says.
  TreeEvaluator(const Variables& variables, std::span<const Value> bindings,
                Arena& arena, Meter& meter,
                std::vector<Program::NodeValue>* trace)
      : variables_(variables),
        bindings_(bindings),
        arena_(arena),
        meter_(meter),
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
  Value EvaluateFold(const Expr& node, std::int64_t& shown_turn);
  Value EvaluateBlock(const Expr& node);
  // The turn of a loop whose nodes the trace holds, from `begin` on.
  struct ShownTurn {
    std::size_t begin = 0;
    std::int64_t index = -1;
    bool has_changed = false;  // the accumulator
  };
  Value Loop(const Expr& node, const Value& range, Value accumulator,
             ShownTurn& shown);
  Value Turn(const Expr& node, Value& accumulator, const Value& first,
             const Value& second);
  [[nodiscard]] std::size_t TraceSize() const;
  void ForgetFrom(std::size_t size);
  void ShowTurn(std::size_t begin, std::int64_t index, bool has_changed,
                ShownTurn& shown);
  Value Called(const FunctionEntry& entry, std::span<const Value> arguments);

  // The variables of the macros around, the innermost last.
  struct Local {
    std::string name;
    Value value;
  };
  [[nodiscard]] const Value* FindLocal(std::string_view name) const;

  const Variables& variables_;
  std::span<const Value> bindings_;
  Arena& arena_;
  Meter& meter_;
  std::vector<Local> locals_;
  std::int64_t shown_turn_ = -1;  // of the fold evaluated last
  std::vector<Program::NodeValue>* trace_;
};

// {keys: values}, or the error that a repeated or unsuitable key is.
Value MakeMap(std::span<MapEntry> entries, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_TREE_EVALUATOR_H_
