#include "cel/program.h"

#include <utility>

#include "cel/internal/code.h"
#include "cel/internal/compiler.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel {

// The tree's arena is kept for Trace, which shows the tree's own nodes.
struct Program::Code {
  internal::CodeStore store;
  const internal::CodeNode* root = nullptr;
  std::shared_ptr<const Arena> tree_arena;
  const Expr* tree_root = nullptr;
  Variables variables;
};

Result<Program> Program::Compile(const Tree& tree, const Variables& variables) {
  return Compile(tree, tree.root(), variables);
}

Result<Program> Program::Compile(const Tree& tree, const Expr& root,
                                 const Variables& variables) {
  auto code = std::make_unique<Code>(Code{.store = {},
                                          .tree_arena = tree.arena(),
                                          .tree_root = &root,
                                          .variables = variables});
  STREAMER_ASSIGN_OR_RETURN(
      code->root,
      internal::CompileCode(root, tree.text(), variables, code->store));
  return Program(std::move(code));
}

Program::Program(std::unique_ptr<const Code> code) : code_(std::move(code)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Value Program::Evaluate(std::span<const Value> bindings, Arena& arena) const {
  return internal::Run(*code_->root, {bindings.data(), arena});
}

std::vector<Program::NodeValue> Program::Trace(std::span<const Value> bindings,
                                               Arena& arena) const {
  std::vector<NodeValue> trace;
  internal::TreeEvaluator(code_->variables, bindings, arena, &trace)
      .Evaluate(*code_->tree_root);
  return trace;
}

}  // namespace streamer::cel
