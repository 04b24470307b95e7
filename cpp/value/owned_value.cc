#include "value/owned_value.h"

#include <algorithm>
#include <memory>
#include <string_view>

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

bool IsText(const Value& value) {
  return value.is(ValueKind::kString) || value.is(ValueKind::kBytes) ||
         value.is(ValueKind::kType);
}

// A text, where nothing else is.
std::shared_ptr<const char[]> CopyBytes(std::string_view text) {
  auto bytes = std::make_shared_for_overwrite<char[]>(text.size());
  std::copy(text.begin(), text.end(), bytes.get());
  return bytes;
}

// What CopyValue takes of an arena for `value`, about: an arena that begins
// with so much seldom needs more.
std::size_t SizeOfCopy(const Value& value) {
  std::size_t size = 0;
  if (IsText(value)) return value.text().size() + alignof(Value);
  if (value.is(ValueKind::kList)) {
    size = sizeof(ListValue);
    for (const Value& item : value.list().items()) {
      size += sizeof(Value) + SizeOfCopy(item);
    }
  } else if (value.is(ValueKind::kMap)) {
    size = sizeof(MapValue);
    for (const MapEntry& entry : value.map().entries()) {
      size +=
          sizeof(MapEntry) + SizeOfCopy(entry.key) + SizeOfCopy(entry.value);
    }
  }
  return size;
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
  if (value.is(ValueKind::kString)) {
    auto bytes = CopyBytes(value.text());
    value_ = Value::String({bytes.get(), value.text().size()});
    memory_ = std::move(bytes);
    return;
  }
  auto arena =
      std::make_shared<Arena>(std::max(SizeOfCopy(value), sizeof(Value)));
  value_ = CopyValue(*arena, value);
  memory_ = std::move(arena);
}

}  // namespace streamer
