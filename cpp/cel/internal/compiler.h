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
#include "cel/limits.h"
#include "cel/variables.h"

namespace streamer::cel::internal {

// What compiled code points into.
struct CodeStore {
  // Programs are kept by the million; most are small.
  static constexpr std::size_t kFirstBlockSize = 256;

  Arena arena{kFirstBlockSize};
  std::vector<std::unique_ptr<const Pattern>> patterns;
  // Of the bindings and the variables of macros.
  std::size_t slot_count = 0;
};

// The code of `root`, in `store`; or InvalidArgument, an ExpressionError of
// `text`, for a name, function, number of arguments or pattern that is wrong;
// unless it was not checked, then the first three are error values.
Result<const CodeNode*> CompileCode(const Expr& root, std::string_view text,
                                    const Variables& variables,
                                    const Limits& limits, bool is_checked,
                                    CodeStore& store);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_COMPILER_H_
