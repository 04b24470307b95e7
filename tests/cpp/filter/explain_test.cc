#include "filter/explain.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/random_filter.h"
#include "value/document.h"

namespace streamer {
namespace {

Explanation ExplainOn(const std::string& expression, const std::string& json) {
  auto filter =
      Filter::Compile({.conditions = {}, .expression = expression}).value();
  auto document = Document::Parse(json).value();
  FilterInput input;
  input[FilterVariable::kDoc] = document->root();
  input[FilterVariable::kOp] = Value::String("insert");
  return Explain(*filter, input);
}

std::string CostLine(const Explanation& explanation) {
  return "cost: " + std::to_string(explanation.measured_cost) +
         " units, estimated " + std::to_string(explanation.estimated_cost) +
         "\n";
}

struct SentenceCase {
  std::string expression;
  std::string document;
  std::string sentence;
};

TEST(ExplainTest, SaysInOneSentenceWhatDecided) {
  const std::vector<SentenceCase> cases = {
      {"doc.price >= 10", R"({"price": 7})",
       "`doc.price >= 10` is false: doc.price is 7"},
      {"doc.price >= 10", R"({"price": 12.5})",
       "`doc.price >= 10` is true: doc.price is 12.5"},
      {"doc.price >= 10", R"({})",
       "`doc.price >= 10` failed: doc.price is missing"},
      {"doc.a.b == 1", R"({"a": 5})",
       "`doc.a.b == 1` failed: doc.a is 5, which has no fields"},
      {"doc.tag in ['a', 'b']", R"({"tag": "c"})",
       "`doc.tag in [\"a\", \"b\"]` is false: doc.tag is \"c\""},
      {"'x' in doc.tags", R"({"tags": ["y", "z"]})",
       "`\"x\" in doc.tags` is false: doc.tags is [\"y\",\"z\"]"},
      {"has(doc.a)", R"({})", "`has(doc.a)` is false: doc has no a"},
      {"doc.active", R"({"active": 1})",
       "`doc.active` is 1, which is no boolean"},
      {"doc.active", R"({"active": false})", "`doc.active` is false"},
      {"doc.a == 1 && doc.b == 2", R"({"a": 1, "b": 3})",
       "`doc.b == 2` is false: doc.b is 3"},
      {"doc.a == 1 && doc.b == 2", R"({"a": 1})",
       "`doc.b == 2` failed: doc.b is missing"},
      {"doc.a == 1 && doc.b == 2", R"({"a": 1, "b": 2})",
       "`doc.a == 1` is true: doc.a is 1; `doc.b == 2` is true: doc.b is 2"},
      {"doc.a == 1 || doc.b == 2", R"({"a": 3, "b": 2})",
       "`doc.b == 2` is true: doc.b is 2"},
      {"doc.a == 1 || doc.b == 2", R"({"a": 3})",
       "none of 2 alternatives holds: `doc.a == 1` is false: doc.a is 3; "
       "`doc.b == 2` failed: doc.b is missing"},
      {"!(doc.a == 1)", R"({"a": 1})", "`doc.a == 1` is true: doc.a is 1"},
      {"doc.a ? doc.b == 1 : doc.c == 1", R"({"a": false, "c": 2})",
       "`doc.a` is false, and `doc.c == 1` is false: doc.c is 2"},
      {"doc.price * 1.5 > 10.0", R"({"price": 7})",
       "`doc.price * 1.5 > 10.0` failed: no such overload: int * double "
       "(write double(doc.price))"},
      {"size(doc.tags) > 1", R"({"tags": ["y"]})",
       "`size(doc.tags) > 1` is false: size(doc.tags) is 1"},
      {"true", R"({})", "the filter is the constant true"},
  };
  for (const SentenceCase& test : cases) {
    EXPECT_EQ(ExplainOn(test.expression, test.document).sentence,
              test.sentence);
  }
}

TEST(ExplainTest, LongValuesAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "ü";
  const Explanation explanation =
      ExplainOn("doc.a == 'x'", "{\"a\": \"" + text + "\"}");
  EXPECT_EQ(explanation.sentence, "`doc.a == \"x\"` is false: doc.a is \"" +
                                      text.substr(0, 78) + "…");
}

TEST(ExplainTest, TheTreeShowsEveryNodeItsValueAndItsPlaceInTheIndex) {
  const Explanation explanation =
      ExplainOn("doc.price >= 10 && (doc.tag == 'a' && size(doc.l) > 1)",
                R"({"price": 12, "tag": "a", "l": []})");
  EXPECT_FALSE(explanation.is_match);
  EXPECT_EQ(
      explanation.Format(),
      explanation.sentence +
          "\n\n"
          "doc.price >= 10 && (doc.tag == \"a\" && size(doc.l) > 1) = false\n"
          "  doc.price >= 10 = true  [indexed]\n"
          "    doc.price = 12\n"
          "  doc.tag == \"a\" = true  [access]\n"
          "    doc.tag = \"a\"\n"
          "  size(doc.l) > 1 = false\n"
          "    size(doc.l) = 0\n"
          "      doc.l = []\n"
          "\n" +
          CostLine(explanation));
}

TEST(ExplainTest, WhatWasNotNeededAndWhatFailedAreToldApart) {
  const Explanation explanation =
      ExplainOn("doc.a == 1 ? doc.b == 1 : doc.c == 1", R"({"a": 1})");
  EXPECT_EQ(explanation.Format(),
            explanation.sentence +
                "\n\n"
                "doc.a == 1 ? doc.b == 1 : doc.c == 1 failed: no such key: b\n"
                "  doc.a == 1 = true  [access]\n"
                "    doc.a = 1\n"
                "  doc.b == 1 failed: no such key: b  [indexed]\n"
                "    doc.b failed: no such key: b\n"
                "  doc.c == 1 was not needed  [access]\n"
                "    doc.c was not needed\n"
                "\n" +
                CostLine(explanation));
}

TEST(ExplainTest, WarnsOfArithmeticThatFailsForWholeNumbers) {
  const Explanation explanation =
      ExplainOn("doc.price * 1.5 > 3.0", R"({"price": 2})");
  EXPECT_FALSE(explanation.is_match);
  ASSERT_EQ(explanation.warnings.size(), 1);
  EXPECT_NE(explanation.Format().find("\nwarning: " + explanation.warnings[0]),
            std::string::npos);
  EXPECT_TRUE(ExplainOn("double(doc.price) * 1.5 > 3.0", R"({"price": 2})")
                  .warnings.empty());
}

TEST(ExplainTest, CostsMoreTheMoreWasEvaluated) {
  const auto cost = [](const std::string& json) {
    return ExplainOn("doc.a == 1 && doc.l.all(x, x > 0)", json).measured_cost;
  };
  EXPECT_LT(cost(R"({"a": 2, "l": [1, 2]})"), cost(R"({"a": 1, "l": [1, 2]})"));
  EXPECT_LT(cost(R"({"a": 1, "l": [1, 2]})"),
            cost(R"({"a": 1, "l": [1, 2, 3]})"));
}

TEST(ExplainTest, AgreesWithEvaluateOnRandomFilters) {
  support::Random random(support::SeedOf("ExplainTest.Agrees"));
  SCOPED_TRACE(random.seed_note());
  support::RandomFilters filters(random);
  support::RandomInputs inputs(random, support::ValueRange::kCel);
  Arena arena;
  for (int i = 0; i < 500; ++i) {
    auto filter = Filter::Compile(filters.Source()).value();
    for (int j = 0; j < 5; ++j) {
      arena.Reset();
      const FilterInput input = inputs.Next();
      const Explanation explanation = Explain(*filter, input);
      EXPECT_EQ(explanation.is_match, filter->Evaluate(input, arena).is_true())
          << filter->text();
      EXPECT_FALSE(explanation.sentence.empty()) << filter->text();
      EXPECT_EQ(explanation.root.text, filter->text());
    }
  }
}

}  // namespace
}  // namespace streamer
