// Condition: one structured `field op value`, as users and gateways write it,
// and Operator with its one table of spellings. Wire formats convert here and
// nowhere else.
#ifndef STREAMER_FILTER_CONDITION_H_
#define STREAMER_FILTER_CONDITION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "value/owned_value.h"

namespace streamer {

enum class Operator : std::uint8_t {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kIn,        // the field is one of the values of a list
  kContains,  // value in field: a list's element or an object's key
};

// Reads either spelling ("==" or "eq", … "contains" or "array-contains").
// InvalidArgument lists the spellings there are.
Result<Operator> ParseOperator(std::string_view text);

// The symbol: "==", "!=", ">", ">=", "<", "<=", "in", "contains".
std::string_view Format(Operator op);

struct Condition {
  // A dotted path relative to `doc` (value/field_path.h). `_id` is `id`.
  std::string field;
  Operator op = Operator::kEqual;
  OwnedValue value;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_CONDITION_H_
