// The encoders extension.
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;

absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

Value Encode(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kBytes)) {
    return NoSuchCall("base64.encode", arguments, arena);
  }
  return MakeText(absl::Base64Escape(ToAbsl(arguments[0].text())), arena);
}

// Padding may be left out.
Value Decode(Arguments arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kString)) {
    return NoSuchCall("base64.decode", arguments, arena);
  }
  std::string decoded;
  if (!absl::Base64Unescape(ToAbsl(arguments[0].text()), &decoded)) {
    return CannotConvert(arguments[0], "bytes from base64", arena);
  }
  return Value::Bytes(arena.CopyText(decoded));
}

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr Cost kMake = {CostRule::kMakeText, 4};

constexpr FunctionEntry kEntries[] = {
    {"base64.encode", kGlobal, 1, Encode, kMake, "(bytes) -> string"},
    {"base64.decode", kGlobal, 1, Decode, kMake, "(string) -> bytes"},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> EncodingFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
