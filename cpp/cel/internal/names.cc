#include "cel/internal/names.h"

#include <algorithm>

namespace streamer::cel {
namespace internal {
namespace {

// Two dots, three names: the longest name of a type.
constexpr int kMostSegments = 3;

constexpr ValueKind kTypes[] = {
    ValueKind::kNull,      ValueKind::kBool,     ValueKind::kInt,
    ValueKind::kUint,      ValueKind::kDouble,   ValueKind::kString,
    ValueKind::kBytes,     ValueKind::kList,     ValueKind::kMap,
    ValueKind::kTimestamp, ValueKind::kDuration, ValueKind::kType};

std::string_view WithoutLeadingDot(std::string_view name) {
  return name.substr(name.starts_with('.') ? 1 : 0);
}

// Whether the selects of `node` spell `name` from its end to its beginning,
// and end in an identifier that is no variable.
bool Spells(const Expr& node, std::string_view name,
            const Variables& variables) {
  const Expr* current = &node;
  for (int segments = 1; segments <= kMostSegments; ++segments) {
    if (current->kind == ExprKind::kIdentifier) {
      return WithoutLeadingDot(current->name) == name &&
             !FindVariable(*current, variables);
    }
    bool is_field = current->kind == ExprKind::kSelect && !current->is_test;
    if (!is_field || !name.ends_with(current->name)) return false;
    name.remove_suffix(current->name.size());
    if (!name.ends_with('.')) return false;
    name.remove_suffix(1);
    current = current->operand;
  }
  return false;
}

}  // namespace

std::optional<std::size_t> FindVariable(const Expr& identifier,
                                        const Variables& variables) {
  return variables.Find(WithoutLeadingDot(identifier.name));
}

std::optional<Value> FindTypeName(const Expr& node,
                                  const Variables& variables) {
  for (ValueKind kind : kTypes) {
    if (Spells(node, NameOf(kind), variables)) return Value::Type(NameOf(kind));
  }
  return std::nullopt;
}

}  // namespace internal

std::optional<std::size_t> Variables::Find(std::string_view name) const {
  auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

}  // namespace streamer::cel
