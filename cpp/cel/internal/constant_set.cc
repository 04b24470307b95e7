#include "cel/internal/constant_set.h"

#include <algorithm>
#include <bit>

#include "value/ordering.h"

namespace streamer::cel::internal {
namespace {

constexpr std::size_t kSearchedInOrder = 4;

// Whether one of two may be left out: whatever equals one equals the other.
// That holds within one type, where equality is transitive, but not for lists,
// whose items may be of several.
bool IsSame(const Value& left, const Value& right) {
  return left.kind() == right.kind() && !left.is(ValueKind::kList) &&
         Equal(left, right);
}

}  // namespace

ConstantSet::ConstantSet(Arena& arena, std::span<const Value> values)
    : values_(values) {
  if (values.size() <= kSearchedInOrder) return;
  table_ = arena.NewArray<std::uint32_t>(std::bit_ceil(values.size() * 2));
  std::size_t mask = table_.size() - 1;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    std::size_t slot = Hash(values[i]) & mask;
    while (table_[slot] != 0 && !IsSame(values[table_[slot] - 1], values[i])) {
      slot = (slot + 1) & mask;
    }
    if (table_[slot] == 0) table_[slot] = i + 1;
  }
}

bool ConstantSet::Contains(const Value& wanted) const {
  if (table_.empty()) {
    return std::any_of(values_.begin(), values_.end(), [&](const Value& value) {
      return Equal(value, wanted);
    });
  }
  std::size_t mask = table_.size() - 1;
  for (std::size_t slot = Hash(wanted) & mask; table_[slot] != 0;
       slot = (slot + 1) & mask) {
    if (Equal(values_[table_[slot] - 1], wanted)) return true;
  }
  return false;
}

}  // namespace streamer::cel::internal
