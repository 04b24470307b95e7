#include "event/position.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

constexpr char kVersion[] = "p1-";

// Reads a decimal number as std::to_string writes it: no sign, no leading
// zero, nothing too large.
template <typename Integer>
bool ReadNumber(std::string_view text, Integer& number) {
  if (text.size() > 1 && text.front() == '0') return false;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end;
}

}  // namespace

std::string FormatProgress(const Position& position) {
  return absl::StrCat(kVersion, position.epoch, "-", position.offset);
}

Result<Position> ParseProgress(std::string_view progress) {
  Position position;
  std::string_view rest = progress;
  if (rest.starts_with(kVersion)) {
    rest.remove_prefix(std::string_view(kVersion).size());
    std::size_t dash = rest.find('-');
    if (dash != std::string_view::npos &&
        ReadNumber(rest.substr(0, dash), position.epoch) &&
        ReadNumber(rest.substr(dash + 1), position.offset)) {
      return position;
    }
  }
  return InvalidArgument(
      "progress: expected a marker given by this service, got \"" +
      std::string(progress.substr(0, 64)) + "\"");
}

}  // namespace streamer
