#include "cel/limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cel/parser.h"
#include "cel/printer.h"
#include "support/random_expression.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace {

std::string Repeat(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

struct LimitCase {
  std::string accepted;
  std::string refused;
  std::string_view problem;
};

TEST(LimitsTest, EveryBoundIsExact) {
  Limits limits;
  limits.text_bytes = 400;
  limits.nodes = 20;
  limits.depth = 5;
  limits.list_values = 10;
  const std::string_view depth =
      "expected at most 5 nested levels, got one more";
  const std::string_view tree_depth =
      "expected at most 5 nested levels, got more";
  const std::string_view nodes = "expected at most 20 nodes, got more";
  const std::string_view values =
      "expected at most 10 values in constant lists, got more";
  const LimitCase cases[] = {
      {std::string(399, ' ') + "a", std::string(400, ' ') + "a",
       "expected at most 400 bytes of text, got 401"},
      {"((((a))))", "(((((a)))))", depth},
      {"[[[[a]]]]", "[[[[[a]]]]]", depth},
      {"[[[[[]]]]]", "[[[[[[]]]]]]", depth},
      {"f(f(f(f(a))))", "f(f(f(f(f(a)))))", depth},
      {"a[a[a[a[a]]]]", "a[a[a[a[a[a]]]]]", depth},
      {"a?a:a?a:a?a:a?a:a", "a?a:a?a:a?a:a?a:a?a:a", depth},
      {"a.b.c.d.e", "a.b.c.d.e.f", tree_depth},
      {"1+1+1+1+1", "1+1+1+1+1+1", tree_depth},
      {"!(!(!(!a)))", "!(!(!(!(!a))))", tree_depth},
      // A chain counts once, however long.
      {"a&&a&&a&&a&&a&&a&&a&&a&&a&&a", "a&&a&&a&&a&&a&&a&&a&&a&&a&&a&&a",
       nodes},
      {Repeat("!", 101) + "a", Repeat("!", 101) + "a.b.c.d.e", tree_depth},
      // A constant list counts once, its values elsewhere.
      {"[1,1,1,1,1,1,1,1,1,1]", "[1,1,1,1,1,1,1,1,1,1,1]", values},
      {"[1,1,1,1,1] + [1,1,1,1,1]", "[1,1,1,1,1] + [1,1,1,1,1,1]", values},
      {"[[1,1,1,1],[1,1,1,1]]", "[[1,1,1,1],[1,1,1,1,1]]", values},
      {"f(" + Repeat("a,", 18) + "a)", "f(" + Repeat("a,", 19) + "a)", nodes},
      {"[" + Repeat("1,", 9) + "a]", "[" + Repeat("1,", 19) + "a]", values},
  };
  for (const LimitCase& c : cases) {
    EXPECT_TRUE(Parse(c.accepted, limits).ok())
        << c.accepted << Parse(c.accepted, limits).status();
    std::string message(MessageOf(Parse(c.refused, limits).status()));
    std::string first_line = message.substr(0, message.find('\n'));
    EXPECT_TRUE(first_line.ends_with(c.problem))
        << c.refused << " gives: " << first_line;
  }
}

TEST(LimitsTest, TheDefaultsHoldWhatTheDesignAllows) {
  EXPECT_TRUE(Parse(Repeat("(", 63) + "1" + Repeat(")", 63)).ok());
  EXPECT_TRUE(Parse("1" + Repeat("+1", 63)).ok());
  EXPECT_TRUE(Parse("a" + Repeat("&&a", 999)).ok());
  EXPECT_TRUE(Parse("a in [0" + Repeat(",1", 9999) + "]").ok());
  EXPECT_FALSE(Parse("a in [0" + Repeat(",1", 10'000) + "]").ok());
}

TEST(LimitsTest, HostileTextIsRefusedWithoutHarm) {
  for (std::string_view part :
       {"(",   "[",    "{",    "a[",     "f(",    "a.f(", "!",
        "-",   "a?",   "a?a:", "a&&",    "a||!",  "a.",   "[[],",
        "{a:", "'",    "`",    "\"\"\"", "//",    "1+",   "a in ",
        "\\",  "has(", "-(",   "!(",     "b'\\x", "{{",   "[1,"}) {
    std::string text = Repeat(part, 60'000 / static_cast<int>(part.size()));
    EXPECT_FALSE(Parse(text).ok()) << part;
    EXPECT_FALSE(Parse(text + "a").ok() && part != "!" && part != "-") << part;
  }
}

TEST(LimitsTest, RandomTextNeverHarmsAndErrorsStayShort) {
  support::Random random(support::SeedOf("RandomText"));
  SCOPED_TRACE(random.seed_note());
  support::RandomExpressions expressions(random,
                                         support::ExpressionStyle::kAnything);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text =
        support::DamageText(Print(expressions.Draw(4).root()), random);
    auto tree = Parse(text);
    if (tree.ok()) {
      ++accepted;
      continue;
    }
    std::string_view message = MessageOf(tree.status());
    ASSERT_TRUE(IsUtf8(message)) << text;
    ASSERT_LT(message.size(), 2000u) << text;
    auto position = PositionOf(tree.status());
    ASSERT_TRUE(position.has_value()) << text;
    ASSERT_LE(position->offset, text.size()) << text;
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 19'000);
}

}  // namespace
}  // namespace streamer::cel
