#include "event/internal/fields.h"

#include <algorithm>
#include <charconv>

#include "value/json.h"

namespace streamer::internal {
namespace {

constexpr std::size_t kLongestQuote = 64;
constexpr std::int64_t kFirstMillisecond = -62'135'596'800'000;  // year 1
constexpr std::int64_t kLastMillisecond = 253'402'300'799'999;   // year 9999

}  // namespace

std::string_view DescribeKind(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBool:
      return "a boolean";
    case ValueKind::kInt:
    case ValueKind::kUint:
    case ValueKind::kDouble:
      return "a number";
    case ValueKind::kString:
      return "a string";
    case ValueKind::kList:
      return "an array";
    case ValueKind::kMap:
      return "an object";
    default:
      return NameOf(value.kind());
  }
}

std::string_view DescribeMember(const Value& value) {
  return value.is(ValueKind::kNull) ? "none" : DescribeKind(value);
}

std::string Quote(std::string_view text) {
  std::size_t length = std::min(text.size(), kLongestQuote);
  // Never cuts a character in two: errors travel as UTF-8.
  while (length > 0 && length < text.size() &&
         (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
    --length;
  }
  std::string quoted;
  AppendJsonString(text.substr(0, length), quoted);
  if (text.size() > length) quoted.append("…");
  return quoted;
}

Status Expected(std::string_view where, std::string_view expected,
                std::string_view got) {
  std::string message(where);
  message.append(": expected ").append(expected);
  message.append(", got ").append(got);
  return InvalidArgument(message);
}

const Value* FindPresent(const MapValue& map, std::string_view key) {
  const Value* value = map.Find(key);
  return value == nullptr || value->is(ValueKind::kNull) ? nullptr : value;
}

Result<std::string_view> ReadString(std::string_view where,
                                    const Value& value) {
  if (value.is(ValueKind::kString)) return value.text();
  return Expected(where, "a string", DescribeMember(value));
}

Result<bool> ReadBool(std::string_view where, const Value& value) {
  if (value.is(ValueKind::kBool)) return value.bool_value();
  return Expected(where, "a boolean", DescribeKind(value));
}

Result<std::int64_t> ReadInteger(std::string_view where, const Value& value) {
  if (value.is(ValueKind::kInt)) return value.int_value();
  if (value.is(ValueKind::kString)) {
    std::string_view text = value.text();
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stopped == end) return number;
    return Expected(where, "an integer", Quote(text));
  }
  if (value.is_number())
    return Expected(where, "an integer", FormatJson(value));
  return Expected(where, "an integer", DescribeKind(value));
}

Result<WallTime> ReadTimestamp(std::string_view where, const Value& value) {
  if (!value.is_number()) {
    return Expected(where, "an integer of Unix milliseconds",
                    DescribeKind(value));
  }
  if (!value.is(ValueKind::kInt) || value.int_value() < kFirstMillisecond ||
      value.int_value() > kLastMillisecond) {
    return Expected(where,
                    "an integer of Unix milliseconds in the years 1 to 9999",
                    FormatJson(value));
  }
  return FromUnixMillis(value.int_value());
}

Result<const MapValue*> ParseObject(std::string_view where,
                                    std::string_view json, Arena& arena) {
  Result<Value> parsed = ParseJson(json, arena);
  if (!parsed.ok()) {
    return InvalidArgument(std::string(where) + ": " +
                           std::string(MessageOf(parsed.status())));
  }
  if (parsed->is(ValueKind::kMap)) return &parsed->map();
  return Expected(where, "an object", DescribeKind(*parsed));
}

Result<BodyFlags> ReadBodyFlags(std::string_view where, const MapValue& body) {
  BodyFlags flags;
  if (const Value* deleted = FindPresent(body, "deleted")) {
    if (!deleted->is(ValueKind::kBool)) {
      return Expected(std::string(where) + ".deleted", "a boolean",
                      DescribeKind(*deleted));
    }
    flags.is_deleted = deleted->bool_value();
  }
  const Value* version = body.Find("version");
  if (version != nullptr && version->is(ValueKind::kInt)) {
    flags.version = version->int_value();
  }
  return flags;
}

}  // namespace streamer::internal
