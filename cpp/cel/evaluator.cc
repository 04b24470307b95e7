#include "cel/evaluator.h"

#include "cel/internal/errors.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel {

Value SlowEvaluate(const Expr& expression, const Variables& variables,
                   std::span<const Value> bindings, Arena& arena,
                   Meter& meter) {
  if (expression.depth > kMaxTreeDepth) {
    return Value::Error(arena, ErrorCode::kOverBudget,
                        "expression is nested too deep");
  }
  Value value =
      internal::TreeEvaluator(variables, bindings, arena, meter, nullptr)
          .Evaluate(expression);
  return meter.is_exhausted() ? internal::OverBudget() : value;
}

}  // namespace streamer::cel
