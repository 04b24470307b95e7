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

class GapDetectorTest : public ::testing::Test {
 protected:
  bool IsGap(const SourceEvent& event) {
    return detector_.FindGap(event).has_value();
  }
  GapDetector detector_{std::chrono::seconds(180)};
};

TEST_F(GapDetectorTest, EqualAndRisingTimesAreNormal) {
  EXPECT_FALSE(IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 1000, 5)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 900'000)));
}

TEST_F(GapDetectorTest, LowerInsideTheWindowIsNormal) {
  EXPECT_FALSE(IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 820)));
  // The newest stays the measure: this is below 1000 - 180, not 820 - 180.
  EXPECT_TRUE(IsGap(MakeEvent("b", 819)));
}

TEST_F(GapDetectorTest, LowerBeyondTheWindowIsOneGapAndThenAccepted) {
  EXPECT_FALSE(IsGap(MakeEvent("b", 10'000)));
  EXPECT_TRUE(IsGap(MakeEvent("b", 1000)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 1001)));
  EXPECT_FALSE(IsGap(MakeEvent("b", 10'000)));
}

TEST_F(GapDetectorTest, BackendsAreComparedWithThemselvesOnly) {
  EXPECT_FALSE(IsGap(MakeEvent("b1", 10'000)));
  EXPECT_FALSE(IsGap(MakeEvent("b2", 1000)));
  EXPECT_FALSE(IsGap(MakeEvent("b1", 10'001)));
}

TEST_F(GapDetectorTest, EventsWithoutClusterTimeAreNoGapAndEndNone) {
  EXPECT_FALSE(IsGap(MakeEvent("b", 10'000)));
  SourceEvent event;
  event.backend = "b";
  EXPECT_FALSE(IsGap(event));
  EXPECT_TRUE(IsGap(MakeEvent("b", 1)));
}

SourceEvent OfTenant(std::string tenant, std::uint32_t seconds) {
  SourceEvent event = MakeEvent("b", seconds);
  event.tenant = std::move(tenant);
  return event;
}

TEST_F(GapDetectorTest, AGapConcernsTheTenantsSeenFromItsBackend) {
  IsGap(OfTenant("t1", 10'000));
  IsGap(OfTenant("t2", 10'000));
  SourceEvent other = OfTenant("t3", 10'000);
  other.backend = "b2";
  IsGap(other);
  std::optional<Gap> gap = detector_.FindGap(OfTenant("t4", 1));
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->backend, "b");
  for (const char* tenant : {"t1", "t2", "t4"}) {
    EXPECT_TRUE(gap->Concerns(tenant)) << tenant;
  }
  EXPECT_FALSE(gap->Concerns("t3"));
}

TEST_F(GapDetectorTest, AGapConcernsAllWhenTheTenantsBeforeAreUnknown) {
  detector_.ForgetTenants();
  detector_.FindGap(OfTenant("t1", 1000));
  std::optional<Gap> gap = detector_.FindGap(OfTenant("t1", 1));
  ASSERT_TRUE(gap.has_value());
  EXPECT_TRUE(gap->Concerns("t2"));
}

TEST_F(GapDetectorTest, AGapConcernsAllWhenThereAreTooManyTenantsToTell) {
  for (int i = 0; i <= 4096; ++i) {
    IsGap(OfTenant("t" + std::to_string(i), 10'000));
  }
  std::optional<Gap> gap = detector_.FindGap(OfTenant("t1", 1));
  ASSERT_TRUE(gap.has_value());
  EXPECT_TRUE(gap->Concerns("never seen"));
}

// Who was forgotten comes back as if it were new, but others were there.
TEST_F(GapDetectorTest, AGapConcernsAllOnceABackendWasForgotten) {
  IsGap(OfTenant("before", 10'000));
  for (int i = 0; i < 1023; ++i) {
    IsGap(MakeEvent("b" + std::to_string(i), 10'000));
  }
  EXPECT_FALSE(detector_.Reported("b").concerns_all);
  IsGap(MakeEvent("one too many", 10'000));
  IsGap(OfTenant("after", 10'000));
  EXPECT_TRUE(detector_.Reported("b").Concerns("before"));
  std::optional<Gap> gap = detector_.FindGap(OfTenant("after", 1));
  ASSERT_TRUE(gap.has_value());
  EXPECT_TRUE(gap->Concerns("before"));
}

// There may be events of no named backend beside those of named ones.
TEST_F(GapDetectorTest, AReportedGapOfNoNamedBackendConcernsAll) {
  SourceEvent unnamed = OfTenant("t1", 10'000);
  unnamed.backend.clear();
  IsGap(unnamed);
  IsGap(OfTenant("t2", 10'000));
  EXPECT_TRUE(detector_.Reported("").Concerns("t2"));
  EXPECT_FALSE(detector_.Reported("b").Concerns("t1"));
}

TEST_F(GapDetectorTest, TenantsOfEventsWithoutClusterTimeAreTenantsOfABackend) {
  for (const char* tenant : {"t1", "t2"}) {
    SourceEvent event = OfTenant(tenant, 0);
    event.cluster_time.reset();
    EXPECT_FALSE(IsGap(event));
    EXPECT_FALSE(IsGap(OfTenant("t3", 10'000)));
  }
  EXPECT_TRUE(detector_.Reported("b").Concerns("t1"));
  EXPECT_TRUE(detector_.Reported("b").Concerns("t2"));
  EXPECT_FALSE(detector_.Reported("b").Concerns("t4"));
}

}  // namespace
}  // namespace streamer
