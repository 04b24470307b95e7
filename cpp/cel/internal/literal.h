// Reads the content of the literals that the lexer has delimited.
#ifndef STREAMER_CEL_INTERNAL_LITERAL_H_
#define STREAMER_CEL_INTERNAL_LITERAL_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cel/internal/lexer.h"
#include "value/value.h"

namespace streamer::cel::internal {

// Whether a minus sign stands directly before the number: it belongs to the
// literal, for -9223372036854775808 has no other spelling.
enum class Sign { kNone, kMinus };

// The number in a kInt, kUint or kDouble token, or nothing when it does not
// fit. REQUIRES: kUint has no sign.
std::optional<Value> ReadNumber(const Token& token, Sign sign);

struct LiteralProblem {
  std::size_t offset;  // within the token
  std::string message;
};

// Appends the content of a kString, kBytes or kQuotedIdentifier token.
std::optional<LiteralProblem> ReadText(const Token& token,
                                       std::string& content);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_LITERAL_H_
