// NormalForm brings an expression into a disjunction of conjunctions of
// atoms, none of them negated.
//
// Two questions are asked of every node, is it true and is it false; an error
// answers no to both. `!` exchanges the questions and disappears, and `&&`,
// `||`, `?:` become plain and/or over the answers (3-matching.md, "Exact
// meaning"). An OR of equalities on one path is one membership atom.
//
// Beyond `limit` conjunctions the result is a *cover*: whoever satisfies none
// of its conjunctions cannot make the expression true. A cover keeps of an
// `and` the part that narrows most, of an `or` something from every branch.
//
// Cost: linear in the expression, since nodes are shared, times `limit`
// squared for the expansion.
// Thread-safety: a pure function.
#ifndef STREAMER_FILTER_INTERNAL_NORMAL_FORM_H_
#define STREAMER_FILTER_INTERNAL_NORMAL_FORM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cel/expression.h"
#include "filter/predicate.h"

namespace streamer {

// A predicate, or an expression that no predicate says and what it must give.
struct Atom {
  std::optional<Predicate> predicate;
  const cel::Expr* expression = nullptr;  // of a residual
  Answer wanted = Answer::kTrue;          // of a residual
  std::string identity;                   // equal exactly for equal atoms
};

using AtomIndex = std::uint32_t;
// Ascending, each once.
using AtomSet = std::vector<AtomIndex>;

struct NormalForm {
  std::vector<Atom> atoms;
  // Empty: never true. One empty set: nothing narrows it (always true when
  // the form is exact).
  std::vector<AtomSet> conjunctions;
  bool is_exact = true;
  // Equal keys: the same questions asked of the same atoms.
  std::string canonical_key;
};

NormalForm Normalize(const cel::Tree& tree, std::size_t limit);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_NORMAL_FORM_H_
