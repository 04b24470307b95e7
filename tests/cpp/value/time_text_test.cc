#include "value/time_text.h"

#include <gtest/gtest.h>

#include "support/random.h"

namespace streamer {
namespace {

using Time = std::pair<std::int64_t, std::int32_t>;

std::optional<Time> AsPair(std::optional<SecondsAndNanos> time) {
  if (!time) return std::nullopt;
  return Time(time->seconds, time->nanos);
}

TEST(TimeTextTest, TimestampsAreReadAsRfc3339) {
  struct Case {
    std::string_view text;
    std::optional<Time> expected;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", Time(0, 0)},
      {"2013-01-01T05:15:00.5Z", Time(1357017300, 500'000'000)},
      {"2013-01-01t05:15:00.000000001z", Time(1357017300, 1)},
      {"2013-01-01T05:15:00+05:30", Time(1356997500, 0)},
      {"2013-01-01T05:15:00-00:30", Time(1357019100, 0)},
      {"1969-12-31T23:59:59.25Z", Time(-1, 250'000'000)},
      {"0001-01-01T00:00:00Z", Time(kLeastTimestampSeconds, 0)},
      {"9999-12-31T23:59:59.999999999Z",
       Time(kGreatestTimestampSeconds, 999'999'999)},
      {"2012-02-29T00:00:00Z", Time(1330473600, 0)},
      // Out of range once the offset is applied.
      {"0001-01-01T00:00:00+00:01", std::nullopt},
      {"9999-12-31T23:59:59-00:01", std::nullopt},
      {"0000-01-01T00:00:00Z", std::nullopt},
      // Not RFC 3339.
      {"2013-02-29T00:00:00Z", std::nullopt},
      {"2013-13-01T00:00:00Z", std::nullopt},
      {"2013-01-01T24:00:00Z", std::nullopt},
      {"2013-01-01T00:60:00Z", std::nullopt},
      {"2013-01-01T00:00:60Z", std::nullopt},
      {"2013-01-01T00:00:00", std::nullopt},
      {"2013-01-01 00:00:00Z", std::nullopt},
      {"2013-01-01T00:00:00.Z", std::nullopt},
      {"2013-01-01T00:00:00.1234567890Z", std::nullopt},
      {"2013-01-01T00:00:00+24:00", std::nullopt},
      {"2013-01-01T00:00:00+0100", std::nullopt},
      {"2013-01-01T00:00:00Zx", std::nullopt},
      {"13-01-01T00:00:00Z", std::nullopt},
      {"2013-1-01T00:00:00Z", std::nullopt},
      {"", std::nullopt},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(AsPair(ParseTimestamp(c.text)), c.expected) << c.text;
  }
}

TEST(TimeTextTest, TimestampsAreWrittenWithTheDigitsTheyNeed) {
  EXPECT_EQ(FormatTimestamp({0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp({1357017300, 500'000'000}),
            "2013-01-01T05:15:00.5Z");
  EXPECT_EQ(FormatTimestamp({-1, 1}), "1969-12-31T23:59:59.000000001Z");
  EXPECT_EQ(FormatTimestamp({kLeastTimestampSeconds, 0}),
            "0001-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp({kGreatestTimestampSeconds, 999'999'999}),
            "9999-12-31T23:59:59.999999999Z");
}

TEST(TimeTextTest, DurationsAreReadAsCelWritesThem) {
  struct Case {
    std::string_view text;
    std::optional<Time> expected;
  };
  const Case cases[] = {
      {"0", Time(0, 0)},
      {"-0", Time(0, 0)},
      {"1s", Time(1, 0)},
      {"+1s", Time(1, 0)},
      {"-1.5s", Time(-1, -500'000'000)},
      {"1h30m", Time(5400, 0)},
      {"1h0.5m2s", Time(3632, 0)},
      {".5s", Time(0, 500'000'000)},
      {"2.s", Time(2, 0)},
      {"1ms2us3ns", Time(0, 1'002'003)},
      {"4µs", Time(0, 4'000)},
      {"4μs", Time(0, 4'000)},
      {"0.9999999999s", Time(0, 999'999'999)},
      {"0.33333333333333333333333h", Time(1199, 999'999'999)},
      {"315576000000s", Time(kGreatestDurationSeconds, 0)},
      {"-315576000000s", Time(-kGreatestDurationSeconds, 0)},
      {"315576000000.000000001s", std::nullopt},
      {"87660000h1ns", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"18446744073709551615h", std::nullopt},
      {"", std::nullopt},
      {"-", std::nullopt},
      {"1", std::nullopt},
      {"00", std::nullopt},
      {"s", std::nullopt},
      {".s", std::nullopt},
      {"1d", std::nullopt},
      {"1s ", std::nullopt},
      {"1 s", std::nullopt},
      {"--1s", std::nullopt},
      {"1.2.3s", std::nullopt},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(AsPair(ParseDuration(c.text)), c.expected) << c.text;
  }
}

TEST(TimeTextTest, DurationsAreWrittenInSeconds) {
  EXPECT_EQ(FormatDuration({0, 0}), "0s");
  EXPECT_EQ(FormatDuration({5400, 0}), "5400s");
  EXPECT_EQ(FormatDuration({-1, -500'000'000}), "-1.5s");
  EXPECT_EQ(FormatDuration({0, -1}), "-0.000000001s");
}

TEST(TimeTextTest, WhatIsWrittenIsReadBack) {
  support::Random random(support::SeedOf("TimeTextTest"));
  SCOPED_TRACE(random.seed_note());
  for (int i = 0; i < 20'000; ++i) {
    auto nanos = static_cast<std::int32_t>(random.Between(0, 999'999'999));
    SecondsAndNanos moment{
        random.Between(kLeastTimestampSeconds, kGreatestTimestampSeconds),
        random.Chance(1, 2) ? nanos : 0};
    ASSERT_EQ(AsPair(ParseTimestamp(FormatTimestamp(moment))), AsPair(moment));
    std::int64_t seconds = random.Between(-kGreatestDurationSeconds + 1,
                                          kGreatestDurationSeconds - 1);
    SecondsAndNanos span{seconds, seconds < 0 ? -nanos : nanos};
    ASSERT_EQ(AsPair(ParseDuration(FormatDuration(span))), AsPair(span));
  }
}

}  // namespace
}  // namespace streamer
