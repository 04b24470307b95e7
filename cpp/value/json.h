// JSON text to Value and back.
//
// Numbers without fraction or exponent become int where they fit, else uint,
// else double; a number beyond the range of a double is refused, so that JSON
// yields no infinity. Of a repeated key the last one counts, at the place of
// the first. Keys are compared unescaped. Text must be UTF-8, without a byte
// order mark.
//
// Cost: linear; one pass of simdjson, one allocation run in the arena. Text
// that simdjson refuses is read once more, slowly, to say what is wrong.
// Thread-safety: ParseJson uses one parser per thread (simdjson's are not
// reentrant); the functions may be called from any thread.
#ifndef STREAMER_VALUE_JSON_H_
#define STREAMER_VALUE_JSON_H_

#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "value/value.h"

namespace streamer {

// Nesting that ParseJson accepts. Deeper input is refused, not recursed into.
inline constexpr int kMaxJsonDepth = 128;

// The value of `text`, built in `arena`, which shares nothing with `text`.
// InvalidArgument says "expected …, got …, at byte …"; the arena is then left
// with pieces that nobody needs.
Result<Value> ParseJson(std::string_view text, Arena& arena);

// Appends `value` as compact JSON. Strings are escaped; doubles are written
// so that they read back to the same bits, with a fraction or exponent.
// Bytes become base64 text, timestamps RFC 3339, durations "1.5s"; NaN and
// the infinities, which JSON lacks, become "NaN", "Infinity", "-Infinity"; a
// type its name, an error its message, an optional its content or null; a key
// that is not text, text.
// REQUIRES: nesting that a stack can bear, as ParseJson and CEL grant.
void AppendJson(const Value& value, std::string& text);
std::string FormatJson(const Value& value);

// Appends `text` as a JSON string, quotes included.
void AppendJsonString(std::string_view text, std::string& json);

}  // namespace streamer

#endif  // STREAMER_VALUE_JSON_H_
