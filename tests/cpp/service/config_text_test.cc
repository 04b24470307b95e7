#include "service/internal/config_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace streamer {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

TEST(ConfigTextTest, AWholeNumberIsDigitsWithinItsRange) {
  EXPECT_EQ(*ParseNumber("0", 0, 10), 0u);
  EXPECT_EQ(*ParseNumber("10", 0, 10), 10u);
  EXPECT_EQ(*ParseNumber("007", 0, 10), 7u);
  EXPECT_EQ(*ParseNumber("18446744073709551615", 0, kAny), kAny);
  for (const std::string text : {"", "-1", "+1", "1.0", "1e1", "0x1", " 1",
                                 "1 ", "11", "18446744073709551616", "ten"}) {
    EXPECT_EQ(ParseNumber(text, 0, 10).status(),
              InvalidArgument("expected a whole number from 0 to 10, got \"" +
                              text + "\""));
  }
  EXPECT_EQ(
      ParseNumber("0", 1, kAny).status(),
      InvalidArgument("expected a whole number of at least 1, got \"0\""));
}

TEST(ConfigTextTest, AFractionIsDecimalWithinItsRange) {
  EXPECT_EQ(*ParseFraction("0.01", 0.001, 0.5), 0.01);
  EXPECT_EQ(*ParseFraction("0.5", 0.001, 0.5), 0.5);
  EXPECT_EQ(*ParseFraction(".25", 0.001, 0.5), 0.25);
  for (const std::string text : {"", "0", "1", "-0.1", "+0.1", "1e-2", "1%",
                                 "nan", " 0.1", "0.1 ", "0.0.1"}) {
    EXPECT_EQ(ParseFraction(text, 0.001, 0.5).status(),
              InvalidArgument("expected a fraction from 0.001 to 0.5, got \"" +
                              text + "\""));
  }
}

TEST(ConfigTextTest, AFractionReadsBackToTheSame) {
  for (const double fraction : {0.01, 0.0001, 1.0 / 3, 0.5}) {
    EXPECT_EQ(*ParseFraction(FormatFraction(fraction), 0, 1), fraction);
  }
  EXPECT_EQ(FormatFraction(0.01), "0.01");
}

TEST(ConfigTextTest, ABooleanIsOneOfTwoWords) {
  EXPECT_TRUE(*ParseBoolean("true"));
  EXPECT_FALSE(*ParseBoolean("false"));
  for (const std::string text : {"", "yes", "True", "1"}) {
    EXPECT_EQ(ParseBoolean(text).status(),
              InvalidArgument("expected true or false, got \"" + text + "\""));
  }
}

TEST(ConfigTextTest, ADurationIsAWholeNumberAndAUnit) {
  const std::vector<std::pair<std::string, Duration>> cases = {
      {"1us", std::chrono::microseconds(1)},
      {"100ms", milliseconds(100)},
      {"5s", seconds(5)},
      {"90m", minutes(90)},
      {"24h", hours(24)},
      {"0s", seconds(0)}};
  for (const auto& [text, duration] : cases) {
    EXPECT_EQ(*ParseDurationText(text, seconds(0), hours(24)), duration);
  }
  for (const std::string text :
       {"", "5", "s", "5 s", "1.5s", "-5s", "5d", "5S", "1h30m",
        "99999999999999999999s", "9999999999999h"}) {
    EXPECT_EQ(
        ParseDurationText(text, seconds(0), hours(24)).status(),
        InvalidArgument("expected a duration such as 100ms, 5s or 24h, got \"" +
                        text + "\""));
  }
  EXPECT_EQ(
      ParseDurationText("25h", milliseconds(100), hours(24)).status(),
      InvalidArgument("expected a duration from 100ms to 24h, got \"25h\""));
  EXPECT_EQ(
      ParseDurationText("99ms", milliseconds(100), hours(24)).status(),
      InvalidArgument("expected a duration from 100ms to 24h, got \"99ms\""));
}

TEST(ConfigTextTest, WhatIsFormattedReadsBack) {
  EXPECT_EQ(FormatDurationText(hours(24)), "24h");
  EXPECT_EQ(FormatDurationText(minutes(90)), "90m");
  EXPECT_EQ(FormatDurationText(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(FormatDurationText(Duration::zero()), "0s");
  for (const Duration duration :
       {Duration(hours(7)), Duration(minutes(61)), Duration(seconds(59)),
        Duration(milliseconds(1)), Duration(std::chrono::microseconds(999))}) {
    EXPECT_EQ(
        *ParseDurationText(FormatDurationText(duration), seconds(0), hours(24)),
        duration);
  }
}

}  // namespace
}  // namespace streamer
