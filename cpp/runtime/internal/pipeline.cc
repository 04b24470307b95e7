#include "runtime/internal/pipeline.h"

#include "runtime/internal/past_reader.h"

namespace streamer::internal {
namespace {

constexpr std::size_t kPastTogether = 256;

}  // namespace

Pipeline::Pipeline(const CoreOptions& options, std::size_t shards,
                   Position start, const MonotonicClock& clock)
    : sequencer_(options, shards, start),
      router_(clock, start, nullptr, nullptr),
      output_(shards) {
  for (std::size_t i = 0; i < shards; ++i) shards_.emplace_back(options, clock);
}

Status Pipeline::AcceptPast(const EventLog& log, std::vector<Effect>& effects) {
  const Status status =
      FeedPast(log, kPastTogether, sequencer_, entries_, output_);
  PassOn(effects);
  return status;
}

void Pipeline::PassOn(std::vector<Effect>& effects) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].Process(output_.shards[i], results_);
  }
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

std::vector<std::string> Pipeline::Summaries(const std::string& tenant,
                                             const std::string& collection) {
  std::vector<std::string> summaries;
  ShardTask task{
      Ordinal(),
      Summarize{tenant, collection, [&summaries](std::string answer) {
                  if (!answer.empty()) summaries.push_back(std::move(answer));
                }}};
  for (ShardStage& shard : shards_) shard.Process({&task, 1}, results_);
  return summaries;
}

EngineStatistics Pipeline::statistics() {
  router_.Publish();
  EngineStatistics statistics;
  Report(SequencerCounts{sequencer_.statistics(),
                         sequencer_.registry().statistics(),
                         sequencer_.session_count()},
         statistics);
  for (const ShardStage& shard : shards_) Report(shard.counts(), statistics);
  Report(router_.counts(), statistics);
  return statistics;
}

}  // namespace streamer::internal
