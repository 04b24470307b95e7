// Explain: why a filter did or did not match one event.
//
// The same program runs as in matching, with every node's value kept, so the
// explanation cannot disagree with the match.
#ifndef STREAMER_FILTER_EXPLAIN_H_
#define STREAMER_FILTER_EXPLAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
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

  // The tree, indented, one node a line, with its value.
  [[nodiscard]] std::string Format() const;
};

Explanation Explain(const Filter& filter, const FilterInput& input);

}  // namespace streamer

#endif  // STREAMER_FILTER_EXPLAIN_H_
