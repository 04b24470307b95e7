#include "cel/evaluator.h"

#include "cel/internal/tree_evaluator.h"

namespace streamer::cel {

Value SlowEvaluate(const Expr& expression, const Variables& variables,
                   std::span<const Value> bindings, Arena& arena) {
  if (expression.depth > kMaxTreeDepth) {
    return Value::Error(arena, ErrorCode::kOverBudget,
                        "expression is nested too deep");
  }
  return internal::TreeEvaluator(variables, bindings, arena, nullptr)
      .Evaluate(expression);
}

}  // namespace streamer::cel
