// getFullYear(), getHours(), …: the parts of timestamps, in UTC or the time
// zone named, and of durations.
//
// Zones are those of the machine's tz database, which absl reads once each.
// Whether a name is one is looked up first: absl keeps every name it is asked
// for, and names may come from documents.
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;
constexpr std::size_t kLongestZone = 64;
constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";

bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > kLongestZone || name[0] == '/') {
    return false;
  }
  for (char byte : name) {
    bool is_accepted = (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '/' ||
                       byte == '_' || byte == '-' || byte == '+';
    if (!is_accepted) return false;
  }
  std::error_code failure;
  return std::filesystem::is_regular_file(kZoneFolder + std::string(name),
                                          failure);
}

// "+02:00", "-09:30", "02:00".
std::optional<absl::TimeZone> ReadOffset(std::string_view text) {
  int sign = text.starts_with('-') ? -1 : 1;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  int hours = 0;
  int minutes = 0;
  auto read = [](std::string_view digits, int& number) {
    auto result =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return result.ec == std::errc() &&
           result.ptr == digits.data() + digits.size() && digits[0] != '-';
  };
  if (!read(text.substr(0, 2), hours) || !read(text.substr(3), minutes) ||
      hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  return absl::FixedTimeZone(sign * (hours * 3600 + minutes * 60));
}

std::optional<absl::TimeZone> FindZone(std::string_view name) {
  if (auto zone = ReadOffset(name)) return zone;
  if (name == "UTC") return absl::UTCTimeZone();
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(std::string(name), &zone)) {
    return std::nullopt;
  }
  return zone;
}

enum class Part {
  kFullYear,
  kMonth,
  kDayOfYear,
  kDayOfMonth,
  kDate,
  kDayOfWeek,
  kHours,
  kMinutes,
  kSeconds,
  kMilliseconds,
};

constexpr std::string_view kPartNames[] = {
    "getFullYear", "getMonth",       "getDayOfYear", "getDayOfMonth",
    "getDate",     "getDayOfWeek",   "getHours",     "getMinutes",
    "getSeconds",  "getMilliseconds"};

std::int64_t DayOfWeek(absl::CivilSecond time) {
  // Sunday is 0; absl begins with Monday.
  return (static_cast<std::int64_t>(absl::GetWeekday(absl::CivilDay(time))) +
          1) %
         7;
}

std::int64_t PartOf(Part part, absl::CivilSecond time, std::int32_t nanos) {
  switch (part) {
    case Part::kFullYear:
      return time.year();
    case Part::kMonth:
      return time.month() - 1;
    case Part::kDayOfYear:
      return absl::GetYearDay(absl::CivilDay(time)) - 1;
    case Part::kDayOfMonth:
      return time.day() - 1;
    case Part::kDate:
      return time.day();
    case Part::kDayOfWeek:
      return DayOfWeek(time);
    case Part::kHours:
      return time.hour();
    case Part::kMinutes:
      return time.minute();
    case Part::kSeconds:
      return time.second();
    case Part::kMilliseconds:
      return nanos / 1'000'000;
  }
  return 0;
}

// Of a duration the whole of it, in the unit; but only the rest in
// milliseconds, as the vectors have it.
std::optional<std::int64_t> PartOfDuration(Part part, SecondsAndNanos time) {
  switch (part) {
    case Part::kHours:
      return time.seconds / 3600;
    case Part::kMinutes:
      return time.seconds / 60;
    case Part::kSeconds:
      return time.seconds;
    case Part::kMilliseconds:
      return time.nanos / 1'000'000;
    default:
      return std::nullopt;
  }
}

template <Part kPart>
Value GetPart(Arguments arguments, Arena& arena) {
  constexpr std::string_view kName = kPartNames[static_cast<int>(kPart)];
  const Value& time = arguments[0];
  if (time.is(ValueKind::kDuration) && arguments.size() == 1) {
    if (auto part = PartOfDuration(kPart, time.time())) {
      return Value::Int(*part);
    }
  }
  if (!AreKinds(arguments, {ValueKind::kTimestamp, ValueKind::kString})) {
    return NoSuchMemberCall(kName, arguments, arena);
  }
  std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
  if (arguments.size() > 1) zone = FindZone(arguments[1].text());
  if (!zone) {
    return Invalid("expected a time zone, got '" +
                       std::string(Shorten(arguments[1].text())) + "'",
                   arena);
  }
  absl::CivilSecond civil =
      zone->At(absl::FromUnixSeconds(time.time().seconds)).cs;
  return Value::Int(PartOf(kPart, civil, time.time().nanos));
}

constexpr CallStyle kMember = CallStyle::kMember;
constexpr Cost kCost = {CostRule::kTimeZone, 3};
constexpr std::string_view kOfTimestamp = "(timestamp) -> int";
constexpr std::string_view kOfBoth = "(timestamp) -> int; (duration) -> int";
constexpr std::string_view kInZone = "(timestamp, string) -> int";

template <Part kPart>
constexpr FunctionEntry InUtc() {
  constexpr bool kHasDuration = kPart >= Part::kHours;
  return {
      kPartNames[static_cast<int>(kPart)],  kMember, 1, GetPart<kPart>, kCost,
      kHasDuration ? kOfBoth : kOfTimestamp};
}

template <Part kPart>
constexpr FunctionEntry InZone() {
  return {kPartNames[static_cast<int>(kPart)],
          kMember,
          2,
          GetPart<kPart>,
          kCost,
          kInZone};
}

constexpr FunctionEntry kEntries[] = {
    InUtc<Part::kFullYear>(),     InZone<Part::kFullYear>(),
    InUtc<Part::kMonth>(),        InZone<Part::kMonth>(),
    InUtc<Part::kDayOfYear>(),    InZone<Part::kDayOfYear>(),
    InUtc<Part::kDayOfMonth>(),   InZone<Part::kDayOfMonth>(),
    InUtc<Part::kDate>(),         InZone<Part::kDate>(),
    InUtc<Part::kDayOfWeek>(),    InZone<Part::kDayOfWeek>(),
    InUtc<Part::kHours>(),        InZone<Part::kHours>(),
    InUtc<Part::kMinutes>(),      InZone<Part::kMinutes>(),
    InUtc<Part::kSeconds>(),      InZone<Part::kSeconds>(),
    InUtc<Part::kMilliseconds>(), InZone<Part::kMilliseconds>(),
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> TimeFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
