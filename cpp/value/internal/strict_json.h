// ReadStrictJson: a plain JSON reader for what simdjson refuses.
//
// simdjson says that a text is wrong, not where; and it refuses integers above
// 2^64, which are JSON and become doubles here. So a text that it refuses is
// read once more by this one, which either finds the place or the value.
// The tests also use it as the slow truth that ParseJson is compared with.
#ifndef STREAMER_VALUE_INTERNAL_STRICT_JSON_H_
#define STREAMER_VALUE_INTERNAL_STRICT_JSON_H_

#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "value/value.h"

namespace streamer::internal {

// As ParseJson in value/json.h.
Result<Value> ReadStrictJson(std::string_view text, Arena& arena);

}  // namespace streamer::internal

#endif  // STREAMER_VALUE_INTERNAL_STRICT_JSON_H_
