#include "cel/cost.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cel/functions.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "value/json.h"

namespace streamer::cel {
namespace {

const Variables& Doc() {
  static const Variables kVariables({"doc"});
  return kVariables;
}

// What evaluating `text` of `document` is charged.
Units CostOf(std::string_view text, std::string_view document) {
  auto program = Program::Compile(Parse(text).value(), Doc());
  Arena arena;
  Value binding = ParseJson(document, arena).value();
  Meter meter;
  program->Evaluate(std::span(&binding, 1), arena, meter);
  return meter.used();
}

std::string Letters(std::size_t count) { return std::string(count, 'a'); }

TEST(MeterTest, ChargesUntilTheBudgetIsUsedUp) {
  Meter meter(10);
  EXPECT_TRUE(meter.Charge(4));
  EXPECT_TRUE(meter.Charge(6));
  EXPECT_EQ(meter.used(), 10u);
  EXPECT_FALSE(meter.is_exhausted());
  EXPECT_FALSE(meter.Charge(1));
  EXPECT_TRUE(meter.is_exhausted());
  EXPECT_FALSE(meter.Charge(1)) << "for good";
  Meter unlimited = Meter::Unlimited();
  EXPECT_TRUE(unlimited.Charge(Units{1} << 60));
}

TEST(CostTest, EveryFunctionHasACost) {
  for (const FunctionEntry& entry : AllFunctions()) {
    EXPECT_TRUE(HasCost(entry.cost)) << entry.name;
  }
  EXPECT_FALSE(HasCost(Cost{}));
  EXPECT_FALSE(HasCost(Cost{CostRule::kFixed, 0}));
  constexpr FunctionEntry kWithout[] = {
      {"f", CallStyle::kGlobal, 1, nullptr, {}, "(int) -> int"}};
  static_assert(!AreComplete(kWithout));
}

TEST(CostTest, TwoTermsCostAFewUnits) {
  std::string_view text = R"(doc.status == "active" && doc.priority > 5)";
  Units met = CostOf(text, R"({"status":"active","priority":7})");
  EXPECT_LE(met, 5u);
  EXPECT_EQ(CostOf(text, R"({"status":"closed"})"), met)
      << "what is fixed is charged once, reached or not";
}

TEST(CostTest, CostDependsOnTheProgramAndTheDocumentAlone) {
  auto program = Program::Compile(
      Parse("doc.l.map(x, x * 2).exists(y, y == 4)").value(), Doc());
  Arena document;
  Value binding = ParseJson(R"({"l":[1,2,3]})", document).value();
  Units first = 0;
  for (int i = 0; i < 5; ++i) {
    Arena arena;
    Meter meter(i == 3 ? 1'000'000 : kEvaluationBudget);
    program->Evaluate(std::span(&binding, 1), arena, meter);
    if (i == 0) first = meter.used();
    EXPECT_EQ(meter.used(), first);
  }
}

// A document in which `s` and `l` grow, and the least that a call may cost of
// the larger one more than of the smaller.
TEST(CostTest, WorkIsChargedBySize) {
  auto document = [](std::size_t size) {
    std::string list = "[0";
    for (std::size_t i = 1; i < size; ++i) list += "," + std::to_string(i);
    return R"({"s":")" + Letters(size) + R"(","t":")" + Letters(size) +
           R"(","l":)" + list + "]}";
  };
  struct Growth {
    std::string_view text;
    Units least;
  };
  const Growth growths[] = {
      {"doc.s == doc.t", 40},
      {"doc.s < doc.t", 40},
      {"doc.s.contains('b')", 40},
      {"doc.s.startsWith(doc.t)", 40},
      {"doc.s.size() > 1", 40},
      {"doc.s + doc.t == 'a'", 150},
      {"doc.s.replace('a', 'bb') == 'a'", 200},
      {"doc.s.split('a') == []", 1000},
      {"doc.s.matches('a+b')", 500},
      {"doc.s.upperAscii() == 'A'", 700},
      {"doc.s.reverse() == 'A'", 700},
      {"doc.s.substring(1) == 'A'", 700},
      {"doc.s.indexOf('b') == 1", 180},
      {"doc.l == doc.l", 2900},
      {"-1 in doc.l", 1400},
      {"doc.l.all(x, x >= 0)", 5900},
      {"doc.l.map(x, x) == []", 7000},
      {"doc.l.sort() == []", 2900},
      {"doc.l + doc.l == []", 2900},
      {"lists.range(size(doc.l)) == []", 1400},
      {"sets.contains([1], doc.l)", 2900},
  };
  for (const Growth& growth : growths) {
    Units small = CostOf(growth.text, document(10));
    Units large = CostOf(growth.text, document(3000));
    EXPECT_GE(large, small + growth.least) << growth.text;
    EXPECT_LE(small, 200u) << growth.text;
  }
}

TEST(CostTest, AResultIsChargedForAllThatItHolds) {
  Units cost = CostOf("[doc.l, doc.l, doc.l]", R"({"l":[1,2,3,4,5,6,7,8]})");
  EXPECT_GE(cost, 27u);
}

TEST(CostTest, AnErrorThatIsMadeIsCharged) {
  std::string_view document = R"({"l":["a","b","c","d"]})";
  Units without = CostOf("doc.l.exists(x, string(x) == 'z')", document);
  Units with = CostOf("doc.l.exists(x, int(x) == 1)", document);
  EXPECT_GE(with, without + 4 * 8);
  EXPECT_GE(CostOf("doc.l.exists(x, x.a.b)", document), 4u * 8);
}

TEST(CostTest, TextIsChargedByTheWayItIsRead) {
  const std::string number(2000, '1');
  const auto cost = [&](std::string_view text) {
    return CostOf(text, "{\"n\":\"" + number + "\"}");
  };
  EXPECT_GE(cost("double(doc.n) > 0.0"), cost("size(doc.n) > 0") + 200)
      << "each of the digits that matter";
  EXPECT_GE(cost("doc.n.lastIndexOf('12') > 0"),
            cost("doc.n.indexOf('12') > 0") + 200)
      << "from the end each place is looked at by itself";
}

TEST(CostTest, ADynamicPatternIsChargedItsCompilationEachTime) {
  std::string_view document = R"({"s":"aaaa","p":"a+"})";
  Units fixed = CostOf("doc.s.matches('a+')", document);
  Units once = CostOf("doc.s.matches(doc.p)", document);
  Units thrice = CostOf("[1, 2, 3].all(x, doc.s.matches(doc.p))", document);
  EXPECT_LT(fixed, 20u);
  EXPECT_GT(once, 500u);
  EXPECT_GT(thrice, 3 * 500u);
}

TEST(CostTest, DeepSizeCountsSharedPartsEachTimeAndStopsAtTheLimit) {
  Arena arena;
  Value value = Value::Int(1);
  for (int i = 0; i < 60; ++i) {
    std::span<Value> items = arena.NewArray<Value>(2);
    items[0] = items[1] = value;
    value = Value::List(arena.New<ListValue>(items));
    if (i == 1) {
      EXPECT_EQ(DeepSize(value, 100), 7u);
    }
  }
  EXPECT_GT(DeepSize(value, 1000), 1000u);
  EXPECT_LT(DeepSize(value, 1000), 1100u) << "no further than it must";
  EXPECT_EQ(DeepSize(Value::String(Letters(640)), 100), 11u);
}

Units EstimateOf(std::string_view text, const Limits& limits = {}) {
  return EstimateCost(Parse(text)->root(), Doc(), limits);
}

TEST(CostTest, TheEstimateMultipliesByTheTurnsOfLoops) {
  Units once = EstimateOf("doc.a == 1");
  EXPECT_LT(once, 300u);
  Units loop = EstimateOf("doc.l.all(x, doc.a == 1)");
  EXPECT_GT(loop, 256 * once);
  EXPECT_GT(EstimateOf("doc.l.all(x, doc.m.all(y, doc.a == 1))"), 256 * loop);
  EXPECT_LT(EstimateOf("[1, 2].all(x, doc.a == 1)"), 3 * once + 10)
      << "a list that is written out is as long as it is";
  EXPECT_LT(EstimateOf("cel.bind(x, doc.a, x == 1)"), 2 * once);
  EXPECT_LT(EstimateOf("doc.l.exists(x, x in doc.m)"), 50'000u)
      << "what is looked for is no list";
  Limits small{.estimated_list_size = 10, .estimated_text_bytes = 10};
  EXPECT_LT(EstimateOf("doc.l.all(x, doc.a == 1)", small), loop / 20);
}

std::string Refusal(std::string_view text, const Limits& limits = {}) {
  Tree tree = Parse(text).value();
  return std::string(MessageOf(CheckCost(tree, Doc(), limits)));
}

TEST(CostTest, LoopsNestedTooDeepAreRefusedWithTheirPlace) {
  EXPECT_EQ(Refusal("doc.a.all(x, x.all(y, y > 1))"), "");
  EXPECT_EQ(Refusal("doc.a.all(x, x.all(y, y.all(z, z > 1)))"),
            "ERROR: 1:25: expected loops at most 2 deep, got one more\n"
            " | doc.a.all(x, x.all(y, y.all(z, z > 1)))\n"
            " | ........................^");
  EXPECT_EQ(Refusal("doc.a.map(x, x).map(x, x).map(x, x).all(x, x > 1)"), "")
      << "one after another is not one in another";
  EXPECT_EQ(Refusal("doc.a.all(x, cel.bind(y, x, has(y.a) && "
                    "y.b.all(z, z > 1)))"),
            "")
      << "cel.bind and has do not count";
  EXPECT_EQ(Refusal("doc.a.all(x, x > 1)", {.loops = 0}),
            "ERROR: 1:7: expected loops at most 0 deep, got one more\n"
            " | doc.a.all(x, x > 1)\n"
            " | ......^");
}

TEST(CostTest, AnEstimateTooHighIsRefusedAtTheInnermostCulprit) {
  EXPECT_EQ(Refusal("true && doc.a.all(x, doc.b.all(y, x.contains(y)))"),
            "ERROR: 1:15: expected an estimated cost of at most 1000000 units"
            ", got 71632131\n"
            " | true && doc.a.all(x, doc.b.all(y, x.contains(y)))\n"
            " | ..............^");
}

TEST(CostTest, ALongLineOfWorkThatIsOverBudgetIsNoMatchAndNoValue) {
  auto program = Program::Compile(
      Parse("doc.l.exists(x, x > 1) || doc.n == 7").value(), Doc());
  std::string list = "[-1";
  for (int i = 0; i < 100; ++i) list += ",1";
  Arena arena;
  Value binding = ParseJson(R"({"n":7,"l":)" + list + "]}", arena).value();
  Meter meter(50);
  Value value = program->Evaluate(std::span(&binding, 1), arena, meter);
  ASSERT_TRUE(value.is_error());
  EXPECT_EQ(value.error().code, ErrorCode::kOverBudget);
  Meter enough(500);
  EXPECT_TRUE(
      program->Evaluate(std::span(&binding, 1), arena, enough).is_true());
}

}  // namespace
}  // namespace streamer::cel
