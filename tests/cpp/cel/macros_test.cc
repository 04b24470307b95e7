#include "cel/macros.h"

#include <gtest/gtest.h>

#include <string_view>

#include "support/evaluate_both.h"

namespace streamer::cel {
namespace {

struct Case {
  std::string_view text;
  std::string_view value;
};

constexpr std::string_view kDocument =
    R"({"l":[1,2,3],"m":{"a":1,"b":2},"s":"text","e":[],"n":[[1],[2,3]]})";

void ExpectValues(std::span<const Case> cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(support::EvaluateBoth(one.text, kDocument), one.value)
        << one.text;
  }
}

TEST(MacrosTest, QuantifiersAskEveryElement) {
  const Case cases[] = {
      {"doc.l.all(x, x > 0)", "true"},
      {"doc.l.all(x, x > 1)", "false"},
      {"doc.l.exists(x, x == 3)", "true"},
      {"doc.l.exists(x, x == 4)", "false"},
      {"doc.l.exists_one(x, x > 2)", "true"},
      {"doc.l.existsOne(x, x > 1)", "false"},
      {"doc.e.all(x, false)", "true"},
      {"doc.e.exists(x, true)", "false"},
      {"doc.m.all(k, k in ['a', 'b'])", "true"},
      {"doc.m.exists(k, v, k == 'b' && v == 2)", "true"},
      {"doc.l.all(i, v, v == i + 1)", "true"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, AQuantifierThatIsDecidedAbsorbsErrors) {
  const Case cases[] = {
      {"doc.l.all(x, 1 / (x - 1) > 5)", "false"},
      {"doc.l.exists(x, 1 / (x - 1) == 1)", "true"},
      {"doc.l.all(x, 1 / (x - 1) >= 0)", "error: divide by zero"},
      {"doc.l.exists(x, 1 / (x - 3) == 9)", "error: divide by zero"},
      {"doc.l.exists_one(x, 1 / (x - 1) == 1)", "error: divide by zero"},
      {"doc.l.all(x, x)", "error: no such overload: && expects bool, got int"},
      {"doc.l.exists(x, x > 1 ? true : x)", "true"},
      {"doc.l.filter(x, x)",
       "error: no such overload: ?: expects bool, got int"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, MapAndFilterMakeLists) {
  const Case cases[] = {
      {"doc.l.map(x, x * 2)", "[2, 4, 6]"},
      {"doc.l.map(x, x > 1, x * 2)", "[4, 6]"},
      {"doc.l.filter(x, x != 2)", "[1, 3]"},
      {"doc.m.map(k, k)", R"(["a", "b"])"},
      {"doc.n.map(x, x.map(y, y + 1))", "[[2], [3, 4]]"},
      {"doc.l.map(x, 'c')", R"(["c", "c", "c"])"},
      {"doc.l.map(x, 1 / (x - 2))", "error: divide by zero"},
      {"doc.l.transformList(i, v, i * v)", "[0, 2, 6]"},
      {"doc.l.transformList(i, v, i > 0, v)", "[2, 3]"},
      {"doc.m.transformList(k, v, k + string(v))", R"(["a1", "b2"])"},
      {"doc.l.sortBy(x, -x)", "[3, 2, 1]"},
      {"doc.n.sortBy(x, 0 - size(x))", "[[2, 3], [1]]"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, TransformMapMakesMaps) {
  const Case cases[] = {
      {"doc.m.transformMap(k, v, v + 1)", R"({"a": 2, "b": 3})"},
      {"doc.m.transformMap(k, v, v > 1, v)", R"({"b": 2})"},
      {"doc.l.transformMap(i, v, v)", "{0: 1, 1: 2, 2: 3}"},
      {"doc.m.transformMapEntry(k, v, {v: k})", R"({1: "a", 2: "b"})"},
      {"doc.m.transformMapEntry(k, v, v > 1, {v: k})", R"({2: "b"})"},
      {"doc.m.transformMapEntry(k, v, {})", "{}"},
      {"doc.m.transformMapEntry(k, v, {'same': v})",
       "error: failed with repeated key"},
      {"doc.m.transformMapEntry(k, v, v)",
       "error: no such overload: insert(map, int)"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, BindingsNameAValue) {
  const Case cases[] = {
      {"cel.bind(x, doc.l, x[0] + x[1])", "3"},
      {"cel.bind(x, 1, cel.bind(x, x + 1, x))", "2"},
      {"cel.bind(x, 1 / 0, true)", "true"},
      {"cel.bind(x, 1 / 0, x == 1)", "error: divide by zero"},
      {"cel.bind(doc, {'l': 7}, doc.l)", "7"},
      {"cel.block([doc.l, cel.index(0)[1]], cel.index(1) * 2)", "4"},
      {"cel.block([1, 2], cel.index(0) + cel.index(1))", "3"},
      {"optional.of(2).optMap(x, x + 1).value()", "3"},
      {"optional.none().optMap(x, x + 1).hasValue()", "false"},
      {"doc.?s.optFlatMap(x, optional.of(x.size())).orValue(0)", "4"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, OnlyListsAndMapsAreRunThrough) {
  const Case cases[] = {
      {"doc.s.all(x, true)",
       "error: no such overload: cannot iterate over string"},
      {"doc.nothing.exists(x, true)", "error: no such key: nothing"},
      {"1.map(x, x)", "error: no such overload: cannot iterate over int"},
  };
  ExpectValues(cases);
}

TEST(MacrosTest, WhatIsFoundDependsOnNameReceiverAndCount) {
  TreeBuilder builder;
  const Expr* cel = builder.Identifier("cel");
  const Expr* other = builder.Identifier("a");
  EXPECT_EQ(FindMacro("bind", *cel, 3), Macro::kBind);
  EXPECT_EQ(FindMacro("bind", *other, 3), Macro::kNone);
  EXPECT_EQ(FindMacro("map", *other, 2), Macro::kMap);
  EXPECT_EQ(FindMacro("map", *other, 3), Macro::kMapFiltered);
  EXPECT_EQ(FindMacro("map", *other, 4), Macro::kNone);
  EXPECT_TRUE(IsLoop(Macro::kAll));
  EXPECT_FALSE(IsLoop(Macro::kBind));
}

}  // namespace
}  // namespace streamer::cel
