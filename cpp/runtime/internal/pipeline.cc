#include "runtime/internal/pipeline.h"

#include "runtime/internal/past_reader.h"

namespace streamer::internal {
namespace {

constexpr std::size_t kPastTogether = 256;

}  // namespace

Pipeline::Pipeline(const CoreOptions& options, Position start,
                   const MonotonicClock& clock)
    : sequencer_(options, 1, start),
      shard_(options, clock),
      router_(clock, start, nullptr, nullptr),
      output_(1) {}

Status Pipeline::AcceptPast(const EventLog& log, std::vector<Effect>& effects) {
  const Status status =
      FeedPast(log, kPastTogether, sequencer_, entries_, output_);
  PassOn(effects);
  return status;
}

void Pipeline::PassOn(std::vector<Effect>& effects) {
  shard_.Process(output_.shards[0], results_);
  for (RouterStep& step : output_.steps) {
    router_.router().Accept(std::move(step), effects);
  }
  for (ShardResult& result : results_) {
    router_.router().Accept(std::move(result), effects);
  }
  router_.NoteReports();
  results_.clear();
  output_.Clear();
}

std::string Pipeline::Summary(const std::string& tenant,
                              const std::string& collection) {
  std::string summary;
  ShardTask task{Ordinal(),
                 Summarize{tenant, collection, [&summary](std::string answer) {
                             summary = std::move(answer);
                           }}};
  shard_.Process({&task, 1}, results_);
  return summary;
}

EngineStatistics Pipeline::statistics() {
  router_.Publish();
  EngineStatistics statistics;
  Report(SequencerCounts{sequencer_.statistics(),
                         sequencer_.registry().statistics(),
                         sequencer_.session_count()},
         statistics);
  Report(shard_.counts(), statistics);
  Report(router_.counts(), statistics);
  return statistics;
}

}  // namespace streamer::internal
