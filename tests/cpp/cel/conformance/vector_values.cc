#include "vector_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/escaping.h"
#include "cel/functions.h"

namespace streamer::conformance {
namespace {

using nlohmann::json;

// 64-bit numbers are text in JSON, NaN and the infinities are their names.
double ReadDouble(const json& number) {
  if (!number.is_string()) return number.get<double>();
  if (number == "NaN") return std::numeric_limits<double>::quiet_NaN();
  double infinity = std::numeric_limits<double>::infinity();
  return number == "-Infinity" ? -infinity : infinity;
}

std::optional<Value> ReadList(const json& list, Arena& arena) {
  std::vector<Value> items;
  for (const json& item : list.value("values", json::array())) {
    auto value = ReadValue(item, arena);
    if (!value) return std::nullopt;
    items.push_back(*value);
  }
  std::span<Value> kept = arena.NewArray<Value>(items.size());
  std::copy(items.begin(), items.end(), kept.begin());
  return Value::List(arena.New<ListValue>(kept));
}

std::optional<Value> ReadMap(const json& map, Arena& arena) {
  std::vector<MapEntry> entries;
  for (const json& entry : map.value("entries", json::array())) {
    auto key = ReadValue(entry.at("key"), arena);
    auto value = ReadValue(entry.at("value"), arena);
    if (!key || !value) return std::nullopt;
    entries.push_back({*key, *value});
  }
  std::span<MapEntry> kept = arena.NewArray<MapEntry>(entries.size());
  std::copy(entries.begin(), entries.end(), kept.begin());
  return Value::Map(MapValue::Make(arena, kept));
}

bool IsSameList(const ListValue& left, const ListValue& right) {
  return std::equal(left.items().begin(), left.items().end(),
                    right.items().begin(), right.items().end(), IsSame);
}

bool IsSameMap(const MapValue& left, const MapValue& right) {
  return left.size() == right.size() &&
         std::all_of(left.entries().begin(), left.entries().end(),
                     [&](const MapEntry& entry) {
                       return std::any_of(
                           right.entries().begin(), right.entries().end(),
                           [&](const MapEntry& other) {
                             return IsSame(entry.key, other.key) &&
                                    IsSame(entry.value, other.value);
                           });
                     });
}

std::optional<std::string> ReadParameters(const std::string& name,
                                          const json& types) {
  std::string text = name;
  for (const json& type : types) {
    auto parameter = ReadType(type);
    if (!parameter) return std::nullopt;
    text += (&type == &types.front() ? "(" : ", ") + *parameter;
  }
  return types.empty() ? text : text + ")";
}

std::optional<std::string> ReadPrimitive(const json& primitive) {
  static const json kNames = {{"BOOL", "bool"},     {"INT64", "int"},
                              {"UINT64", "uint"},   {"DOUBLE", "double"},
                              {"STRING", "string"}, {"BYTES", "bytes"}};
  auto found = kNames.find(primitive.get<std::string>());
  if (found == kNames.end()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::optional<Value> ReadValue(const json& value, Arena& arena) {
  const std::string kind = value.begin().key();
  const json& content = value.begin().value();
  if (kind == "nullValue") return Value::Null();
  if (kind == "boolValue") return Value::Bool(content.get<bool>());
  if (kind == "int64Value") {
    return Value::Int(std::stoll(content.get<std::string>()));
  }
  if (kind == "uint64Value") {
    return Value::Uint(std::stoull(content.get<std::string>()));
  }
  if (kind == "doubleValue") return Value::Double(ReadDouble(content));
  if (kind == "stringValue") {
    return Value::String(arena.CopyText(content.get<std::string>()));
  }
  if (kind == "bytesValue") {
    std::string bytes;
    absl::Base64Unescape(content.get<std::string>(), &bytes);
    return Value::Bytes(arena.CopyText(bytes));
  }
  if (kind == "listValue") return ReadList(content, arena);
  if (kind == "mapValue") return ReadMap(content, arena);
  if (kind == "typeValue") {
    return Value::Type(arena.CopyText(content.get<std::string>()));
  }
  return std::nullopt;
}

std::optional<std::string> ReadType(const json& type) {
  const std::string kind = type.begin().key();
  const json& content = type.begin().value();
  if (kind == "dyn") return "dyn";
  if (kind == "null") return "null";
  if (kind == "primitive") return ReadPrimitive(content);
  if (kind == "typeParam") return content.get<std::string>();
  if (kind == "listType") {
    return ReadParameters("list", json::array({content.at("elemType")}));
  }
  if (kind == "mapType") {
    return ReadParameters(
        "map", json::array({content.at("keyType"), content.at("valueType")}));
  }
  if (kind == "type") {
    if (content.empty()) return "type";
    return ReadParameters("type", json::array({content}));
  }
  if (kind == "abstractType") {
    return ReadParameters(content.at("name"),
                          content.value("parameterTypes", json::array()));
  }
  if (kind == "wellKnown" && content == "TIMESTAMP") return "timestamp";
  if (kind == "wellKnown" && content == "DURATION") return "duration";
  return std::nullopt;
}

bool IsSame(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kBool:
      return left.bool_value() == right.bool_value();
    case ValueKind::kInt:
      return left.int_value() == right.int_value();
    case ValueKind::kUint:
      return left.uint_value() == right.uint_value();
    case ValueKind::kDouble:
      return left.double_value() == right.double_value() ||
             (std::isnan(left.double_value()) &&
              std::isnan(right.double_value()));
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kType:
      return left.text() == right.text();
    case ValueKind::kList:
      return IsSameList(left.list(), right.list());
    case ValueKind::kMap:
      return IsSameMap(left.map(), right.map());
    default:
      return false;
  }
}

}  // namespace streamer::conformance
