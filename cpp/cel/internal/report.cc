// The report of a problem in an expression: message, source line, caret.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "cel/checker.h"
#include "cel/parser.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace {

constexpr const char* kPositionPayload = "streamer/cel/position";
constexpr const char* kProblemPayload = "streamer/cel/problem";
// A longer line is shown in part, around the caret.
constexpr std::size_t kShownColumns = 120;
constexpr std::string_view kReplacement = "\uFFFD";

// Where the code point before `end` begins. REQUIRES: end > 0.
std::size_t StartBefore(std::string_view text, std::size_t end) {
  std::size_t start = end - 1;
  while (start > 0 && end - start < 4 &&
         (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) {
    --start;
  }
  return start;
}

// What of a line is looked at, however long it is: as much on each side of
// the caret as could be shown.
struct Excerpt {
  std::vector<std::string_view> characters;
  std::size_t caret = 0;  // the place in `characters`
  bool is_cut_before = false;
  bool is_cut_after = false;
};

// In a form that every terminal and every protobuf string can take.
std::string_view Showable(std::string_view character) {
  if (character[0] == '\t') return " ";
  const bool is_control = static_cast<unsigned char>(character[0]) < 0x20;
  return is_control || CodePointLength(character) == 0 ? kReplacement
                                                       : character;
}

Excerpt ReadExcerpt(std::string_view text, SourcePosition position) {
  const std::size_t offset =
      std::min<std::size_t>(position.offset, text.size());
  const std::size_t begin = text.substr(0, offset).rfind('\n') + 1;
  std::string_view line = text.substr(begin);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t caret = std::min(offset - begin, line.size());
  std::size_t start = caret;
  Excerpt excerpt;
  for (; start > 0 && excerpt.caret < kShownColumns; ++excerpt.caret) {
    start = StartBefore(line, start);
  }
  excerpt.is_cut_before = start > 0;
  line.remove_prefix(start);
  while (!line.empty() &&
         excerpt.characters.size() < excerpt.caret + kShownColumns) {
    const std::size_t length = std::max<std::size_t>(CodePointLength(line), 1);
    excerpt.characters.push_back(Showable(line.substr(0, length)));
    line.remove_prefix(length);
  }
  excerpt.is_cut_after = !line.empty();
  return excerpt;
}

// " | the line" and " | ....^", a long line cut to what lies near the caret.
std::string ShowLine(std::string_view text, SourcePosition position) {
  const Excerpt line = ReadExcerpt(text, position);
  const std::size_t size = line.characters.size();
  const std::size_t begin =
      size > kShownColumns && line.caret > kShownColumns / 2
          ? std::min(line.caret - kShownColumns / 2, size - kShownColumns)
          : 0;
  const std::size_t end = std::min(begin + kShownColumns, size);
  const bool is_cut_before = line.is_cut_before || begin > 0;
  std::string shown = is_cut_before ? "…" : "";
  for (std::size_t i = begin; i < end; ++i) shown.append(line.characters[i]);
  if (line.is_cut_after || end < size) shown.append("…");
  const std::size_t dots = line.caret - begin + (is_cut_before ? 1 : 0);
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
  status.SetPayload(kProblemPayload,
                    absl::Cord({problem.data(), problem.size()}));
  return status;
}

std::optional<std::string> ProblemOf(const Status& status) {
  auto payload = status.GetPayload(kProblemPayload);
  if (!payload) return std::nullopt;
  return std::string(*payload);
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
