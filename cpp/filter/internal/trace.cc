#include "filter/internal/trace.h"

namespace streamer {

Trace::Trace(const Filter& filter, const FilterInput& input) {
  for (const cel::Program::NodeValue& seen :
       filter.whole().program.Trace(input.values, arena_)) {
    values_.insert_or_assign(seen.node, seen);
  }
}

std::optional<Value> Trace::Find(const cel::Expr& node) const {
  if (node.kind == cel::ExprKind::kLiteral) return node.literal;
  auto found = values_.find(&node);
  if (found == values_.end()) return std::nullopt;
  return found->second.value;
}

std::optional<std::size_t> Trace::FindTurn(const cel::Expr& loop) const {
  auto found = values_.find(&loop);
  if (found == values_.end() || found->second.turn < 0) return std::nullopt;
  return static_cast<std::size_t>(found->second.turn);
}

}  // namespace streamer
