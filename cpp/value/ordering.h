// The one meaning of equality, order, hash and identity of values.
//
// Numbers: int against uint compares exactly; either against double after
// conversion to double, as the public CEL vectors have it. So equality is not
// transitive above 2^53, and whoever finds values by Hash or by HashKey must
// check them with Equal. NaN equals nothing, itself included.
//
// Thread-safety: pure functions.
#ifndef STREAMER_VALUE_ORDERING_H_
#define STREAMER_VALUE_ORDERING_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "value/value.h"

namespace streamer {

// CEL's ==. Values of different types are not equal, numbers excepted; lists
// and maps compare deeply. REQUIRES: neither is an error.
// Cost: the size of the smaller value.
bool Equal(const Value& left, const Value& right);

// CEL's order, or nothing when the types have none between them (string
// against number, any list, any map, null). With NaN: unordered, which is not
// the same as nothing. Bool, string, bytes, timestamp and duration are ordered
// within themselves; text by code point.
std::optional<std::partial_ordering> Compare(const Value& left,
                                             const Value& right);

// Equal values have equal hashes: numbers are hashed as the double they round
// to, maps without regard to order.
std::uint64_t Hash(const Value& value);

// Structural identity: appended keys are equal exactly if type, bits and
// structure are (1, 1u, 1.0 and -0.0 are four keys). It decides which filters
// are the same filter.
void AppendIdentity(const Value& value, std::string& key);

}  // namespace streamer

#endif  // STREAMER_VALUE_ORDERING_H_
