#include "cel/internal/names.h"

#include <string>

#include "cel/internal/errors.h"

namespace streamer::cel::internal {
namespace {

// Types with dots in their names all begin so.
constexpr std::string_view kTypeNamespace = "google";

std::string_view WithoutLeadingDot(std::string_view name) {
  return name.substr(name.starts_with('.') ? 1 : 0);
}

std::optional<NameMeaning> FindQualified(std::string_view name,
                                         const Variables& variables) {
  std::optional<NameMeaning> meaning;
  VisitCandidates(variables.container(), name, [&](std::string_view candidate) {
    if (auto slot = variables.Find(candidate)) {
      meaning = NameMeaning{slot, {}};
    } else if (auto type = FindTypeName(candidate)) {
      meaning = NameMeaning{std::nullopt, *type};
    }
    return meaning.has_value();
  });
  return meaning;
}

}  // namespace

const Expr* RootOf(const Expr& node) {
  const Expr* current = &node;
  while (current->kind == ExprKind::kSelect && !current->is_test) {
    current = current->operand;
  }
  return current->kind == ExprKind::kIdentifier ? current : nullptr;
}

std::optional<NameMeaning> FindName(const Expr& node,
                                    const Variables& variables) {
  if (node.kind == ExprKind::kIdentifier) {
    return FindQualified(node.name, variables);
  }
  if (node.is_test) return std::nullopt;
  if (!variables.has_qualified_names()) {
    const Expr* root = RootOf(node);
    if (root == nullptr || WithoutLeadingDot(root->name) != kTypeNamespace) {
      return std::nullopt;
    }
  }
  std::string name = QualifiedName(node);
  if (name.empty()) return std::nullopt;
  auto meaning = FindQualified(name, variables);
  if (!meaning || meaning->variable) return meaning;
  // A variable hides the types whose names begin with its own.
  auto beginning = FindQualified(RootOf(node)->name, variables);
  if (beginning && beginning->variable) return std::nullopt;
  return meaning;
}

Value UndeclaredReference(const Expr& node, Arena& arena) {
  std::string message = "undeclared reference to '";
  message.append(Shorten(node.name)).append("'");
  ErrorCode code = node.kind == ExprKind::kIdentifier
                       ? ErrorCode::kUnknownVariable
                       : ErrorCode::kNoSuchOverload;
  return Value::Error(arena, code, message);
}

const FunctionEntry* FindNamespacedFunction(const Expr& call,
                                            const Variables& variables,
                                            bool& is_namespaced) {
  const Expr* root = RootOf(*call.operand);
  if (!IsFunctionNamespace(WithoutLeadingDot(root->name)) &&
      variables.container().empty()) {
    return nullptr;
  }
  std::string name = QualifiedName(*call.operand);
  name.append(".").append(call.name);
  const FunctionEntry* entry = nullptr;
  VisitCandidates(variables.container(), name, [&](std::string_view candidate) {
    entry = FindFunction(candidate, CallStyle::kGlobal, call.arguments.size());
    is_namespaced = entry != nullptr || IsFunctionName(candidate);
    return is_namespaced;
  });
  return entry;
}

const FunctionEntry* FindGlobalFunction(const Expr& call,
                                        const Variables& variables) {
  if (variables.container().empty()) {
    return FindFunction(WithoutLeadingDot(call.name), CallStyle::kGlobal,
                        call.arguments.size());
  }
  const FunctionEntry* entry = nullptr;
  VisitCandidates(
      variables.container(), call.name, [&](std::string_view candidate) {
        entry =
            FindFunction(candidate, CallStyle::kGlobal, call.arguments.size());
        return entry != nullptr;
      });
  return entry;
}

}  // namespace streamer::cel::internal
