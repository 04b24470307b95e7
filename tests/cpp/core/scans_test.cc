#include "core/internal/scans.h"

#include <gtest/gtest.h>

namespace streamer::internal {
namespace {

constexpr GatewayHandle kOne(1);
constexpr GatewayHandle kTwo(2);

TEST(ScansTest, AScanRestsUntilThereIsRoom) {
  Scans scans;
  scans.Begin(kOne, 5);
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
  scans.Begin(kOne, 5);
  scans.Begin(kOne, 3);
  scans.Begin(kOne, 8);
  scans.Allow(kOne, 1);
  EXPECT_EQ(scans.Next()->after, 3u);
  EXPECT_EQ(scans.size(), 1u);
}

TEST(ScansTest, TurnsAreTakenInTheOrderInWhichThereWasRoom) {
  Scans scans;
  scans.Begin(kOne, 0);
  scans.Begin(kTwo, 0);
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
  scans.Begin(kOne, 0);
  scans.Allow(kOne, 1);
  scans.End(kOne);
  scans.End(kOne);
  scans.Allow(kOne, 1);
  EXPECT_FALSE(scans.Next().has_value());
  EXPECT_EQ(scans.size(), 0u);
}

}  // namespace
}  // namespace streamer::internal
