#include "cel/printer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "cel/parser.h"
#include "cel/tree_builder.h"
#include "support/random_expression.h"

namespace streamer::cel {
namespace {

std::string IdentityOf(const Expr& node) {
  std::string key;
  AppendIdentity(node, key);
  return key;
}

TEST(PrinterTest, ParenthesesStandOnlyWhereTheyMatter) {
  struct Case {
    std::string_view text;
    std::string_view printed;
  };
  const Case cases[] = {
      {"((a))", "a"},
      {"(a && b) || c", "a && b || c"},
      {"a && (b || c)", "a && (b || c)"},
      {"(a && b) && c", "a && b && c"},
      {"a && (b && c)", "a && (b && c)"},
      {"((a && b) && c) && d", "(a && b && c) && d"},
      {"(a + b) + c", "a + b + c"},
      {"a + (b + c)", "a + (b + c)"},
      {"(a * b) + (c / d)", "a * b + c / d"},
      {"(a + b) * c", "(a + b) * c"},
      {"(a < b) == c", "a < b == c"},
      {"a == (b < c)", "a == (b < c)"},
      {"a in (b in c)", "a in (b in c)"},
      {"!(a)", "!a"},
      {"!(a.b())", "!a.b()"},
      {"!(a && b)", "!(a && b)"},
      {"!(!a)", "!(!a)"},
      {"-(-a)", "-(-a)"},
      {"-(1)", "-(1)"},
      {"-(1.0).x", "-(1.0).x"},
      {"(-1).x", "(-1).x"},
      {"1.x", "(1).x"},
      {"(-a).x", "(-a).x"},
      {"a - -1", "a - -1"},
      {"(a ? b : c) ? d : e", "(a ? b : c) ? d : e"},
      {"a ? (b ? c : d) : e", "a ? (b ? c : d) : e"},
      {"a ? b : (c ? d : e)", "a ? b : c ? d : e"},
      {"(a || b) ? c : d", "a || b ? c : d"},
      {"(a ? b : c) + 1", "(a ? b : c) + 1"},
      {"[(a ? b : c), (a || b)]", "[a ? b : c, a || b]"},
      {"{(a): (b ? c : d)}", "{a: b ? c : d}"},
      {"f((a), (b || c))", "f(a, b || c)"},
      {"(a + b)[(c + d)]", "(a + b)[c + d]"},
      {"has((a).b)", "has(a.b)"},
      {"has((a + b).c)", "has((a + b).c)"},
      {"(a.b).c.f()", "a.b.c.f()"},
      {"(a + b).f()", "(a + b).f()"},
      {"[1, 2][0]", "[1, 2][0]"},
      {".a + .f(b)", ".a + .f(b)"},
  };
  for (const Case& c : cases) {
    Tree tree = Parse(c.text).value();
    EXPECT_EQ(Print(tree.root()), c.printed);
    EXPECT_EQ(IdentityOf(Parse(c.printed)->root()), IdentityOf(tree.root()));
  }
}

TEST(PrinterTest, LiteralsAreWrittenInOneForm) {
  struct Case {
    std::string_view text;
    std::string_view printed;
  };
  const Case cases[] = {
      {"0x10", "16"},
      {"0xFu", "15u"},
      {"1e0", "1.0"},
      {"1e300", "1e+300"},
      {"-0.0", "-0.0"},
      {R"('it\'s "it"')", R"("it's \"it\"")"},
      {R"('\\ \n \t \u0000 é')", R"("\\ \n \x09 \x00 é")"},
      {R"(b'\xff\x00a"')", R"(b"\xff\x00a\"")"},
      {"[1,2u,'x',null,true,[]]", R"([1, 2u, "x", null, true, []])"},
      {"a.`b`", "a.b"},
      {"a.`b c`", "a.`b c`"},
      {"a.`in`", "a.`in`"},
      {R"(a.`\`\\\u00e9`)", R"(a.`\`\\é`)"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Print(Parse(c.text)->root()), c.printed);
  }
}

TEST(PrinterTest, WhatIsPrintedIsParsedToTheSameTree) {
  support::Random random(support::SeedOf("PrintAndParse"));
  SCOPED_TRACE(random.seed_note());
  for (support::ExpressionStyle style : {support::ExpressionStyle::kFilter,
                                         support::ExpressionStyle::kAnything}) {
    support::RandomExpressions expressions(random, style);
    for (int i = 0; i < 6'000; ++i) {
      Tree tree = expressions.Draw(5);
      std::string printed = Print(tree.root());
      auto parsed = Parse(printed);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      ASSERT_EQ(IdentityOf(parsed->root()), IdentityOf(tree.root()))
          << printed << "\nis read as\n"
          << Print(parsed->root());
      ASSERT_EQ(Print(parsed->root()), printed);
    }
  }
}

// Field names come from documents: anything that JSON can call a key.
TEST(PrinterTest, EveryFieldNameIsReadBack) {
  support::Random random(support::SeedOf("FieldNames"));
  SCOPED_TRACE(random.seed_note());
  std::vector<std::string> names = {"a",  "in", "null", "1a",   "a b", "`",
                                    "\\", "\n", "é",    "'",    "\"",  "a.b",
                                    "\r", "//", "\x7f", "日本", " "};
  for (int i = 0; i < 2000; ++i) {
    std::string name;
    for (std::size_t parts = 1 + random.Below(4); parts > 0; --parts) {
      name += random.Pick(names);
    }
    names.push_back(name);
    if (name.size() > 50) continue;
    TreeBuilder builder;
    const Expr* select = builder.Select(builder.Identifier("doc"), name);
    const Expr* has = builder.Has(builder.Identifier("doc"), name);
    for (const Expr* node : {select, has}) {
      auto parsed = Parse(Print(*node));
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      ASSERT_EQ(IdentityOf(parsed->root()), IdentityOf(*node)) << Print(*node);
    }
  }
}

TEST(PrinterTest, IdentityTellsExpressionsApartAndNothingElse) {
  const std::string_view texts[] = {
      "a",        "b",        "a.b",           "has(a.b)",     "a.b()",
      "b(a)",     "a[b]",     "a + b",         "b + a",        "a - b",
      "-a",       "!a",       "a(b)",          "[a, b]",       "[a]",
      "[[a], b]", "[[a, b]]", "{a: b}",        "{}",           "[]",
      "1",        "1u",       "1.0",           "'1'",          "b'1'",
      "0.0",      "-0.0",     "true",          "null",         "[1]",
      "[1u]",     "'ab'",     "f('a', 'b')",   "f('ab')",      "a ? b : c",
      "a && b",   "a || b",   "a && (b && c)", "(a && b) && c"};
  std::set<std::string> keys;
  for (std::string_view text : texts) {
    std::string key = IdentityOf(Parse(text)->root());
    EXPECT_TRUE(keys.insert(key).second) << text;
    std::string spaced = " // somewhere else\n ( " + std::string(text) + ")";
    EXPECT_EQ(IdentityOf(Parse(spaced)->root()), key) << text;
  }
}

}  // namespace
}  // namespace streamer::cel
