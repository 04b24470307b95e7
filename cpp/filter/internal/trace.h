// Trace: one run of a filter's expression, with the value of every node.
//
// The tree is walked by the plain evaluator, of which the tests show that it
// agrees with the program of matching.
#ifndef STREAMER_FILTER_INTERNAL_TRACE_H_
#define STREAMER_FILTER_INTERNAL_TRACE_H_

#include <cstddef>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "base/arena.h"
#include "cel/expression.h"
#include "cel/program.h"
#include "filter/filter.h"
#include "filter/filter_input.h"

namespace streamer {

class Trace {
 public:
  Trace(const Filter& filter, const FilterInput& input);

  // The value of a node, or nothing when it was not needed. Within a loop it
  // is that of the turn that FindTurn gives. Valid as long as the trace and
  // the input.
  [[nodiscard]] std::optional<Value> Find(const cel::Expr& node) const;

  // Which turn of `loop` is shown, from 0: the last that changed its outcome,
  // or else the last. Nothing when there was none.
  [[nodiscard]] std::optional<std::size_t> FindTurn(
      const cel::Expr& loop) const;

 private:
  Arena arena_;
  absl::flat_hash_map<const cel::Expr*, cel::Program::NodeValue> values_;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_TRACE_H_
