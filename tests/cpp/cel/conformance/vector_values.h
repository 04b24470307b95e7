// What the public CEL vectors write as JSON, as values, types and trees here.
#ifndef STREAMER_TESTS_CEL_CONFORMANCE_VECTOR_VALUES_H_
#define STREAMER_TESTS_CEL_CONFORMANCE_VECTOR_VALUES_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/arena.h"
#include "cel/expression.h"
#include "value/value.h"

namespace streamer::conformance {

// A cel.expr.Value; nothing if it is a message or an enum.
std::optional<Value> ReadValue(const nlohmann::json& json, Arena& arena);

// A cel.expr.Type as ParseType reads it; nothing if it is a message or holds
// one.
std::optional<std::string> ReadType(const nlohmann::json& json);

// Whether two values are the same, type by type: 1 is not 1.0. NaN is NaN.
bool IsSame(const Value& left, const Value& right);

// The tree in the words of cel-go's debug output, with the kind of each node.
std::string DebugText(const cel::Expr& root);

}  // namespace streamer::conformance

#endif  // STREAMER_TESTS_CEL_CONFORMANCE_VECTOR_VALUES_H_
