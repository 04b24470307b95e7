// Typed reading of JSON members, with errors that say expected, got, where.
//
// `where` names the member in the error ("doc.deleted"). A null member is as
// good as none everywhere.
//
// Thread-safety: pure functions.
#ifndef STREAMER_EVENT_INTERNAL_FIELDS_H_
#define STREAMER_EVENT_INTERNAL_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "base/time.h"
#include "value/value.h"

namespace streamer::internal {

// "null", "a boolean", "a number", "a string", "an array", "an object".
std::string_view DescribeKind(const Value& value);

// As DescribeKind, but "none" for null: a member that is not there.
std::string_view DescribeMember(const Value& value);

// `text` in quotes, cut short when it is long: the "got" of an error.
std::string Quote(std::string_view text);

Status Expected(std::string_view where, std::string_view expected,
                std::string_view got);

// The member `key` of `map`, or nullptr when it is missing or null.
const Value* FindPresent(const MapValue& map, std::string_view key);

Result<std::string_view> ReadString(std::string_view where, const Value& value);
Result<bool> ReadBool(std::string_view where, const Value& value);
// A JSON integer, or one written as a string, as protobuf's JSON does.
Result<std::int64_t> ReadInteger(std::string_view where, const Value& value);
// Unix milliseconds of a year from 1 to 9999, what CEL timestamps can hold.
Result<WallTime> ReadTimestamp(std::string_view where, const Value& value);

// Parses an object; errors are prefixed with `where`.
Result<const MapValue*> ParseObject(std::string_view where,
                                    std::string_view json, Arena& arena);

// What a body says of its document.
struct BodyFlags {
  bool is_deleted = false;
  std::optional<std::int64_t> version;
};
// `deleted` must be a boolean; a `version` that is no integer counts as none.
Result<BodyFlags> ReadBodyFlags(std::string_view where, const MapValue& body);

}  // namespace streamer::internal

#endif  // STREAMER_EVENT_INTERNAL_FIELDS_H_
