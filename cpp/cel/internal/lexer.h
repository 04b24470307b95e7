// Lexer cuts CEL text into tokens, each with its exact position.
//
// It reads lazily and allocates nothing. Literals are only delimited here;
// internal/literal.h reads their content. REQUIRES: the text is UTF-8.
#ifndef STREAMER_CEL_INTERNAL_LEXER_H_
#define STREAMER_CEL_INTERNAL_LEXER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cel/expression.h"

namespace streamer::cel::internal {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,
  kQuotedIdentifier,  // `any text`
  kNull,
  kTrue,
  kFalse,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kIn,
  kLeftParenthesis,
  kRightParenthesis,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kDot,
  kComma,
  kColon,
  kQuestion,
  kPlus,
  kMinus,
  kTimes,
  kDivide,
  kModulo,
  kNot,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
  kAnd,
  kOr,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  SourcePosition position;
};

struct Problem {
  SourcePosition position;
  std::string message;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token; kEnd at the end of the text and after a problem.
  Token Next();

  // Why the text could not be cut further, if so.
  [[nodiscard]] const std::optional<Problem>& problem() const {
    return problem_;
  }

 private:
  [[nodiscard]] std::string_view rest() const {
    return text_.substr(position_.offset);
  }
  void SkipSpaceAndComments();
  void Advance(std::size_t bytes);
  Token Take(TokenKind kind, std::size_t length);
  Token Refuse(std::size_t offset, std::string message);

  Token TakeWord();
  Token TakeNumber();
  Token TakeText();
  Token TakeQuotedIdentifier();
  Token TakeSymbol();

  std::string_view text_;
  SourcePosition position_;
  std::optional<Problem> problem_;
};

// Where the byte `offset` of `text` is, given that `start` lies before it.
SourcePosition PositionAt(std::string_view text, SourcePosition start,
                          std::size_t offset);

// A token for the "got" of an error: quoted, shortened, or "end of text".
std::string Describe(const Token& token);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_LEXER_H_
