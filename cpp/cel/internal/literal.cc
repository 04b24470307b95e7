#include "cel/internal/literal.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "absl/strings/charconv.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

std::optional<std::uint64_t> ReadMagnitude(std::string_view digits) {
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  }
  std::uint64_t magnitude = 0;
  const char* end = digits.data() + digits.size();
  auto result = std::from_chars(digits.data(), end, magnitude, base);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return magnitude;
}

std::optional<Value> ReadInt(std::string_view digits, Sign sign) {
  auto magnitude = ReadMagnitude(digits);
  if (!magnitude) return std::nullopt;
  std::uint64_t greatest = (std::uint64_t{1} << 63) - 1;
  if (sign == Sign::kMinus) ++greatest;
  if (*magnitude > greatest) return std::nullopt;
  std::uint64_t bits = sign == Sign::kMinus ? -*magnitude : *magnitude;
  return Value::Int(static_cast<std::int64_t>(bits));
}

// A literal too small for a double is zero, one too large is refused.
std::optional<Value> ReadDouble(std::string_view digits, Sign sign) {
  double number = 0;
  auto result =
      absl::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (result.ec == std::errc::result_out_of_range) {
    if (number > 1) return std::nullopt;
    number = 0;
  }
  return Value::Double(sign == Sign::kMinus ? -number : number);
}

// How the quotes of a token read its content.
struct Quoting {
  bool is_bytes = false;
  bool is_raw = false;
  std::size_t begin = 0;  // of the content
  std::size_t end = 0;
};

Quoting QuotingOf(const Token& token) {
  Quoting quoting;
  quoting.is_bytes = token.kind == TokenKind::kBytes;
  std::size_t quote = token.text.find_first_of("'\"`");
  quoting.is_raw = quote > 0 && (token.text[quote - 1] | 0x20) == 'r';
  std::size_t width = 1;
  if (token.text.size() >= quote + 6 &&
      token.text[quote + 1] == token.text[quote] &&
      token.text[quote + 2] == token.text[quote]) {
    width = 3;
  }
  quoting.begin = quote + width;
  quoting.end = token.text.size() - width;
  return quoting;
}

// Reads the content of one token; see ReadText.
class TextReader {
 public:
  TextReader(const Token& token, std::string& content)
      : token_(token), quoting_(QuotingOf(token)), content_(content) {}

  std::optional<LiteralProblem> Read() {
    next_ = quoting_.begin;
    while (next_ < quoting_.end && !problem_) {
      char byte = token_.text[next_];
      if (byte == '\\' && !quoting_.is_raw) {
        ReadEscape();
      } else if (byte == '\r') {
        ReadLineEnd();
      } else {
        content_.push_back(byte);
        ++next_;
      }
    }
    return problem_;
  }

 private:
  void Refuse(std::string message) {
    problem_ = LiteralProblem{escape_, std::move(message)};
  }

  // However the text came here, a line ends in \n.
  void ReadLineEnd() {
    ++next_;
    if (next_ < quoting_.end && token_.text[next_] == '\n') ++next_;
    content_.push_back('\n');
  }

  void ReadEscape() {
    static constexpr std::string_view kEscapes = "\\?\"'`abfnrtv";
    static constexpr std::string_view kMeanings = "\\?\"'`\a\b\f\n\r\t\v";
    escape_ = next_++;
    char kind = token_.text[next_];
    std::size_t index = kEscapes.find(kind);
    if (index != std::string_view::npos) {
      content_.push_back(kMeanings[index]);
      ++next_;
      return;
    }
    switch (kind) {
      case 'x':
      case 'X':
        ++next_;
        return ReadCode(2, 16);
      case 'u':
        return ReadUnicode(4);
      case 'U':
        return ReadUnicode(8);
      case '0':
      case '1':
      case '2':
      case '3':
        return ReadCode(3, 8);
      default:
        Refuse("expected an escape after '\\', got " +
               DescribeStart(token_.text.substr(next_)));
    }
  }

  void ReadUnicode(std::size_t width) {
    if (quoting_.is_bytes) {
      return Refuse("expected an escape for bytes after '\\', got " +
                    DescribeStart(token_.text.substr(next_)));
    }
    ++next_;
    ReadCode(width, 16);
  }

  // A number of exactly `width` digits: a byte in bytes, else a code point.
  void ReadCode(std::size_t width, int base) {
    std::string_view digits =
        token_.text.substr(next_, std::min(width, quoting_.end - next_));
    std::uint32_t code = 0;
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(),
                                  code, base);
    if (digits.size() < width || result.ptr != digits.data() + width) {
      return Refuse("expected " + std::to_string(width) +
                    (base == 16 ? " hexadecimal" : " octal") +
                    " digits in the escape");
    }
    next_ += width;
    if (quoting_.is_bytes) {
      content_.push_back(static_cast<char>(code));
    } else if (IsScalarValue(code)) {
      AppendCodePoint(code, content_);
    } else {
      Refuse("expected a code point that text can hold, got " +
             std::string(token_.text.substr(escape_, next_ - escape_)));
    }
  }

  const Token& token_;
  Quoting quoting_;
  std::string& content_;
  std::size_t next_ = 0;
  std::size_t escape_ = 0;  // where the current escape began
  std::optional<LiteralProblem> problem_;
};

}  // namespace

std::optional<Value> ReadNumber(const Token& token, Sign sign) {
  if (token.kind == TokenKind::kDouble) return ReadDouble(token.text, sign);
  if (token.kind == TokenKind::kInt) return ReadInt(token.text, sign);
  auto magnitude = ReadMagnitude(token.text.substr(0, token.text.size() - 1));
  if (!magnitude) return std::nullopt;
  return Value::Uint(*magnitude);
}

std::optional<LiteralProblem> ReadText(const Token& token,
                                       std::string& content) {
  return TextReader(token, content).Read();
}

}  // namespace streamer::cel::internal
