// Macros: calls that the parser writes out as other expressions, for they do
// not evaluate their arguments as a function does.
//
//   e.all(x, p)  e.exists(x, p)  e.exists_one(x, p)  e.existsOne(x, p)
//   e.map(x, t)  e.map(x, p, t)  e.filter(x, p)
//   e.all(k, v, p) …             the same with index or key and value
//   e.transformList(k, v, t)     e.transformList(k, v, p, t)
//   e.transformMap(k, v, t)      e.transformMapEntry(k, v, {…})
//   o.optMap(x, t)  o.optFlatMap(x, t)  e.sortBy(x, key)
//   cel.bind(x, value, t)
//
// Each becomes one comprehension node (cel/expression.h), which keeps the call
// as it was written. has() is a test-only select, cel.block() a call of
// operators::kBlock; cel.index(n), cel.iterVar(n, m) and cel.accuVar(n, m) are
// identifiers that no text can spell otherwise. See cel/parser.h.
//
// Thread-safety: pure functions; the builder has one owner.
#ifndef STREAMER_CEL_MACROS_H_
#define STREAMER_CEL_MACROS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cel/expression.h"
#include "cel/tree_builder.h"

namespace streamer::cel {

// The macro that receiver.name(…) with this many arguments is, or kNone.
Macro FindMacro(std::string_view name, const Expr& receiver,
                std::size_t argument_count);

// Why the arguments do not fit `macro`: an empty text when they do. `culprit`
// is the argument that does not.
std::string MacroProblem(Macro macro, std::span<const Expr* const> arguments,
                         const Expr*& culprit);

// What `macro`, written receiver.name(arguments), means.
// REQUIRES: MacroProblem has none.
const Expr* ExpandMacro(TreeBuilder& builder, Macro macro,
                        std::string_view name, const Expr* receiver,
                        std::span<const Expr* const> arguments);

// The first argument of cel.block(): a list without optional elements.
bool IsListOfEntries(const Expr& node);

// The variable that cel.index(n), cel.iterVar(n, m) or cel.accuVar(n, m) is,
// `name` being what stands after the dot; nothing if it is none of them.
std::optional<std::string> BlockVariable(
    std::string_view name, std::span<const Expr* const> arguments);

// How the variable `name` of cel.block() is written, or nothing.
std::optional<std::string> WriteBlockVariable(std::string_view name);

// Whether `macro` runs through a list or map, rather than naming a value.
bool IsLoop(Macro macro);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_MACROS_H_
