// The values of configuration as text: whole numbers, durations, choices.
//
// Every failure is an InvalidArgument "expected …, got …"; where it happened
// is added by who knows it.
//
// Thread-safety: pure functions.
#ifndef STREAMER_SERVICE_INTERNAL_CONFIG_TEXT_H_
#define STREAMER_SERVICE_INTERNAL_CONFIG_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace streamer {

// A whole number from `least` to `most`.
Result<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t least,
                                  std::uint64_t most);

// A decimal fraction such as 0.01, from `least` to `most`.
Result<double> ParseFraction(std::string_view text, double least, double most);
// The shortest text that ParseFraction reads back to the same.
std::string FormatFraction(double fraction);

// "true" or "false".
Result<bool> ParseBoolean(std::string_view text);

// A whole number with a unit: us, ms, s, m or h. From `least` to `most`.
Result<Duration> ParseDurationText(std::string_view text, Duration least,
                                   Duration most);

// In the largest unit that leaves no rest: "90s", "2m", "24h".
std::string FormatDurationText(Duration duration);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_CONFIG_TEXT_H_
