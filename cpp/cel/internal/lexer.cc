#include "cel/internal/lexer.h"

#include <utility>

#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

constexpr std::size_t kQuotedCodePoints = 32;

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

bool IsHexDigit(char byte) {
  return IsDigit(byte) || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

bool BeginsWord(char byte) {
  return byte == '_' || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z');
}

template <typename Accept>
std::size_t CountWhile(std::string_view text, Accept accept) {
  std::size_t count = 0;
  while (count < text.size() && accept(text[count])) ++count;
  return count;
}

// The length of the prefix of a string or bytes literal (r, b, br in either
// case), or nothing if `text` begins with something else.
std::optional<std::size_t> TextPrefix(std::string_view text) {
  std::size_t length = 0;
  if (text.starts_with('b') || text.starts_with('B')) ++length;
  if (text.substr(length).starts_with('r') ||
      text.substr(length).starts_with('R')) {
    ++length;
  }
  std::string_view quote = text.substr(length, 1);
  if (quote != "'" && quote != "\"") return std::nullopt;
  return length;
}

TokenKind KindOfWord(std::string_view word) {
  if (word == "in") return TokenKind::kIn;
  if (word == "true") return TokenKind::kTrue;
  if (word == "false") return TokenKind::kFalse;
  if (word == "null") return TokenKind::kNull;
  return TokenKind::kIdentifier;
}

struct Symbol {
  std::string_view text;
  TokenKind kind;
};

// Longer symbols before those that they begin with.
constexpr Symbol kSymbols[] = {
    {"&&", TokenKind::kAnd},
    {"||", TokenKind::kOr},
    {"==", TokenKind::kEqual},
    {"!=", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual},
    {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},
    {"!", TokenKind::kNot},
    {".", TokenKind::kDot},
    {",", TokenKind::kComma},
    {":", TokenKind::kColon},
    {"?", TokenKind::kQuestion},
    {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},
    {"*", TokenKind::kTimes},
    {"/", TokenKind::kDivide},
    {"%", TokenKind::kModulo},
    {"(", TokenKind::kLeftParenthesis},
    {")", TokenKind::kRightParenthesis},
    {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket},
    {"{", TokenKind::kLeftBrace},
    {"}", TokenKind::kRightBrace},
};

}  // namespace

Token Lexer::Next() {
  SkipSpaceAndComments();
  if (rest().empty() || problem_) return Take(TokenKind::kEnd, 0);
  char first = rest()[0];
  if (TextPrefix(rest())) return TakeText();
  if (BeginsWord(first)) return TakeWord();
  if (IsDigit(first)) return TakeNumber();
  if (first == '.' && rest().size() > 1 && IsDigit(rest()[1])) {
    return TakeNumber();
  }
  if (first == '`') return TakeQuotedIdentifier();
  return TakeSymbol();
}

void Lexer::SkipSpaceAndComments() {
  for (;;) {
    Advance(CountWhile(rest(), [](char byte) {
      return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' ||
             byte == '\f';
    }));
    if (!rest().starts_with("//")) return;
    Advance(CountWhile(rest(), [](char byte) { return byte != '\n'; }));
  }
}

void Lexer::Advance(std::size_t bytes) {
  position_ = PositionAt(text_, position_, position_.offset + bytes);
}

Token Lexer::Take(TokenKind kind, std::size_t length) {
  Token token{kind, rest().substr(0, length), position_};
  Advance(length);
  return token;
}

Token Lexer::Refuse(std::size_t offset, std::string message) {
  SourcePosition place =
      PositionAt(text_, position_, position_.offset + offset);
  problem_ = Problem{place, std::move(message)};
  return Take(TokenKind::kEnd, 0);
}

Token Lexer::TakeWord() {
  std::size_t length = CountWhile(
      rest(), [](char byte) { return BeginsWord(byte) || IsDigit(byte); });
  return Take(KindOfWord(rest().substr(0, length)), length);
}

// A dot belongs to a number only if a digit follows, an exponent only if it
// has digits: `1.size` is a select and `1e` a number beside a word.
Token Lexer::TakeNumber() {
  std::string_view text = rest();
  TokenKind kind = TokenKind::kInt;
  std::size_t length = 0;
  if (text.size() > 2 && (text.starts_with("0x") || text.starts_with("0X")) &&
      IsHexDigit(text[2])) {
    length = 2 + CountWhile(text.substr(2), IsHexDigit);
  } else {
    length = CountWhile(text, IsDigit);
    if (text.size() > length + 1 && text[length] == '.' &&
        IsDigit(text[length + 1])) {
      kind = TokenKind::kDouble;
      length += 1 + CountWhile(text.substr(length + 1), IsDigit);
    }
    if (text.size() > length && (text[length] | 0x20) == 'e') {
      std::string_view exponent = text.substr(length + 1);
      std::size_t sign =
          exponent.starts_with('+') || exponent.starts_with('-') ? 1 : 0;
      std::size_t digits = CountWhile(exponent.substr(sign), IsDigit);
      if (digits > 0) {
        kind = TokenKind::kDouble;
        length += 1 + sign + digits;
      }
    }
  }
  if (kind == TokenKind::kInt && text.size() > length &&
      (text[length] | 0x20) == 'u') {
    return Take(TokenKind::kUint, length + 1);
  }
  return Take(kind, length);
}

Token Lexer::TakeText() {
  std::string_view text = rest();
  std::size_t prefix = *TextPrefix(text);
  char first = text[0];
  TokenKind kind =
      (first == 'b' || first == 'B') ? TokenKind::kBytes : TokenKind::kString;
  bool is_raw = prefix > 0 && (text[prefix - 1] | 0x20) == 'r';
  std::string_view quote = text.substr(prefix, 1);
  bool is_long = text.substr(prefix + 1, 2) == std::string(2, quote[0]);
  if (is_long) quote = text.substr(prefix, 3);
  std::size_t end = prefix + quote.size();
  while (end < text.size() && !text.substr(end).starts_with(quote)) {
    if (!is_long && (text[end] == '\n' || text[end] == '\r')) {
      return Refuse(end, "expected " + std::string(quote) +
                             " to close the literal, got end of line");
    }
    bool is_escape = !is_raw && text[end] == '\\' && end + 1 < text.size();
    end += is_escape ? 2 : 1;
  }
  if (end >= text.size()) {
    return Refuse(text.size(), "expected " + std::string(quote) +
                                   " to close the literal, got end of text");
  }
  return Take(kind, end + quote.size());
}

Token Lexer::TakeQuotedIdentifier() {
  std::string_view text = rest();
  std::size_t end = 1;
  while (end < text.size() && text[end] != '`' && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  if (end >= text.size() || text[end] != '`') {
    std::size_t place = std::min(end, text.size());
    return Refuse(place, place < text.size()
                             ? "expected ` to close the name, got end of line"
                             : "expected ` to close the name, got end of text");
  }
  return Take(TokenKind::kQuotedIdentifier, end + 1);
}

Token Lexer::TakeSymbol() {
  for (const Symbol& symbol : kSymbols) {
    if (symbol.text[0] == rest()[0] && rest().starts_with(symbol.text)) {
      return Take(symbol.kind, symbol.text.size());
    }
  }
  for (std::string_view doubled : {"&&", "||", "=="}) {
    if (rest()[0] == doubled[0]) {
      return Refuse(0, "expected '" + std::string(doubled) + "', got " +
                           DescribeStart(rest()));
    }
  }
  return Refuse(
      0, "expected an expression or operator, got " + DescribeStart(rest()));
}

SourcePosition PositionAt(std::string_view text, SourcePosition start,
                          std::size_t offset) {
  for (std::size_t i = start.offset; i < offset; ++i) {
    auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte == '\n') {
      ++start.line;
      start.column = 1;
    } else if ((byte & 0xC0) != 0x80) {
      ++start.column;
    }
  }
  start.offset = static_cast<std::uint32_t>(offset);
  return start;
}

std::string Describe(const Token& token) {
  if (token.kind == TokenKind::kEnd) return "end of text";
  std::string_view text = token.text;
  std::size_t end = 0;
  for (std::size_t i = 0; i < kQuotedCodePoints && end < text.size(); ++i) {
    // What cannot be shown in one line ends the quotation.
    if (static_cast<std::uint8_t>(text[end]) < 0x20) break;
    end += CodePointLength(text.substr(end));
  }
  std::string shown(text.substr(0, end));
  if (end < text.size()) shown += "…";
  return "'" + shown + "'";
}

}  // namespace streamer::cel::internal
