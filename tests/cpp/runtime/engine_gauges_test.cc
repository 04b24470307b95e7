#include "runtime/internal/engine_gauges.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <vector>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

using std::chrono::seconds;

WallTime At(int second) { return Instant{}.After(seconds(second)).wall; }

TEST(EngineGaugesTest, LagIsThatOfTheLastEventAndNeverNegative) {
  std::vector<SourceEvent> events = support::MakeEvents(1, 2, "c");
  EXPECT_EQ(LagOf(events, At(100)), Duration::zero());
  events[0].timestamp = At(10);
  EXPECT_EQ(LagOf(events, At(100)), Duration::zero());
  events[1].timestamp = At(60);
  EXPECT_EQ(LagOf(events, At(100)), seconds(40));
  EXPECT_EQ(LagOf(events, At(50)), Duration::zero());
  EXPECT_EQ(LagOf({}, At(100)), Duration::zero());
}

TEST(EngineGaugesTest, ABatchWithoutEventsIsNoNews) {
  EngineGauges gauges;
  gauges.NoteIngest(3, seconds(2));
  gauges.NoteIngest(0, seconds(9));
  gauges.NoteSave(true);
  gauges.NoteSave(false);
  gauges.NoteSave(true);
  EngineStatistics statistics;
  gauges.Report(statistics);
  EXPECT_EQ(statistics.events_ingested, 3u);
  EXPECT_EQ(statistics.ingest_lag_seconds, 2);
  EXPECT_EQ(statistics.checkpoint_saves, 2u);
  EXPECT_EQ(statistics.checkpoint_errors, 1u);
}

TEST(EngineGaugesTest, ProgressIsAsOldAsWhatComesAfterTheWatermark) {
  MemoryEventLog log;
  const Instant start = Instant{}.After(seconds(100));
  log.Append(support::MakeEvents(1, 1, "c"), start).value();
  log.Append(support::MakeEvents(2, 1, "c"), start.After(seconds(5))).value();
  EngineGauges gauges;
  RouterStatistics router;
  router.watermark = {1, 1};
  gauges.NoteProgress(log, router, At(107));
  EngineStatistics statistics;
  gauges.Report(statistics);
  EXPECT_EQ(statistics.progress_age_seconds, 2);
  EXPECT_EQ(statistics.log_headroom_seconds,
            std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace streamer::internal
