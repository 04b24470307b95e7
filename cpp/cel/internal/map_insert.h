// What transformMap() and transformMapEntry() do at each turn, written out as
// one call. No text can name these functions.
#ifndef STREAMER_CEL_INTERNAL_MAP_INSERT_H_
#define STREAMER_CEL_INTERNAL_MAP_INSERT_H_

#include <span>
#include <vector>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel::internal {

// (map, key, value): the map with one entry more.
Value InsertEntry(std::span<const Value> arguments, Arena& arena);
// (map, entries): the map with these entries more.
Value InsertEntries(std::span<const Value> arguments, Arena& arena);

// The map of entries whose keys may be repeated: that is an error then.
Value MapOfEntries(std::vector<MapEntry>& entries, Arena& arena);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_MAP_INSERT_H_
