#include "cel/checker.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cel/parser.h"
#include "cel/tree_builder.h"

namespace streamer::cel {
namespace {

const Variables& Declared() {
  static const Variables kVariables =
      Variables::Declare({{"doc", "map(string, dyn)"},
                          {"tags", "list(string)"},
                          {"counts", "map(string, int)"},
                          {"name", "string"},
                          {"age", "int"},
                          {"when", "timestamp"},
                          {"maybe", "optional_type(map(string, int))"},
                          {"any", "dyn"}})
          .value();
  return kVariables;
}

// The type, or the whole report.
std::string TypeOrReport(std::string_view text) {
  Tree tree = Parse(text).value();
  CheckResult result = Check(tree, Declared());
  if (result.problems.empty()) return result.type;
  return std::string(MessageOf(ReportOf(tree, result)));
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

TEST(CheckerTest, TypesFollowFromTheDeclarations) {
  const Case cases[] = {
      {"age + 1", "int"},
      {"name + 'x'", "string"},
      {"doc.a.b", "dyn"},
      {"counts.a", "int"},
      {"counts['a'] > 2", "bool"},
      {"tags[0]", "string"},
      {"tags.size()", "int"},
      {"size(tags) + size(name)", "int"},
      {"[1, 2]", "list(int)"},
      {"[1, 'a']", "list(dyn)"},
      {"[]", "list(dyn)"},
      {"{}", "map(dyn, dyn)"},
      {"{'a': [1]}", "map(string, list(int))"},
      {"[[], [1]]", "list(list(int))"},
      {"true ? 1 : age", "int"},
      {"any ? 1 : any", "dyn"},
      {"any + 1", "int"},
      {"any + any", "dyn"},
      {"type(1)", "type(int)"},
      {"int", "type(int)"},
      {"type(1) == int", "bool"},
      {"when - when", "duration"},
      {"when - duration('1h')", "timestamp"},
      {"when.getHours('Europe/Oslo')", "int"},
      {"name.split(',')", "list(string)"},
      {"name.split(',')[0].size()", "int"},
      {"math.abs(-1)", "int"},
      {"math.greatest(1, 2.0)", "dyn"},
      {"tags.all(t, t.startsWith('a'))", "bool"},
      {"tags.map(t, t.size())", "list(int)"},
      {"tags.map(t, t.size() > 1, [t])", "list(list(string))"},
      {"counts.map(k, k)", "list(string)"},
      {"counts.transformMap(k, v, string(v))", "map(string, string)"},
      {"tags.transformMap(i, t, t)", "map(int, string)"},
      {"tags.transformMapEntry(i, t, {t: i})", "map(string, int)"},
      {"tags.exists(i, t, i > 0 && t == 'a')", "bool"},
      {"tags.sortBy(t, t.size())", "list(string)"},
      {"cel.bind(x, age, x + 1)", "int"},
      {"cel.block([age, cel.index(0) + 1], cel.index(1))", "int"},
      {"doc.?a", "optional_type(dyn)"},
      {"counts[?'a']", "optional_type(int)"},
      {"counts[?'a'].orValue(0)", "int"},
      {"maybe.a", "optional_type(int)"},
      {"has(maybe.a)", "bool"},
      {"counts.?a.optMap(n, [n])", "optional_type(list(int))"},
      {"[?counts.?a]", "list(int)"},
      {"{?'k': counts.?a}", "map(string, int)"},
      {"optional.none()", "optional_type(dyn)"},
      {"tags.first().value()", "string"},
      {"lists.range(3)", "list(int)"},
      {"any.b.c[0].d", "dyn"},
      {"any.all(x, x > 1)", "bool"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(TypeOrReport(one.text), one.expected) << one.text;
  }
}

TEST(CheckerTest, AProblemSaysWhatWasExpectedWhatWasGotAndWhere) {
  const Case cases[] = {
      {"agee > 1",
       "ERROR: 1:1: undeclared reference to 'agee': expected one of doc, tags, "
       "counts, name, age, when, maybe, any\n"
       " | agee > 1\n"
       " | ^"},
      {"now() > 1",
       "ERROR: 1:1: undeclared reference to function 'now'\n"
       " | now() > 1\n"
       " | ^"},
      {"name - 1",
       "ERROR: 1:6: no overload of '-' takes (string, int): expected (int, "
       "int), (uint, uint), (double, double), (timestamp, timestamp), "
       "(timestamp, duration) or (duration, duration)\n"
       " | name - 1\n"
       " | .....^"},
      {"1.startsWith('a')",
       "ERROR: 1:3: no overload of 'startsWith' takes int.(string): expected "
       "string.(string)\n"
       " | 1.startsWith('a')\n"
       " | ..^"},
      {"name.startsWith('a', 'b')",
       "ERROR: 1:6: no overload of 'startsWith' takes string.(string, "
       "string): expected string.(string)\n"
       " | name.startsWith('a', 'b')\n"
       " | .....^"},
      {"startsWith(name, 'b')",
       "ERROR: 1:1: no overload of 'startsWith' takes (string, string): "
       "expected string.(string)\n"
       " | startsWith(name, 'b')\n"
       " | ^"},
      {"name in name",
       "ERROR: 1:6: no overload of 'in' takes (string, string): expected (A, "
       "list(A)) or (A, map(A, B))\n"
       " | name in name\n"
       " | .....^"},
      {"age && true",
       "ERROR: 1:5: no overload of '&&' takes (int, bool): expected (bool, "
       "bool)\n"
       " | age && true\n"
       " | ....^"},
      {"name.first == 'a'",
       "ERROR: 1:5: expected a map to select 'first' from, got string\n"
       " | name.first == 'a'\n"
       " | ....^"},
      {"age.all(x, x > 1)",
       "ERROR: 1:1: expected a list or map to iterate over, got int\n"
       " | age.all(x, x > 1)\n"
       " | ^"},
      {"[?age]",
       "ERROR: 1:3: expected optional_type(dyn) in an optional entry, got "
       "int\n"
       " | [?age]\n"
       " | ..^"},
      {"a.B{c: 1}",
       "ERROR: 1:4: expected a value, got a literal of the message 'a.B': "
       "there are no message types\n"
       " | a.B{c: 1}\n"
       " | ...^"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(TypeOrReport(one.text), one.expected) << one.text;
  }
}

TEST(CheckerTest, AllProblemsAreReportedAtOnceInTheOrderOfTheText) {
  EXPECT_EQ(TypeOrReport("nme == 'a' &&\n  age < 'x' || name + 1 == 2"),
            "ERROR: 1:1: undeclared reference to 'nme': expected one of doc, "
            "tags, counts, name, age, when, maybe, any\n"
            " | nme == 'a' &&\n"
            " | ^\n"
            "ERROR: 2:7: no overload of '<' takes (int, string): expected "
            "(bool, bool), (int, int), (uint, uint), (double, double), "
            "(string, string), (bytes, bytes), (timestamp, timestamp) or "
            "(duration, duration)\n"
            " |   age < 'x' || name + 1 == 2\n"
            " | ......^\n"
            "ERROR: 2:21: no overload of '+' takes (string, int): expected "
            "(int, int), (uint, uint), (double, double), (string, string), "
            "(bytes, bytes), (list(A), list(A)), (timestamp, duration), "
            "(duration, timestamp), …\n"
            " |   age < 'x' || name + 1 == 2\n"
            " | ....................^");
}

TEST(CheckerTest, ProblemsAreDataToo) {
  Tree tree = Parse("agee > name.x").value();
  CheckResult result = Check(tree, Declared());
  ASSERT_EQ(result.problems.size(), 2u);
  EXPECT_EQ(NameOf(result.problems[0].code), "undeclared_reference");
  EXPECT_EQ(result.problems[0].got, "agee");
  EXPECT_EQ(NameOf(result.problems[1].code), "no_fields");
  EXPECT_EQ(result.problems[1].expected, "map");
  EXPECT_EQ(result.problems[1].got, "string");
  EXPECT_EQ(result.problems[1].position.column, 12u);
  auto position = PositionOf(ReportOf(tree, result));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->column, 1u) << "that of the first";
}

TEST(CheckerTest, WhatWasRefusedIsNotReportedTwice) {
  CheckResult result =
      Check(Parse("nothing.a + 1 > 'x'.size() + nothing").value(), Declared());
  EXPECT_EQ(result.problems.size(), 2u) << "each use of the name, no more";
}

TEST(CheckerTest, NoMoreThanTwentyProblemsAreReported) {
  std::string text = "x0";
  for (int i = 1; i < 50; ++i) text += " && x" + std::to_string(i);
  const Tree tree = Parse(text).value();
  const CheckResult result = Check(tree, Declared());
  EXPECT_EQ(result.problems.size(), 20u);
  EXPECT_EQ(result.more_problems, 30u);
  EXPECT_TRUE(MessageOf(ReportOf(tree, result)).ends_with("\nand 30 more"));
}

TEST(CheckerTest, ADynBesideAWrittenNumberGetsAWarning) {
  CheckResult result =
      Check(Parse("doc.price * 1.5 > 2.0").value(), Declared());
  EXPECT_TRUE(result.problems.empty());
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(NameOf(result.warnings[0].code), "mixed_numbers");
  EXPECT_EQ(result.warnings[0].message,
            "expected double on both sides of '*', got a dyn: write double(…) "
            "around it");
  EXPECT_EQ(result.warnings[0].position.column, 11u);
  for (const char* text :
       {"double(doc.price) * 1.5", "age * 2", "doc.price > 1.5"}) {
    EXPECT_TRUE(Check(Parse(text).value(), Declared()).warnings.empty())
        << text;
  }
}

TEST(CheckerTest, OfVeryManyNamesOrWarningsTheFirstAreShown) {
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("v" + std::to_string(i));
  const CheckResult result =
      Check(Parse("other == 1").value(), Variables(names));
  EXPECT_TRUE(result.problems[0].message.ends_with("v18, v19, …"));
  std::string text = "doc.a * 1.5";
  for (int i = 0; i < 30; ++i) text += " + double(doc.a * 2.5)";
  EXPECT_EQ(Check(Parse(text).value(), Declared()).warnings.size(), 20u);
}

TEST(CheckerTest, FunctionsCanBeDeclaredBesideTheTable) {
  const FunctionDeclaration functions[] = {
      {"pair", CallStyle::kGlobal, "(A, B) -> tuple(A, B)"},
      {"swap", CallStyle::kMember, "(tuple(A, B)) -> tuple(B, A)"},
      {"geo.near", CallStyle::kGlobal, "(double, double) -> bool"}};
  auto type_of = [&](std::string_view text) {
    Tree tree = Parse(text).value();
    CheckResult result = Check(tree, Declared(), functions);
    return result.problems.empty() ? result.type : "refused";
  };
  EXPECT_EQ(type_of("pair(1, 'a').swap()"), "tuple(string, int)");
  EXPECT_EQ(type_of("[pair(1, 'a'), pair(dyn(1), 'b')]"),
            "list(tuple(dyn, string))");
  EXPECT_EQ(type_of("geo.near(1.0, 2.0)"), "bool");
  EXPECT_EQ(type_of("geo.near(1, 2)"), "refused");
}

TEST(CheckerTest, TypesThatGrowWithoutEndAreCutOff) {
  std::string text = "1";
  for (int i = 0; i < 60; ++i) {
    text =
        "cel.bind(x, {}, cel.bind(y, " + text + ", [y] in x ? x : {[y]: [y]}))";
  }
  auto tree = Parse(text);
  if (!tree.ok()) return;
  CheckResult result = Check(*tree, Declared());
  EXPECT_LE(result.type.size(), 300u);
}

TEST(CheckerTest, EveryOverloadOfTheTableCanBeRead) {
  const Variables none({});
  for (const FunctionEntry& entry : AllFunctions()) {
    TreeBuilder builder;
    std::vector<const Expr*> arguments;
    std::size_t count =
        entry.argument_count == kAnyNumber ? 3 : entry.argument_count;
    for (std::size_t i = 0; i < count; ++i) {
      const Expr* null = builder.Literal(Value::Null());
      arguments.push_back(builder.Call("dyn", {null}));
    }
    std::span<const Expr* const> all(arguments);
    const Expr* call =
        entry.style == CallStyle::kGlobal
            ? builder.Call(entry.name, all)
            : builder.MemberCall(all[0], entry.name, all.subspan(1));
    CheckResult result = Check(*call, none);
    EXPECT_TRUE(result.problems.empty())
        << entry.name << ": " << result.problems[0].message;
  }
}

TEST(ProblemOfTest, IsTheSentenceWithoutTheLinesAroundIt) {
  EXPECT_EQ(ProblemOf(Parse("1 +").status()),
            "expected an expression, got end of text");
  const Variables none({});
  const Tree tree = Parse("nothing + nobody").value();
  const CheckResult checked = Check(tree, none);
  ASSERT_EQ(checked.problems.size(), 2u);
  EXPECT_EQ(ProblemOf(ReportOf(tree, checked)), checked.problems[0].message);
  EXPECT_EQ(ProblemOf(OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace streamer::cel
