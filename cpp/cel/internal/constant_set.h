// ConstantSet: the values of a constant list, for `x in [...]` in constant
// time.
//
// Values are found by Hash and checked with Equal, so across numeric types as
// CEL's equality says, also where that is not transitive.
// Cost: Contains is one probe, about two comparisons at most on average.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_INTERNAL_CONSTANT_SET_H_
#define STREAMER_CEL_INTERNAL_CONSTANT_SET_H_

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

class ConstantSet {
 public:
  // Over `values`, which live at least as long as `arena`.
  ConstantSet(Arena& arena, std::span<const Value> values);

  [[nodiscard]] bool Contains(const Value& wanted) const;

 private:
  std::span<const Value> values_;
  std::span<std::uint32_t> table_;  // open addressing; index + 1, 0 free
};

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_CONSTANT_SET_H_
