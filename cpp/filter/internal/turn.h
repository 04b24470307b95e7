// ShownTurn: the element of a list or map at which an explanation looks into a
// loop: the one that decided, or the last.
#ifndef STREAMER_FILTER_INTERNAL_TURN_H_
#define STREAMER_FILTER_INTERNAL_TURN_H_

#include <optional>
#include <span>
#include <string>

#include "cel/expression.h"
#include "filter/internal/trace.h"

namespace streamer {

// What of a macro was written: what it runs through or, for cel.bind(), its
// value; and what it evaluates with its variables, such as the predicate.
struct MacroParts {
  const cel::Expr* range;
  std::span<const cel::Expr* const> bodies;
};
MacroParts PartsOf(const cel::Expr& macro);

// Of the elements of `macro`, "i = 7 (2 of 3)" for the one whose nodes `trace`
// holds; nothing when there were none, or when it runs through none.
std::optional<std::string> ShownTurn(const cel::Expr& macro,
                                     const Trace& trace);

// How many elements `range` has.
std::size_t SizeOfRange(const cel::Expr& range, const Trace& trace);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_TURN_H_
