// Numbers as the index sees them: rounded to double.
#ifndef STREAMER_INDEX_INTERNAL_NUMBERS_H_
#define STREAMER_INDEX_INTERNAL_NUMBERS_H_

#include <cmath>

#include "value/value.h"

namespace streamer {

// The double that a number rounds to. REQUIRES: value.is_number().
inline double RoundedNumber(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kInt:
      return static_cast<double>(value.int_value());
    case ValueKind::kUint:
      return static_cast<double>(value.uint_value());
    default:
      return value.double_value();
  }
}

// Whether comparing anything with this number after rounding gives what
// comparing the values gives: so it is below 2^53, where integers stay exact.
// NaN is not.
inline bool IsExactWhenRounded(double number) {
  constexpr double kFirstInexact = 9007199254740992.0;  // 2^53
  return std::abs(number) < kFirstInexact;
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_NUMBERS_H_
