#include "event/internal/line_text.h"

#include <simdjson.h>

#include <array>
#include <span>
#include <string>

#include "event/internal/raw_json.h"
#include "value/json.h"

namespace streamer::internal {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

// Below what ParseJson accepts: what is deeper goes to it.
constexpr std::size_t kMaxDepth = 64;
// Buffers that have grown above this size are given back.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;
constexpr std::size_t kNestedKeyCount = 4;
constexpr std::string_view kNestedKeys[kNestedKeyCount] = {"deleted", "version",
                                                           "t", "i"};

// The parsers of one thread and the text they read, which simdjson wants to be
// followed by some bytes that it may touch.
struct LineReader {
  LineReader() {
    is_ready =
        checker.allocate(std::size_t{1} << 16, kMaxDepth) == simdjson::SUCCESS;
  }

  dom::parser checker;
  ondemand::parser cutter;
  std::string text;
  bool is_ready = false;
};

LineReader& ThreadLineReader() {
  thread_local LineReader reader;
  return reader;
}

Value ReadScalar(dom::element element, Arena& arena) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return Value::String(element.get_string().value_unsafe());
    case dom::element_type::INT64:
      return Value::Int(element.get_int64().value_unsafe());
    case dom::element_type::UINT64:
      return Value::Uint(element.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE:
      return Value::Double(element.get_double().value_unsafe());
    case dom::element_type::BOOL:
      return Value::Bool(element.get_bool().value_unsafe());
    case dom::element_type::ARRAY:
      return Value::List(arena.New<ListValue>(std::span<const Value>()));
    default:
      return Value::Null();
  }
}

// The place of `key` in kNestedKeys, or kNestedKeyCount. Every key of every
// document passes here.
std::size_t FindNestedKey(std::string_view key) {
  constexpr std::string_view kFirstBytes = "dvti";
  std::size_t place =
      key.empty() ? std::string_view::npos : kFirstBytes.find(key.front());
  bool is_wanted = place != std::string_view::npos && key == kNestedKeys[place];
  return is_wanted ? place : kNestedKeyCount;
}

Value ReadNested(const dom::object& object, Arena& arena) {
  std::array<MapEntry, kNestedKeyCount> found;
  std::array<bool, kNestedKeyCount> is_found{};
  for (auto [key, element] : object) {
    std::size_t place = FindNestedKey(key);
    if (place == kNestedKeyCount) continue;
    found[place] = {Value::String(key), ReadScalar(element, arena)};
    is_found[place] = true;
  }
  std::span<MapEntry> entries = arena.NewArray<MapEntry>(kNestedKeyCount);
  std::size_t size = 0;
  for (std::size_t place = 0; place < kNestedKeyCount; ++place) {
    if (is_found[place]) entries[size++] = found[place];
  }
  return Value::Map(MapValue::Make(arena, entries.first(size)));
}

Value ReadRoot(dom::element root, Arena& arena) {
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return ReadScalar(root, arena);
  std::span<MapEntry> entries = arena.NewArray<MapEntry>(object.size());
  std::size_t next = 0;
  for (auto [key, element] : object) {
    dom::object nested;
    Value value = element.get(nested) == simdjson::SUCCESS
                      ? ReadNested(nested, arena)
                      : ReadScalar(element, arena);
    entries[next++] = {Value::String(key), value};
  }
  return Value::Map(MapValue::MakeLastWins(arena, entries));
}

// simdjson's text of an object reaches to the next token.
std::string_view TrimToBrace(std::string_view object) {
  return object.substr(0, object.rfind('}') + 1);
}

// Finds the bodies in text that is known to be JSON. False when simdjson
// refuses it nevertheless.
bool CutBodies(LineReader& reader, LineText& line) {
  ondemand::document document;
  ondemand::object object;
  if (reader.cutter
              .iterate(reader.text.data(), reader.text.size(),
                       reader.text.capacity())
              .get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  for (auto field : object) {
    std::string_view key;
    ondemand::object body;
    std::string_view text;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (key != "doc" && key != "before") continue;
    if (field.value().get_object().get(body) != simdjson::SUCCESS) continue;
    if (body.raw_json().get(text) != simdjson::SUCCESS) return false;
    (key == "doc" ? line.document : line.before) = TrimToBrace(text);
  }
  return true;
}

bool ReadQuickly(std::string_view text, Arena& arena, LineText& line) {
  LineReader& reader = ThreadLineReader();
  if (!reader.is_ready || text.size() > kKeptBytes) return false;
  reader.text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  reader.text.assign(text);
  dom::element root;
  if (reader.checker.parse(reader.text.data(), reader.text.size(), false)
          .get(root) != simdjson::SUCCESS) {
    return false;
  }
  line.root = ReadRoot(root, arena);
  return !line.root.is(ValueKind::kMap) || CutBodies(reader, line);
}

}  // namespace

Result<LineText> ReadLineText(std::string_view text, Arena& arena) {
  LineText line;
  if (ReadQuickly(text, arena, line)) return line;
  // Wrong, or JSON that simdjson does not read (integers above 2^64).
  line = LineText();
  STREAMER_ASSIGN_OR_RETURN(line.root, ParseJson(text, arena));
  if (line.root.is(ValueKind::kMap)) {
    line.document = FindRaw(text, "doc");
    line.before = FindRaw(text, "before");
  }
  return line;
}

}  // namespace streamer::internal
