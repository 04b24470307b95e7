#include "cel/program.h"

#include <algorithm>
#include <utility>

#include "cel/internal/code.h"
#include "cel/internal/compiler.h"
#include "cel/internal/errors.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel {
namespace {

constexpr std::size_t kFewSlots = 16;
// The walk makes anew at every turn what the code grows in place.
constexpr Units kTraceBudget = 8 * kEvaluationBudget;

}  // namespace

// The tree is kept for Trace, which shows its very nodes; nothing else of a
// program points into it.
struct Program::Code {
  internal::CodeStore store;
  const internal::CodeNode* root = nullptr;
  std::shared_ptr<const Arena> tree_arena;
  const Expr* tree_root = nullptr;
  Variables variables;
  bool is_bounded = false;
};

Result<Program> Program::Compile(const Tree& tree, const Variables& variables) {
  return Compile(tree, tree.root(), variables);
}

Result<Program> Program::Compile(const Tree& tree, const Expr& root,
                                 const Variables& variables,
                                 const Limits& limits) {
  return CompileWith(tree, root, variables, limits, true);
}

Result<Program> Program::CompileUnchecked(const Tree& tree,
                                          const Variables& variables,
                                          const Limits& limits) {
  return CompileWith(tree, tree.root(), variables, limits, false);
}

Result<Program> Program::CompileWith(const Tree& tree, const Expr& root,
                                     const Variables& variables,
                                     const Limits& limits, bool is_checked) {
  auto code = std::make_unique<Code>(Code{.store = {},
                                          .tree_arena = tree.arena(),
                                          .tree_root = &root,
                                          .variables = variables});
  STREAMER_ASSIGN_OR_RETURN(
      code->root, internal::CompileCode(root, tree.text(), variables, limits,
                                        is_checked, code->store));
  code->is_bounded = internal::IsBounded(*code->root);
  return Program(std::move(code));
}

Program::Program(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

namespace {

// The result counts too: it may hold one part many times over, and whoever
// gets it will walk through it.
Value Finish(const Value& result, Meter& meter) {
  if (internal::IsLarge(result)) {
    meter.Charge(DeepSize(result, meter.left()));
  }
  return meter.is_exhausted() ? internal::OverBudget() : result;
}

// Gives the variables of macros their place after the bindings.
[[gnu::noinline]] Value RunWithSlots(const internal::CodeNode& root,
                                     std::span<const Value> bindings,
                                     std::size_t slot_count, Arena& arena,
                                     Meter& meter) {
  Value few_slots[kFewSlots];
  Value* slots = slot_count <= kFewSlots
                     ? few_slots
                     : arena.NewArray<Value>(slot_count).data();
  std::copy(bindings.begin(), bindings.end(), slots);
  return internal::Run(root, {slots, arena, meter});
}

}  // namespace

Value Program::Evaluate(std::span<const Value> bindings, Arena& arena,
                        Meter& meter) const {
  const internal::CodeNode& root = *code_->root;
  std::size_t slot_count = code_->store.slot_count;
  if (!meter.Charge(1 + root.units)) return internal::OverBudget();
  // Only the variables of macros are ever written to, in a copy.
  auto* slots = const_cast<Value*>(bindings.data());
  if (code_->is_bounded) {
    Value result = internal::Run(root, {slots, arena, meter});
    return meter.is_exhausted() ? internal::OverBudget() : result;
  }
  if (slot_count > bindings.size()) {
    return Finish(RunWithSlots(root, bindings, slot_count, arena, meter),
                  meter);
  }
  return Finish(internal::Run(root, {slots, arena, meter}), meter);
}

std::vector<Program::NodeValue> Program::Trace(std::span<const Value> bindings,
                                               Arena& arena) const {
  std::vector<NodeValue> trace;
  Meter meter(kTraceBudget);
  internal::TreeEvaluator(code_->variables, bindings, arena, meter, &trace)
      .Evaluate(*code_->tree_root);
  return trace;
}

void Program::DropTree() {
  code_->tree_root = nullptr;
  code_->tree_arena.reset();
}

}  // namespace streamer::cel
