#include "filter/internal/constant_set.h"

#include <bit>

#include "value/ordering.h"

namespace streamer {

ConstantSet::ConstantSet(std::span<const Value> items)
    : items_(items), table_(std::bit_ceil(items.size() * 2 + 1), 0) {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::size_t slot = Hash(items[i]) & mask;
    while (table_[slot] != 0) slot = (slot + 1) & mask;
    table_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

bool ConstantSet::Contains(const Value& value) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = Hash(value) & mask;
  for (; table_[slot] != 0; slot = (slot + 1) & mask) {
    if (Equal(items_[table_[slot] - 1], value)) return true;
  }
  return false;
}

}  // namespace streamer
