#include "value/internal/strict_json.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/charconv.h"
#include "value/json.h"
#include "value/utf8.h"

namespace streamer::internal {
namespace {

// Of a number that is refused, as much as an error message quotes.
constexpr std::size_t kQuotedDigits = 40;

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

// Reads from the front. The first problem is kept and everything after it is
// a no-op, so that the reading functions need not check each step.
class StrictReader {
 public:
  StrictReader(std::string_view text, Arena& arena)
      : text_(text), arena_(arena) {}

  Result<Value> ReadAll() {
    Value value = ReadValue(0);
    SkipSpace();
    if (offset_ < text_.size()) Expect("end of text");
    if (problem_) return InvalidArgument(*problem_);
    return value;
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(offset_); }
  [[nodiscard]] char next() const {
    return offset_ < text_.size() ? text_[offset_] : '\0';
  }

  void Refuse(std::string_view expected, std::string_view got,
              std::size_t offset) {
    if (problem_) return;
    problem_ = "expected ";
    problem_->append(expected).append(", got ").append(got);
    problem_->append(", at byte ").append(std::to_string(offset));
    offset_ = text_.size();
  }
  void Expect(std::string_view expected) {
    Refuse(expected, DescribeStart(rest()), offset_);
  }

  void SkipSpace() {
    std::size_t found = text_.find_first_not_of(" \t\n\r", offset_);
    offset_ = found == std::string_view::npos ? text_.size() : found;
  }
  bool Skip(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    offset_ += token.size();
    return true;
  }

  Value ReadValue(int depth) {
    SkipSpace();
    switch (next()) {
      case '{':
        return ReadObject(depth + 1);
      case '[':
        return ReadArray(depth + 1);
      case '"':
        return Value::String(ReadString());
      default:
        if (Skip("null")) return Value::Null();
        if (Skip("true")) return Value::Bool(true);
        if (Skip("false")) return Value::Bool(false);
        return ReadNumber();
    }
  }

  bool EnterLevel(int depth) {
    if (depth > kMaxJsonDepth) {
      Refuse("at most " + std::to_string(kMaxJsonDepth) + " nested levels",
             "one more", offset_);
      return false;
    }
    ++offset_;
    SkipSpace();
    return true;
  }

  Value ReadArray(int depth) {
    if (!EnterLevel(depth)) return {};
    std::vector<Value> items;
    if (!Skip("]")) {
      do {
        items.push_back(ReadValue(depth));
        SkipSpace();
      } while (Skip(","));
      if (!Skip("]")) Expect("',' or ']'");
    }
    return Value::List(arena_.New<ListValue>(Keep(items)));
  }

  Value ReadObject(int depth) {
    if (!EnterLevel(depth)) return {};
    std::vector<MapEntry> entries;
    if (!Skip("}")) {
      do {
        entries.push_back(ReadEntry(depth));
        SkipSpace();
      } while (Skip(","));
      if (!Skip("}")) Expect("',' or '}'");
    }
    return Value::Map(MapValue::MakeLastWins(arena_, Keep(entries)));
  }

  MapEntry ReadEntry(int depth) {
    SkipSpace();
    if (next() != '"') Expect("a key in quotes");
    Value key = Value::String(ReadString());
    SkipSpace();
    if (!Skip(":")) Expect("':'");
    return {key, ReadValue(depth)};
  }

  template <typename T>
  std::span<T> Keep(const std::vector<T>& items) {
    std::span<T> kept = arena_.NewArray<T>(items.size());
    std::copy(items.begin(), items.end(), kept.begin());
    return kept;
  }

  std::string_view ReadString() {
    if (problem_) return {};
    ++offset_;
    std::string content;
    while (!problem_ && !Skip("\"")) ReadCharacter(content);
    return arena_.CopyText(content);
  }

  void ReadCharacter(std::string& content) {
    std::size_t length = CodePointLength(rest());
    if (offset_ == text_.size()) {
      Expect("'\"'");
    } else if (length == 0) {
      Expect("UTF-8");
    } else if (static_cast<unsigned char>(next()) < 0x20) {
      Expect("an escape for a control character");
    } else if (next() == '\\') {
      ReadEscape(content);
    } else {
      content.append(rest().substr(0, length));
      offset_ += length;
    }
  }

  void ReadEscape(std::string& content) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++offset_;
    if (Skip("u")) return ReadUnicodeEscape(content);
    std::size_t index = kEscapes.find(next());
    if (offset_ == text_.size() || index == std::string_view::npos) {
      return Expect("an escape");
    }
    content.push_back(kMeanings[index]);
    ++offset_;
  }

  void ReadUnicodeEscape(std::string& content) {
    std::size_t start = offset_ - 2;
    std::uint32_t code_point = ReadHexDigits();
    if (code_point >= 0xD800 && code_point < 0xDC00 && Skip("\\u")) {
      std::uint32_t low = ReadHexDigits();
      if (low < 0xDC00 || low > 0xDFFF) low = 0xDC00 + 0x110000;
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (problem_) return;
    if (!IsScalarValue(code_point)) {
      return Refuse("a pair of surrogates", "one alone", start);
    }
    AppendCodePoint(code_point, content);
  }

  std::uint32_t ReadHexDigits() {
    std::uint32_t number = 0;
    std::string_view digits = rest().substr(0, 4);
    auto [end, error] = std::from_chars(
        digits.data(), digits.data() + digits.size(), number, 16);
    if (digits.size() < 4 || end != digits.data() + 4) {
      offset_ += end - digits.data();
      Expect("four hexadecimal digits");
      return 0;
    }
    offset_ += 4;
    return number;
  }

  void SkipDigits() {
    if (!IsDigit(next())) return Expect("a digit");
    while (IsDigit(next())) ++offset_;
  }

  Value ReadNumber() {
    std::size_t start = offset_;
    bool is_negative = Skip("-");
    if (!IsDigit(next())) {
      Expect(is_negative ? "a digit" : "a value");
      return {};
    }
    if (!Skip("0")) SkipDigits();
    bool is_whole = true;
    if (Skip(".")) {
      is_whole = false;
      SkipDigits();
    }
    if (next() == 'e' || next() == 'E') {
      is_whole = false;
      ++offset_;
      if (next() == '+' || next() == '-') ++offset_;
      SkipDigits();
    }
    if (problem_) return {};
    return ToNumber(text_.substr(start, offset_ - start), is_whole, start);
  }

  Value ToNumber(std::string_view number, bool is_whole, std::size_t start) {
    const char* end = number.data() + number.size();
    std::int64_t as_int = 0;
    std::uint64_t as_uint = 0;
    if (is_whole &&
        std::from_chars(number.data(), end, as_int).ec == std::errc()) {
      return Value::Int(as_int);
    }
    if (is_whole && number[0] != '-' &&
        std::from_chars(number.data(), end, as_uint).ec == std::errc()) {
      return Value::Uint(as_uint);
    }
    return ToDouble(number, start);
  }

  // A number too small for a double is zero, one too large is refused: no
  // infinity comes from JSON.
  Value ToDouble(std::string_view number, std::size_t start) {
    double as_double = 0;
    auto [end, error] = absl::from_chars(
        number.data(), number.data() + number.size(), as_double);
    if (error != std::errc::result_out_of_range)
      return Value::Double(as_double);
    if (std::abs(as_double) < 1) {
      return Value::Double(number[0] == '-' ? -0.0 : 0.0);
    }
    std::string got(number.substr(0, kQuotedDigits));
    if (got.size() < number.size()) got += "…";
    Refuse("a number within the range of a double", got, start);
    return {};
  }

  std::string_view text_;
  Arena& arena_;
  std::size_t offset_ = 0;
  std::optional<std::string> problem_;
};

}  // namespace

Result<Value> ReadStrictJson(std::string_view text, Arena& arena) {
  return StrictReader(text, arena).ReadAll();
}

}  // namespace streamer::internal
