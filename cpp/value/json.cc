#include "value/json.h"

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "absl/strings/escaping.h"
#include "value/internal/strict_json.h"
#include "value/time_text.h"

namespace streamer {
namespace {

// A parser keeps buffers for the largest text it has seen; above this size
// they are given back.
constexpr std::size_t kKeptParserBytes = std::size_t{1} << 20;
// simdjson counts the members of a container up to this number only.
constexpr std::size_t kMostCountedMembers = 0xFFFFFF;

// Builds a Value from simdjson's tape. Strings are copied into one block: they
// are never longer unescaped than they were in the text.
class TapeReader {
 public:
  TapeReader(std::size_t text_size, Arena& arena)
      : arena_(arena),
        characters_(static_cast<char*>(arena.Allocate(text_size, 1))) {}

  // False when `element` is nested too deep.
  bool Read(simdjson::dom::element element, int depth, Value& value) {
    using simdjson::dom::element_type;
    switch (element.type()) {
      case element_type::ARRAY:
        return ReadArray(element.get_array().value_unsafe(), depth + 1, value);
      case element_type::OBJECT:
        return ReadObject(element.get_object().value_unsafe(), depth + 1,
                          value);
      case element_type::STRING:
        value = CopyString(element.get_string().value_unsafe());
        return true;
      case element_type::INT64:
        value = Value::Int(element.get_int64().value_unsafe());
        return true;
      case element_type::UINT64:
        value = Value::Uint(element.get_uint64().value_unsafe());
        return true;
      case element_type::DOUBLE:
        value = Value::Double(element.get_double().value_unsafe());
        return true;
      case element_type::BOOL:
        value = Value::Bool(element.get_bool().value_unsafe());
        return true;
      case element_type::NULL_VALUE:
        value = Value::Null();
        return true;
    }
    return false;
  }

 private:
  Value CopyString(std::string_view text) {
    std::memcpy(characters_, text.data(), text.size());
    std::string_view copy(characters_, text.size());
    characters_ += text.size();
    return Value::String(copy);
  }

  template <typename Container>
  static std::size_t CountMembers(const Container& container) {
    std::size_t counted = container.size();
    if (counted < kMostCountedMembers) return counted;
    counted = 0;
    for (auto member = container.begin(); member != container.end(); ++member) {
      ++counted;
    }
    return counted;
  }

  bool ReadArray(const simdjson::dom::array& array, int depth, Value& value) {
    if (depth > kMaxJsonDepth) return false;
    std::span<Value> items = arena_.NewArray<Value>(CountMembers(array));
    std::size_t next = 0;
    for (simdjson::dom::element element : array) {
      if (!Read(element, depth, items[next++])) return false;
    }
    value = Value::List(arena_.New<ListValue>(items));
    return true;
  }

  bool ReadObject(const simdjson::dom::object& object, int depth,
                  Value& value) {
    if (depth > kMaxJsonDepth) return false;
    std::span<MapEntry> entries =
        arena_.NewArray<MapEntry>(CountMembers(object));
    std::size_t next = 0;
    for (auto [key, element] : object) {
      MapEntry& entry = entries[next++];
      entry.key = CopyString(key);
      if (!Read(element, depth, entry.value)) return false;
    }
    value = Value::Map(MapValue::MakeLastWins(arena_, entries));
    return true;
  }

  Arena& arena_;
  char* characters_;
};

void AppendDouble(double number, std::string& text) {
  if (std::isnan(number)) {
    text.append("\"NaN\"");
    return;
  }
  if (std::isinf(number)) {
    text.append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  std::string_view written(digits, end - digits);
  text.append(written);
  if (written.find_first_of(".e") == std::string_view::npos) text.append(".0");
}

void AppendBytes(std::string_view bytes, std::string& text) {
  std::string encoded;
  absl::Base64Escape({bytes.data(), bytes.size()}, &encoded);
  text.append("\"").append(encoded).append("\"");
}

void AppendList(const ListValue& list, std::string& text) {
  text.push_back('[');
  for (const Value& item : list.items()) {
    if (&item != &list.items().front()) text.push_back(',');
    AppendJson(item, text);
  }
  text.push_back(']');
}

// JSON has text keys only: other keys become the text of their value.
void AppendKey(const Value& key, std::string& text) {
  if (key.is(ValueKind::kString)) return AppendJsonString(key.text(), text);
  AppendJsonString(FormatJson(key), text);
}

void AppendMap(const MapValue& map, std::string& text) {
  text.push_back('{');
  for (const MapEntry& entry : map.entries()) {
    if (&entry != &map.entries().front()) text.push_back(',');
    AppendKey(entry.key, text);
    text.push_back(':');
    AppendJson(entry.value, text);
  }
  text.push_back('}');
}

void AppendEscaped(char byte, std::string& json) {
  constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  json.push_back('\\');
  std::size_t index = kMeanings.find(byte);
  if (index != std::string_view::npos) {
    json.push_back(kEscapes[index]);
    return;
  }
  json.append("u00");
  json.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
  json.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
}

}  // namespace

Result<Value> ParseJson(std::string_view text, Arena& arena) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  Value value;
  bool understood =
      parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS &&
      TapeReader(text.size(), arena).Read(root, 0, value);
  if (text.size() > kKeptParserBytes) parser = simdjson::dom::parser();
  if (understood) return value;
  return internal::ReadStrictJson(text, arena);
}

void AppendJson(const Value& value, std::string& text) {
  switch (value.kind()) {
    case ValueKind::kNull:
      text.append("null");
      break;
    case ValueKind::kBool:
      text.append(value.bool_value() ? "true" : "false");
      break;
    case ValueKind::kInt:
      text.append(std::to_string(value.int_value()));
      break;
    case ValueKind::kUint:
      text.append(std::to_string(value.uint_value()));
      break;
    case ValueKind::kDouble:
      AppendDouble(value.double_value(), text);
      break;
    case ValueKind::kString:
    case ValueKind::kType:
      AppendJsonString(value.text(), text);
      break;
    case ValueKind::kBytes:
      AppendBytes(value.text(), text);
      break;
    case ValueKind::kList:
      AppendList(value.list(), text);
      break;
    case ValueKind::kMap:
      AppendMap(value.map(), text);
      break;
    case ValueKind::kTimestamp:
      AppendJsonString(FormatTimestamp(value.time()), text);
      break;
    case ValueKind::kDuration:
      AppendJsonString(FormatDuration(value.time()), text);
      break;
    case ValueKind::kOptional:
      AppendJson(value.optional() != nullptr ? *value.optional() : Value(),
                 text);
      break;
    case ValueKind::kError:
      AppendJsonString(value.error().message, text);
      break;
  }
}

std::string FormatJson(const Value& value) {
  std::string text;
  AppendJson(value, text);
  return text;
}

void AppendJsonString(std::string_view text, std::string& json) {
  json.push_back('"');
  std::size_t plain = 0;  // start of what needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    json.append(text.substr(plain, i - plain));
    AppendEscaped(text[i], json);
    plain = i + 1;
  }
  json.append(text.substr(plain));
  json.push_back('"');
}

}  // namespace streamer
