// Constraint: what a conjunction asks of the value at one path, coarsely
// enough to be laid out in cells (crowd.h).
//
// Invariant: an event that satisfies the conjunction satisfies each of its
// constraints.
#ifndef STREAMER_INDEX_INTERNAL_CONSTRAINT_H_
#define STREAMER_INDEX_INTERNAL_CONSTRAINT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "index/internal/cells.h"
#include "index/internal/hung_conjunction.h"

namespace streamer {

enum class ConstraintKind : std::uint8_t {
  kNumber,  // the value is a number from `low` to `high`
  kTerm,    // the value lies in one of the cells
  kMember,  // the value is a list or map with a member in the cell
};

struct Constraint {
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  PathId path;
  ConstraintKind kind = ConstraintKind::kNumber;
  CellSet cells = 0;        // of kTerm and kMember
  bool holds_other = true;  // of kNumber: NaN, too
  float low = -kInfinity;   // rounded as IndexScratch::NumberAt is
  float high = kInfinity;
};

// Puts the constraints that the records of a conjunction say into
// `constraints`, in no order.
void ReadConstraints(const HungConjunction& hung,
                     std::vector<Constraint>& constraints);

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_CONSTRAINT_H_
