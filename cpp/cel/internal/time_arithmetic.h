// Sums and differences of timestamps and durations.
#ifndef STREAMER_CEL_INTERNAL_TIME_ARITHMETIC_H_
#define STREAMER_CEL_INTERNAL_TIME_ARITHMETIC_H_

#include <optional>

#include "value/value.h"

namespace streamer::cel::internal {

// The sum or difference, an overflow error when it leaves the range of its
// type, or nothing when the two kinds have none.
std::optional<Value> AddTimes(const Value& left, const Value& right);
std::optional<Value> SubtractTimes(const Value& left, const Value& right);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_TIME_ARITHMETIC_H_
