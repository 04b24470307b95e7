#include "cel/internal/conversions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "absl/strings/charconv.h"
#include "cel/internal/errors.h"
#include "value/time_text.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

// The whole of `text` as a decimal number, with an optional sign for int.
template <typename Integer>
std::optional<Integer> ReadInteger(std::string_view text) {
  if (std::numeric_limits<Integer>::is_signed && text.size() > 1 &&
      text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  Integer number = 0;
  const char* end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

// The bytes of decimal numbers and of the names of numbers.
constexpr std::array<bool, 256> kNumberBytes = [] {
  std::array<bool, 256> are_accepted{};
  for (char byte : std::string_view("0123456789+-.eEnNaAiIfFtTyY")) {
    are_accepted[static_cast<unsigned char>(byte)] = true;
  }
  return are_accepted;
}();

bool IsPartOfNumber(char byte) {
  return kNumberBytes[static_cast<unsigned char>(byte)];
}

// Decimal or exponent notation, "NaN", "Infinity" or "inf" in any case, with
// an optional sign. Too large is nothing, too small is zero.
std::optional<double> ReadDouble(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  // absl reads hexadecimal and "nan(1)" as well.
  if (!std::all_of(text.begin(), text.end(), IsPartOfNumber)) {
    return std::nullopt;
  }
  double number = 0;
  const char* end = text.data() + text.size();
  auto result = absl::from_chars(text.data(), end, number);
  if (result.ptr != end) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    if (std::abs(number) > 1) return std::nullopt;
    return std::copysign(0.0, number);
  }
  if (result.ec != std::errc()) return std::nullopt;
  return number;
}

Value IntOfDouble(const Value& from) {
  double number = from.double_value();
  // Both ends are refused, as cel-go does: a double there has been rounded.
  if (!(number > -kTwoTo63 && number < kTwoTo63)) return Overflow();
  return Value::Int(static_cast<std::int64_t>(number));
}

Value UintOfDouble(const Value& from) {
  double number = from.double_value();
  if (!(number >= 0 && number < kTwoTo64)) return Overflow();
  return Value::Uint(static_cast<std::uint64_t>(number));
}

std::string FormatDouble(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  char digits[32];
  auto result = std::to_chars(digits, digits + sizeof(digits), number);
  return {digits, result.ptr};
}

Value StringOf(const std::string& text, Arena& arena) {
  return Value::String(arena.CopyText(text));
}

}  // namespace

Value ConvertToBool(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  if (from.is(ValueKind::kBool)) return from;
  if (!from.is(ValueKind::kString)) return NoSuchCall("bool", arguments, arena);
  for (std::string_view text : {"true", "True", "TRUE", "t", "1"}) {
    if (from.text() == text) return Value::Bool(true);
  }
  for (std::string_view text : {"false", "False", "FALSE", "f", "0"}) {
    if (from.text() == text) return Value::Bool(false);
  }
  return CannotConvert(from, "bool", arena);
}

Value ConvertToBytes(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  if (from.is(ValueKind::kBytes)) return from;
  if (from.is(ValueKind::kString)) return Value::Bytes(from.text());
  return NoSuchCall("bytes", arguments, arena);
}

Value ConvertToDouble(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  switch (from.kind()) {
    case ValueKind::kDouble:
      return from;
    case ValueKind::kInt:
      return Value::Double(static_cast<double>(from.int_value()));
    case ValueKind::kUint:
      return Value::Double(static_cast<double>(from.uint_value()));
    case ValueKind::kString:
      if (auto number = ReadDouble(from.text())) return Value::Double(*number);
      return CannotConvert(from, "double", arena);
    default:
      return NoSuchCall("double", arguments, arena);
  }
}

Value ConvertToDuration(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  if (from.is(ValueKind::kDuration)) return from;
  if (!from.is(ValueKind::kString)) {
    return NoSuchCall("duration", arguments, arena);
  }
  if (auto time = ParseDuration(from.text())) return Value::Duration(*time);
  return CannotConvert(from, "duration", arena);
}

Value ConvertToDyn(std::span<const Value> arguments, Arena&) {
  return arguments[0];
}

Value ConvertToInt(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  switch (from.kind()) {
    case ValueKind::kInt:
      return from;
    case ValueKind::kUint:
      if (from.uint_value() > (~std::uint64_t{0} >> 1)) return Overflow();
      return Value::Int(static_cast<std::int64_t>(from.uint_value()));
    case ValueKind::kDouble:
      return IntOfDouble(from);
    case ValueKind::kString:
      if (auto number = ReadInteger<std::int64_t>(from.text())) {
        return Value::Int(*number);
      }
      return CannotConvert(from, "int", arena);
    case ValueKind::kTimestamp:
      return Value::Int(from.time().seconds);
    default:
      return NoSuchCall("int", arguments, arena);
  }
}

Value ConvertToString(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  switch (from.kind()) {
    case ValueKind::kString:
      return from;
    case ValueKind::kBool:
      return Value::String(from.bool_value() ? "true" : "false");
    case ValueKind::kInt:
      return StringOf(std::to_string(from.int_value()), arena);
    case ValueKind::kUint:
      return StringOf(std::to_string(from.uint_value()), arena);
    case ValueKind::kDouble:
      return StringOf(FormatDouble(from.double_value()), arena);
    case ValueKind::kBytes:
      if (!IsUtf8(from.text())) return CannotConvert(from, "string", arena);
      return Value::String(from.text());
    case ValueKind::kTimestamp:
      return StringOf(FormatTimestamp(from.time()), arena);
    case ValueKind::kDuration:
      return StringOf(FormatDuration(from.time()), arena);
    default:
      return NoSuchCall("string", arguments, arena);
  }
}

Value ConvertToTimestamp(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  if (from.is(ValueKind::kTimestamp)) return from;
  if (from.is(ValueKind::kInt)) {
    if (from.int_value() < kLeastTimestampSeconds ||
        from.int_value() > kGreatestTimestampSeconds) {
      return Overflow();
    }
    return Value::Timestamp({from.int_value(), 0});
  }
  if (!from.is(ValueKind::kString)) {
    return NoSuchCall("timestamp", arguments, arena);
  }
  if (auto time = ParseTimestamp(from.text())) return Value::Timestamp(*time);
  return CannotConvert(from, "timestamp", arena);
}

Value ConvertToType(std::span<const Value> arguments, Arena&) {
  return Value::Type(NameOf(arguments[0].kind()));
}

Value ConvertToUint(std::span<const Value> arguments, Arena& arena) {
  const Value& from = arguments[0];
  switch (from.kind()) {
    case ValueKind::kUint:
      return from;
    case ValueKind::kInt:
      if (from.int_value() < 0) return Overflow();
      return Value::Uint(static_cast<std::uint64_t>(from.int_value()));
    case ValueKind::kDouble:
      return UintOfDouble(from);
    case ValueKind::kString:
      if (auto number = ReadInteger<std::uint64_t>(from.text())) {
        return Value::Uint(*number);
      }
      return CannotConvert(from, "uint", arena);
    default:
      return NoSuchCall("uint", arguments, arena);
  }
}

}  // namespace streamer::cel::internal
