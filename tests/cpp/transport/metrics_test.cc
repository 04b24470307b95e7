#include "transport/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "transport/fake_engine.h"

namespace streamer {
namespace {

using ::testing::HasSubstr;

class MetricsTest : public ::testing::Test {
 protected:
  FakeEngine engine_;
  TransportStatistics transports_;
  Metrics metrics_{engine_, [this] { return transports_; }, "1.2.3"};
};

TEST_F(MetricsTest, CountersAreReadWhenScraped) {
  engine_.statistics.events_ingested = 7;
  transports_.grpc_deliveries = 3;
  EXPECT_THAT(metrics_.Scrape(),
              HasSubstr("\nstreamer_events_ingested_total{source=\"http\"} 7"));
  engine_.statistics.events_ingested = 8;
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text,
              HasSubstr("\nstreamer_events_ingested_total{source=\"http\"} 8"));
  EXPECT_THAT(text,
              HasSubstr("\nstreamer_deliveries_total{transport=\"grpc\"} 3"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_build_info{version=\"1.2.3\"} 1"));
}

TEST_F(MetricsTest, BucketsHoldThoseBelowThem) {
  engine_.statistics.matches_per_event = {
      .bounds = {1, 10}, .counts = {2, 3, 4}, .sum = 99};
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text, HasSubstr("\nstreamer_matches_per_event_count 9\n"
                              "streamer_matches_per_event_sum 99\n"
                              "streamer_matches_per_event_bucket{le=\"1\"} 2\n"
                              "streamer_matches_per_event_bucket{le=\"10\"} 5\n"
                              "streamer_matches_per_event_bucket{le=\"+Inf\"} "
                              "9\n"));
}

TEST_F(MetricsTest, AHistogramWithoutSamplesIsThere) {
  EXPECT_THAT(metrics_.Scrape(),
              HasSubstr("\nstreamer_match_latency_seconds_count 0\n"));
}

TEST_F(MetricsTest, LargeCountersKeepTheirDigits) {
  engine_.statistics.events_processed = 123'456'789'012;
  EXPECT_THAT(metrics_.Scrape(),
              HasSubstr("\nstreamer_events_processed_total 123456789012\n"));
}

TEST_F(MetricsTest, FalsePositivesAreOfTheEventsThatTouchNoKey) {
  EXPECT_THAT(metrics_.Scrape(),
              HasSubstr("\nstreamer_bloom_false_positive_ratio 0\n"));
  engine_.statistics.match.bloom = {
      .turned_away = 3, .false_positives = 1, .rebuilds = 7};
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text, HasSubstr("\nstreamer_bloom_false_positive_ratio 0.25\n"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_bloom_rebuilds_total 7\n"));
}

TEST_F(MetricsTest, EventsAreCountedByWhereTheyCameFrom) {
  engine_.statistics.events_ingested = 9;
  transports_.puller_events = 4;
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text,
              HasSubstr("\nstreamer_events_ingested_total{source=\"http\"} 5"));
  EXPECT_THAT(
      text, HasSubstr("\nstreamer_events_ingested_total{source=\"puller\"} 4"));
}

TEST_F(MetricsTest, SaysHowFarSessionsAndProgressAreBehind) {
  engine_.statistics.session_lag_events_max = 12;
  engine_.statistics.progress_age_seconds = 1.5;
  engine_.statistics.log_headroom_seconds =
      std::numeric_limits<double>::infinity();
  engine_.statistics.coalesced_events = 4;
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text, HasSubstr("\nstreamer_session_lag_events_max 12\n"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_progress_age_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_log_headroom_seconds +Inf\n"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_coalesced_events_total 4\n"));
}

TEST_F(MetricsTest, TheFilterCacheIsCounted) {
  transports_.filter_cache_hits = 5;
  transports_.filter_cache_misses = 2;
  const std::string text = metrics_.Scrape();
  EXPECT_THAT(text, HasSubstr("\nstreamer_filter_cache_hits_total 5\n"));
  EXPECT_THAT(text, HasSubstr("\nstreamer_filter_cache_misses_total 2\n"));
}

}  // namespace
}  // namespace streamer
