#include "filter/literal_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filter/filter.h"
#include "support/random.h"
#include "value/document.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

// What matches() of the expression language says.
bool IsMatched(const std::string& pattern, const std::string& text) {
  const auto filter =
      Filter::Compile({.conditions = {},
                       .expression = "matches(doc.s, r'''" + pattern + "''')"})
          .value();
  Arena arena;
  const MapEntry field{Value::String("s"), Value::String(text)};
  FilterInput input;
  input[FilterVariable::kDoc] = Value::Map(MapValue::Make(arena, {&field, 1}));
  return filter->Evaluate(input, arena).is_true();
}

std::string RandomText(Random& random, const std::vector<std::string>& pieces) {
  std::string text;
  for (std::size_t i = random.Below(9); i > 0; --i) text += random.Pick(pieces);
  return text;
}

TEST(LiteralPatternTest, AgreesWithMatchesOnRandomPatternsAndTexts) {
  Random random(SeedOf("LiteralPatternTest.Random"));
  SCOPED_TRACE(random.seed_note());
  std::size_t matched = 0;
  for (int i = 0; i < 4'000; ++i) {
    std::string pattern = random.Chance(1, 3) ? "^" : "";
    pattern += RandomText(random, {"a", "b", "ab", ".*", R"(\.)", "ü"});
    if (random.Chance(1, 3)) pattern += '$';
    const auto read = LiteralPattern::Read(pattern);
    // Two `.*` in a row are one and one more.
    ASSERT_TRUE(read.has_value()) << pattern;
    for (int j = 0; j < 20; ++j) {
      const std::string text =
          RandomText(random, {"a", "b", "ab", "aab", ".", "ü", "x", "\n"});
      const bool is_matched = IsMatched(pattern, text);
      ASSERT_EQ(read->Matches(text), is_matched)
          << "pattern " << pattern << " text " << text;
      if (!is_matched) continue;
      ++matched;
      EXPECT_TRUE(text.starts_with(read->prefix())) << pattern;
      EXPECT_TRUE(text.ends_with(read->suffix())) << pattern;
      EXPECT_NE(text.find(read->longest()), std::string::npos) << pattern;
    }
  }
  EXPECT_GT(matched, 10'000u);
}

TEST(LiteralPatternTest, WhateverElseAPatternHoldsIsLeftToOthers) {
  for (const char* pattern :
       {"a+", "a?", "a*b", "a{2}", "a|b", "(a)", "[a]", R"(\d)", R"(\n)", "a.b",
        ".+", ".*?", ".**", "a^b", "a$b", "(?i)a", "a\nb", "]", R"(a\)"}) {
    EXPECT_FALSE(LiteralPattern::Read(pattern).has_value()) << pattern;
  }
}

TEST(LiteralPatternTest, ItsLiteralsAreWhatEveryTextHas) {
  const auto pattern = LiteralPattern::Read(R"(^order-.*middle\.part.*-done$)");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_EQ(pattern->prefix(), "order-");
  EXPECT_EQ(pattern->longest(), "middle.part");
  EXPECT_EQ(pattern->suffix(), "-done");
  const auto floating = LiteralPattern::Read("a.*b");
  EXPECT_EQ(floating->prefix(), "");
  EXPECT_EQ(floating->suffix(), "");
}

TEST(RequiredLiteralTest, IsTheLongestRunOfPlainCharacters) {
  EXPECT_EQ(RequiredLiteral("^[0-9]+"), "");
  EXPECT_EQ(RequiredLiteral(R"(^ab\d+cde.f$)"), "cde");
  EXPECT_EQ(RequiredLiteral("ab+c"), "a");
  EXPECT_EQ(RequiredLiteral("abc*d"), "ab");
  EXPECT_EQ(RequiredLiteral("xü?yz.é+"), "yz");
  EXPECT_EQ(RequiredLiteral(R"(a\.b\bcd)"), "a.b");
  EXPECT_EQ(RequiredLiteral(R"(user[]a-z\]]+name)"), "user");
  EXPECT_EQ(RequiredLiteral(R"((x|(?:[)]|\)y)*)*long(er)?z)"), "long");
}

TEST(RequiredLiteralTest, IsNoneWhereItHangsOnMore) {
  for (const char* pattern : {"abc|d", "(abc)?", "(?i)abc", "abc{0}",
                              R"(ab\pLd)", R"(ab\x41)", R"(\Qab\E)"}) {
    EXPECT_EQ(RequiredLiteral(pattern), "") << pattern;
  }
}

TEST(RequiredLiteralTest, EveryMatchedTextHasIt) {
  Random random(SeedOf("RequiredLiteralTest.Random"));
  SCOPED_TRACE(random.seed_note());
  std::size_t matched = 0;
  for (int i = 0; i < 4'000; ++i) {
    const std::string pattern = RandomText(
        random, {"a", "b", "ab", "a?", "b*", "ab+", ".", R"(\w)", "^", "ü?",
                 "[^b]", "[ab]*", "(a|b)", "(b+|a(a)?)?"});
    const std::string literal = RequiredLiteral(pattern);
    if (literal.empty()) continue;
    for (int j = 0; j < 20; ++j) {
      const std::string text = RandomText(random, {"a", "b", "ab", "ü", "x"});
      if (!IsMatched(pattern, text)) continue;
      ++matched;
      ASSERT_NE(text.find(literal), std::string::npos)
          << "pattern " << pattern << " text " << text;
    }
  }
  EXPECT_GT(matched, 2'000u);
}

}  // namespace
}  // namespace streamer
