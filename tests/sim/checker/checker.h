// Checker: whether a history keeps the invariants of the design, and if not,
// which one, where and how.
//
//   I1  no loss but what was declared     I5  tenants
//   I2  no invention                      I7  true answers on continuity
//   I3  at most once                      I11 no resync without a cause
//   I4  order, dense numbers              I6  saved markers
//   I8  no lag once all is whole again
//
// What who asked for membership is told of a document is part of I1 and I2: it
// is true, known where it can be, and all that enters, changes or leaves.
//
// What a run can only be asked while it goes on (I9, whether all find one
// another again) the world checks.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_CHECKER_CHECKER_H_
#define STREAMER_TESTS_SIM_CHECKER_CHECKER_H_

#include <string>
#include <vector>

#include "sim/checker/history.h"

namespace streamer::sim {

struct Complaint {
  std::string invariant;  // "I1", …
  std::string text;

  friend bool operator==(const Complaint&, const Complaint&) = default;
};

// All that is wrong, in the order of the history.
std::vector<Complaint> Check(const History& history);

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_CHECKER_CHECKER_H_
