// From structured conditions to a tree: each becomes the expression that it
// abbreviates, built node by node, so that no value is ever quoted into text.
//
//   {address.city, ==, "x"}   doc.address.city == "x"
//   {tags, contains, "a"}     "a" in doc.tags
//
// Thread-safety: pure functions.
#ifndef STREAMER_FILTER_INTERNAL_CONDITION_TREE_H_
#define STREAMER_FILTER_INTERNAL_CONDITION_TREE_H_

#include <span>
#include <vector>

#include "base/status.h"
#include "cel/tree_builder.h"
#include "filter/condition.h"
#include "filter/filter.h"

namespace streamer {

// Builds every condition with `builder`, in order. InvalidArgument names the
// condition: "filters[2].value: expected a list for `in`, got string"; so do
// the bounds of `limits`.
Result<std::vector<const cel::Expr*>> BuildConditions(
    std::span<const Condition> conditions, const FilterLimits& limits,
    cel::TreeBuilder& builder);

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_CONDITION_TREE_H_
