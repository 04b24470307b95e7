#include "python/cel_declared.h"

#include <optional>
#include <string>

#include "value/json.h"
#include "value/time_text.h"

namespace streamer::python {
namespace {

using cel::Type;
using cel::TypeKind;

// The kind of value that a type is of, if it is one without parts.
std::optional<ValueKind> PlainKind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kNull:
      return ValueKind::kNull;
    case TypeKind::kBool:
      return ValueKind::kBool;
    case TypeKind::kInt:
      return ValueKind::kInt;
    case TypeKind::kUint:
      return ValueKind::kUint;
    case TypeKind::kDouble:
      return ValueKind::kDouble;
    case TypeKind::kString:
      return ValueKind::kString;
    case TypeKind::kBytes:
      return ValueKind::kBytes;
    case TypeKind::kTimestamp:
      return ValueKind::kTimestamp;
    case TypeKind::kDuration:
      return ValueKind::kDuration;
    default:
      return std::nullopt;
  }
}

std::optional<Value> Converted(TypeKind kind, const Value& value) {
  if (kind == TypeKind::kUint && value.is(ValueKind::kInt) &&
      value.int_value() >= 0) {
    return Value::Uint(static_cast<std::uint64_t>(value.int_value()));
  }
  if (kind == TypeKind::kDouble && value.is(ValueKind::kInt)) {
    return Value::Double(static_cast<double>(value.int_value()));
  }
  if (kind == TypeKind::kDouble && value.is(ValueKind::kUint)) {
    return Value::Double(static_cast<double>(value.uint_value()));
  }
  if (!value.is(ValueKind::kString)) return std::nullopt;
  if (kind == TypeKind::kTimestamp) {
    if (auto time = ParseTimestamp(value.text()))
      return Value::Timestamp(*time);
  }
  if (kind == TypeKind::kDuration) {
    if (auto time = ParseDuration(value.text())) return Value::Duration(*time);
  }
  return std::nullopt;
}

// Whether every value of `type` may stay as it is, its parts unseen.
bool HasFreeParts(const Type& type) {
  for (const Type* part : type.parameters) {
    const bool is_key = type.kind == TypeKind::kMap &&
                        part == type.parameters[0] &&
                        part->kind == TypeKind::kString;
    if (part->kind != TypeKind::kDyn && !is_key) return false;
  }
  return true;
}

// Walks a value and its type together. `path_` is where, for messages only.
class Walk {
 public:
  Walk(std::string_view name, Arena& arena) : path_(name), arena_(arena) {}

  Value Read(const Type& type, const Value& value) {
    if (type.kind == TypeKind::kDyn || value.is_error()) return value;
    if (const auto plain = PlainKind(type.kind)) {
      if (value.is(*plain)) return value;
      if (const auto converted = Converted(type.kind, value)) {
        return *converted;
      }
      return Refusal(type, value);
    }
    if (type.kind == TypeKind::kOptional) return ReadOptional(type, value);
    if (type.kind == TypeKind::kList && value.is(ValueKind::kList)) {
      return HasFreeParts(type) ? value : ReadList(type, value.list());
    }
    if (type.kind == TypeKind::kMap && value.is(ValueKind::kMap)) {
      return HasFreeParts(type) ? value : ReadMap(type, value.map());
    }
    return Refusal(type, value);
  }

 private:
  Value Refusal(const Type& type, const Value& value) {
    return Value::Error(arena_, ErrorCode::kInvalidArgument,
                        path_ + ": expected " + cel::FormatType(type) +
                            ", got " + std::string(NameOf(value.kind())));
  }

  Value ReadBelow(const Type& type, const Value& value,
                  const std::string& segment) {
    const std::size_t size = path_.size();
    path_ += segment;
    const Value read = Read(type, value);
    path_.resize(size);
    return read;
  }

  Value ReadOptional(const Type& type, const Value& value) {
    if (value.is(ValueKind::kNull)) return Value::Optional(nullptr);
    const Value content = Read(*type.parameters[0], value);
    if (content.is_error()) return content;
    return Value::Optional(arena_.New<Value>(content));
  }

  Value ReadList(const Type& type, const ListValue& list) {
    const std::span<Value> items = arena_.NewArray<Value>(list.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i] = ReadBelow(*type.parameters[0], list.items()[i],
                           "[" + std::to_string(i) + "]");
      if (items[i].is_error()) return items[i];
    }
    return Value::List(arena_.New<ListValue>(items));
  }

  Value ReadMap(const Type& type, const MapValue& map) {
    const std::span<MapEntry> entries = arena_.NewArray<MapEntry>(map.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const MapEntry& from = map.entries()[i];
      const std::string segment = "[" + FormatJson(from.key) + "]";
      entries[i] = {ReadBelow(*type.parameters[0], from.key, segment),
                    ReadBelow(*type.parameters[1], from.value, segment)};
      if (entries[i].key.is_error()) return entries[i].key;
      if (entries[i].value.is_error()) return entries[i].value;
    }
    return Value::Map(MapValue::Make(arena_, entries));
  }

  std::string path_;
  Arena& arena_;
};

}  // namespace

Value AsDeclared(const Type& type, const Value& value, std::string_view name,
                 Arena& arena) {
  if (type.kind == TypeKind::kDyn) return value;
  return Walk(name, arena).Read(type, value);
}

}  // namespace streamer::python
