// EngineGauges: what an engine counts beside its stages: what came in, what was
// saved, and how old progress is.
//
// Thread-safety: every method, from any thread.
#ifndef STREAMER_RUNTIME_INTERNAL_ENGINE_GAUGES_H_
#define STREAMER_RUNTIME_INTERNAL_ENGINE_GAUGES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/time.h"
#include "core/router_statistics.h"
#include "event/change_event.h"
#include "runtime/engine.h"
#include "store/event_log.h"

namespace streamer::internal {

// How long before `now` the last of `events` happened; zero if it does not say.
Duration LagOf(std::span<const SourceEvent> events, WallTime now);

class EngineGauges {
 public:
  // `events`, the last of them so late, were logged.
  void NoteIngest(std::size_t events, Duration lag);
  // A transaction of state was saved, or not.
  void NoteSave(bool is_saved);
  // Where progress stands in the log.
  void NoteProgress(const EventLog& log, const RouterStatistics& router,
                    WallTime now);

  void Report(EngineStatistics& statistics) const;

 private:
  std::atomic<std::uint64_t> events_ingested_{0};
  std::atomic<double> ingest_lag_seconds_{0};
  std::atomic<std::uint64_t> checkpoint_saves_{0};
  std::atomic<std::uint64_t> checkpoint_errors_{0};
  std::atomic<double> progress_age_seconds_{0};
  std::atomic<double> log_headroom_seconds_{
      std::numeric_limits<double>::infinity()};
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_ENGINE_GAUGES_H_
