// Tests of patterns that are matched without RE2, against RE2.
#include "cel/internal/linear_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "cel/internal/pattern.h"
#include "support/random.h"

namespace streamer::cel::internal {
namespace {

using support::Random;
using support::SeedOf;

bool Re2Matches(std::string_view pattern, std::string_view text) {
  return Pattern::CompileWithRe2(pattern).value().Matches(text);
}

TEST(LinearPatternTest, WhatPeopleWriteMostIsLinear) {
  for (const char* pattern : {"",
                              "^",
                              "$",
                              "^$",
                              "active",
                              "^active$",
                              "^Ada.*ace$",
                              ".*",
                              "^[a-z]+[0-9]$",
                              R"(\d{4}-\d\d)",
                              R"(^\w+@\w+\.com$)",
                              "[^/]*$",
                              R"([\w.-]+)",
                              "a{2,5}",
                              "x*?y",
                              "^日本.$",
                              "[-a]",
                              "[a-]",
                              R"(\$5)",
                              R"([\]\\])",
                              "[^a]?b",
                              R"(\D\W\S)"}) {
    EXPECT_TRUE(LinearPattern::Read(pattern).has_value()) << pattern;
  }
}

TEST(LinearPatternTest, WhatIsNotOneRunOfItemsIsLeftToRe2) {
  for (const char* pattern :
       {"a|b",         "(ab)+", "(?i)a",  "a**",    "*a",        "a^",
        "^^",          "$a",    "a$b",    "[",      "[]a]",      "[^]a]",
        "[[:alpha:]]", "[é]",   "é+",     R"(\pL)", R"(\b)",     R"(\x41)",
        "a{",          "a{,3}", "a{0,3}", "a{3,2}", "a{2}{3}",   "a{100}",
        "a{63}",       "}",     "]",      "[b-a]",  R"([\d-z])", "\\",
        "[a",          "\xFF"}) {
    EXPECT_FALSE(LinearPattern::Read(pattern).has_value()) << pattern;
  }
}

TEST(LinearPatternTest, ACharacterOfSeveralBytesIsOne) {
  EXPECT_TRUE(LinearPattern::Read("^.$")->Matches("日"));
  EXPECT_FALSE(LinearPattern::Read("^..$")->Matches("日"));
  EXPECT_TRUE(LinearPattern::Read("^[^a][^a]$")->Matches("é日"));
  EXPECT_TRUE(LinearPattern::Read("é.é")->Matches("é日é"));
}

TEST(LinearPatternTest, ADotIsNoNewlineAndAnOppositeClassIs) {
  EXPECT_FALSE(LinearPattern::Read("^a.*b$")->Matches("a\nb"));
  EXPECT_TRUE(LinearPattern::Read("^a[^x]*b$")->Matches("a\nb"));
  EXPECT_FALSE(LinearPattern::Read("a$")->Matches("a\n"));
}

class RandomPatterns {
 public:
  explicit RandomPatterns(Random& random) : random_(random) {}

  std::string Draw() {
    std::string pattern = random_.Chance(1, 2) ? "^" : "";
    for (std::size_t count = random_.Below(6); count > 0; --count) {
      pattern += Atom() + Repetition();
    }
    return pattern + (random_.Chance(1, 2) ? "$" : "");
  }

  std::string Text() {
    std::string text;
    for (std::size_t count = random_.Below(9); count > 0; --count) {
      text += random_.Pick({"a", "b", "b", "ab", "1", "-", "\n", " ", "_", "é",
                            "è", "日", "😀", "Z", ".", "]", "\\"});
    }
    return text;
  }

 private:
  std::string Atom() {
    return random_.Pick({"a",      "b",     "ab",      "1",       ".",
                         ".",      "é",     "日",      "\\d",     "\\w",
                         "\\s",    "\\D",   "\\W",     "\\S",     "[ab]",
                         "[^a]",   "[a-z]", "[^0-9-]", "[\\w-]",  "[-\\]]",
                         "[^\\n]", "\\.",   "\\\\",    "[+--]",   "[--a]",
                         "[\\d.]", "\\-",   "😀",      "[^\\db]", " "});
  }
  std::string Repetition() {
    if (random_.Chance(1, 2)) return "";
    return random_.Pick({"*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}",
                         "{2,}", "{2,4}", "{1}?"});
  }

  Random& random_;
};

TEST(LinearPatternTest, ItAnswersWhatRe2Answers) {
  Random random(SeedOf("LinearPatternTest"));
  SCOPED_TRACE(random.seed_note());
  RandomPatterns patterns(random);
  int linear_count = 0;
  int match_count = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string pattern = patterns.Draw();
    auto linear = LinearPattern::Read(pattern);
    if (!linear) continue;
    ++linear_count;
    auto by_re2 = Pattern::CompileWithRe2(pattern);
    ASSERT_TRUE(by_re2.ok()) << pattern << ": " << by_re2.status();
    for (int j = 0; j < 40; ++j) {
      std::string text = patterns.Text();
      bool matches = by_re2->Matches(text);
      ASSERT_EQ(linear->Matches(text), matches)
          << "pattern " << pattern << " text " << text;
      if (matches) ++match_count;
    }
  }
  EXPECT_GT(linear_count, 1000);
  EXPECT_GT(match_count, linear_count);
}

TEST(LinearPatternTest, EveryPatternOfFewCharactersMeansWhatItMeansToRe2) {
  constexpr std::string_view kAlphabet = "ab.*?$^[]-";
  const std::string_view texts[] = {"",   "a",  "b",    "ab",   "ba",
                                    "aa", "-a", "\nab", "abab", "é"};
  std::string pattern(4, ' ');
  for (int i = 0; i < 10'000; ++i) {
    for (int digit = 0, rest = i; digit < 4; ++digit, rest /= 10) {
      pattern[digit] = kAlphabet[rest % 10];
    }
    auto linear = LinearPattern::Read(pattern);
    if (!linear) continue;
    for (std::string_view text : texts) {
      ASSERT_EQ(linear->Matches(text), Re2Matches(pattern, text))
          << "pattern " << pattern << " text " << text;
    }
  }
}

}  // namespace
}  // namespace streamer::cel::internal
