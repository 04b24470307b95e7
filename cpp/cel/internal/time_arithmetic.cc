#include "cel/internal/time_arithmetic.h"

#include <cstdint>
#include <limits>

#include "cel/internal/errors.h"
#include "value/time_text.h"

namespace streamer::cel::internal {
namespace {

// Ten thousand years of nanoseconds do not fit 64 bits.
__extension__ using Nanos = __int128;
constexpr Nanos kPerSecond = 1'000'000'000;

Nanos NanosOf(const Value& time) {
  return time.time().seconds * kPerSecond + time.time().nanos;
}

Value TimestampOf(Nanos nanos) {
  Nanos seconds = nanos / kPerSecond;
  Nanos rest = nanos % kPerSecond;
  if (rest < 0) {
    rest += kPerSecond;
    --seconds;
  }
  if (seconds < kLeastTimestampSeconds || seconds > kGreatestTimestampSeconds) {
    return Overflow();
  }
  return Value::Timestamp(
      {static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(rest)});
}

Value DurationOf(Nanos nanos) {
  constexpr Nanos kGreatest = kGreatestDurationSeconds * kPerSecond;
  if (nanos < -kGreatest || nanos > kGreatest) return Overflow();
  return Value::Duration({static_cast<std::int64_t>(nanos / kPerSecond),
                          static_cast<std::int32_t>(nanos % kPerSecond)});
}

// From `right` to `left`. The public vectors hold this difference, and no
// other duration, to what 64 bits of nanoseconds can say: some 292 years.
Value Between(const Value& left, const Value& right) {
  Nanos nanos = NanosOf(left) - NanosOf(right);
  if (nanos < std::numeric_limits<std::int64_t>::min() ||
      nanos > std::numeric_limits<std::int64_t>::max()) {
    return Overflow();
  }
  return DurationOf(nanos);
}

}  // namespace

std::optional<Value> AddTimes(const Value& left, const Value& right) {
  bool is_left_duration = left.is(ValueKind::kDuration);
  bool is_right_duration = right.is(ValueKind::kDuration);
  if (is_left_duration && is_right_duration) {
    return DurationOf(NanosOf(left) + NanosOf(right));
  }
  if ((left.is(ValueKind::kTimestamp) && is_right_duration) ||
      (is_left_duration && right.is(ValueKind::kTimestamp))) {
    return TimestampOf(NanosOf(left) + NanosOf(right));
  }
  return std::nullopt;
}

std::optional<Value> SubtractTimes(const Value& left, const Value& right) {
  if (left.is(ValueKind::kTimestamp) && right.is(ValueKind::kDuration)) {
    return TimestampOf(NanosOf(left) - NanosOf(right));
  }
  if (left.is(ValueKind::kTimestamp) && right.is(ValueKind::kTimestamp)) {
    return Between(left, right);
  }
  if (left.is(ValueKind::kDuration) && right.is(ValueKind::kDuration)) {
    return DurationOf(NanosOf(left) - NanosOf(right));
  }
  return std::nullopt;
}

}  // namespace streamer::cel::internal
