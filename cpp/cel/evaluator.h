// SlowEvaluate: the plain evaluator, which walks the tree and looks every
// name up as it meets it. It is the gold standard that Program is compared
// with; nothing in production calls it.
#ifndef STREAMER_CEL_EVALUATOR_H_
#define STREAMER_CEL_EVALUATOR_H_

#include <span>

#include "base/arena.h"
#include "cel/cost.h"
#include "cel/expression.h"
#include "cel/variables.h"
#include "value/value.h"

namespace streamer::cel {

// The value of `expression`; unknown names and functions are error values
// here, where Program refuses them. `meter` bounds it as it does a Program,
// but is charged more: what a loop makes is made anew at every turn.
Value SlowEvaluate(const Expr& expression, const Variables& variables,
                   std::span<const Value> bindings, Arena& arena, Meter& meter);
// Without a bound: for inputs that are known to be small.
inline Value SlowEvaluate(const Expr& expression, const Variables& variables,
                          std::span<const Value> bindings, Arena& arena) {
  Meter meter = Meter::Unlimited();
  return SlowEvaluate(expression, variables, bindings, arena, meter);
}

}  // namespace streamer::cel

#endif  // STREAMER_CEL_EVALUATOR_H_
