#include "transport/internal/checked_id.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace streamer {

Status CheckId(std::string_view what, std::string_view id) {
  constexpr std::size_t kLongest = 128;
  const bool is_plain = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == ':' ||
           c == '-';
  });
  if (!id.empty() && id.size() <= kLongest && is_plain) return OkStatus();
  return InvalidArgument(
      std::string(what) + ": expected 1 to 128 of [A-Za-z0-9_.:-], got \"" +
      absl::CEscape(std::string(id.substr(0, kLongest))) + "\"");
}

}  // namespace streamer
