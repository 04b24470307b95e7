#include "filter/filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/printer.h"
#include "support/random_filter.h"
#include "value/document.h"
#include "value/json.h"

namespace streamer {
namespace {

using support::Random;
using support::RandomFilters;
using support::RandomInputs;
using support::SeedOf;
using support::ValueRange;

using FilterPointer = std::shared_ptr<const Filter>;

FilterPointer Compile(const std::string& expression) {
  Result<FilterPointer> filter =
      Filter::Compile({.conditions = {}, .expression = expression});
  EXPECT_TRUE(filter.ok()) << expression << ": " << filter.status();
  return filter.ok() ? *filter : nullptr;
}

Condition Make(std::string field, Operator op, const std::string& json) {
  Arena arena;
  return {std::move(field), op, OwnedValue(ParseJson(json, arena).value())};
}

std::string ErrorOf(std::vector<Condition> conditions,
                    const FilterLimits& limits = {}) {
  Result<FilterPointer> filter = Filter::Compile(
      {.conditions = std::move(conditions), .expression = ""}, limits);
  return std::string(MessageOf(filter.status()));
}

bool IsSame(const std::string& a, const std::string& b) {
  return Compile(a)->canonical_key() == Compile(b)->canonical_key();
}

// Whether some conjunction holds.
bool AnyConjunctionHolds(const Filter& filter, const FilterInput& input,
                         Arena& arena) {
  if (filter.is_match_all()) return true;
  for (const Conjunction& conjunction : filter.conjunctions()) {
    bool holds = true;
    for (const Predicate& predicate : conjunction.predicates) {
      holds = holds && predicate.Holds(input);
    }
    for (const Residual& residual : conjunction.residuals) {
      holds = holds && residual.Holds(input, arena);
    }
    if (holds) return true;
  }
  return false;
}

struct FormCase {
  std::string expression;
  std::size_t conjunctions;
  bool is_exact;
};

TEST(FilterTest, NormalFormHasAsManyConjunctionsAsTheExpressionNeeds) {
  const std::string wide_or =
      "doc.a == 1 || doc.b == 1 || doc.c == 1 || doc.d == 1 || doc.e == 1";
  const std::vector<FormCase> cases = {
      {"doc.a == 1 && doc.b > 2 && doc.c", 1, true},
      {"doc.a == 1 || doc.b == 2", 2, true},
      {"doc.a == 1 || doc.a == 2 || doc.a in [3, 4]", 1, true},
      {"!(doc.a == 1 && doc.b == 2)", 2, true},
      {"!(doc.a == 1 || doc.b == 2)", 1, true},
      {"!(doc.a != 1 && doc.a != 2)", 1, true},
      {"doc.a ? doc.b == 1 : doc.c == 2", 2, true},
      {"(doc.a == 1 || doc.b == 1) && (doc.c == 1 || doc.d == 1)", 4, true},
      {"doc.a == 1 || (doc.a == 1 && doc.b == 2)", 1, true},
      {"doc.a == 1 && false", 0, true},
      {"doc.a == 1 || false", 1, true},
      {"false", 0, true},
      {"1", 0, true},
      {"!dyn('text')", 1, true},
      {"(" + wide_or + ") && (" + wide_or + ")", 5, true},
      {"size(doc.a) > 1", 1, true},
  };
  for (const FormCase& test : cases) {
    FilterPointer filter = Compile(test.expression);
    EXPECT_EQ(filter->conjunctions().size(), test.conjunctions)
        << test.expression;
    EXPECT_EQ(filter->is_exact(), test.is_exact) << test.expression;
  }
}

// n different alternatives between two paths.
std::string OrOf(int n, const std::string& first, const std::string& second) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    const std::string number = std::to_string(i);
    if (i > 0) text += " || ";
    text +=
        "(" + first + " == " + number + " && " + second + " > " + number + ")";
  }
  return text;
}

TEST(FilterTest, AnOrOfAHundredEqualitiesIsOneSetPredicate) {
  std::string expression = "doc.a == 0";
  for (int i = 1; i < 100; ++i) {
    expression += " || doc.a == " + std::to_string(i);
  }
  FilterPointer filter = Compile(expression);
  EXPECT_TRUE(filter->is_exact());
  ASSERT_EQ(filter->conjunctions().size(), 1u);
  ASSERT_EQ(filter->conjunctions()[0].predicates.size(), 1u);
  const Predicate& predicate = filter->conjunctions()[0].predicates[0];
  EXPECT_EQ(predicate.kind, PredicateKind::kIn);
  EXPECT_EQ(predicate.operand.value().list().size(), 100u);
}

TEST(FilterTest, BeyondSixteenConjunctionsACoverStandsForTheFilter) {
  EXPECT_TRUE(Compile(OrOf(16, "doc.a", "doc.b"))->is_exact());
  FilterPointer filter = Compile(OrOf(17, "doc.a", "doc.b"));
  EXPECT_FALSE(filter->is_exact());
  ASSERT_EQ(filter->conjunctions().size(), 1u);
  ASSERT_EQ(filter->conjunctions()[0].predicates.size(), 1u);
  EXPECT_EQ(filter->conjunctions()[0].predicates[0].kind, PredicateKind::kIn);
  EXPECT_TRUE(filter->conjunctions()[0].residuals.empty());
}

TEST(FilterTest, ACoverKeepsTheConditionsBesideALargeOr) {
  FilterPointer filter = Compile("doc.room == 'x' && doc.price > 5 && (" +
                                 OrOf(40, "doc.a", "doc.b") + ")");
  EXPECT_FALSE(filter->is_exact());
  ASSERT_EQ(filter->conjunctions().size(), 1u);
  EXPECT_EQ(filter->conjunctions()[0].predicates.size(), 2u);
}

TEST(FilterTest, WithoutACoverOneEmptyConjunctionIsLeft) {
  std::string expression;
  for (int i = 0; i < 20; ++i) {
    if (i > 0) expression += " || ";
    expression += "size(doc.f" + std::to_string(i) + ") > 1";
  }
  FilterPointer filter = Compile(expression);
  EXPECT_FALSE(filter->is_exact());
  ASSERT_EQ(filter->conjunctions().size(), 1u);
  EXPECT_TRUE(filter->conjunctions()[0].predicates.empty());
  EXPECT_TRUE(filter->conjunctions()[0].residuals.empty());
  EXPECT_FALSE(filter->is_match_all());
}

// A conditional in each condition of a conditional: a tree of its questions
// would have 2^40 leaves.
TEST(FilterTest, NestedConditionalsStayLinear) {
  std::string expression = "doc.a";
  for (int i = 0; i < 40; ++i) {
    expression = "(" + expression + " ? doc.b == " + std::to_string(i) +
                 " : doc.c == " + std::to_string(i) + ")";
  }
  FilterPointer filter = Compile(expression);
  EXPECT_FALSE(filter->is_exact());
  EXPECT_LT(filter->canonical_key().size(), 20'000u);
}

TEST(FilterTest, NoFilterAndTheConstantTrueMatchEverything) {
  FilterPointer none = Filter::Compile({}).value();
  EXPECT_TRUE(none->is_match_all());
  EXPECT_EQ(none->text(), "true");
  EXPECT_TRUE(Compile("true")->is_match_all());
  EXPECT_TRUE(Compile("true || doc.a == 1")->is_match_all());
  EXPECT_EQ(Compile("true")->canonical_key(), none->canonical_key());
  EXPECT_FALSE(Compile("false")->is_match_all());
  EXPECT_NE(Compile("false")->canonical_key(), none->canonical_key());
}

TEST(FilterTest, OnlyASingleEqualityOnTheIdIsADocumentSubscription) {
  EXPECT_EQ(Compile("doc.id == 'x'")->document_id(), "x");
  EXPECT_EQ(Compile("'x' == id")->document_id(), "x");
  EXPECT_EQ(Compile("id in ['x']")->document_id(), "x");
  for (const char* expression :
       {"doc.id != 'x'", "doc.id == 1", "doc.id in ['x', 'y']",
        "doc.id == 'x' && doc.a == 1", "doc.a.id == 'x'", "data.id == 'x'",
        "doc._id == 'x'"}) {
    EXPECT_EQ(Compile(expression)->document_id(), std::nullopt) << expression;
  }
  FilterPointer structured =
      Filter::Compile({.conditions = {Make("_id", Operator::kEqual, "\"x\"")},
                       .expression = ""})
          .value();
  EXPECT_EQ(structured->document_id(), "x");
  EXPECT_EQ(structured->text(), "doc.id == \"x\"");
}

TEST(FilterTest, EqualFiltersHaveEqualKeysHoweverTheyAreWritten) {
  EXPECT_TRUE(IsSame("doc.a == 1 && doc.b == 2", "doc.b == 2 && 1 == doc.a"));
  EXPECT_TRUE(IsSame("doc.a == 1 || doc.b == 2", "doc.b == 2 || doc.a == 1"));
  EXPECT_TRUE(IsSame("doc.a && doc.b && doc.c", "doc.c && (doc.b && doc.a)"));
  EXPECT_TRUE(IsSame("!(doc.a && doc.b)", "!doc.b || !doc.a"));
  EXPECT_TRUE(IsSame("!!doc.a", "doc.a"));
  EXPECT_TRUE(IsSame("doc.a && doc.a", "doc.a"));
  EXPECT_TRUE(IsSame("doc.a == 1 || doc.a == 2", "doc.a in [2, 1]"));
  EXPECT_TRUE(IsSame("size(doc.a) > 1 && doc.b", "doc.b && size(doc.a) > 1"));
}

TEST(FilterTest, FiltersThatDifferHaveDifferentKeys) {
  EXPECT_FALSE(IsSame("doc.a == 1", "doc.a == 1.0"));
  EXPECT_FALSE(IsSame("doc.a == 1", "doc.a == 1u"));
  EXPECT_FALSE(IsSame("doc.a == 0.0", "doc.a == -0.0"));
  EXPECT_FALSE(IsSame("doc.a && doc.b", "doc.a || doc.b"));
  EXPECT_FALSE(IsSame("doc.a", "!doc.a"));
  EXPECT_FALSE(IsSame("doc.a == true", "doc.a"));
  EXPECT_FALSE(IsSame("doc.a ? doc.b : doc.c", "doc.a ? doc.c : doc.b"));
  EXPECT_FALSE(
      IsSame("doc.a && (doc.b || doc.c)", "(doc.a && doc.b) || doc.c"));
  EXPECT_FALSE(IsSame("size(doc.a) > 1", "size(doc.a) > 2"));
  EXPECT_FALSE(IsSame("!(size(doc.a) > 1)", "size(doc.a) > 1"));
  EXPECT_FALSE(IsSame("doc.ab == 'c'", "doc.a == 'bc'"));
}

TEST(FilterTest, ConditionsAndTheSameExpressionAreOneFilter) {
  FilterPointer structured =
      Filter::Compile(
          {.conditions = {Make("price", Operator::kGreaterEqual, "10"),
                          Make("address.city", Operator::kNotEqual, "\"x\""),
                          Make("tags", Operator::kContains, "\"sale\""),
                          Make("kind", Operator::kIn, R"(["a", 2, null])"),
                          Make("a\\.b", Operator::kEqual, "1.5")},
           .expression = ""})
          .value();
  FilterPointer expression = Compile(
      "doc.kind in [null, 'a', 2] && doc['a.b'] == 1.5 && 'sale' in doc.tags "
      "&& doc.address.city != 'x' && doc.price >= 10");
  EXPECT_EQ(structured->canonical_key(), expression->canonical_key());
}

TEST(FilterTest, TextReadsBackToTheSameFilter) {
  Random random(SeedOf("FilterTest.Text"));
  SCOPED_TRACE(random.seed_note());
  RandomFilters filters(random);
  for (int i = 0; i < 500; ++i) {
    FilterPointer filter = Filter::Compile(filters.Source()).value();
    EXPECT_EQ(Compile(filter->text())->canonical_key(), filter->canonical_key())
        << filter->text();
  }
}

// What is printed is longer than what was sent, or was never sent as text.
TEST(FilterTest, WhatWasAcceptedIsReadBackHoweverLongItsText) {
  std::string list = "doc.n in [0";
  while (list.size() + 8 < cel::Limits().text_bytes) {
    list += "," + std::to_string(100'000 + list.size());
  }
  std::string ids = "[\"\"";
  for (int i = 0; i < 5'000; ++i) {
    ids += ",\"00000000-0000-0000-0000-" + std::to_string(100'000 + i) + "\"";
  }
  const FilterSource conditions{{Make("id", Operator::kIn, ids + "]")}, ""};
  for (const FilterSource& source :
       {FilterSource{{}, list + "]"}, conditions}) {
    const auto filter = Filter::Compile(source);
    ASSERT_EQ(filter.status(), OkStatus());
    const std::string& text = (*filter)->text();
    EXPECT_GT(text.size(), cel::Limits().text_bytes);
    const auto read = Filter::ReadBack(text);
    ASSERT_EQ(read.status(), OkStatus());
    EXPECT_EQ((*read)->canonical_key(), (*filter)->canonical_key());
    EXPECT_EQ((*read)->text(), text);
  }
  EXPECT_EQ(Filter::ReadBack("doc.").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FilterTest, AFilterThatIsTooLongToBeSavedIsRefused) {
  EXPECT_EQ(ErrorOf({Make("a", Operator::kEqual,
                          '"' + std::string(600'000, 'x') + '"')}),
            "filter: expected at most 524288 bytes of text, conditions "
            "included, got 600011");
}

// The tree is read back from the text; what it is compared with was never
// printed.
TEST(FilterTest, TheTreeIsTheOneThatWasCompiled) {
  Random random(SeedOf("FilterTest.Tree"));
  SCOPED_TRACE(random.seed_note());
  RandomFilters filters(random);
  int seen = 0;
  for (int i = 0; i < 2000; ++i) {
    const FilterSource source = filters.Source();
    if (!source.conditions.empty() || source.expression.empty()) continue;
    ++seen;
    std::string written;
    cel::AppendIdentity(cel::Parse(source.expression)->root(), written);
    std::string kept;
    cel::AppendIdentity(Filter::Compile(source).value()->tree().root(), kept);
    ASSERT_EQ(kept, written) << source.expression;
  }
  EXPECT_GT(seen, 150);
}

// Also of one that the index finds without a program.
TEST(FilterTest, APatternOverItsLimitsIsRefused) {
  const std::string pattern(5'000, 'x');
  EXPECT_FALSE(
      Filter::Compile({.expression = "doc.b.matches('" + pattern + "')"}).ok());
}

TEST(FilterTest, WhatWiderLimitsAdmitIsReadBackToo) {
  FilterLimits limits;
  limits.expression.list_values = 30'000;
  limits.expression.text_bytes = 1 << 20;
  limits.expression.depth = 200;
  limits.expression.pattern_bytes = 10'000;
  limits.expression.pattern_instructions = 10'000;
  limits.expression.pattern_memory = 8 << 20;
  std::string list = "[0";
  for (int i = 1; i < 20'000; ++i) list += ", " + std::to_string(i);
  const std::string deep = std::string(150, '-') + "(doc.a)";
  const std::string pattern = "'" + std::string(9'000, 'x') + "'";
  for (const std::string& expression :
       {"doc.a in " + list + "]", deep + " == 1",
        "doc.a == 1 && doc.b.matches(" + pattern + ")"}) {
    const FilterPointer filter =
        Filter::Compile({.expression = expression}, limits).value();
    EXPECT_EQ(cel::Print(filter->tree().root()), filter->text());
  }
}

// Whole is made by whoever asks first. All threads ask at once, so several
// make it; all must get the one that was kept, and none may read it half made.
TEST(FilterTest, ThreadsThatAskForTheTreeTogetherGetOneTree) {
  for (int round = 0; round < 50; ++round) {
    const FilterPointer filter = Compile("doc.a == 1 || doc.b.c < 2.5");
    std::array<const cel::Expr*, 4> roots{};
    std::vector<std::thread> threads;
    threads.reserve(roots.size());
    for (const cel::Expr*& root : roots) {
      threads.emplace_back([&] { root = &filter->tree().root(); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const cel::Expr* root : roots) EXPECT_EQ(root, roots.front());
    EXPECT_EQ(cel::Print(*roots.front()), filter->text());
  }
}

TEST(FilterTest, ConditionsAndExpressionMustBothHold) {
  FilterPointer filter =
      Filter::Compile({.conditions = {Make("a", Operator::kEqual, "1")},
                       .expression = "doc.b == 2 || doc.c == 3"})
          .value();
  EXPECT_EQ(filter->text(), "doc.a == 1 && (doc.b == 2 || doc.c == 3)");
  auto evaluate = [&](const std::string& json) {
    auto document = Document::Parse(json).value();
    FilterInput input;
    input[FilterVariable::kDoc] = document->root();
    Arena arena;
    return filter->Evaluate(input, arena).is_true();
  };
  EXPECT_TRUE(evaluate(R"({"a": 1, "c": 3})"));
  EXPECT_FALSE(evaluate(R"({"a": 1})"));
  EXPECT_FALSE(evaluate(R"({"b": 2})"));
}

// The two halves of the invariant of Filter, against the plain evaluator:
// exact forms decide, covers lose nothing.
TEST(FilterTest, ConjunctionsAgreeWithTheEvaluatorOnRandomFilters) {
  Random random(SeedOf("FilterTest.Agrees"));
  SCOPED_TRACE(random.seed_note());
  RandomFilters filters(random);
  RandomInputs inputs(random, ValueRange::kCel);
  Arena arena;
  int exact = 0;
  int matches = 0;
  for (int i = 0; i < 3000; ++i) {
    FilterPointer filter = Filter::Compile(filters.Source()).value();
    exact += filter->is_exact() ? 1 : 0;
    for (int j = 0; j < 30; ++j) {
      arena.Reset();
      const FilterInput input = inputs.Next();
      const bool is_match =
          cel::SlowEvaluate(filter->tree().root(), FilterVariables(),
                            input.values, arena)
              .is_true();
      matches += is_match ? 1 : 0;
      ASSERT_EQ(filter->Evaluate(input, arena).is_true(), is_match)
          << filter->text();
      const bool holds = AnyConjunctionHolds(*filter, input, arena);
      if (filter->is_exact()) {
        ASSERT_EQ(holds, is_match) << filter->text() << " on "
                                   << FormatJson(input[FilterVariable::kDoc]);
      } else {
        ASSERT_TRUE(holds || !is_match)
            << filter->text() << " on "
            << FormatJson(input[FilterVariable::kDoc]);
      }
    }
  }
  EXPECT_GT(exact, 2000);
  EXPECT_LT(exact, 3000);
  EXPECT_GT(matches, 3000);
}

TEST(FilterTest, AMalformedConditionIsNamedWithItsNumberAndField) {
  const Condition good = Make("a", Operator::kEqual, "1");
  EXPECT_EQ(ErrorOf({good, Make("", Operator::kEqual, "1")}),
            "filters[1].field: expected a path, got empty text");
  EXPECT_EQ(ErrorOf({good, good, Make("a", Operator::kIn, "\"x\"")}),
            "filters[2].value: expected a list for `in`, got string");
  EXPECT_EQ(ErrorOf({Make("a", Operator::kLess, "[1]")}),
            "filters[0].value: expected a number, a string or a bool for `<`, "
            "got list");
  EXPECT_EQ(ErrorOf({Make("a", Operator::kGreaterEqual, "null")}),
            "filters[0].value: expected a number, a string or a bool for "
            "`>=`, got null_type");
  EXPECT_EQ(ErrorOf({{"a", static_cast<Operator>(9), OwnedValue()}}),
            "filters[0].op: expected one of the eight operators, got 9");
  Arena arena;
  EXPECT_EQ(
      ErrorOf(
          {{"a", Operator::kEqual,
            OwnedValue(Value::Error(arena, ErrorCode::kOverflow, "no kind"))}}),
      "filters[0].value: expected a JSON value, got error");
}

TEST(FilterTest, EmptySegmentsAreRefusedAsThePathSaysThem) {
  const std::string problem =
      std::string(MessageOf(FieldPath::Parse("a..b").status()));
  EXPECT_EQ(ErrorOf({Make("a..b", Operator::kEqual, "1")}),
            "filters[0].field: " + problem);
}

TEST(FilterTest, ConditionsAreBounded) {
  FilterLimits limits;
  limits.conditions = 2;
  limits.expression.list_values = 3;
  limits.expression.depth = 4;
  const Condition good = Make("a", Operator::kEqual, "1");
  EXPECT_EQ(ErrorOf({good, good, good}, limits),
            "filters: expected at most 2 conditions, got 3");
  EXPECT_EQ(ErrorOf({Make("a", Operator::kIn, "[1, 2]"),
                     Make("a", Operator::kIn, "[3, 4]")},
                    limits),
            "filters[1].value: expected at most 3 list values in all "
            "conditions, got more");
  EXPECT_EQ(ErrorOf({Make("a", Operator::kEqual, "[[[[1]]]]")}, limits),
            "filters[0].value: expected nesting of at most 4 levels");
  EXPECT_EQ(ErrorOf({Make("a.b.c.d", Operator::kEqual, "1")}, limits),
            "filters[0].field: expected fewer than 4 segments, got 4");
  EXPECT_EQ(ErrorOf({Make("a.b.c", Operator::kEqual, "1")}, limits), "");
}

TEST(FilterTest, ABadExpressionIsReportedAtItsPlaceWithConditionsOrWithout) {
  for (bool has_conditions : {false, true}) {
    FilterSource source;
    source.expression = "doc.a == 1 && price > 2";
    if (has_conditions) {
      source.conditions.push_back(Make("a", Operator::kEqual, "1"));
    }
    const Status status = Filter::Compile(source).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    ASSERT_TRUE(cel::PositionOf(status).has_value());
    EXPECT_EQ(cel::PositionOf(status)->column, 15u);
  }
}

TEST(FilterTest, AnExpressionThatCannotWorkIsRefusedWithEveryProblem) {
  const Status status =
      Filter::Compile(
          {.conditions = {Make("a", Operator::kEqual, "1")},
           .expression = "op > 5 &&\n  doc.x.all(t, t.startsWith(2))"})
          .status();
  EXPECT_EQ(MessageOf(status),
            "ERROR: 1:4: no overload of '>' takes (string, int): expected "
            "(bool, bool), (int, int), (uint, uint), (double, double), "
            "(string, string), (bytes, bytes), (timestamp, timestamp) or "
            "(duration, duration)\n"
            " | op > 5 &&\n"
            " | ...^\n"
            "ERROR: 2:18: no overload of 'startsWith' takes dyn.(int): "
            "expected string.(string)\n"
            " |   doc.x.all(t, t.startsWith(2))\n"
            " | .................^");
  ASSERT_TRUE(cel::PositionOf(status).has_value());
  EXPECT_EQ(cel::PositionOf(status)->column, 4u);
}

TEST(FilterTest, AnExpressionThatMayCostTooMuchIsRefused) {
  const std::string loops = "doc.a.all(x, x.all(y, y.all(z, z > 1)))";
  EXPECT_EQ(MessageOf(Filter::Compile({.expression = loops}).status()),
            "ERROR: 1:25: expected loops at most 2 deep, got one more\n"
            " | doc.a.all(x, x.all(y, y.all(z, z > 1)))\n"
            " | ........................^");
  FilterLimits limits;
  limits.expression.loops = 3;
  limits.expression.estimate = 1'000'000'000;
  EXPECT_TRUE(Filter::Compile({.expression = loops}, limits).ok());
}

// Beside a test that lets few events through, an expression need not run for
// all of them.
TEST(FilterTest, ADerivedValueIsAskedForWhereNothingElseTellsEventsApart) {
  struct Case {
    std::string expression;
    std::size_t derived;
    std::size_t residuals;
  };
  for (const Case& c : {
           Case{"size(doc.l) > 1", 1, 0},
           Case{"size(doc.l) > 1 && doc.a % 2 == 0", 2, 0},
           Case{"has(doc.l) && size(doc.l) > 1", 1, 0},
           Case{"!has(doc.x) && size(doc.l) > 1", 1, 0},
           Case{"doc.x != 3 && size(doc.l) > 1", 1, 0},
           Case{"size(doc.l) > 1 && doc.a < doc.b", 1, 1},
           Case{"doc.x == 3 && size(doc.l) > 1", 0, 1},
           Case{"doc.x > 3 && size(doc.l) > 1", 0, 1},
           Case{"doc.x && size(doc.l) > 1", 0, 1},
           Case{"'x' in doc.t && size(doc.l) > 1", 0, 1},
           Case{"doc.l.exists(x, x > 1)", 0, 1},
       }) {
    const FilterPointer filter = Compile(c.expression);
    ASSERT_EQ(filter->conjunctions().size(), 1u) << c.expression;
    const Conjunction& conjunction = filter->conjunctions()[0];
    const auto derived = static_cast<std::size_t>(std::count_if(
        conjunction.predicates.begin(), conjunction.predicates.end(),
        [](const Predicate& predicate) {
          return predicate.variable == FilterVariable::kDerived;
        }));
    EXPECT_EQ(derived, c.derived) << c.expression;
    EXPECT_EQ(conjunction.residuals.size(), c.residuals) << c.expression;
  }
}

TEST(FilterTest, ALoopIsAResidualBesideThePredicates) {
  FilterPointer filter =
      Compile("doc.a == 1 && doc.tags.exists(doc, doc == 'x')");
  ASSERT_EQ(filter->conjunctions().size(), 1u);
  EXPECT_EQ(filter->conjunctions()[0].predicates.size(), 1u);
  ASSERT_EQ(filter->conjunctions()[0].residuals.size(), 1u);
  Arena arena;
  FilterInput input;
  for (const auto& [document, expected] :
       {std::pair(R"({"a":1,"tags":["w","x"]})", true),
        std::pair(R"({"a":1,"tags":["w"]})", false),
        std::pair(R"({"a":1,"tags":7})", false)}) {
    input[FilterVariable::kDoc] = ParseJson(document, arena).value();
    EXPECT_EQ(filter->Evaluate(input, arena).is_true(), expected) << document;
    EXPECT_EQ(filter->conjunctions()[0].residuals[0].Holds(input, arena),
              expected)
        << document;
  }
}

TEST(FilterTest, AFilterThatRunsOverItsBudgetIsNoMatch) {
  FilterPointer filter =
      Compile("doc.l.exists(x, x in doc.l && x > 0) || doc.a == 1");
  std::string list = "[0";
  for (int i = 1; i < 2000; ++i) list += ",-" + std::to_string(i);
  Arena arena;
  FilterInput input;
  input[FilterVariable::kDoc] =
      ParseJson(R"({"a":1,"l":)" + list + "]}", arena).value();
  const Value value = filter->Evaluate(input, arena);
  ASSERT_TRUE(value.is_error());
  EXPECT_EQ(value.error().code, ErrorCode::kOverBudget);
}

}  // namespace
}  // namespace streamer
