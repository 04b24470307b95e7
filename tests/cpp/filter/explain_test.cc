#include "filter/explain.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/random_filter.h"
#include "value/document.h"
#include "value/json.h"

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
      {"true", R"({})", "the filter is the constant `true`"},
  };
  for (const SentenceCase& test : cases) {
    EXPECT_EQ(ExplainOn(test.expression, test.document).sentence,
              test.sentence);
  }
}

TEST(ExplainTest, SaysWhichElementOfALoopDecided) {
  const std::string items = R"({"items": [{"n": 3}, {"n": 12}, {"n": 15}]})";
  const std::vector<SentenceCase> cases = {
      {"doc.items.exists(i, i.n > 10)", items,
       "`doc.items.exists(i, i.n > 10)` is true: for i = {\"n\":12} (2 of 3), "
       "`i.n > 10` is true: i.n is 12"},
      {"doc.items.exists(i, i.n > 20)", items,
       "`doc.items.exists(i, i.n > 20)` is false: it holds for none of 3 "
       "elements of doc.items; for i = {\"n\":15} (3 of 3), `i.n > 20` is "
       "false: i.n is 15"},
      {"doc.items.exists(i, i.n > 20)", R"({"items": []})",
       "`doc.items.exists(i, i.n > 20)` is false: doc.items is empty"},
      {"doc.items.all(i, i.n < 10)", items,
       "`doc.items.all(i, i.n < 10)` is false: for i = {\"n\":12} (2 of 3), "
       "`i.n < 10` is false: i.n is 12"},
      {"doc.items.all(i, i.n < 20)", items,
       "`doc.items.all(i, i.n < 20)` is true: it holds for all 3 elements of "
       "doc.items"},
      {"doc.items.all(i, i.n < 20)", R"({"items": [{"n": 1}]})",
       "`doc.items.all(i, i.n < 20)` is true: it holds for all 1 element of "
       "doc.items"},
      {"doc.items.exists_one(i, i.n == 12)", items,
       "`doc.items.exists_one(i, i.n == 12)` is true: it holds for i = "
       "{\"n\":12} (2 of 3) only"},
      {"doc.items.exists_one(i, i.n > 10)", items,
       "`doc.items.exists_one(i, i.n > 10)` is false: it holds for 2 of 3 "
       "elements of doc.items, the last being i = {\"n\":15} (3 of 3)"},
      {"doc.items.exists_one(i, i.n > 20)", items,
       "`doc.items.exists_one(i, i.n > 20)` is false: it holds for none of 3 "
       "elements of doc.items; for i = {\"n\":15} (3 of 3), `i.n > 20` is "
       "false: i.n is 15"},
      {"doc.m.all(k, v, k != 'b' && v > 0)", R"({"m": {"a": 1, "b": 2}})",
       "`doc.m.all(k, v, k != \"b\" && v > 0)` is false: for k = \"b\", v = 2 "
       "(2 of 2), `k != \"b\"` is false: k is \"b\""},
      {"doc.items.exists(n, v, n > 0 && v.n == 15)", items,
       "`doc.items.exists(n, v, n > 0 && v.n == 15)` is true: for n = 2, v = "
       "{\"n\":15} (3 of 3), `n > 0` is true: n is 2; `v.n == 15` is true: v.n "
       "is 15"},
      {"doc.items.all(i, i.l.exists(x, x > 5))",
       R"({"items": [{"l": [7]}, {"l": [1, 2]}]})",
       "`doc.items.all(i, i.l.exists(x, x > 5))` is false: for i = "
       "{\"l\":[1,2]} (2 of 2), `i.l.exists(x, x > 5)` is false: it holds for "
       "none of 2 elements of i.l; for x = 2 (2 of 2), `x > 5` is false: x is "
       "2"},
      {"cel.bind(x, doc.a, x > 3)", R"({"a": 2})",
       "`cel.bind(x, doc.a, x > 3)` is false: `x > 3` is false: x is 2"},
  };
  for (const SentenceCase& test : cases) {
    EXPECT_EQ(ExplainOn(test.expression, test.document).sentence,
              test.sentence);
  }
}

TEST(ExplainTest, SaysAtWhichElementALoopFailed) {
  const std::string items = R"({"items": [{"n": 3}, {}, {"n": 15}]})";
  const std::vector<SentenceCase> cases = {
      {"doc.items.all(i, i.n > 1)", items,
       "`doc.items.all(i, i.n > 1)` failed: i.n is missing for i = {} (2 of "
       "3)"},
      {"doc.items.exists(i, i.n > 20)", items,
       "`doc.items.exists(i, i.n > 20)` failed: i.n is missing for i = {} (2 "
       "of 3)"},
      {"doc.items.exists(i, i.n > 10)", items,
       "`doc.items.exists(i, i.n > 10)` is true: for i = {\"n\":15} (3 of 3), "
       "`i.n > 10` is true: i.n is 15"},
      {"size(doc.items.map(i, i.n)) > 1", items,
       "`size(doc.items.map(i, i.n)) > 1` failed: i.n is missing for i = {} (2 "
       "of 3)"},
      {"size(doc.items.sortBy(i, i.n)) > 1", items,
       "`size(doc.items.sortBy(i, i.n)) > 1` failed: i.n is missing for i = {} "
       "(2 of 3)"},
      {"doc.items.exists(i, i.n)", R"({"items": [{"n": 3}]})",
       "`doc.items.exists(i, i.n)` failed: no such overload: || expects bool, "
       "got int for i = {\"n\":3} (1 of 1)"},
      {"doc.n.exists(i, i > 1)", R"({"n": 3})",
       "`doc.n.exists(i, i > 1)` failed: no such overload: cannot iterate over "
       "int"},
  };
  for (const SentenceCase& test : cases) {
    EXPECT_EQ(ExplainOn(test.expression, test.document).sentence,
              test.sentence);
  }
}

TEST(ExplainTest, TheTreeShowsALoopAtTheElementThatDecided) {
  const Explanation explanation =
      ExplainOn("doc.items.exists(i, i.n > doc.least)",
                R"({"least": 10, "items": [{"n": 3}, {"n": 12}]})");
  EXPECT_TRUE(explanation.is_match);
  EXPECT_EQ(explanation.Format(),
            explanation.sentence +
                "\n\n"
                "doc.items.exists(i, i.n > doc.least) = true\n"
                "  doc.items = [{\"n\":3},{\"n\":12}]\n"
                "  i.n > doc.least = true  [i = {\"n\":12} (2 of 2)]\n"
                "    i.n = 12\n"
                "    doc.least = 10\n"
                "\n" +
                CostLine(explanation));
}

TEST(ExplainTest, TheTreeShowsBindingsAsTheyWereWritten) {
  const Explanation explanation =
      ExplainOn("cel.bind(x, doc.a, x > 3) && doc.l.filter(y, y > 1) == [2]",
                R"({"a": 4, "l": [1, 2, 1]})");
  EXPECT_EQ(explanation.Format(),
            explanation.sentence +
                "\n\n"
                "cel.bind(x, doc.a, x > 3) && doc.l.filter(y, y > 1) == [2] = "
                "true\n"
                "  cel.bind(x, doc.a, x > 3) = true\n"
                "    doc.a = 4\n"
                "    x > 3 = true\n"
                "      x = 4\n"
                "  doc.l.filter(y, y > 1) == [2] = true  [access]\n"
                "    doc.l.filter(y, y > 1) = [2]\n"
                "      doc.l = [1,2,1]\n"
                "      y > 1 = true  [y = 2 (2 of 3)]\n"
                "        y = 2\n"
                "\n" +
                CostLine(explanation));
}

TEST(ExplainTest, WhatIsOverBudgetIsSaidToBe) {
  std::string list = "[0";
  for (int i = 1; i < 3000; ++i) list += "," + std::to_string(i);
  const Explanation explanation = ExplainOn(
      "doc.l.filter(x, x % 2 == 0).map(x, x * 3).all(x, x >= 0) && "
      "doc.l.all(x, x + x >= 0 && x * 2 >= 0) && doc.l.all(x, x >= 0)",
      "{\"l\": " + list + "]}");
  EXPECT_FALSE(explanation.is_match);
  EXPECT_TRUE(explanation.sentence.ends_with(
      "failed: it takes more than the 50000 units that an evaluation may use"))
      << explanation.sentence;
}

// The walk makes a list anew at every turn; the program adds to one.
TEST(ExplainTest, WhatCannotBeWalkedStillHasItsAnswer) {
  std::string list = "[0";
  for (int i = 1; i < 8000; ++i) list += "," + std::to_string(i);
  const Explanation explanation =
      ExplainOn("size(doc.l.map(x, x)) == 8000", "{\"l\": " + list + "]}");
  EXPECT_TRUE(explanation.is_match);
  EXPECT_EQ(explanation.sentence,
            "`size(doc.l.map(x, x)) == 8000` is true; why would take too long "
            "to find out");
  EXPECT_TRUE(explanation.root.value->value().is_true());
  EXPECT_EQ(explanation.root.error, "");
}

std::size_t NodeBytes(const ExplainedNode& node) {
  std::size_t bytes = node.text.size() + node.error.size() + node.turn.size();
  if (node.value.has_value()) bytes += FormatJson(node.value->value()).size();
  for (const ExplainedNode& child : node.children) bytes += NodeBytes(child);
  return bytes;
}

// The text of a document may be named many times, and so may its parts.
TEST(ExplainTest, ItsSizeIsBoundedWhateverFilterAndDocumentHold) {
  const std::string text(std::size_t{200} << 10, 'a');
  const std::string document = "{\"t\": \"" + text + "\"}";
  std::string named = "[doc.t";
  for (int i = 0; i < 400; ++i) named += ", doc.t";
  std::string nested = "'" + text.substr(0, 50'000) + "' + doc.t";
  for (int i = 0; i < 50; ++i) nested = "(" + nested + ") + ''";
  for (const std::string& expression :
       {named + "] == []", nested + " == ''", std::string("doc == doc")}) {
    const Explanation explanation = ExplainOn(expression, document);
    EXPECT_LE(NodeBytes(explanation.root), std::size_t{3} << 20);
    EXPECT_LE(explanation.sentence.size(), 2'010u);
    EXPECT_LE(explanation.Format().size(), std::size_t{1} << 20);
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

TEST(ExplainTest, ATestOfADerivedValueIsIndexedWhereTheFilterAsksForIt) {
  const Explanation explanation = ExplainOn(
      "size(doc.l) == 0 || doc.a == 1 && size(doc.l) > 1", R"({"l": []})");
  EXPECT_TRUE(explanation.is_match);
  EXPECT_EQ(explanation.Format(),
            explanation.sentence +
                "\n\n"
                "size(doc.l) == 0 || doc.a == 1 && size(doc.l) > 1 = true\n"
                "  size(doc.l) == 0 = true  [access]\n"
                "    size(doc.l) = 0\n"
                "      doc.l = []\n"
                "  doc.a == 1 && size(doc.l) > 1 was not needed\n"
                "    doc.a == 1 was not needed  [access]\n"
                "      doc.a was not needed\n"
                "    size(doc.l) > 1 was not needed\n"
                "      size(doc.l) was not needed\n"
                "        doc.l was not needed\n"
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
