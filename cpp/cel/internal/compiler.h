// Compiler: from tree to code.
#ifndef STREAMER_CEL_INTERNAL_COMPILER_H_
#define STREAMER_CEL_INTERNAL_COMPILER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "cel/expression.h"
#include "cel/internal/code.h"
#include "cel/program.h"

namespace streamer::cel::internal {

// What compiled code points into.
struct CodeStore {
  Arena arena;
  std::vector<std::unique_ptr<const Pattern>> patterns;
};

// The code of `root`, in `store`; or InvalidArgument, an ExpressionError of
// `text`, for a name, function, number of arguments or pattern that is wrong.
Result<const CodeNode*> CompileCode(const Expr& root, std::string_view text,
                                    const Variables& variables,
                                    CodeStore& store);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_COMPILER_H_
