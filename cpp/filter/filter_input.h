// FilterInput: what a filter sees of one event. One value for each variable of
// 3-matching.md, in the order of FilterVariable. kDerived has none.
#ifndef STREAMER_FILTER_FILTER_INPUT_H_
#define STREAMER_FILTER_FILTER_INPUT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "cel/program.h"
#include "value/value.h"

namespace streamer {

enum class FilterVariable : std::uint8_t {
  kDoc,     // flattened document
  kData,    // user fields alone
  kBefore,  // flattened document before the change, or null
  kOp,      // "insert", "update" or "delete"
  kTenant,
  kCollection,
  kId,
  kTimestamp,
  // Not of the event: what expressions make of it (filter/derived_value.h).
  kDerived,
};
// Those of the event.
inline constexpr std::size_t kFilterVariableCount = 8;

struct FilterInput {
  // Valid as long as the event they were taken from.
  std::array<Value, kFilterVariableCount> values;

  [[nodiscard]] const Value& operator[](FilterVariable variable) const {
    return values[static_cast<std::size_t>(variable)];
  }
  Value& operator[](FilterVariable variable) {
    return values[static_cast<std::size_t>(variable)];
  }
};

// The names, in that order: what every filter is compiled against.
const cel::Variables& FilterVariables();

}  // namespace streamer

#endif  // STREAMER_FILTER_FILTER_INPUT_H_
