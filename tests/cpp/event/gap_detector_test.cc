#include "event/gap_detector.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace streamer {
namespace {

SourceEvent MakeEvent(std::string backend, std::uint32_t seconds,
                      std::uint32_t increment = 0) {
  SourceEvent event;
  event.backend = std::move(backend);
  event.cluster_time = ClusterTime{seconds, increment};
  return event;
}

TEST(GapDetectorTest, EqualAndRisingTimesAreNormal) {
  GapDetector detector(std::chrono::seconds(180));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 1000, 5)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 900'000)));
}

TEST(GapDetectorTest, LowerInsideTheWindowIsNormal) {
  GapDetector detector(std::chrono::seconds(180));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 820)));
  // The newest stays the measure: this is below 1000 - 180, not 820 - 180.
  EXPECT_TRUE(detector.IsGap(MakeEvent("b", 819)));
}

TEST(GapDetectorTest, LowerBeyondTheWindowIsOneGapAndThenAccepted) {
  GapDetector detector(std::chrono::seconds(180));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 10'000)));
  EXPECT_TRUE(detector.IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 1001)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 10'000)));
}

TEST(GapDetectorTest, BackendsAreComparedWithThemselvesOnly) {
  GapDetector detector(std::chrono::seconds(180));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b1", 10'000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b2", 1000)));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b1", 10'001)));
}

TEST(GapDetectorTest, EventsWithoutClusterTimeAreNotLookedAt) {
  GapDetector detector(std::chrono::seconds(180));
  EXPECT_FALSE(detector.IsGap(MakeEvent("b", 10'000)));
  SourceEvent event;
  event.backend = "b";
  EXPECT_FALSE(detector.IsGap(event));
  EXPECT_TRUE(detector.IsGap(MakeEvent("b", 1)));
}

}  // namespace
}  // namespace streamer
