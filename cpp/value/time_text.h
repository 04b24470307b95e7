// Timestamps and durations as text: RFC 3339 and CEL's "1h30m", "-1.5s".
//
// Timestamps lie in the years 1 to 9999, durations within ±315,576,000,000
// seconds, as protobuf and CEL have it.
//
// Thread-safety: pure functions.
#ifndef STREAMER_VALUE_TIME_TEXT_H_
#define STREAMER_VALUE_TIME_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "value/value.h"

namespace streamer {

inline constexpr std::int64_t kLeastTimestampSeconds = -62'135'596'800;
inline constexpr std::int64_t kGreatestTimestampSeconds = 253'402'300'799;
inline constexpr std::int64_t kGreatestDurationSeconds = 315'576'000'000;

// "2013-01-01T05:15:00.5Z": in UTC, as many digits of the fraction as needed.
// REQUIRES: within the range above.
std::string FormatTimestamp(SecondsAndNanos time);

// Reads RFC 3339 with a fraction of up to 9 digits and "Z" or an offset.
// Nothing if the text is something else or out of range.
std::optional<SecondsAndNanos> ParseTimestamp(std::string_view text);

// "5400s", "-1.5s": in seconds, as many digits of the fraction as needed.
std::string FormatDuration(SecondsAndNanos time);

// Reads an optional sign and numbers with units h, m, s, ms, us, ns, such as
// "1h30m" or "-1.5s"; "0" needs no unit. Nothing if the text is something else
// or out of range; what is finer than a nanosecond is cut off.
std::optional<SecondsAndNanos> ParseDuration(std::string_view text);

}  // namespace streamer

#endif  // STREAMER_VALUE_TIME_TEXT_H_
