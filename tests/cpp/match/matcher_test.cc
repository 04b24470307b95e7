#include "match/matcher.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "match/matched.h"

namespace streamer {
namespace {

void AddText(Matcher& matcher, std::uint64_t handle,
             const std::string& expression) {
  matcher.Add(SubscriptionHandle(handle), "acme", "rooms",
              CompileText(expression));
}

TEST(MatcherTest, HandlesAscendWhateverTheOrderOfArrival) {
  Matcher matcher;
  for (std::uint64_t handle : {9, 2, 7, 4, 30, 1}) {
    AddText(matcher, handle, handle % 2 == 0 ? "doc.a == 1" : "doc.b > 0");
  }
  AddText(matcher, 5, "true");
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1, "b": 1})"),
            Handles({1, 2, 4, 5, 7, 9, 30}));
}

TEST(MatcherTest, AnEventOfOneTenantNeverMeetsAFilterOfAnother) {
  Matcher matcher;
  std::uint64_t next = 1;
  for (const char* expression : {"true", "doc.a == 1", "size(doc) > 0"}) {
    matcher.Add(SubscriptionHandle(next++), "acme", "rooms",
                CompileText(expression));
    matcher.Add(SubscriptionHandle(next++), "acm", "erooms",
                CompileText(expression));
    matcher.Add(SubscriptionHandle(next++), "other", "rooms",
                CompileText(expression));
    matcher.Add(SubscriptionHandle(next++), "acme", "halls",
                CompileText(expression));
  }
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1})"), Handles({1, 5, 9}));
  EXPECT_TRUE(matcher.HasCollection("other", "rooms"));
  EXPECT_FALSE(matcher.HasCollection("other", "halls"));
  EXPECT_EQ(matcher.collection_count(), 4u);
}

TEST(MatcherTest, EqualFiltersShareOneEntryAndOneEvaluation) {
  Matcher matcher;
  for (std::uint64_t handle = 1; handle <= 1000; ++handle) {
    AddText(matcher, handle,
            handle % 2 == 0 ? "doc.a == 1 && size(doc.l) > 1"
                            : "size(doc.l) > 1 && 1 == doc.a");
  }
  EXPECT_EQ(matcher.size(), 1000u);
  EXPECT_EQ(matcher.filter_count(), 1u);
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1, "l": [1, 2]})").size(), 1000u);
  EXPECT_EQ(matcher.statistics().evaluated_true, 1u);
  EXPECT_EQ(matcher.statistics().candidates, 1u);
}

TEST(MatcherTest, ADocumentSubscriptionIsFoundByItsId) {
  Matcher matcher;
  for (std::uint64_t handle = 0; handle < 5000; ++handle) {
    AddText(matcher, 2 * handle + 1,
            "doc.id == 'd" + std::to_string(handle) + "'");
    AddText(matcher, 2 * handle + 2, "id == 'd" + std::to_string(handle) + "'");
  }
  auto document = Document::Parse(R"({"id": "d77"})").value();
  MatchInput input = InputOf(document->root());
  input.values[FilterVariable::kId] = Value::String("d77");
  MatchScratch scratch;
  EXPECT_EQ(MatchedBy(matcher, input, scratch), Handles({155, 156}));
  EXPECT_EQ(matcher.statistics().candidates, 0u);
}

// Its price grows with doc.n.
constexpr const char* kCostly = "lists.range(doc.n).all(x, x >= 0)";

TEST(MatcherTest, WhoseProgramIsCutOffIsNamedAndNoMatch) {
  Matcher matcher(500);
  AddText(matcher, 3, kCostly);
  AddText(matcher, 2, "doc.n > 0");
  AddText(matcher, 1, kCostly);
  AddText(matcher, 4, std::string(kCostly) + " || doc.n == 7");
  MatchScratch scratch;
  const auto cheap = Document::Parse(R"({"n": 9})").value();
  EXPECT_EQ(MatchedBy(matcher, InputOf(cheap->root()), scratch),
            Handles({1, 2, 3, 4}));
  EXPECT_TRUE(scratch.over_budget.empty());
  const auto dear = Document::Parse(R"({"n": 1000})").value();
  EXPECT_EQ(MatchedBy(matcher, InputOf(dear->root()), scratch), Handles({2}));
  EXPECT_EQ(scratch.over_budget,
            (std::vector{SubscriptionHandle(1), SubscriptionHandle(3),
                         SubscriptionHandle(4)}));
  EXPECT_EQ(matcher.statistics().over_budget, 2u);
}

// Which conjunction is tried first depends on the other filters; the outcome
// must not.
TEST(MatcherTest, WhatAnotherConjunctionProvesIsAMatchDespiteACutOff) {
  const std::string costly = std::string("doc.a == 1 && ") + kCostly;
  for (const std::string& expression :
       {costly + " || doc.b == 1", "doc.b == 1 || " + costly,
        costly + " || (doc.b == 1 && size(doc) > 1)",
        "(doc.b == 1 && size(doc) > 1) || " + costly}) {
    Matcher matcher(500);
    AddText(matcher, 1, expression);
    for (std::uint64_t other = 2; other < 40; ++other) {
      AddText(matcher, other, other % 2 == 0 ? "doc.a == 1" : "doc.b == 1");
    }
    MatchScratch scratch;
    const auto both = Document::Parse(R"({"a": 1, "b": 1, "n": 1000})").value();
    EXPECT_EQ(MatchedBy(matcher, InputOf(both->root()), scratch).size(), 39u);
    EXPECT_TRUE(scratch.over_budget.empty()) << expression;
    const auto one = Document::Parse(R"({"a": 1, "b": 0, "n": 1000})").value();
    EXPECT_EQ(MatchedBy(matcher, InputOf(one->root()), scratch).size(), 19u);
    EXPECT_EQ(scratch.over_budget, std::vector{SubscriptionHandle(1)})
        << expression;
  }
}

// What filters share is evaluated once; that it was too much ends each of
// them.
TEST(MatcherTest, WhoAsksForADerivedValueThatIsCutOffIsNamed) {
  const std::string costly = "size(lists.range(doc.n)) > 5";
  Matcher matcher(500);
  AddText(matcher, 1, costly);
  AddText(matcher, 2, costly + " || doc.a == 1");
  AddText(matcher, 3, "doc.a == 1");
  AddText(matcher, 4, "!has(doc.a) && " + costly);
  AddText(matcher, 5, "size(lists.range(doc.n)) == 9");
  AddText(matcher, 6, costly);
  MatchScratch scratch;
  const auto cheap = Document::Parse(R"({"n": 9})").value();
  EXPECT_EQ(MatchedBy(matcher, InputOf(cheap->root()), scratch),
            Handles({1, 2, 4, 5, 6}));
  EXPECT_TRUE(scratch.over_budget.empty());
  EXPECT_EQ(matcher.statistics().derived, 1u);
  const auto dear = Document::Parse(R"({"n": 1000, "a": 1})").value();
  EXPECT_EQ(MatchedBy(matcher, InputOf(dear->root()), scratch),
            Handles({2, 3}));
  EXPECT_EQ(scratch.over_budget,
            (std::vector{SubscriptionHandle(1), SubscriptionHandle(5),
                         SubscriptionHandle(6)}));
  EXPECT_EQ(matcher.statistics().derived, 2u);
}

TEST(MatcherTest, RemoveEndsOneSubscriptionAndIgnoresOneThatIsNotThere) {
  Matcher matcher;
  AddText(matcher, 1, "doc.a == 1");
  AddText(matcher, 2, "doc.a == 1");
  AddText(matcher, 3, "doc.a == 1 || doc.b == 2");
  matcher.Remove(SubscriptionHandle(1));
  matcher.Remove(SubscriptionHandle(1));
  matcher.Remove(SubscriptionHandle(77));
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1, "b": 2})"), Handles({2, 3}));
  matcher.Remove(SubscriptionHandle(2));
  matcher.Remove(SubscriptionHandle(3));
  EXPECT_EQ(matcher.size(), 0u);
  EXPECT_EQ(matcher.filter_count(), 0u);
  EXPECT_FALSE(matcher.HasCollection("acme", "rooms"));
}

TEST(MatcherTest, ABatchEndsWithTheFirstEventThatLeavesOneOverBudget) {
  Matcher matcher(500);
  AddText(matcher, 1, kCostly);
  AddText(matcher, 2, "doc.n > 0");
  std::vector<std::shared_ptr<const Document>> documents;
  std::vector<MatchInput> inputs;
  for (const char* n : {"10", "1000", "11", "2000"}) {
    documents.push_back(
        Document::Parse("{\"n\": " + std::string(n) + "}").value());
    inputs.push_back(InputOf(documents.back()->root()));
  }
  std::vector<MatchScratch> scratches(4);
  EXPECT_EQ(matcher.MatchBatch(inputs, scratches), 2u);
  EXPECT_TRUE(scratches[0].over_budget.empty());
  EXPECT_EQ(scratches[1].over_budget, std::vector{SubscriptionHandle(1)});
  EXPECT_EQ(ToHandles(scratches[1].matches), Handles{2});
  // What was begun of the others is not counted.
  EXPECT_EQ(matcher.statistics().events, 2u);
  const std::span rest = std::span(inputs).subspan(2);
  EXPECT_EQ(matcher.MatchBatch(rest, scratches), 2u);
  EXPECT_EQ(scratches[1].over_budget, std::vector{SubscriptionHandle(1)});
}

TEST(MatcherTest, ABatchIsAsLongAsThereAreScratches) {
  Matcher matcher;
  AddText(matcher, 1, "true");
  const auto document = Document::Parse("{}").value();
  const std::vector<MatchInput> inputs(3, InputOf(document->root()));
  std::vector<MatchScratch> scratches(2);
  EXPECT_EQ(matcher.MatchBatch(inputs, scratches), 2u);
  EXPECT_EQ(matcher.MatchBatch({}, scratches), 0u);
}

TEST(MatcherTest, StatisticsTellMatchesFailuresAndWork) {
  Matcher matcher;
  AddText(matcher, 1, "doc.a == 1 && doc.b + 1 > 2");
  AddText(matcher, 2, "doc.a == 2");
  MatchedBy(matcher, R"({"a": 1, "b": 5})");
  MatchedBy(matcher, R"({"a": 1, "b": 0})");
  MatchedBy(matcher, R"({"a": 1, "b": "x"})");
  MatchedBy(matcher, R"({"a": 3, "b": 5})");
  const MatchStatistics& statistics = matcher.statistics();
  EXPECT_EQ(statistics.events, 4u);
  EXPECT_EQ(statistics.matches, 1u);
  EXPECT_EQ(statistics.candidates, 3u);
  EXPECT_EQ(statistics.evaluated_true, 1u);
  EXPECT_EQ(statistics.evaluated_false, 1u);
  EXPECT_EQ(statistics.evaluated_error, 1u);
}

TEST(MatcherTest, AnAlternativeThatFailsDoesNotHideAnother) {
  Matcher matcher;
  AddText(matcher, 1,
          "(doc.a == 1 && size(doc.l) > 5) || (doc.b == 1 && size(doc.l) > 1)");
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1, "b": 1, "l": [1, 2]})"),
            Handles({1}));
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 1, "b": 0, "l": [1, 2]})"),
            Handles({}));
}

TEST(MatcherTest, ACoverIsProvenByOneRunOfTheWholeProgram) {
  Matcher matcher;
  std::string expression;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    if (i > 0) expression += " || ";
    expression += "(doc.f" + n + " == 1 && size(doc.l) == " + n + ")";
  }
  AddText(matcher, 1, expression);
  EXPECT_EQ(MatchedBy(matcher, R"({"f1": 1, "f2": 1, "f3": 1, "l": [1, 2]})"),
            Handles({1}));
  EXPECT_EQ(matcher.statistics().evaluated_true, 1u);
  EXPECT_EQ(MatchedBy(matcher, R"({"f1": 1, "f3": 1, "l": [1, 2]})"),
            Handles({}));
  EXPECT_EQ(matcher.statistics().evaluated_error, 1u);  // f0 is missing
  MatchedBy(matcher, R"({"l": [1, 2]})");
  EXPECT_EQ(matcher.statistics().evaluated_error, 1u);
}

TEST(MatcherTest, OneScratchServesSeveralMatchers) {
  Matcher first;
  Matcher second;
  for (std::uint64_t handle = 1; handle < 100; ++handle) {
    AddText(first, handle, "doc.a == " + std::to_string(handle));
    AddText(second, handle, "doc.b == " + std::to_string(handle % 3));
  }
  auto document = Document::Parse(R"({"a": 5, "b": 0})").value();
  const MatchInput input = InputOf(document->root());
  MatchScratch scratch;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(MatchedBy(first, input, scratch), Handles({5}));
    EXPECT_EQ(MatchedBy(second, input, scratch).size(), 33u);
  }
}

// Candidates, not time: on any machine, ten times the subscriptions must cost
// an event nothing.
TEST(MatcherTest, WorkFollowsTheMatchesAndNotTheSubscriptions) {
  auto candidates = [](std::uint64_t count) {
    Matcher matcher;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      AddText(matcher, 3 * i + 1, "doc.key == 'k" + n + "' && doc.price > 10");
      AddText(matcher, 3 * i + 2,
              "doc.price >= " + n + " && doc.price <= " + n);
      AddText(matcher, 3 * i + 3, "doc.name.startsWith('user-" + n + "-')");
    }
    EXPECT_EQ(
        MatchedBy(matcher, R"({"key": "k7", "price": 42, "name": "user-9-x"})"),
        Handles({22, 30, 128}));
    return matcher.statistics().candidates;
  };
  EXPECT_EQ(candidates(100), 3u);
  EXPECT_EQ(candidates(1'000), 3u);
}

}  // namespace
}  // namespace streamer
