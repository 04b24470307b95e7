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

#include "index/internal/hung_conjunction.h"
#include "index/internal/record.h"
#include "index/internal/shared_predicates.h"
#include "index/internal/term_table.h"
#include "value/value.h"

namespace streamer {

enum class ConstraintKind : std::uint8_t {
  kNumber,  // the value is a number from `low` to `high`
  kTerm,    // the value lies in one of the cells
  kMember,  // the value is a list or map with a member in the cell
};

// Some of the sixteen cells that constants are spread over, a bit each.
using CellSet = std::uint16_t;
inline constexpr std::uint32_t kCells = 16;

struct Constraint {
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  PathId path;
  ConstraintKind kind = ConstraintKind::kNumber;
  CellSet cells = 0;        // of kTerm and kMember
  bool holds_other = true;  // of kNumber: NaN, too
  float low = -kInfinity;   // rounded as IndexScratch::NumberAt is
  float high = kInfinity;
};

// The cell of a value; none when no constant that is looked up equals it.
CellSet CellOfTerm(const Value& value);
// The cells of the members of a list or map; none of any other value.
CellSet CellsOfMembers(const Value& container);

// Reads the constraints of a conjunction from its records, in no order.
class ConstraintReader {
 public:
  ConstraintReader(const TermTable& terms, const SharedPredicates& shared)
      : terms_(terms), shared_(shared) {}

  // REQUIRES: the records are set.
  void Read(const HungConjunction& hung,
            std::vector<Constraint>& constraints) const;

 private:
  static void AddNumber(const PredicateRecord& record,
                        std::vector<Constraint>& constraints);
  void AddShared(const PredicateRecord& record,
                 std::vector<Constraint>& constraints) const;

  const TermTable& terms_;
  const SharedPredicates& shared_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_CONSTRAINT_H_
