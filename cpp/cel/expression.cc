#include "cel/expression.h"

namespace streamer::cel {

std::string QualifiedName(const Expr& node) {
  if (node.kind == ExprKind::kIdentifier) return std::string(node.name);
  if (node.kind != ExprKind::kSelect || node.is_test) return {};
  std::size_t length = 0;
  const Expr* current = &node;
  while (current->kind == ExprKind::kSelect && !current->is_test) {
    length += current->name.size() + 1;
    current = current->operand;
  }
  if (current->kind != ExprKind::kIdentifier) return {};
  std::string name(length + current->name.size(), '.');
  std::size_t end = name.size();
  for (current = &node; current->kind == ExprKind::kSelect;
       current = current->operand) {
    end -= current->name.size();
    name.replace(end, current->name.size(), current->name);
    --end;
  }
  return name.replace(0, end, current->name);
}

}  // namespace streamer::cel
