#include "cel/internal/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cel/internal/conversions.h"
#include "cel/internal/made_values.h"
#include "value/time_text.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

constexpr int kUsualDigits = 6;
constexpr int kMostDigits = 100;
// The greatest double has 309 digits before the point.
constexpr std::size_t kLongestNumber = 512;

// One pass over the format; the first problem ends it.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> arguments,
            Arena& arena)
      : rest_(format), arguments_(arguments), arena_(arena) {}

  Value Run();

 private:
  void ReadClause();
  std::optional<int> ReadPrecision();
  void Write(char clause, std::optional<int> precision, const Value& value);
  void WriteAny(const Value& value);
  void WriteList(const ListValue& list);
  void WriteMap(const MapValue& map);
  void WriteDecimal(const Value& value);
  void WriteDouble(const Value& value, std::chars_format format, int precision,
                   std::string_view clause);
  void WriteInteger(const Value& value, int base);
  void WriteHexadecimal(const Value& value, bool is_upper);
  void WriteBytes(std::string_view bytes);
  void Refuse(const std::string& problem);
  void RefuseKind(std::string_view expected, const Value& got);
  [[nodiscard]] bool is_done() const {
    return error_.has_value() || made_.size() > kLargestValue;
  }

  std::string_view rest_;
  std::span<const Value> arguments_;
  Arena& arena_;
  std::size_t next_ = 0;
  std::string made_;
  std::optional<Value> error_;
};

Value Formatter::Run() {
  while (!rest_.empty() && !is_done()) {
    std::size_t plain = std::min(rest_.find('%'), rest_.size());
    made_.append(rest_.substr(0, plain));
    rest_.remove_prefix(plain);
    if (!rest_.empty()) ReadClause();
  }
  if (error_) return *error_;
  return MakeText(made_, arena_);
}

void Formatter::ReadClause() {
  rest_.remove_prefix(1);
  if (rest_.starts_with('%')) {
    made_.push_back('%');
    rest_.remove_prefix(1);
    return;
  }
  std::optional<int> precision = ReadPrecision();
  if (error_) return;
  if (rest_.empty()) return Refuse("unexpected end of the format");
  char clause = rest_[0];
  if (std::string_view("sdfebxXo").find(clause) == std::string_view::npos) {
    return Refuse("unrecognized formatting clause " + DescribeStart(rest_));
  }
  rest_.remove_prefix(1);
  if (next_ >= arguments_.size()) {
    return Refuse("index " + std::to_string(next_) + " out of range");
  }
  Write(clause, precision, arguments_[next_++]);
}

std::optional<int> Formatter::ReadPrecision() {
  if (!rest_.starts_with('.')) return std::nullopt;
  rest_.remove_prefix(1);
  int precision = 0;
  const char* end = rest_.data() + rest_.size();
  auto result = std::from_chars(rest_.data(), end, precision);
  if (result.ec != std::errc() || precision < 0 || precision > kMostDigits) {
    Refuse("expected a precision of at most " + std::to_string(kMostDigits));
    return std::nullopt;
  }
  rest_.remove_prefix(result.ptr - rest_.data());
  return precision;
}

void Formatter::Write(char clause, std::optional<int> precision,
                      const Value& value) {
  int digits = precision.value_or(kUsualDigits);
  switch (clause) {
    case 's':
      return WriteAny(value);
    case 'd':
      return WriteDecimal(value);
    case 'f':
      return WriteDouble(value, std::chars_format::fixed, digits,
                         "fixed-point");
    case 'e':
      return WriteDouble(value, std::chars_format::scientific, digits,
                         "scientific");
    case 'b':
      if (value.is(ValueKind::kBool)) {
        made_.push_back(value.bool_value() ? '1' : '0');
        return;
      }
      if (value.is(ValueKind::kInt) || value.is(ValueKind::kUint)) {
        return WriteInteger(value, 2);
      }
      return RefuseKind("only integers and bools can be formatted as binary",
                        value);
    case 'o':
      if (value.is(ValueKind::kInt) || value.is(ValueKind::kUint)) {
        return WriteInteger(value, 8);
      }
      return RefuseKind("octal clause can only be used on integers", value);
    default:
      return WriteHexadecimal(value, clause == 'X');
  }
}

void Formatter::WriteAny(const Value& value) {
  if (is_done()) return;
  switch (value.kind()) {
    case ValueKind::kNull:
      made_.append("null");
      break;
    case ValueKind::kList:
      WriteList(value.list());
      break;
    case ValueKind::kMap:
      WriteMap(value.map());
      break;
    case ValueKind::kType:
      made_.append(value.text());
      break;
    case ValueKind::kBytes:
      WriteBytes(value.text());
      break;
    case ValueKind::kOptional:
    case ValueKind::kError:
      RefuseKind(
          "string clause can only be used on strings, bools, bytes, ints, "
          "doubles, maps, lists, types, durations, and timestamps",
          value);
      break;
    default: {
      Value text = ConvertToString(std::span(&value, 1), arena_);
      made_.append(text.text());
    }
  }
}

void Formatter::WriteList(const ListValue& list) {
  made_.push_back('[');
  for (const Value& item : list.items()) {
    if (&item != &list.items().front()) made_.append(", ");
    WriteAny(item);
  }
  made_.push_back(']');
}

// In the order of the keys as text.
void Formatter::WriteMap(const MapValue& map) {
  std::vector<std::pair<std::string, const Value*>> entries;
  for (const MapEntry& entry : map.entries()) {
    Value key = ConvertToString(std::span(&entry.key, 1), arena_);
    entries.emplace_back(key.text(), &entry.value);
  }
  std::sort(entries.begin(), entries.end());
  made_.push_back('{');
  for (const auto& [key, value] : entries) {
    if (&key != &entries.front().first) made_.append(", ");
    made_.append(key).append(": ");
    WriteAny(*value);
    if (is_done()) return;
  }
  made_.push_back('}');
}

// Bytes that are no text are shown as the replacement character.
void Formatter::WriteBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t good = FindMalformed(bytes);
    made_.append(bytes.substr(0, good));
    bytes.remove_prefix(good);
    if (bytes.empty()) return;
    made_.append("\uFFFD");
    bytes.remove_prefix(1);
  }
}

void Formatter::WriteDecimal(const Value& value) {
  bool is_special =
      value.is(ValueKind::kDouble) && !std::isfinite(value.double_value());
  if (is_special || value.is(ValueKind::kInt) || value.is(ValueKind::kUint)) {
    return WriteAny(value);
  }
  RefuseKind("decimal clause can only be used on integers", value);
}

void Formatter::WriteDouble(const Value& value, std::chars_format format,
                            int precision, std::string_view clause) {
  if (!value.is(ValueKind::kDouble)) {
    return RefuseKind(
        std::string(clause) + " clause can only be used on doubles", value);
  }
  if (!std::isfinite(value.double_value())) return WriteAny(value);
  char digits[kLongestNumber];
  auto result = std::to_chars(digits, digits + sizeof(digits),
                              value.double_value(), format, precision);
  made_.append(digits, result.ptr);
}

void Formatter::WriteInteger(const Value& value, int base) {
  char digits[66];
  char* end = digits + sizeof(digits);
  auto result = value.is(ValueKind::kInt)
                    ? std::to_chars(digits, end, value.int_value(), base)
                    : std::to_chars(digits, end, value.uint_value(), base);
  made_.append(digits, result.ptr);
}

void Formatter::WriteHexadecimal(const Value& value, bool is_upper) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t begin = made_.size();
  switch (value.kind()) {
    case ValueKind::kInt:
    case ValueKind::kUint:
      WriteInteger(value, 16);
      break;
    case ValueKind::kString:
    case ValueKind::kBytes:
      for (char byte : value.text()) {
        auto code = static_cast<unsigned char>(byte);
        made_.append({kDigits[code >> 4], kDigits[code & 15]});
      }
      break;
    default:
      return RefuseKind(
          "only integers, byte buffers, and strings can be formatted as hex",
          value);
  }
  if (!is_upper) return;
  std::transform(
      made_.begin() + static_cast<std::ptrdiff_t>(begin), made_.end(),
      made_.begin() + static_cast<std::ptrdiff_t>(begin), [](char digit) {
        return digit >= 'a' ? static_cast<char>(digit - 32) : digit;
      });
}

void Formatter::Refuse(const std::string& problem) {
  error_ = Invalid("could not parse formatting clause: " + problem, arena_);
}

void Formatter::RefuseKind(std::string_view expected, const Value& got) {
  std::string message = "error during formatting: ";
  message.append(expected).append(", was given ").append(NameOf(got.kind()));
  error_ = Invalid(message, arena_);
}

}  // namespace

Value FormatText(std::string_view format, std::span<const Value> arguments,
                 Arena& arena) {
  return Formatter(format, arguments, arena).Run();
}

}  // namespace streamer::cel::internal
