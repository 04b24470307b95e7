// The strings extension. Positions and lengths count code points.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cel/internal/format.h"
#include "cel/internal/libraries.h"
#include "cel/internal/made_values.h"
#include "cel/internal/text_search.h"
#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

using Arguments = std::span<const Value>;
constexpr ValueKind kString = ValueKind::kString;
constexpr ValueKind kInt = ValueKind::kInt;

// The length of the code point at `offset`. Texts are well-formed, so its
// first byte tells.
std::size_t LengthAt(std::string_view text, std::size_t offset) {
  const auto first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xE0 ? 2 : (first < 0xF0 ? 3 : 4);
  return std::min(length, text.size() - offset);
}

// Where the code point `index` of `text` begins; the end counts as one.
std::optional<std::size_t> OffsetOf(std::string_view text, std::int64_t index) {
  if (index < 0) return std::nullopt;
  std::size_t offset = 0;
  for (; index > 0; --index) {
    if (offset >= text.size()) return std::nullopt;
    offset += LengthAt(text, offset);
  }
  return offset;
}

Value OutOfRange(std::int64_t index, Arena& arena) {
  return Invalid("index out of range: " + std::to_string(index), arena);
}

Value CharAt(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kInt})) {
    return NoSuchMemberCall("charAt", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  auto offset = OffsetOf(text, arguments[1].int_value());
  if (!offset) return OutOfRange(arguments[1].int_value(), arena);
  if (*offset == text.size()) return Value::String("");
  return Value::String(text.substr(*offset, LengthAt(text, *offset)));
}

Value PositionOf(std::string_view text, std::size_t offset) {
  if (offset == std::string_view::npos) return Value::Int(-1);
  return Value::Int(
      static_cast<std::int64_t>(CountCodePoints(text.substr(0, offset))));
}

Value IndexOf(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kString, kInt})) {
    return NoSuchMemberCall("indexOf", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  std::int64_t start = arguments.size() > 2 ? arguments[2].int_value() : 0;
  auto offset = OffsetOf(text, start);
  if (!offset) return OutOfRange(start, arena);
  return PositionOf(text, FindText(text, arguments[1].text(), *offset));
}

Value LastIndexOf(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kString, kInt})) {
    return NoSuchMemberCall("lastIndexOf", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  std::optional<std::size_t> offset = text.size();
  if (arguments.size() > 2) {
    offset = OffsetOf(text, arguments[2].int_value());
    if (!offset) return OutOfRange(arguments[2].int_value(), arena);
  }
  return PositionOf(text, FindLastText(text, arguments[1].text(), *offset));
}

Value Substring(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kInt, kInt})) {
    return NoSuchMemberCall("substring", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  std::int64_t start = arguments[1].int_value();
  auto begin = OffsetOf(text, start);
  if (!begin) return OutOfRange(start, arena);
  if (arguments.size() == 2) return Value::String(text.substr(*begin));
  std::int64_t stop = arguments[2].int_value();
  auto end = OffsetOf(text, stop);
  if (!end) return OutOfRange(stop, arena);
  if (start > stop) {
    return Invalid("invalid substring range. start: " + std::to_string(start) +
                       ", end: " + std::to_string(stop),
                   arena);
  }
  return Value::String(text.substr(*begin, *end - *begin));
}

template <typename Change>
Value ChangeBytes(std::string_view name, Arguments arguments, Arena& arena,
                  Change change) {
  if (!AreKinds(arguments, {kString})) {
    return NoSuchMemberCall(name, arguments, arena);
  }
  std::string changed(arguments[0].text());
  for (char& byte : changed) byte = change(byte);
  return MakeText(changed, arena);
}

Value LowerAscii(Arguments arguments, Arena& arena) {
  return ChangeBytes("lowerAscii", arguments, arena, [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
  });
}

Value UpperAscii(Arguments arguments, Arena& arena) {
  return ChangeBytes("upperAscii", arguments, arena, [](char byte) {
    return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte & ~0x20) : byte;
  });
}

Value ReverseText(const Value& text, Arena& arena) {
  const std::string_view forward = text.text();
  std::string reversed(forward.size(), '\0');
  char* end = reversed.data() + reversed.size();
  for (std::size_t i = 0; i < forward.size();) {
    const std::size_t next = i + LengthAt(forward, i);
    end -= next - i;
    for (std::size_t j = 0; i < next; ++i, ++j) end[j] = forward[i];
  }
  return MakeText(reversed, arena);
}

Value ReverseList(const Value& list, Arena& arena) {
  std::vector<Value> items(list.list().items().rbegin(),
                           list.list().items().rend());
  return MakeList(items, arena);
}

Value Reverse(Arguments arguments, Arena& arena) {
  if (arguments[0].is(kString)) return ReverseText(arguments[0], arena);
  if (arguments[0].is(ValueKind::kList)) {
    return ReverseList(arguments[0], arena);
  }
  return NoSuchMemberCall("reverse", arguments, arena);
}

// The white space of Unicode.
bool IsSpace(std::string_view character) {
  static constexpr std::string_view kSpaces[] = {
      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
      "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
  if (character.size() == 1) {
    return character[0] == ' ' ||
           (character[0] >= '\t' && character[0] <= '\r');
  }
  return std::find(std::begin(kSpaces), std::end(kSpaces), character) !=
         std::end(kSpaces);
}

std::string_view LastCharacter(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<std::uint8_t>(text[begin]) & 0xC0) == 0x80) {
    --begin;
  }
  return text.substr(begin);
}

Value Trim(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString})) {
    return NoSuchMemberCall("trim", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  while (!text.empty()) {
    const std::size_t length = LengthAt(text, 0);
    if (!IsSpace(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    std::string_view last = LastCharacter(text);
    if (!IsSpace(last)) break;
    text.remove_suffix(last.size());
  }
  return Value::String(text);
}

// Calls `take` with the offset of each place where `sought` stands, at most
// `limit` of them. An empty text stands before each code point and at the end.
template <typename Take>
void ForEachOccurrence(std::string_view text, std::string_view sought,
                       std::int64_t limit, Take take) {
  std::size_t offset = 0;
  for (std::int64_t count = 0; limit < 0 || count < limit; ++count) {
    // Where they stand side by side, no search is needed.
    const std::size_t found = text.substr(offset).starts_with(sought)
                                  ? offset
                                  : FindText(text, sought, offset);
    if (found == std::string_view::npos || !take(found)) return;
    if (!sought.empty()) {
      offset = found + sought.size();
    } else if (found >= text.size()) {
      return;
    } else {
      offset = found + LengthAt(text, found);
    }
  }
}

Value Replace(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kString, kString, kInt})) {
    return NoSuchMemberCall("replace", arguments, arena);
  }
  std::string_view text = arguments[0].text();
  std::string_view sought = arguments[1].text();
  std::int64_t limit = arguments.size() > 3 ? arguments[3].int_value() : -1;
  std::string replaced;
  std::size_t copied = 0;
  ForEachOccurrence(text, sought, limit, [&](std::size_t found) {
    replaced.append(text.substr(copied, found - copied));
    replaced.append(arguments[2].text());
    copied = found + sought.size();
    return replaced.size() <= kLargestValue;
  });
  if (replaced.size() > kLargestValue) return TooLarge();
  replaced.append(text.substr(copied));
  return MakeText(replaced, arena);
}

std::vector<Value> SplitIntoCharacters(std::string_view text,
                                       std::int64_t limit) {
  std::vector<Value> pieces;
  while (!text.empty()) {
    bool is_last =
        limit >= 0 && static_cast<std::int64_t>(pieces.size()) == limit - 1;
    std::size_t length = is_last ? text.size() : LengthAt(text, 0);
    pieces.push_back(Value::String(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return pieces;
}

std::vector<Value> SplitAt(std::string_view text, std::string_view separator,
                           std::int64_t limit) {
  std::vector<Value> pieces;
  std::size_t begin = 0;
  ForEachOccurrence(
      text, separator, limit < 0 ? limit : limit - 1, [&](std::size_t found) {
        pieces.push_back(Value::String(text.substr(begin, found - begin)));
        begin = found + separator.size();
        return true;
      });
  pieces.push_back(Value::String(text.substr(begin)));
  return pieces;
}

Value Split(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, kString, kInt})) {
    return NoSuchMemberCall("split", arguments, arena);
  }
  std::int64_t limit = arguments.size() > 2 ? arguments[2].int_value() : -1;
  if (limit == 0) return MakeList({}, arena);
  std::string_view text = arguments[0].text();
  std::string_view separator = arguments[1].text();
  return MakeList(separator.empty() ? SplitIntoCharacters(text, limit)
                                    : SplitAt(text, separator, limit),
                  arena);
}

Value Join(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {ValueKind::kList, kString})) {
    return NoSuchMemberCall("join", arguments, arena);
  }
  std::string joined;
  std::string_view separator =
      arguments.size() > 1 ? arguments[1].text() : std::string_view();
  std::span<const Value> items = arguments[0].list().items();
  for (const Value& item : items) {
    if (!item.is(kString)) return NoSuchMemberCall("join", arguments, arena);
    if (&item != &items.front()) joined.append(separator);
    joined.append(item.text());
    if (joined.size() > kLargestValue) return TooLarge();
  }
  return MakeText(joined, arena);
}

// What follows the backslash where `byte` must be escaped, else 0.
char EscapeOf(char byte) {
  if (byte == '"' || byte == '\\') return byte;
  if (byte < '\a' || byte > '\r') return 0;
  return "abtnvfr"[byte - '\a'];
}

Value Quote(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString})) {
    return NoSuchCall("strings.quote", arguments, arena);
  }
  std::string quoted = "\"";
  for (char byte : arguments[0].text()) {
    const char letter = EscapeOf(byte);
    if (letter != 0) quoted.push_back('\\');
    quoted.push_back(letter != 0 ? letter : byte);
  }
  return MakeText(quoted + '"', arena);
}

Value Format(Arguments arguments, Arena& arena) {
  if (!AreKinds(arguments, {kString, ValueKind::kList})) {
    return NoSuchMemberCall("format", arguments, arena);
  }
  return FormatText(arguments[0].text(), arguments[1].list().items(), arena);
}

constexpr CallStyle kMember = CallStyle::kMember;
constexpr Cost kScan = {CostRule::kPoints, 2};
constexpr Cost kSearch = {CostRule::kIndex, 2};
constexpr Cost kSearchBack = {CostRule::kSearchBack, 2};
constexpr Cost kMake = {CostRule::kPoints, 4};

constexpr FunctionEntry kEntries[] = {
    {"charAt", kMember, 2, CharAt, kScan, "(string, int) -> string"},
    {"indexOf", kMember, 2, IndexOf, kSearch, "(string, string) -> int"},
    {"indexOf", kMember, 3, IndexOf, kSearch, "(string, string, int) -> int"},
    {"lastIndexOf", kMember, 2, LastIndexOf, kSearchBack,
     "(string, string) -> int"},
    {"lastIndexOf", kMember, 3, LastIndexOf, kSearchBack,
     "(string, string, int) -> int"},
    {"substring", kMember, 2, Substring, kScan, "(string, int) -> string"},
    {"substring", kMember, 3, Substring, kScan, "(string, int, int) -> string"},
    {"lowerAscii", kMember, 1, LowerAscii, kMake, "(string) -> string"},
    {"upperAscii", kMember, 1, UpperAscii, kMake, "(string) -> string"},
    {"reverse",
     kMember,
     1,
     Reverse,
     {CostRule::kPoints, 4},
     "(string) -> string; (list(A)) -> list(A)"},
    {"trim", kMember, 1, Trim, kMake, "(string) -> string"},
    {"replace",
     kMember,
     3,
     Replace,
     {CostRule::kReplace, 4},
     "(string, string, string) -> string"},
    {"replace",
     kMember,
     4,
     Replace,
     {CostRule::kReplace, 4},
     "(string, string, string, int) -> string"},
    {"split",
     kMember,
     2,
     Split,
     {CostRule::kSplit, 4},
     "(string, string) -> list(string)"},
    {"split",
     kMember,
     3,
     Split,
     {CostRule::kSplit, 4},
     "(string, string, int) -> list(string)"},
    {"join",
     kMember,
     1,
     Join,
     {CostRule::kJoin, 4},
     "(list(string)) -> string"},
    {"join",
     kMember,
     2,
     Join,
     {CostRule::kJoin, 4},
     "(list(string), string) -> string"},
    {"strings.quote", CallStyle::kGlobal, 1, Quote, kMake,
     "(string) -> string"},
    {"format",
     kMember,
     2,
     Format,
     {CostRule::kFormat, 8},
     "(string, list(dyn)) -> string"},
};
static_assert(AreComplete(kEntries));

}  // namespace

std::span<const FunctionEntry> StringFunctions() { return kEntries; }

}  // namespace streamer::cel::internal
