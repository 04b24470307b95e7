// Cells: sixteen classes that constants fall into by their hash, so that a few
// bits tell most values apart from those that a predicate asks for.
//
// Invariant: equal values lie in the same cell.
#ifndef STREAMER_INDEX_INTERNAL_CELLS_H_
#define STREAMER_INDEX_INTERNAL_CELLS_H_

#include <cstdint>

#include "filter/predicate.h"
#include "index/scratch.h"
#include "value/value.h"

namespace streamer {

inline constexpr std::uint32_t kCellCount = 16;
// Some of them, a bit each.
using CellSet = std::uint16_t;

// The cell of a value; none when no constant that is looked up equals it.
CellSet CellOfTerm(const Value& value);
// The cells of the members of a list or map; none of any other value.
CellSet CellsOfMembers(const Value& container);

// The cells, one of which the value (of an equality) or a member of it (of a
// membership) must lie in to satisfy the predicate. None when it is no such
// predicate, or asks for something that has no cell.
CellSet CellsAskedBy(const Predicate& predicate);

// The same of the value of an event, worked out once.
inline CellSet TermCellAt(IndexScratch::PathSlot& slot) {
  if (slot.term_cell == 0) slot.term_cell = CellOfTerm(*slot.value);
  return slot.term_cell;
}
inline CellSet MemberCellsAt(IndexScratch::PathSlot& slot) {
  if (slot.member_cells == 0) slot.member_cells = CellsOfMembers(*slot.value);
  return slot.member_cells;
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_CELLS_H_
