// Program: an expression bound to its variables, ready to run.
//
//   Variables variables({"doc", "op"});
//   auto program = Program::Compile(tree, variables);
//   Value result = program->Evaluate(bindings, arena);
//
// The result is a value; it may be an error value, when the expression failed
// on this input or used up its budget. Compile is the only place that returns
// a Status: an unknown name, an unknown function or a wrong number of
// arguments is refused there, with its position; types are the checker's
// (cel/checker.h). What is constant is evaluated there, patterns that are
// constant are compiled there.
//
// Cost: of Evaluate, what the Meter is charged (cel/cost.h); no allocation but
// what the expression itself builds (in `arena`), and of loops.
// Thread-safety: immutable; Evaluate may run in several threads at once, each
// with its own arena.
#ifndef STREAMER_CEL_PROGRAM_H_
#define STREAMER_CEL_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/cost.h"
#include "cel/expression.h"
#include "cel/limits.h"
#include "cel/variables.h"
#include "value/value.h"

namespace streamer::cel {

class Program {
 public:
  // Binds the whole of `tree`, or the part below `root`, a node of `tree`.
  static Result<Program> Compile(const Tree& tree, const Variables& variables);
  static Result<Program> Compile(const Tree& tree, const Expr& root,
                                 const Variables& variables,
                                 const Limits& limits = {});
  // For an expression that nobody checks: what Compile would refuse for an
  // unknown name or function is an error value when it is evaluated.
  static Result<Program> CompileUnchecked(const Tree& tree,
                                          const Variables& variables,
                                          const Limits& limits = {});

  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  // REQUIRES: one value for each name of the variables compiled against. What
  // the result points into is the arena, the program or the bindings.
  Value Evaluate(std::span<const Value> bindings, Arena& arena) const {
    Meter meter;
    return Evaluate(bindings, arena, meter);
  }
  // Counts in `meter` and ends with ErrorCode::kOverBudget when it is used up.
  Value Evaluate(std::span<const Value> bindings, Arena& arena,
                 Meter& meter) const;

  // What Explain needs: the value of every node that was evaluated; nodes that
  // && || ?: did not need are absent. Of a loop one turn is there: the last
  // that changed its outcome, so the one that decided an all or exists, or
  // else the last. It walks the tree, slowly, with a budget to suit.
  struct NodeValue {
    const Expr* node;
    Value value;
    std::int64_t turn = -1;  // of a loop: whose turn, from 0; -1 for none
  };
  // REQUIRES: the tree was not dropped.
  std::vector<NodeValue> Trace(std::span<const Value> bindings,
                               Arena& arena) const;

  // Gives up the tree, which only Trace needs and which takes more memory than
  // the rest.
  void DropTree();

 private:
  struct Code;
  static Result<Program> CompileWith(const Tree& tree, const Expr& root,
                                     const Variables& variables,
                                     const Limits& limits, bool is_checked);
  explicit Program(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_PROGRAM_H_
