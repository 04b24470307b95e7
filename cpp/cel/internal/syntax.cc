#include "cel/internal/syntax.h"

#include <algorithm>
#include <array>

namespace streamer::cel::internal {
namespace {

constexpr std::string_view kReservedWords[] = {
    "as",       "break",  "const",  "continue", "else", "for",
    "function", "if",     "import", "let",      "loop", "namespace",
    "package",  "return", "var",    "void",     "while"};

template <std::size_t count>
bool IsOneOf(const std::string_view (&words)[count], std::string_view word) {
  return std::find(words, words + count, word) != words + count;
}

constexpr BinaryOperator kBinaryOperators[] = {
    {TokenKind::kOr, Precedence::kOr, operators::kOr},
    {TokenKind::kAnd, Precedence::kAnd, operators::kAnd},
    {TokenKind::kEqual, Precedence::kRelation, operators::kEqual},
    {TokenKind::kNotEqual, Precedence::kRelation, operators::kNotEqual},
    {TokenKind::kLess, Precedence::kRelation, operators::kLess},
    {TokenKind::kLessEqual, Precedence::kRelation, operators::kLessEqual},
    {TokenKind::kGreater, Precedence::kRelation, operators::kGreater},
    {TokenKind::kGreaterEqual, Precedence::kRelation, operators::kGreaterEqual},
    {TokenKind::kIn, Precedence::kRelation, operators::kIn},
    {TokenKind::kPlus, Precedence::kSum, operators::kAdd},
    {TokenKind::kMinus, Precedence::kSum, operators::kSubtract},
    {TokenKind::kTimes, Precedence::kProduct, operators::kMultiply},
    {TokenKind::kDivide, Precedence::kProduct, operators::kDivide},
    {TokenKind::kModulo, Precedence::kProduct, operators::kModulo},
};

// The parser asks at every level of precedence.
constexpr auto kOperatorOfToken = [] {
  std::array<const BinaryOperator*, 256> operators{};
  for (const BinaryOperator& binary : kBinaryOperators) {
    operators[static_cast<std::uint8_t>(binary.token)] = &binary;
  }
  return operators;
}();

}  // namespace

bool IsReservedWord(std::string_view word) {
  return IsOneOf(kReservedWords, word);
}

const BinaryOperator* FindBinaryOperator(TokenKind token) {
  return kOperatorOfToken[static_cast<std::uint8_t>(token)];
}

Precedence Tighter(Precedence precedence) {
  return static_cast<Precedence>(static_cast<int>(precedence) + 1);
}

}  // namespace streamer::cel::internal
