#include "value/owned_value.h"

namespace streamer {
namespace {

Value CopyList(Arena& arena, const ListValue& list) {
  std::span<Value> items = arena.NewArray<Value>(list.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = CopyValue(arena, list.items()[i]);
  }
  return Value::List(arena.New<ListValue>(items));
}

Value CopyMap(Arena& arena, const MapValue& map) {
  std::span<MapEntry> entries = arena.NewArray<MapEntry>(map.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i] = {CopyValue(arena, map.entries()[i].key),
                  CopyValue(arena, map.entries()[i].value)};
  }
  return Value::Map(MapValue::MakeLastWins(arena, entries));
}

// Null, bool and the numbers hold themselves, and so do times.
bool PointsNowhere(const Value& value) {
  return value.kind() <= ValueKind::kDouble ||
         value.is(ValueKind::kTimestamp) || value.is(ValueKind::kDuration);
}

}  // namespace

Value CopyValue(Arena& arena, const Value& value) {
  switch (value.kind()) {
    case ValueKind::kString:
      return Value::String(arena.CopyText(value.text()));
    case ValueKind::kBytes:
      return Value::Bytes(arena.CopyText(value.text()));
    case ValueKind::kType:
      return Value::Type(arena.CopyText(value.text()));
    case ValueKind::kList:
      return CopyList(arena, value.list());
    case ValueKind::kMap:
      return CopyMap(arena, value.map());
    case ValueKind::kOptional:
      if (value.optional() == nullptr) return value;
      return Value::Optional(
          arena.New<Value>(CopyValue(arena, *value.optional())));
    case ValueKind::kError:
      return Value::Error(arena, value.error().code, value.error().message);
    default:
      return value;
  }
}

OwnedValue::OwnedValue(const Value& value) : value_(value) {
  if (PointsNowhere(value)) return;
  auto arena = std::make_shared<Arena>();
  value_ = CopyValue(*arena, value);
  arena_ = std::move(arena);
}

}  // namespace streamer
