// ConstantSet: the items of a constant list, found by hash.
//
// Equality of numbers is not transitive above 2^53, so a hit is decided by
// Equal against every item of the same hash, never by the hash alone.
//
// Cost: Contains is one hash and one probe; 4 to 8 bytes an item.
// Thread-safety: immutable. It refers to the list, which must outlive it.
#ifndef STREAMER_FILTER_INTERNAL_CONSTANT_SET_H_
#define STREAMER_FILTER_INTERNAL_CONSTANT_SET_H_

#include <cstdint>
#include <span>
#include <vector>

#include "value/value.h"

namespace streamer {

class ConstantSet {
 public:
  explicit ConstantSet(std::span<const Value> items);

  // Whether an item equals `value`.
  [[nodiscard]] bool Contains(const Value& value) const;

 private:
  std::span<const Value> items_;
  std::vector<std::uint32_t> table_;  // open addressing; index + 1, 0 free
};

}  // namespace streamer

#endif  // STREAMER_FILTER_INTERNAL_CONSTANT_SET_H_
