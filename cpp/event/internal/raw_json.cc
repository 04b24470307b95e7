#include "event/internal/raw_json.h"

#include <array>

#include "base/arena.h"
#include "value/json.h"

namespace streamer::internal {
namespace {

constexpr bool IsSpace(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// What a byte means to somebody who looks for the end of a value.
enum class ByteClass : unsigned char { kOther, kQuote, kOpen, kClose, kEnd };

constexpr std::array<ByteClass, 256> MakeByteClasses() {
  std::array<ByteClass, 256> classes{};
  classes['"'] = ByteClass::kQuote;
  classes['{'] = classes['['] = ByteClass::kOpen;
  classes['}'] = classes[']'] = ByteClass::kClose;
  classes[','] = ByteClass::kEnd;
  return classes;
}
constexpr std::array<ByteClass, 256> kByteClasses = MakeByteClasses();

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

RawMembers::RawMembers(std::string_view object)
    : next_(object.data()), end_(object.data() + object.size()) {
  SkipSpace();
  if (next_ != end_) ++next_;  // the brace
}

bool RawMembers::Next(RawMember& member) {
  SkipSpace();
  if (next_ != end_ && *next_ == ',') ++next_;
  SkipSpace();
  if (next_ == end_ || *next_ != '"') return false;
  std::string_view quoted = TakeString();
  if (quoted.size() < 2) return false;
  member.key = quoted.substr(1, quoted.size() - 2);
  SkipSpace();
  if (next_ != end_) ++next_;  // the colon
  SkipSpace();
  member.value = TakeValue();
  return true;
}

void RawMembers::SkipSpace() {
  while (next_ != end_ && IsSpace(*next_)) ++next_;
}

std::string_view RawMembers::TakeString() {
  const char* start = next_++;
  while (next_ != end_ && *next_ != '"') {
    next_ += *next_ == '\\' && end_ - next_ > 1 ? 2 : 1;
  }
  if (next_ != end_) ++next_;
  return {start, static_cast<std::size_t>(next_ - start)};
}

std::string_view RawMembers::TakeValue() {
  const char* start = next_;
  int depth = 0;
  for (; next_ != end_; ++next_) {
    switch (kByteClasses[static_cast<unsigned char>(*next_)]) {
      case ByteClass::kOther:
        continue;
      case ByteClass::kQuote:
        TakeString();
        --next_;
        continue;
      case ByteClass::kOpen:
        ++depth;
        continue;
      case ByteClass::kClose:
        if (depth-- > 0) continue;
        break;
      case ByteClass::kEnd:
        if (depth > 0) continue;
        break;
    }
    break;
  }
  return TrimEnd({start, static_cast<std::size_t>(next_ - start)});
}

bool SpellsName(std::string_view key, std::string_view name) {
  if (key.find('\\') == std::string_view::npos) return key == name;
  Arena arena;
  std::string quoted = "\"" + std::string(key) + "\"";
  Result<Value> unescaped = ParseJson(quoted, arena);
  return unescaped.ok() && unescaped->is(ValueKind::kString) &&
         unescaped->text() == name;
}

std::string_view FindRaw(std::string_view object, std::string_view name) {
  std::string_view found;
  RawMembers members(object);
  for (RawMember member; members.Next(member);) {
    if (SpellsName(member.key, name)) found = member.value;
  }
  return found;
}

RawObjectWriter::RawObjectWriter(std::string& json) : json_(json) {
  json_.push_back('{');
}

RawObjectWriter::RawObjectWriter(std::string& json, std::string_view object)
    : json_(json) {
  object = TrimEnd(object);
  object.remove_suffix(1);
  object = TrimEnd(object);
  json_.append(object);
  is_empty_ = object.ends_with('{');
}

void RawObjectWriter::Add(std::string_view key, std::string_view value) {
  AddKey(key);
  json_.append(value);
}

void RawObjectWriter::AddText(std::string_view key, std::string_view text) {
  AddKey(key);
  AppendJsonString(text, json_);
}

void RawObjectWriter::AddKey(std::string_view key) {
  if (!is_empty_) json_.push_back(',');
  is_empty_ = false;
  json_.push_back('"');
  json_.append(key).append("\":");
}

}  // namespace streamer::internal
