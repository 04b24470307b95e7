// Explain: why a filter did or did not match one event.
//
// Whether it matches, and what that cost, the program of matching itself tells.
// The tree is then walked with the value of every node kept; a loop is shown at
// the element that decided.
//
// Cost: some ten times a match at most. Output is bounded, whatever filter and
// document hold: each text is some 1,000 bytes at most, and of values 1 MiB in
// all is kept.
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
  std::string text;  // the node as CEL; of the root the whole filter
  // Nothing: it was not needed. Once 1 MiB of values is kept, a larger one is
  // replaced by a text that describes it.
  std::optional<OwnedValue> value;
  std::string error;        // not empty: it failed, and why
  bool is_indexed = false;  // a predicate that the index keeps
  bool is_access = false;   // … and through which it is reached
  // Of what a loop evaluates for each element: the element shown, such as
  // "i = 7 (2 of 3)"; the last that changed the outcome, or else the last.
  std::string turn;
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
