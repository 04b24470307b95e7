#include "filter/derived_value.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "support/random_filter.h"
#include "value/document.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

FieldPath PathOf(const std::string& text) {
  return DerivedValue::PathOf(cel::Parse(text)->root());
}

class DerivedValueTest : public testing::Test {
 protected:
  // The value on a document, as text; "absent" when there is none.
  std::string On(const std::string& expression, const std::string& json) {
    const auto document = Document::Parse(json).value();
    FilterInput input;
    input[FilterVariable::kDoc] = document->root();
    const DerivedValue derived = DerivedValue::Compile(PathOf(expression));
    cel::Meter meter;
    const std::optional<Value> value = derived.Evaluate(input, arena_, meter);
    return value.has_value() ? FormatJson(*value) : "absent";
  }

  Arena arena_;
};

TEST_F(DerivedValueTest, ItIsThereOrAbsentLikeAField) {
  const std::string sum = "(doc.a + doc.b) % 5";
  EXPECT_EQ(On(sum, R"({"a": 4, "b": 3})"), "2");
  EXPECT_EQ(On(sum, R"({"a": 4})"), "absent");
  EXPECT_EQ(On(sum, R"({"a": 4, "b": 0.5})"), "absent");
  EXPECT_EQ(On("doc.a ? [1] : 'no'", R"({"a": false})"), "\"no\"");
  EXPECT_EQ(On("doc.a / 0", R"({"a": 4})"), "absent");
}

TEST_F(DerivedValueTest, SpellingsOfOneExpressionAreOnePath) {
  EXPECT_EQ(PathOf("(doc.a+doc.b)%5"), PathOf("((doc.a) + doc.b) % 5"));
  EXPECT_NE(PathOf("(doc.a + doc.b) % 5"), PathOf("doc.a + doc.b % 5"));
  EXPECT_NE(PathOf("doc.a + 1"), PathOf("doc.a + 1.0"));
}

TEST_F(DerivedValueTest, WhatAsksTheEventForNothingOrHasAPatternIsNone) {
  struct Case {
    std::string expression;
    bool is_possible;
  };
  for (const Case& c : {
           Case{"size(doc.tags)", true},
           Case{"op + id", true},
           Case{"timestamp.getFullYear()", true},
           Case{"doc.l.map(x, x * 2)", true},
           Case{"[doc.a, 1]", true},
           Case{"1 + 2", false},
           Case{"[1, 2].map(x, x * 2)", false},
           Case{"doc.s.matches('a+') ? 1 : 2", false},
           Case{"doc.l.filter(x, x.matches(doc.p))", false},
       }) {
    EXPECT_EQ(DerivedValue::IsPossible(cel::Parse(c.expression)->root()),
              c.is_possible)
        << c.expression;
  }
}

TEST_F(DerivedValueTest, WhatUsesUpItsBudgetIsAbsentAndTheMeterTells) {
  const auto document = Document::Parse(R"({"n": 1000})").value();
  FilterInput input;
  input[FilterVariable::kDoc] = document->root();
  const DerivedValue derived =
      DerivedValue::Compile(PathOf("lists.range(doc.n).map(x, x + 1)"));
  cel::Meter little(100);
  EXPECT_FALSE(derived.Evaluate(input, arena_, little).has_value());
  EXPECT_TRUE(little.is_exhausted());
  cel::Meter enough;
  EXPECT_TRUE(derived.Evaluate(input, arena_, enough).has_value());
  EXPECT_GT(enough.used(), 1000u);
}

TEST_F(DerivedValueTest, TheEstimateIsThatOfTheExpression) {
  const cel::Units sum = DerivedValue::EstimateCost(PathOf("doc.a + 1"));
  EXPECT_GT(sum, 0u);
  EXPECT_GT(DerivedValue::EstimateCost(PathOf("doc.l.map(x, x + 1)")),
            10 * sum);
}

TEST_F(DerivedValueTest, AgreesWithThePlainEvaluatorOnRandomExpressions) {
  support::Random random(support::SeedOf("DerivedValueTest.Agrees"));
  SCOPED_TRACE(random.seed_note());
  support::RandomFilters filters(random);
  support::RandomInputs inputs(random, support::ValueRange::kCel);
  int present = 0;
  int absent = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string expression = filters.DerivedValue();
    const cel::Tree tree = cel::Parse(expression).value();
    const DerivedValue derived = DerivedValue::Compile(PathOf(expression));
    for (int j = 0; j < 20; ++j) {
      arena_.Reset();
      const FilterInput input = inputs.Next();
      const Value expected = cel::SlowEvaluate(tree.root(), FilterVariables(),
                                               input.values, arena_);
      cel::Meter meter;
      const std::optional<Value> got = derived.Evaluate(input, arena_, meter);
      ASSERT_EQ(got.has_value(), !expected.is_error()) << expression;
      ++(got.has_value() ? present : absent);
      if (!got.has_value()) continue;
      std::string got_identity;
      std::string expected_identity;
      AppendIdentity(*got, got_identity);
      AppendIdentity(expected, expected_identity);
      ASSERT_EQ(got_identity, expected_identity) << expression;
    }
  }
  EXPECT_GT(present, 2000);
  EXPECT_GT(absent, 2000);
}

}  // namespace
}  // namespace streamer
