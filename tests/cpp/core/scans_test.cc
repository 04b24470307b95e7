#include "core/internal/scans.h"

#include <gtest/gtest.h>

namespace streamer::internal {
namespace {

constexpr GatewayHandle kOne(1);
constexpr GatewayHandle kTwo(2);

TEST(ScansTest, AScanRestsUntilThereIsRoom) {
  Scans scans;
  scans.Begin(kOne, 5, Ordinal(1));
  EXPECT_FALSE(scans.Next().has_value());
  scans.Allow(kOne, 10);
  const auto turn = scans.Next();
  ASSERT_TRUE(turn.has_value());
  EXPECT_EQ(turn->gateway, kOne);
  EXPECT_EQ(turn->after, 5u);
  EXPECT_EQ(turn->events, 10u);
  scans.Rest(kOne, 9);
  EXPECT_FALSE(scans.Next().has_value());
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 9u);
}

TEST(ScansTest, OneThatBeginsEarlierTakesTheOthersBack) {
  Scans scans;
  scans.Begin(kOne, 5, Ordinal(1));
  scans.Begin(kOne, 3, Ordinal(1));
  scans.Begin(kOne, 8, Ordinal(1));
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 3u);
  EXPECT_EQ(scans.size(), 1u);
}

TEST(ScansTest, WhatIsNotWantedAnyMoreIsNotReadFrom) {
  Scans scans;
  scans.Begin(kOne, 5, Ordinal(1));
  scans.MoveTo(kOne, 20, Ordinal(1));
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 20u);
}

// Who says what is wanted did not know of it yet.
TEST(ScansTest, WhatWasBegunSinceIsReadFromAllTheSame) {
  Scans scans;
  scans.Begin(kOne, 5, Ordinal(1));
  scans.Rest(kOne, 7);
  scans.MoveTo(kOne, 20, Ordinal(2));
  scans.Begin(kOne, 9, Ordinal(4));
  scans.MoveTo(kOne, 20, Ordinal(3));
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 9u);
  scans.Rest(kOne, 12);
  scans.MoveTo(kOne, 12, Ordinal(5));
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 12u);
}

TEST(ScansTest, TurnsAreTakenInTheOrderInWhichThereWasRoom) {
  Scans scans;
  scans.Begin(kOne, 0, Ordinal(1));
  scans.Begin(kTwo, 0, Ordinal(1));
  scans.Allow(kTwo, 1);
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->gateway, kTwo);
  scans.Rest(kTwo, 1);
  EXPECT_EQ(scans.Next()->gateway, kOne);
  scans.Allow(kTwo, 1);
  EXPECT_EQ(scans.Next()->gateway, kOne);
}

TEST(ScansTest, OneThatEndedIsNotHeardOfAgain) {
  Scans scans;
  scans.Begin(kOne, 0, Ordinal(1));
  scans.Allow(kOne, 1);
  scans.End(kOne);
  scans.End(kOne);
  scans.Allow(kOne, 1);
  EXPECT_FALSE(scans.Next().has_value());
  EXPECT_EQ(scans.size(), 0u);
}

}  // namespace
}  // namespace streamer::internal
