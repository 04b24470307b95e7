// What each stage counts, and how it adds up to EngineStatistics.
//
// Thread-safety: plain data; see internal/published.h.
#ifndef STREAMER_RUNTIME_INTERNAL_STAGE_STATISTICS_H_
#define STREAMER_RUNTIME_INTERNAL_STAGE_STATISTICS_H_

#include <cstdint>

#include "core/registry.h"
#include "core/router.h"
#include "core/sequencer.h"
#include "core/shard.h"
#include "runtime/engine.h"
#include "runtime/internal/histogram.h"

namespace streamer::internal {

struct SequencerCounts {
  SequencerStatistics events;
  RegistryStatistics registry;
  std::uint64_t sessions = 0;
};

struct ShardCounts {
  ShardStatistics shard;
  LatencyHistogram match_latency;
};

struct RouterCounts {
  RouterStatistics router;
  LatencyHistogram delivery_latency;
  MatchCountHistogram matches_per_event;
};

// Each adds what its stage knows to `statistics`.
void Report(const SequencerCounts& counts, EngineStatistics& statistics);
void Report(const ShardCounts& counts, EngineStatistics& statistics);
void Report(const RouterCounts& counts, EngineStatistics& statistics);

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_STAGE_STATISTICS_H_
