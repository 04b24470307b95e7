// SlowEvaluate: the plain evaluator, which walks the tree and looks every
// name up as it meets it. It is the gold standard that Program is compared
// with; nothing in production calls it.
#ifndef STREAMER_CEL_EVALUATOR_H_
#define STREAMER_CEL_EVALUATOR_H_

#include <span>

#include "base/arena.h"
#include "cel/expression.h"
#include "cel/program.h"
#include "value/value.h"

namespace streamer::cel {

// The value of `expression`; unknown names and functions are error values
// here, where Program refuses them.
Value SlowEvaluate(const Expr& expression, const Variables& variables,
                   std::span<const Value> bindings, Arena& arena);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_EVALUATOR_H_
