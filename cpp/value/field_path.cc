#include "value/field_path.h"

#include <utility>

#include "value/utf8.h"

namespace streamer {
namespace {

Status PathError(std::string_view text, std::size_t offset,
                 std::string_view expected, std::string_view got) {
  std::string message = "field path '";
  message.append(text).append("': expected ").append(expected);
  message.append(", got ").append(got).append(", at byte ");
  return InvalidArgument(message + std::to_string(offset));
}

Status MissingName(std::string_view text, std::size_t offset) {
  return PathError(text, offset, "a name", DescribeStart(text.substr(offset)));
}

}  // namespace

Result<FieldPath> FieldPath::Parse(std::string_view text) {
  std::vector<std::string> segments;
  std::string segment;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (segment.empty()) return MissingName(text, i);
      segments.push_back(std::exchange(segment, {}));
    } else if (text[i] == '\\') {
      std::string_view escaped = text.substr(i + 1);
      if (!escaped.starts_with('.') && !escaped.starts_with('\\')) {
        return PathError(text, i + 1, "'.' or '\\' after '\\'",
                         DescribeStart(escaped));
      }
      segment.push_back(text[++i]);
    } else {
      segment.push_back(text[i]);
    }
  }
  if (segment.empty()) return MissingName(text, text.size());
  segments.push_back(std::move(segment));
  return FieldPath(std::move(segments));
}

std::string FieldPath::Format() const {
  std::string text;
  for (const std::string& segment : segments_) {
    if (!text.empty()) text.push_back('.');
    for (char byte : segment) {
      if (byte == '.' || byte == '\\') text.push_back('\\');
      text.push_back(byte);
    }
  }
  return text;
}

const Value* FieldPath::Find(const Value& root) const {
  const Value* found = &root;
  for (const std::string& segment : segments_) {
    if (!found->is(ValueKind::kMap)) return nullptr;
    found = found->map().Find(segment);
    if (found == nullptr) return nullptr;
  }
  return found;
}

}  // namespace streamer
