// The words and operators of CEL's grammar, as tables for the parser.
#ifndef STREAMER_CEL_INTERNAL_SYNTAX_H_
#define STREAMER_CEL_INTERNAL_SYNTAX_H_

#include <cstdint>
#include <string_view>

#include "cel/internal/lexer.h"

namespace streamer::cel::internal {

// A word that no name may be, kept by CEL for languages around it.
bool IsReservedWord(std::string_view word);

// The levels of the grammar from loose to tight; all associate to the left.
enum class Precedence : std::uint8_t {
  kOr,
  kAnd,
  kRelation,
  kSum,
  kProduct,
  kUnary,
};

struct BinaryOperator {
  TokenKind token;
  Precedence precedence;
  std::string_view function;
};

// The operator between two operands that `token` is, or nullptr.
const BinaryOperator* FindBinaryOperator(TokenKind token);

// The next tighter level. REQUIRES: not kUnary.
Precedence Tighter(Precedence precedence);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_SYNTAX_H_
