#include "cel/internal/map_insert.h"

#include <string>

#include "cel/internal/made_values.h"
#include "cel/internal/tree_evaluator.h"

namespace streamer::cel::internal {
namespace {

Value Joined(const MapValue& map, std::span<const MapEntry> added,
             Arena& arena) {
  std::vector<MapEntry> entries(map.entries().begin(), map.entries().end());
  entries.insert(entries.end(), added.begin(), added.end());
  return MapOfEntries(entries, arena);
}

}  // namespace

Value InsertEntry(std::span<const Value> arguments, Arena& arena) {
  if (!arguments[0].is(ValueKind::kMap)) {
    return NoSuchCall("insert", arguments, arena);
  }
  const MapEntry added = {arguments[1], arguments[2]};
  return Joined(arguments[0].map(), std::span(&added, 1), arena);
}

Value InsertEntries(std::span<const Value> arguments, Arena& arena) {
  if (!AreKinds(arguments, {ValueKind::kMap, ValueKind::kMap})) {
    return NoSuchCall("insert", arguments, arena);
  }
  return Joined(arguments[0].map(), arguments[1].map().entries(), arena);
}

Value MapOfEntries(std::vector<MapEntry>& entries, Arena& arena) {
  if (entries.size() * sizeof(MapEntry) > kLargestValue) return TooLarge();
  std::span<MapEntry> kept = arena.NewArray<MapEntry>(entries.size());
  std::copy(entries.begin(), entries.end(), kept.begin());
  return MakeMap(kept, arena);
}

}  // namespace streamer::cel::internal
