// CelProgram: an expression that passed every check, with what the checks
// found, for `streamer.cel`.
//
// Thread-safety: immutable; Evaluate may run in several threads at once.
#ifndef STREAMER_PYTHON_CEL_PROGRAM_H_
#define STREAMER_PYTHON_CEL_PROGRAM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/checker.h"
#include "cel/cost.h"
#include "cel/expression.h"
#include "cel/program.h"
#include "cel/variables.h"
#include "value/value.h"

namespace streamer::python {

// What cannot work, as Python is told.
struct CelProblem {
  std::string_view code;
  cel::SourcePosition position;
  std::string expected;
  std::string got;
  std::string message;
};

// Why an expression was refused: the report, and each problem for itself.
struct CelRefusal {
  Status status;
  std::vector<CelProblem> problems;
};

std::vector<CelProblem> ProblemsOf(
    const std::vector<cel::CheckProblem>& problems);

class CelProgram {
 public:
  using Outcome = std::variant<std::shared_ptr<CelProgram>, CelRefusal>;

  // Parses, checks types, checks the cost and binds.
  static Outcome Compile(std::string_view text, cel::Variables variables);

  // REQUIRES: one value for each variable.
  Value Evaluate(std::span<const Value> bindings, Arena& arena,
                 cel::Meter& meter) const {
    return program_.Evaluate(bindings, arena, meter);
  }

  [[nodiscard]] const cel::Tree& tree() const { return tree_; }
  [[nodiscard]] const cel::Variables& variables() const { return variables_; }
  // What the checker found: the type, and warnings.
  [[nodiscard]] const cel::CheckResult& checked() const { return checked_; }
  [[nodiscard]] cel::Units estimate() const { return estimate_; }

 private:
  CelProgram(cel::Tree tree, cel::Variables variables, cel::CheckResult checked,
             cel::Program program);

  cel::Tree tree_;
  cel::Variables variables_;
  cel::CheckResult checked_;
  cel::Program program_;
  cel::Units estimate_;
};

// Values parsed once, to be evaluated by many programs.
struct CelDocuments {
  Arena arena;
  std::vector<Value> values;
};

// "no_such_field", "overflow", …
std::string_view NameOf(ErrorCode code);

// The name of a node's kind, and what stands in it, as one line: "call _&&_",
// "select status", "literal 5". What is below it is not in it.
std::string_view NameOf(cel::ExprKind kind);
std::string Headline(const cel::Expr& node);
// The operand, then the arguments.
std::vector<const cel::Expr*> ChildrenOf(const cel::Expr& node);
// The headlines of all nodes, each two spaces further in than its parent's.
std::string FormatTree(const cel::Expr& root);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_CEL_PROGRAM_H_
