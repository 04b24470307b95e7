// JSON bodies of the control plane: what several calls read and write.
//
// Errors name the member they speak of, as "filters[2].op: expected …, got …".
//
// Thread-safety: pure functions.
#ifndef STREAMER_TRANSPORT_INTERNAL_JSON_BODY_H_
#define STREAMER_TRANSPORT_INTERNAL_JSON_BODY_H_

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "base/time.h"
#include "filter/condition.h"
#include "transport/internal/http_message.h"
#include "value/value.h"

namespace streamer {

// InvalidArgument: `what` was expected at `where`, and `got` is of its kind.
Status ExpectedValue(const std::string& where, std::string_view what,
                     const Value& got);

// An object; it lives as long as `arena` and `body`.
Result<Value> ReadObject(std::string_view body, Arena& arena);
Result<std::string> ReadText(const std::string& where, const Value& value);
// A list of {field, op, value}.
Result<std::vector<Condition>> ReadConditions(const Value& value);

// 400, with the member that `status` speaks of as `field`, and the position in
// an expression.
HttpResponse RefuseBody(const Status& status);

// RFC 3339; null for nothing.
nlohmann::json TimestampJson(const std::optional<Instant>& at);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_JSON_BODY_H_
