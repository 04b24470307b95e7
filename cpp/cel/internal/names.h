// What the names in an expression stand for: variables first, then types.
#ifndef STREAMER_CEL_INTERNAL_NAMES_H_
#define STREAMER_CEL_INTERNAL_NAMES_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "cel/expression.h"
#include "cel/program.h"
#include "value/value.h"

namespace streamer::cel::internal {

// The variable that an identifier names, a leading dot set aside.
std::optional<std::size_t> FindVariable(const Expr& identifier,
                                        const Variables& variables);

// The type that `node` names, such as `int` or `google.protobuf.Timestamp`,
// if it is no variable or field of one.
std::optional<Value> FindTypeName(const Expr& node, const Variables& variables);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_NAMES_H_
