#include "value/time_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>

namespace streamer {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

void AppendPadded(std::int64_t number, int width, std::string& text) {
  std::string digits = std::to_string(number);
  text.append(width - std::min<std::size_t>(width, digits.size()), '0');
  text.append(digits);
}

// ".5" for half a second, nothing for none.
void AppendFraction(std::int32_t nanos, std::string& text) {
  if (nanos == 0) return;
  text.push_back('.');
  AppendPadded(nanos, 9, text);
  while (text.back() == '0') text.pop_back();
}

// Reads text from the front; each operation says whether it succeeded.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool Skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool ReadOneOf(std::string_view accepted, char& found) {
    if (rest_.empty() || accepted.find(rest_[0]) == std::string_view::npos) {
      return false;
    }
    found = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits.
  bool ReadDigits(std::size_t width, int& number) {
    std::string_view digits = DigitsAhead();
    if (digits.size() < width) return false;
    std::from_chars(digits.data(), digits.data() + width, number);
    rest_.remove_prefix(width);
    return true;
  }

  std::string_view TakeDigits() {
    std::string_view digits = DigitsAhead();
    rest_.remove_prefix(digits.size());
    return digits;
  }

 private:
  [[nodiscard]] std::string_view DigitsAhead() const {
    std::size_t end = rest_.find_first_not_of("0123456789");
    return rest_.substr(0, end);
  }
  std::string_view rest_;
};

// ".5" as 500,000,000; no fraction as 0.
bool ReadFraction(TextReader& reader, std::int32_t& nanos) {
  nanos = 0;
  if (!reader.Skip(".")) return true;
  std::string digits(reader.TakeDigits());
  if (digits.empty() || digits.size() > 9) return false;
  digits.resize(9, '0');
  std::from_chars(digits.data(), digits.data() + 9, nanos);
  return true;
}

// "Z" as 0, "+05:30" as 19800.
bool ReadOffset(TextReader& reader, std::int64_t& offset_seconds) {
  offset_seconds = 0;
  char sign = 0;
  if (!reader.ReadOneOf("Zz+-", sign)) return false;
  if (sign == 'Z' || sign == 'z') return true;
  int hours = 0;
  int minutes = 0;
  if (!reader.ReadDigits(2, hours) || !reader.Skip(":") ||
      !reader.ReadDigits(2, minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  offset_seconds = (hours * 60 + minutes) * std::int64_t{60};
  if (sign == '-') offset_seconds = -offset_seconds;
  return true;
}

// "2013-01-01" as days since the epoch.
bool ReadDate(TextReader& reader, std::int64_t& days) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader.ReadDigits(4, year) || !reader.Skip("-") ||
      !reader.ReadDigits(2, month) || !reader.Skip("-") ||
      !reader.ReadDigits(2, day)) {
    return false;
  }
  std::chrono::year_month_day date(
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// "05:15:00" as seconds since midnight. Leap seconds are refused.
bool ReadTimeOfDay(TextReader& reader, std::int64_t& seconds) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!reader.ReadDigits(2, hour) || !reader.Skip(":") ||
      !reader.ReadDigits(2, minute) || !reader.Skip(":") ||
      !reader.ReadDigits(2, second)) {
    return false;
  }
  seconds = (hour * 60 + minute) * std::int64_t{60} + second;
  return hour < 24 && minute < 60 && second < 60;
}

// The nanoseconds in one of `unit`, and the unit's text removed.
bool ReadUnit(TextReader& reader, std::int64_t& nanos) {
  struct Unit {
    std::string_view text;
    std::int64_t nanos;
  };
  // Longer units before those that they begin with.
  static constexpr Unit kUnits[] = {
      {"ns", 1},
      {"us", 1'000},
      {"\u00B5s", 1'000},
      {"\u03BCs", 1'000},
      {"ms", 1'000'000},
      {"s", kNanosPerSecond},
      {"m", 60 * kNanosPerSecond},
      {"h", 3600 * kNanosPerSecond},
  };
  for (const Unit& unit : kUnits) {
    if (reader.Skip(unit.text)) {
      nanos = unit.nanos;
      return true;
    }
  }
  return false;
}

__extension__ using WideInteger = __int128;

// The number that `digits` spell, 0 for none; false if it takes 64 bits.
bool ReadNumber(std::string_view digits, std::uint64_t& number) {
  number = 0;
  if (digits.empty()) return true;
  const char* end = digits.data() + digits.size();
  return std::from_chars(digits.data(), end, number).ec == std::errc();
}

// `whole`.`fraction` units of `unit` nanoseconds each. No product exceeds
// 2^64 hours in nanoseconds, which is far from the end of 128 bits.
bool ScaleToNanos(std::string_view whole, std::string_view fraction,
                  std::int64_t unit, WideInteger& nanos) {
  if (whole.empty() && fraction.empty()) return false;
  fraction = fraction.substr(0, 18);
  std::uint64_t units = 0;
  std::uint64_t parts = 0;
  if (!ReadNumber(whole, units) || !ReadNumber(fraction, parts)) return false;
  std::uint64_t parts_per_unit = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) parts_per_unit *= 10;
  nanos = static_cast<WideInteger>(units) * unit +
          static_cast<WideInteger>(parts) * unit / parts_per_unit;
  return true;
}

}  // namespace

std::string FormatTimestamp(SecondsAndNanos time) {
  std::chrono::sys_seconds seconds{std::chrono::seconds(time.seconds)};
  auto days = std::chrono::floor<std::chrono::days>(seconds);
  std::chrono::year_month_day date(days);
  std::chrono::hh_mm_ss clock(seconds - days);
  std::string text;
  AppendPadded(static_cast<int>(date.year()), 4, text);
  text.push_back('-');
  AppendPadded(static_cast<unsigned>(date.month()), 2, text);
  text.push_back('-');
  AppendPadded(static_cast<unsigned>(date.day()), 2, text);
  text.push_back('T');
  AppendPadded(clock.hours().count(), 2, text);
  text.push_back(':');
  AppendPadded(clock.minutes().count(), 2, text);
  text.push_back(':');
  AppendPadded(clock.seconds().count(), 2, text);
  AppendFraction(time.nanos, text);
  text.push_back('Z');
  return text;
}

std::optional<SecondsAndNanos> ParseTimestamp(std::string_view text) {
  TextReader reader(text);
  std::int64_t days = 0;
  std::int64_t seconds = 0;
  std::int64_t offset = 0;
  std::int32_t nanos = 0;
  char separator = 0;
  if (!ReadDate(reader, days) || !reader.ReadOneOf("Tt", separator) ||
      !ReadTimeOfDay(reader, seconds) || !ReadFraction(reader, nanos) ||
      !ReadOffset(reader, offset) || !reader.at_end()) {
    return std::nullopt;
  }
  std::int64_t total = days * kSecondsPerDay + seconds - offset;
  if (total < kLeastTimestampSeconds || total > kGreatestTimestampSeconds) {
    return std::nullopt;
  }
  return SecondsAndNanos{total, nanos};
}

std::string FormatDuration(SecondsAndNanos time) {
  bool is_negative = time.seconds < 0 || time.nanos < 0;
  std::string text = is_negative ? "-" : "";
  text.append(std::to_string(std::abs(time.seconds)));
  AppendFraction(std::abs(time.nanos), text);
  text.push_back('s');
  return text;
}

std::optional<SecondsAndNanos> ParseDuration(std::string_view text) {
  TextReader reader(text);
  char sign = '+';
  reader.ReadOneOf("+-", sign);
  TextReader zero = reader;
  if (zero.Skip("0") && zero.at_end()) return SecondsAndNanos{0, 0};
  if (reader.at_end()) return std::nullopt;
  WideInteger total = 0;
  const WideInteger limit =
      static_cast<WideInteger>(kGreatestDurationSeconds) * kNanosPerSecond;
  while (!reader.at_end()) {
    std::string_view whole = reader.TakeDigits();
    std::string_view fraction =
        reader.Skip(".") ? reader.TakeDigits() : std::string_view();
    std::int64_t unit = 0;
    WideInteger nanos = 0;
    if (!ReadUnit(reader, unit) ||
        !ScaleToNanos(whole, fraction, unit, nanos)) {
      return std::nullopt;
    }
    total += nanos;
    if (total > limit) return std::nullopt;
  }
  if (sign == '-') total = -total;
  return SecondsAndNanos{static_cast<std::int64_t>(total / kNanosPerSecond),
                         static_cast<std::int32_t>(total % kNanosPerSecond)};
}

}  // namespace streamer
