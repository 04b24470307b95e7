// DerivedValue: what an expression makes of an event, looked at as if it were
// one more field of it.
//
//   (doc.n1 + doc.n3) % 1009 == 17    the derived value of
//                                     `(doc.n1 + doc.n3) % 1009` is 17
//
// Thousands of filters compute the same and compare it with constants of
// their own. Their predicates have the variable kDerived and a path of one
// segment, the text of the expression: so they find one another, and an event
// evaluates each text once. Like a field the value is there or absent; absent
// means that the expression failed.
//
// Cost: Compile parses and compiles the text. Evaluate costs what the meter is
// charged.
// Thread-safety: immutable. Evaluate needs its own arena.
#ifndef STREAMER_FILTER_DERIVED_VALUE_H_
#define STREAMER_FILTER_DERIVED_VALUE_H_

#include <optional>

#include "base/arena.h"
#include "cel/cost.h"
#include "cel/expression.h"
#include "cel/program.h"
#include "filter/filter_input.h"
#include "value/field_path.h"
#include "value/value.h"

namespace streamer {

class DerivedValue {
 public:
  // Whether `expression`, whose types fit, may be looked at in this way: it
  // asks the event for something. One with a pattern may not, for patterns
  // have limits of their own.
  static bool IsPossible(const cel::Expr& expression);
  // The path under which predicates look at it. REQUIRES: IsPossible.
  static FieldPath PathOf(const cel::Expr& expression);

  // REQUIRES: `path` came from PathOf.
  static DerivedValue Compile(const FieldPath& path);
  // The estimate for one evaluation. REQUIRES: as Compile.
  static cel::Units EstimateCost(const FieldPath& path);

  // The value, in `arena`, the program or the input; nothing when it failed,
  // or when the meter ended it.
  std::optional<Value> Evaluate(const FilterInput& input, Arena& arena,
                                cel::Meter& meter) const;

 private:
  explicit DerivedValue(cel::Program program) : program_(std::move(program)) {}

  cel::Program program_;
};

}  // namespace streamer

#endif  // STREAMER_FILTER_DERIVED_VALUE_H_
