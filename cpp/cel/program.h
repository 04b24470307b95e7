// Program: an expression bound to its variables, ready to run.
//
//   Variables variables({"doc", "op"});
//   auto program = Program::Compile(tree, variables);
//   Value result = program->Evaluate(bindings, arena);
//
// The result is a value; it may be an error value, when the expression failed
// on this input. Compile is the only place that returns a Status: an unknown
// name, an unknown function or a wrong number of arguments is refused there,
// with its position.
//
// Cost: of Evaluate, the nodes visited; no allocation but what the expression
// itself builds (in `arena`).
// Thread-safety: immutable; Evaluate may run in several threads at once, each
// with its own arena.
#ifndef STREAMER_CEL_PROGRAM_H_
#define STREAMER_CEL_PROGRAM_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/expression.h"
#include "value/value.h"

namespace streamer::cel {

// The names an expression may use; the n-th name is bound by the n-th value.
class Variables {
 public:
  explicit Variables(std::vector<std::string> names)
      : names_(std::move(names)) {}
  [[nodiscard]] std::optional<std::size_t> Find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

class Program {
 public:
  // Binds the whole of `tree`, or the part below `root`, a node of `tree`.
  static Result<Program> Compile(const Tree& tree, const Variables& variables);
  static Result<Program> Compile(const Tree& tree, const Expr& root,
                                 const Variables& variables);

  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  // REQUIRES: one value for each name of the variables compiled against. What
  // the result points into is the arena, the program or the bindings.
  Value Evaluate(std::span<const Value> bindings, Arena& arena) const;

  // What Explain needs: the value of every node that was evaluated, by the
  // node's id; nodes that && || ?: did not need are absent.
  struct NodeValue {
    const Expr* node;
    Value value;
  };
  std::vector<NodeValue> Trace(std::span<const Value> bindings,
                               Arena& arena) const;

 private:
  struct Code;
  explicit Program(std::unique_ptr<const Code> code);
  std::unique_ptr<const Code> code_;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_PROGRAM_H_
