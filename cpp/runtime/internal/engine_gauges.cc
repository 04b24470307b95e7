#include "runtime/internal/engine_gauges.h"

#include <algorithm>
#include <chrono>

#include "runtime/internal/log_ages.h"

namespace streamer::internal {
namespace {

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Duration LagOf(std::span<const SourceEvent> events, WallTime now) {
  if (events.empty() || events.back().timestamp == WallTime()) return {};
  return std::max<Duration>(now - events.back().timestamp, Duration::zero());
}

void EngineGauges::NoteIngest(std::size_t events, Duration lag) {
  if (events == 0) return;
  events_ingested_.fetch_add(events, std::memory_order_relaxed);
  ingest_lag_seconds_ = Seconds(lag);
}

void EngineGauges::NoteSave(bool is_saved) {
  ++(is_saved ? checkpoint_saves_ : checkpoint_errors_);
}

void EngineGauges::NoteProgress(const EventLog& log,
                                const RouterStatistics& router, WallTime now) {
  progress_age_seconds_ = Seconds(AgeAfter(log, router.watermark, now));
  log_headroom_seconds_ = HeadroomBefore(log, router.slowest, now);
}

void EngineGauges::Report(EngineStatistics& statistics) const {
  statistics.events_ingested = events_ingested_.load();
  statistics.ingest_lag_seconds = ingest_lag_seconds_.load();
  statistics.checkpoint_saves = checkpoint_saves_.load();
  statistics.checkpoint_errors = checkpoint_errors_.load();
  statistics.progress_age_seconds = progress_age_seconds_.load();
  statistics.log_headroom_seconds = log_headroom_seconds_.load();
}

}  // namespace streamer::internal
