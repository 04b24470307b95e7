// Random expressions, over the fields that RandomValues gives to documents.
//
// kFilter draws what people write: tests of fields, joined by && || ! ?:, of
// types that mostly fit. kAnything draws every construct and every function
// with arguments of any type, for the corners and the errors.
#ifndef STREAMER_TESTS_SUPPORT_RANDOM_EXPRESSION_H_
#define STREAMER_TESTS_SUPPORT_RANDOM_EXPRESSION_H_

#include <string>
#include <vector>

#include "base/arena.h"
#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/program.h"
#include "cel/tree_builder.h"
#include "support/random.h"
#include "support/random_value.h"

namespace streamer::support {

enum class ExpressionStyle { kFilter, kAnything };

class RandomExpressions {
 public:
  RandomExpressions(Random& random, ExpressionStyle style)
      : random_(random),
        style_(style),
        constants_(random, arena_,
                   style == ExpressionStyle::kFilter ? ValueRange::kJson
                                                     : ValueRange::kCel) {}

  // The variables that expressions use: doc, before, op.
  static const cel::Variables& variables();
  // Values for them: doc a document, before one or null, op a text; in
  // kAnything at times something else.
  std::vector<Value> DrawBindings(RandomValues& values);

  // An expression nested about `depth` levels.
  cel::Tree Draw(int depth);
  const cel::Expr* Draw(cel::TreeBuilder& builder, int depth);

 private:
  using Expr = cel::Expr;
  const Expr* Anything(int depth);
  const Expr* AnyCall(int depth);
  const Expr* CallOf(const cel::FunctionEntry& entry,
                     std::vector<const Expr*> arguments);
  const Expr* AnyContainer(int depth);
  const Expr* AnyMacro(int depth);
  const Expr* LoopTest();
  const Expr* Variable();
  const Expr* Filter(int depth);
  const Expr* Test();
  const Expr* TextTest();
  const Expr* Join(int depth);
  const Expr* Chain(int depth);
  const Expr* Path();
  const Expr* Constant();
  const Expr* ConstantList();
  const Expr* Pattern();
  const Expr* Text();

  Random& random_;
  ExpressionStyle style_;
  Arena arena_;
  RandomValues constants_;
  cel::TreeBuilder* builder_ = nullptr;
  std::vector<std::string_view> variables_;  // of the macros around
};

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_RANDOM_EXPRESSION_H_
