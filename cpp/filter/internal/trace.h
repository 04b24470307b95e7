// Trace: one run of a filter's program, with the value of every node.
//
// It is the program of matching that runs, so what is explained is what was
// matched.
#ifndef STREAMER_FILTER_INTERNAL_TRACE_H_
#define STREAMER_FILTER_INTERNAL_TRACE_H_

#include <optional>

#include "absl/container/flat_hash_map.h"
#include "base/arena.h"
#include "cel/expression.h"
#include "filter/filter.h"
#include "filter/filter_input.h"

namespace streamer {

class Trace {
 public:
  Trace(const Filter& filter, const FilterInput& input);

  // The value of a node, or nothing when it was not needed. Valid as long as
  // the trace and the input.
  [[nodiscard]] std::optional<Value> Find(const cel::Expr& node) const;

 private:
  Arena arena_;
  absl::flat_hash_map<const cel::Expr*, Value> values_;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_TRACE_H_
