#include "puller/puller_marker.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

constexpr char kSeparator = '+';
constexpr std::size_t kLongestQuoted = 64;

Status NoMarker(std::string_view text) {
  return InvalidArgument(absl::StrCat(
      "after: expected a progress marker of this server, got \"",
      absl::CHexEscape(std::string(text.substr(0, kLongestQuoted))), "\""));
}

}  // namespace

PullerMarker WholeMarker(Position position) {
  return {.sent = position, .complete = position, .read = position};
}

bool IsWithinBatch(const PullerMarker& marker) {
  return marker.complete.offset < marker.read.offset;
}

std::string FormatPullerMarker(const PullerMarker& marker) {
  if (!IsWithinBatch(marker)) return FormatProgress(marker.sent);
  const std::string separator(1, kSeparator);
  return absl::StrCat(FormatProgress(marker.sent), separator,
                      FormatProgress(marker.complete), separator,
                      FormatProgress(marker.read));
}

Result<PullerMarker> ParsePullerMarker(std::string_view text) {
  std::vector<Position> positions;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(kSeparator, begin), text.size());
    const auto position = ParseProgress(text.substr(begin, end - begin));
    if (!position.ok()) return NoMarker(text);
    positions.push_back(*position);
    begin = end + 1;
  }
  if (positions.size() == 1) return WholeMarker(positions[0]);
  if (positions.size() != 3) return NoMarker(text);
  const PullerMarker marker{positions[0], positions[1], positions[2]};
  const bool is_right =
      marker.complete.offset <= marker.sent.offset &&
      marker.sent.offset < marker.read.offset &&
      marker.read.offset - marker.complete.offset <= kLongestBatch;
  return is_right ? Result<PullerMarker>(marker) : NoMarker(text);
}

}  // namespace streamer
