// Random filters, and inputs that they have something to say about.
//
// Expressions are drawn over every form that becomes a predicate (either
// operand first, select and index, all variables, derived values of every
// type), over what does not (two paths, values that are no booleans), and
// joined with
// && || ! ?: . Constants and documents come from RandomValues, so they meet.
#ifndef STREAMER_TESTS_SUPPORT_RANDOM_FILTER_H_
#define STREAMER_TESTS_SUPPORT_RANDOM_FILTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cel/tree_builder.h"
#include "filter/condition.h"
#include "filter/filter.h"
#include "filter/filter_input.h"
#include "support/random.h"
#include "support/random_value.h"

namespace streamer::support {

class RandomFilters {
 public:
  explicit RandomFilters(Random& random) : random_(random) {}

  // An expression with at most `depth` levels of && || ! ?: .
  std::string Expression(int depth);
  // One test, recognised as a predicate or not.
  std::string Atom();
  // What a test of a derived value looks at. Its types need not fit.
  std::string DerivedValue();
  // A structured condition that Filter::Compile accepts.
  streamer::Condition Condition();
  // Conditions, an expression, both or neither.
  FilterSource Source();

 private:
  const cel::Expr* Logic(cel::TreeBuilder& builder, int depth);
  const cel::Expr* Test(cel::TreeBuilder& builder);
  const cel::Expr* Comparison(cel::TreeBuilder& builder);
  const cel::Expr* Membership(cel::TreeBuilder& builder);
  const cel::Expr* TextTest(cel::TreeBuilder& builder);
  const cel::Expr* Presence(cel::TreeBuilder& builder);
  const cel::Expr* NoPredicate(cel::TreeBuilder& builder);
  const cel::Expr* Subject(cel::TreeBuilder& builder);
  const cel::Expr* Derived(cel::TreeBuilder& builder);
  const cel::Expr* Path(cel::TreeBuilder& builder);
  const cel::Expr* Step(cel::TreeBuilder& builder, const cel::Expr* operand);
  const cel::Expr* Constant(cel::TreeBuilder& builder);
  const cel::Expr* ConstantList(cel::TreeBuilder& builder);

  Random& random_;
  Arena arena_;
};

// Documents with an id among few, and everything else that filters see.
class RandomInputs {
 public:
  RandomInputs(Random& random, ValueRange range)
      : random_(random), range_(range) {}

  // Valid until the next call. doc.id is the variable `id`.
  FilterInput Next();

 private:
  Value DocumentWithId(const Value& document, const Value& id);

  Random& random_;
  ValueRange range_;
  Arena arena_;
};

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_RANDOM_FILTER_H_
