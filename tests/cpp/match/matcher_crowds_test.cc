// Matcher against ScanMatcher where many filters ask for the same: posting
// lists divide, by further predicates of every kind, and come together again.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "match/matched.h"
#include "match/matcher.h"
#include "match/scan_matcher.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

std::string Quoted(const std::string& text) { return '\'' + text + '\''; }

// Few letters, so that texts share prefixes, grams and whole words.
std::string RandomWord(Random& random, std::size_t longest) {
  std::string word;
  for (std::size_t i = random.Below(longest + 1); i > 0; --i) {
    word += random.Pick({"a", "b", "ab", "-", "ü"});
  }
  return word;
}

std::string Within(const std::string& field, double low, double high) {
  std::string text = field + " >= " + std::to_string(low);
  text += " && " + field + " < " + std::to_string(high);
  return text;
}

// A range of numbers around which events lie; some have no end, or hold for
// NaN as well.
std::string RandomRange(Random& random, const std::string& field) {
  const double low = static_cast<double>(random.Between(-40, 400)) / 4;
  const double high = low + static_cast<double>(random.Below(60)) / 4;
  switch (random.Below(6)) {
    case 0:
      return field + " >= " + std::to_string(low);
    case 1:
      return "!(" + field + " > " + std::to_string(high) + ")";
    case 2:
      return field + " < " + std::to_string(high) + " && !(" + field +
             " <= " + std::to_string(low) + ")";
    default:
      return field + " >= " + std::to_string(low) + " && " + field +
             " <= " + std::to_string(high);
  }
}

// Of literals and `.*`, or one that RE2 matches.
std::string RandomPattern(Random& random) {
  if (random.Chance(1, 3)) {
    return RandomWord(random, 3) + random.Pick({"a+", "(a|b)", "b?"}) +
           RandomWord(random, 3);
  }
  std::string pattern = random.Pick({"^", "", ""});
  pattern += RandomWord(random, 4);
  for (std::size_t i = random.Below(3); i > 0; --i) {
    pattern += ".*" + RandomWord(random, 4);
  }
  return pattern + random.Pick({"$", "", ""});
}

std::string RandomTest(Random& random) {
  switch (random.Below(13)) {
    case 0:
    case 1:
      return random.Pick({"doc.status == 'on'", "doc.status == 'on'",
                          "doc.status == 'on'", "doc.status == 'off'"});
    case 2:
      return "doc.kind == " + std::to_string(random.Below(4));
    case 3:
      return "doc.kind in [" + std::to_string(random.Below(4)) + ", 7, 1.0]";
    case 4:
      return random.Pick({"doc.live", "!doc.live", "has(doc.name)",
                          "!has(doc.gone)", "doc.kind != 2"});
    case 5:
      return Quoted(RandomWord(random, 2)) + " in doc.tags";
    case 6:
      return "doc.name.startsWith(" + Quoted(RandomWord(random, 4)) + ")";
    case 7:
      return "doc.name.endsWith(" + Quoted(RandomWord(random, 4)) + ")";
    case 8:
      return "doc.name.contains(" + Quoted(RandomWord(random, 9)) + ")";
    case 9:
      return "doc.name.matches(" + Quoted(RandomPattern(random)) + ")";
    case 10:
      return "doc.name < " + Quoted(RandomWord(random, 3));
    default:
      return RandomRange(
          random, random.Pick({std::string("doc.x"), std::string("doc.y"),
                               std::string("doc.z")}));
  }
}

std::string RandomConjunction(Random& random) {
  std::string text = RandomTest(random);
  for (std::size_t i = random.Below(5); i > 0; --i) {
    text += " && " + RandomTest(random);
  }
  return text;
}

std::string RandomNumber(Random& random) {
  switch (random.Below(8)) {
    case 0:
      return "\"text\"";
    case 1:
      return "1e300";
    default:
      return std::to_string(static_cast<double>(random.Between(-50, 420)) / 4);
  }
}

std::string RandomJson(Random& random) {
  std::string json =
      random.Pick({R"({"status":"on")", R"({"status":"on")", R"({"status":1)"});
  json += ",\"kind\":" + std::to_string(random.Below(5));
  json += random.Pick({",\"live\":true", ",\"live\":false", ""});
  json += ",\"name\":\"" + RandomWord(random, 24) + '"';
  json += ",\"tags\":[\"" + RandomWord(random, 2) + "\",\"" +
          RandomWord(random, 2) + "\",\"a\"]";
  for (const char* field : {"x", "y", "z"}) {
    if (random.Chance(1, 9)) continue;
    json += ",\"" + std::string(field) + "\":" + RandomNumber(random);
  }
  return json + "}";
}

class MatcherCrowdsTest : public testing::Test {
 protected:
  void Add(const std::string& expression) {
    const SubscriptionHandle handle(++last_);
    const auto filter = CompileText(expression);
    matcher_.Add(handle, "acme", "rooms", filter);
    scan_.Add(handle, "acme", "rooms", filter);
    live_.push_back(handle);
  }
  void RemoveAt(std::size_t place) {
    matcher_.Remove(live_[place]);
    scan_.Remove(live_[place]);
    live_[place] = live_.back();
    live_.pop_back();
  }
  std::size_t Check(const std::string& json) {
    const auto document = Document::Parse(json).value();
    const MatchInput input = InputOf(document->root());
    const Handles expected = MatchedBy(scan_, input, scan_scratch_);
    EXPECT_EQ(MatchedBy(matcher_, input, scratch_), expected) << json;
    return expected.size();
  }
  // Candidates that `json` leads to.
  std::uint64_t Examined(const std::string& json) {
    const auto document = Document::Parse(json).value();
    MatchedBy(matcher_, InputOf(document->root()), scratch_);
    return scratch_.index.examined;
  }

  Matcher matcher_;
  ScanMatcher scan_;
  MatchScratch scratch_;
  MatchScratch scan_scratch_;
  std::vector<SubscriptionHandle> live_;
  std::uint64_t last_ = 0;
};

TEST_F(MatcherCrowdsTest, ThousandsOfSimilarFiltersUnderChurn) {
  Random random(SeedOf("MatcherCrowdsTest.Churn"));
  SCOPED_TRACE(random.seed_note());
  const std::size_t empty = matcher_.memory_bytes();
  std::size_t matches = 0;
  for (const std::size_t target : {4'000u, 500u, 3'000u, 40u, 1'500u}) {
    while (live_.size() < target) {
      Add(RandomConjunction(random));
      if (random.Chance(1, 4)) RemoveAt(random.Below(live_.size()));
      if (random.Chance(1, 100)) matches += Check(RandomJson(random));
    }
    while (live_.size() > target) RemoveAt(random.Below(live_.size()));
    for (int i = 0; i < 60; ++i) matches += Check(RandomJson(random));
    if (HasFailure()) return;
  }
  EXPECT_GT(matches, 20'000u);
  while (!live_.empty()) RemoveAt(random.Below(live_.size()));
  EXPECT_EQ(Check(RandomJson(random)), 0u);
  EXPECT_EQ(matcher_.memory_bytes(), empty);
}

TEST_F(MatcherCrowdsTest, ACommonConstantIsDividedByWhateverElseIsAsked) {
  for (int i = 0; i < 1'000; ++i) {
    const std::string number = std::to_string(i);
    Add("doc.a == 1 && doc.b == 2 && doc.k == " + number);
    Add("doc.a == 1 && doc.b == 2 && " + Within("doc.x", i, i + 0.5));
    Add("doc.a == 1 && doc.b == 2 && 't" + number + "' in doc.tags");
    Add("doc.a == 1 && doc.b == 2 && doc.s.contains('word" + number + "-')");
    Add("doc.a == 1 && doc.b == 2 && doc.s.endsWith('end" + number + "')");
  }
  const std::string event =
      R"({"a": 1, "b": 2, "k": 17, "x": 500.25, "tags": ["t3", "t998"],
          "s": "some word40- and word400- at the end77"})";
  EXPECT_EQ(Check(event), 7u);
  EXPECT_LT(Examined(event), 100u);
}

TEST_F(MatcherCrowdsTest, RangesInTwoDimensionsLeadToFewCandidates) {
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 40; ++j) {
      Add(Within("doc.x", i, i + 1) + " && " + Within("doc.y", j, j + 1));
    }
  }
  EXPECT_EQ(Check(R"({"x": 20.5, "y": 7.5})"), 1u);
  EXPECT_LT(Examined(R"({"x": 20.5, "y": 7.5})"), 100u);
  EXPECT_EQ(Check(R"({"x": 20, "y": 40})"), 0u);
  EXPECT_EQ(Check(R"({"x": 20})"), 0u);
}

TEST_F(MatcherCrowdsTest, SubstringsShorterThanEveryGramAreFound) {
  for (const char* word : {"a", "ab", "abc", "abcd", "abcdefgh", "abcdefghi",
                           "é", "héé", "", "  "}) {
    Add("doc.s.contains(" + Quoted(word) + ")");
    Add("doc.s.startsWith(" + Quoted(word) + ")");
    Add("doc.s.endsWith(" + Quoted(word) + ")");
  }
  EXPECT_EQ(Check(R"({"s": ""})"), 3u);
  EXPECT_EQ(Check(R"({"s": "abcdefghi"})"), 16u);
  EXPECT_EQ(Check(R"({"s": "xxabcdefghixx  "})"), 11u);
  EXPECT_EQ(Check(R"({"s": "hééhéé"})"), 8u);
  EXPECT_EQ(Check(R"({"s": ["abc"]})"), 0u);
}

TEST_F(MatcherCrowdsTest, LiteralsThatDifferOnlyFarFromTheirEndsAreToldApart) {
  const std::string common(70, 'x');
  for (char end : {'1', '2'}) {
    Add("doc.s.startsWith(" + Quoted(common + end) + ")");
    Add("doc.s.endsWith(" + Quoted(end + common) + ")");
    std::string middle = common + end;
    middle += common;
    Add("doc.s.contains(" + Quoted(middle) + ")");
  }
  std::string text = common + '1';
  text += common;
  EXPECT_EQ(Check(R"({"s": ")" + text + R"("})"), 3u);
  EXPECT_EQ(Check(R"({"s": ")" + common + R"("})"), 0u);
}

TEST_F(MatcherCrowdsTest, PatternsAreFoundByTheLiteralsThatTheyRequire) {
  for (int i = 0; i < 1'000; ++i) {
    const std::string number = std::to_string(i);
    Add("doc.s.matches('^order-" + number + "-.*-done$')");
    Add("doc.s.matches('app" + number + "-.*x')");
    Add("doc.s.matches('(a|b)user" + number + "-[0-9]+')");
    Add("matches(doc.s, 'shop" + number + "-[0-9]+ ')");
  }
  EXPECT_EQ(Check(R"({"s": "order-17- app18-x shop444-5 auser6-7 -done"})"),
            4u);
  EXPECT_LT(Examined(R"({"s": "order-17- app18-x shop444-5 -done"})"), 30u);
}

TEST_F(MatcherCrowdsTest, ARepeatedGramReachesAFilterOnce) {
  Add("doc.s.contains('aaaa') && size(doc.s) > 3");
  EXPECT_EQ(Check(R"({"s": "aaaaaaaaaaaaaaaaaaaa"})"), 1u);
  EXPECT_EQ(Examined(R"({"s": "aaaaaaaaaaaaaaaaaaaa"})"), 1u);
}

}  // namespace
}  // namespace streamer
