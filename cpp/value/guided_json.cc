#include "value/guided_json.h"

#include <simdjson.h>

#include <cstring>
#include <vector>

#include "value/json.h"

namespace streamer {
namespace {

namespace ondemand = simdjson::ondemand;

// A buffer above this size is given back.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

// The key as written; nothing when it is escaped.
bool ReadKey(ondemand::field& field, std::string_view& key) {
  const char* begin = field.key().raw();
  const char* end = begin;
  while (*end != '"') {
    if (*end == '\\') return false;
    ++end;
  }
  key = {begin, static_cast<std::size_t>(end - begin)};
  return true;
}

class Reader {
 public:
  Reader(JsonGuide& guide, Arena& arena) : guide_(guide), arena_(arena) {}

  // All return false to give up.
  bool ReadMembers(ondemand::object object, JsonGuide::Node node, int depth) {
    for (auto result : object) {
      ondemand::field field;
      if (std::move(result).get(field) != simdjson::SUCCESS) return false;
      std::string_view key;
      if (!ReadKey(field, key)) return false;
      const JsonGuide::Step step = guide_.Enter(node, key);
      if (step.node == JsonGuide::kSkip) continue;
      if (!ReadMember(field.value(), step, depth)) return false;
    }
    return true;
  }

 private:
  bool ReadMember(ondemand::value& source, JsonGuide::Step step, int depth) {
    ondemand::json_type type;
    if (source.type().get(type) != simdjson::SUCCESS) return false;
    if (IsContainer(type) && depth >= kMaxJsonDepth) return false;
    if (step.wants_whole || !IsContainer(type)) {
      Value value;
      return ReadValue(source, type, value) && guide_.Set(step.node, value);
    }
    if (type == ondemand::json_type::array) {
      return guide_.Set(step.node, Value::List(&kEmptyList));
    }
    ondemand::object object;
    return source.get_object().get(object) == simdjson::SUCCESS &&
           guide_.Set(step.node, Value::Map(EmptyMap())) &&
           ReadMembers(object, step.node, depth + 1);
  }

  static bool IsContainer(ondemand::json_type type) {
    return type == ondemand::json_type::array ||
           type == ondemand::json_type::object;
  }

  bool ReadValue(ondemand::value& source, ondemand::json_type type,
                 Value& value) {
    switch (type) {
      case ondemand::json_type::array:
      case ondemand::json_type::object:
        return ReadWhole(source, value);
      case ondemand::json_type::number:
        return ReadNumber(source, value);
      case ondemand::json_type::string:
        return ReadText(source, value);
      case ondemand::json_type::boolean: {
        bool truth = false;
        if (source.get_bool().get(truth) != simdjson::SUCCESS) return false;
        value = Value::Bool(truth);
        return true;
      }
      case ondemand::json_type::null:
        value = Value::Null();
        return source.is_null();
    }
    return false;
  }

  // Told apart by the text: simdjson's own telling takes some doubles for
  // integers ("9223372036854775808.0").
  static bool ReadNumber(ondemand::value& source, Value& value) {
    const std::string_view token = source.raw_json_token();
    if (token.find_first_of(".eE") != std::string_view::npos) {
      double number = 0;
      if (source.get_double().get(number) != simdjson::SUCCESS) return false;
      value = Value::Double(number);
      return true;
    }
    std::int64_t number = 0;
    if (source.get_int64().get(number) == simdjson::SUCCESS) {
      value = Value::Int(number);
      return true;
    }
    std::uint64_t large = 0;
    if (source.get_uint64().get(large) != simdjson::SUCCESS) return false;
    value = Value::Uint(large);
    return true;
  }

  static bool ReadText(ondemand::value& source, Value& value) {
    std::string_view text;
    if (source.get_string().get(text) != simdjson::SUCCESS) return false;
    value = Value::String(text);
    return true;
  }

  // A container as a whole is rare enough to be read by the one who knows.
  bool ReadWhole(ondemand::value& source, Value& value) {
    std::string_view text;
    if (simdjson::to_json_string(source).get(text) != simdjson::SUCCESS) {
      return false;
    }
    Result<Value> parsed = ParseJson(text, arena_);
    if (!parsed.ok()) return false;
    value = *parsed;
    return true;
  }

  static const MapValue* EmptyMap() {
    static Arena arena;
    static const MapValue* map = MapValue::Make(arena, {});
    return map;
  }
  inline static const ListValue kEmptyList{std::span<const Value>()};

  JsonGuide& guide_;
  Arena& arena_;
};

}  // namespace

struct GuidedJson::State {
  ondemand::parser parser;
  std::vector<char> padded;
};

GuidedJson::GuidedJson() : state_(std::make_unique<State>()) {}
GuidedJson::~GuidedJson() = default;
GuidedJson::GuidedJson(GuidedJson&&) noexcept = default;
GuidedJson& GuidedJson::operator=(GuidedJson&&) noexcept = default;

bool GuidedJson::Read(std::string_view text, JsonGuide::Node root,
                      JsonGuide& guide, Arena& arena) {
  std::vector<char>& padded = state_->padded;
  if (padded.size() > kKeptBytes) *state_ = State();
  const std::size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
  if (padded.size() < needed) padded.resize(needed);
  std::memcpy(padded.data(), text.data(), text.size());
  std::memset(padded.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  ondemand::object object;
  return state_->parser.iterate(padded.data(), text.size(), padded.size())
                 .get(document) == simdjson::SUCCESS &&
         document.get_object().get(object) == simdjson::SUCCESS &&
         Reader(guide, arena).ReadMembers(object, root, 1) &&
         document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace streamer
