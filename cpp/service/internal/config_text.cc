#include "service/internal/config_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

namespace streamer {
namespace {

struct Unit {
  std::string_view name;
  Duration duration;
};
// Largest first, for formatting.
constexpr std::array<Unit, 5> kUnits = {{{"h", std::chrono::hours(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"ms", std::chrono::milliseconds(1)},
                                         {"us", std::chrono::microseconds(1)}}};

std::string Quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::optional<std::uint64_t> ReadDigits(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::optional<Duration> ReadDuration(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> number =
      ReadDigits(text.substr(0, digits));
  for (const Unit& unit : kUnits) {
    if (text.substr(digits) != unit.name || !number.has_value()) continue;
    const auto most =
        static_cast<std::uint64_t>(Duration::max() / unit.duration);
    if (*number > most) return std::nullopt;
    return static_cast<std::int64_t>(*number) * unit.duration;
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t least,
                                  std::uint64_t most) {
  const std::optional<std::uint64_t> number = ReadDigits(text);
  if (number.has_value() && *number >= least && *number <= most) {
    return *number;
  }
  const std::string range =
      most == std::numeric_limits<std::uint64_t>::max()
          ? "of at least " + std::to_string(least)
          : "from " + std::to_string(least) + " to " + std::to_string(most);
  return InvalidArgument("expected a whole number " + range + ", got " +
                         Quoted(text));
}

Result<double> ParseFraction(std::string_view text, double least, double most) {
  double fraction = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] =
      std::from_chars(text.data(), end, fraction, std::chars_format::fixed);
  if (error == std::errc() && stopped == end && fraction >= least &&
      fraction <= most) {
    return fraction;
  }
  return InvalidArgument("expected a fraction from " + FormatFraction(least) +
                         " to " + FormatFraction(most) + ", got " +
                         Quoted(text));
}

std::string FormatFraction(double fraction) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(),
                                 fraction, std::chars_format::fixed)
                       .ptr;
  return {text.data(), end};
}

Result<bool> ParseBoolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return InvalidArgument("expected true or false, got " + Quoted(text));
}

Result<Duration> ParseDurationText(std::string_view text, Duration least,
                                   Duration most) {
  const std::optional<Duration> duration = ReadDuration(text);
  if (!duration.has_value()) {
    return InvalidArgument(
        "expected a duration such as 100ms, 5s or 24h, got " + Quoted(text));
  }
  if (*duration >= least && *duration <= most) return *duration;
  return InvalidArgument("expected a duration from " +
                         FormatDurationText(least) + " to " +
                         FormatDurationText(most) + ", got " + Quoted(text));
}

std::string FormatDurationText(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration % unit.duration == Duration::zero()) {
      return std::to_string(duration / unit.duration) + std::string(unit.name);
    }
  }
  return "0s";
}

}  // namespace streamer
