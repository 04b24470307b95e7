// What the names in an expression stand for: variables first, then types; and
// which function a call means.
#ifndef STREAMER_CEL_INTERNAL_NAMES_H_
#define STREAMER_CEL_INTERNAL_NAMES_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/variables.h"
#include "value/value.h"

namespace streamer::cel::internal {

// The meaning of a whole identifier or chain of selects.
struct NameMeaning {
  std::optional<std::size_t> variable;
  Value type;  // when it is no variable: the type it names
};

// What `node` as a whole names, or nothing: then a select is a select.
// REQUIRES: the identifier it begins with is no variable of a macro.
std::optional<NameMeaning> FindName(const Expr& node,
                                    const Variables& variables);

// The identifier that a chain of selects begins with, or nullptr.
const Expr* RootOf(const Expr& node);

// The error that evaluating a name or call without meaning yields.
Value UndeclaredReference(const Expr& node, Arena& arena);

// A call as it is carried out: `math.abs(x)` is written on a receiver that is
// part of the function's name.
struct ResolvedCall {
  const FunctionEntry* entry = nullptr;  // nullptr: there is no such function
  bool has_receiver = false;
  std::size_t argument_count = 0;  // the receiver counts
};

// `is_local` says whether a name is a variable of a macro around the call.
template <typename IsLocal>
ResolvedCall ResolveCall(const Expr& call, const Variables& variables,
                         IsLocal is_local);

// The namespaced function that a call with a receiver means, or nullptr.
// `is_namespaced` is set when its name exists, whatever the arguments.
const FunctionEntry* FindNamespacedFunction(const Expr& call,
                                            const Variables& variables,
                                            bool& is_namespaced);

// The function that a call without a receiver means, or nullptr.
const FunctionEntry* FindGlobalFunction(const Expr& call,
                                        const Variables& variables);

// Calls `visit` with every name that `name` may mean in `container`, until it
// returns true.
template <typename Visit>
bool VisitCandidates(std::string_view container, std::string_view name,
                     Visit visit);

// Implementation details follow.

template <typename Visit>
bool VisitCandidates(std::string_view container, std::string_view name,
                     Visit visit) {
  if (name.starts_with('.')) return visit(name.substr(1));
  while (!container.empty()) {
    std::string candidate(container);
    candidate.append(".").append(name);
    if (visit(std::string_view(candidate))) return true;
    std::size_t dot = container.rfind('.');
    container = container.substr(0, dot == container.npos ? 0 : dot);
  }
  return visit(name);
}

template <typename IsLocal>
ResolvedCall ResolveCall(const Expr& call, const Variables& variables,
                         IsLocal is_local) {
  std::size_t count = call.arguments.size();
  if (call.operand == nullptr) {
    return {FindGlobalFunction(call, variables), false, count};
  }
  const Expr* root = RootOf(*call.operand);
  if (root != nullptr && !is_local(root->name)) {
    bool is_namespaced = false;
    const FunctionEntry* entry =
        FindNamespacedFunction(call, variables, is_namespaced);
    if (is_namespaced) return {entry, false, count};
  }
  return {FindFunction(call.name, CallStyle::kMember, count + 1), true,
          count + 1};
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_NAMES_H_
