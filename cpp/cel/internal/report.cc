// The report of a problem in an expression: message, source line, caret.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "cel/parser.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace {

constexpr const char* kPositionPayload = "streamer/cel/position";
// A longer line is shown in part, around the caret.
constexpr std::size_t kShownColumns = 120;
constexpr std::string_view kReplacement = "\uFFFD";

// The line that holds `position`, code point by code point, in a form that
// every terminal and every protobuf string can take.
std::vector<std::string_view> ShowableLine(std::string_view text,
                                           SourcePosition position) {
  std::size_t offset = std::min<std::size_t>(position.offset, text.size());
  std::size_t begin = text.substr(0, offset).rfind('\n') + 1;
  std::string_view line = text.substr(begin);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string_view> characters;
  while (!line.empty()) {
    std::size_t length = CodePointLength(line);
    bool is_control = static_cast<std::uint8_t>(line[0]) < 0x20;
    if (line[0] == '\t') {
      characters.push_back(" ");
    } else if (length == 0 || is_control) {
      characters.push_back(kReplacement);
    } else {
      characters.push_back(line.substr(0, length));
    }
    line.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return characters;
}

// " | the line" and " | ....^", a long line cut to what lies near the caret.
std::string ShowLine(std::string_view text, SourcePosition position) {
  std::vector<std::string_view> line = ShowableLine(text, position);
  std::size_t caret = std::min<std::size_t>(position.column - 1, line.size());
  std::size_t begin =
      line.size() > kShownColumns && caret > kShownColumns / 2
          ? std::min(caret - kShownColumns / 2, line.size() - kShownColumns)
          : 0;
  std::size_t end = std::min(begin + kShownColumns, line.size());
  std::string shown = begin > 0 ? "…" : "";
  for (std::size_t i = begin; i < end; ++i) shown.append(line[i]);
  if (end < line.size()) shown.append("…");
  std::size_t dots = caret - begin + (begin > 0 ? 1 : 0);
  return " | " + shown + "\n | " + std::string(dots, '.') + "^";
}

bool ReadField(std::string_view& text, std::uint32_t& field) {
  auto result = std::from_chars(text.data(), text.data() + text.size(), field);
  if (result.ec != std::errc()) return false;
  text.remove_prefix(result.ptr - text.data());
  if (text.starts_with(':')) text.remove_prefix(1);
  return true;
}

}  // namespace

Status ExpressionError(std::string_view text, SourcePosition position,
                       std::string_view problem) {
  std::string line = std::to_string(position.line);
  std::string column = std::to_string(position.column);
  std::string message = "ERROR: " + line + ":" + column + ": ";
  message.append(problem);
  if (!text.empty()) message.append("\n").append(ShowLine(text, position));
  Status status = InvalidArgument(message);
  status.SetPayload(
      kPositionPayload,
      absl::Cord(std::to_string(position.offset) + ":" + line + ":" + column));
  return status;
}

std::optional<SourcePosition> PositionOf(const Status& status) {
  auto payload = status.GetPayload(kPositionPayload);
  if (!payload) return std::nullopt;
  std::string stored(*payload);
  std::string_view text(stored);
  SourcePosition position;
  if (!ReadField(text, position.offset) || !ReadField(text, position.line) ||
      !ReadField(text, position.column)) {
    return std::nullopt;
  }
  return position;
}

}  // namespace streamer::cel
