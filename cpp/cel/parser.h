// Parse turns CEL text into a tree.
//
// Hand-written: a lexer, and precedence climbing over its tokens. A problem
// carries its exact place; its Status message is the whole report:
//
//   ERROR: 1:13: expected an expression, got end of text
//    | doc.price >=
//    | ............^
//
// Macros (cel/macros.h) are written out here. Message literals are read, so
// that a tool can show them; no program can be made of them.
//
// Cost: linear in the text. Bounds are checked while reading, so hostile text
// is refused before it costs memory or stack.
// Thread-safety: a pure function.
#ifndef STREAMER_CEL_PARSER_H_
#define STREAMER_CEL_PARSER_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cel/expression.h"
#include "cel/limits.h"

namespace streamer::cel {

// The tree of `text`, or InvalidArgument with the report above and, as a
// payload, the position that PositionOf reads.
Result<Tree> Parse(std::string_view text, const Limits& limits = {});

// An InvalidArgument that reports `problem` at `position` of `text`.
Status ExpressionError(std::string_view text, SourcePosition position,
                       std::string_view problem);

// Where in its expression the failure lies, if `status` came from here.
std::optional<SourcePosition> PositionOf(const Status& status);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_PARSER_H_
