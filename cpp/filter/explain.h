// Explain: why a filter did or did not match one event.
//
// The same program runs as in matching, with every node's value kept, so the
// explanation cannot disagree with the match; it is run once more for its cost.
#ifndef STREAMER_FILTER_EXPLAIN_H_
#define STREAMER_FILTER_EXPLAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cel/limits.h"
#include "filter/filter.h"
#include "filter/filter_input.h"

namespace streamer {

// One node of the explained tree. Children in the order of the text.
struct ExplainedNode {
  std::string text;                 // the node as CEL
  std::optional<OwnedValue> value;  // nothing: it was not needed
  std::string error;                // not empty: it failed, and why
  bool is_indexed = false;          // a predicate that the index keeps
  bool is_access = false;           // … and through which it is reached
  std::vector<ExplainedNode> children;
};

struct Explanation {
  bool is_match = false;
  // One plain sentence: "`doc.price >= 10` is false: doc.price is 7".
  std::string sentence;
  ExplainedNode root;
  // In units of about 10 ns: what evaluating the whole filter on this input
  // took, and the estimate by which it was admitted.
  cel::Units measured_cost = 0;
  cel::Units estimated_cost = 0;
  // What is likely to fail on other inputs, one sentence each.
  std::vector<std::string> warnings;

  // The sentence; the tree, indented, one node a line, with its value; the
  // warnings and the cost.
  [[nodiscard]] std::string Format() const;
};

Explanation Explain(const Filter& filter, const FilterInput& input);

}  // namespace streamer

#endif  // STREAMER_FILTER_EXPLAIN_H_
