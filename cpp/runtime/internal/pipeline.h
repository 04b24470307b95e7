// Pipeline: all stages one after another, in one thread. One input goes all
// the way through before the next, so this is the order that any number of
// threads must reproduce.
//
// Thread-safety: none.
#ifndef STREAMER_RUNTIME_INTERNAL_PIPELINE_H_
#define STREAMER_RUNTIME_INTERNAL_PIPELINE_H_

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"
#include "core/sequencer.h"
#include "runtime/internal/stages.h"
#include "runtime/recollection.h"

namespace streamer::internal {

class Pipeline {
 public:
  // REQUIRES: at least one shard.
  Pipeline(const CoreOptions& options, std::size_t shards, Position start,
           const MonotonicClock& clock);

  // Input: a Command or a LogEntry. Appends what follows to `effects`.
  template <typename Input>
  void Accept(Input&& input, Instant now, std::vector<Effect>& effects) {
    sequencer_.Accept(std::forward<Input>(input), now, output_);
    PassOn(effects);
  }

  // Of before everything else.
  void Remember(const Recollection& past, MonotonicTime now) {
    streamer::Remember(past, now, sequencer_);
  }
  void Recover(MonotonicTime now) { sequencer_.Recover(now); }
  // A batch of past events, if somebody waits for any.
  Status AcceptPast(const EventLog& log, std::vector<Effect>& effects);

  [[nodiscard]] const Sequencer& sequencer() const { return sequencer_; }
  [[nodiscard]] Router& router() { return router_.router(); }
  // Notes the latency of deliveries that are about to go out.
  void Measure(const std::vector<Effect>& effects) { router_.Measure(effects); }
  // Of each shard that holds some of a collection.
  [[nodiscard]] std::vector<std::string> Summaries(
      const std::string& tenant, const std::string& collection);
  // All counters but those of the log.
  [[nodiscard]] EngineStatistics statistics();

 private:
  void PassOn(std::vector<Effect>& effects);

  Sequencer sequencer_;
  std::deque<ShardStage> shards_;
  RouterStage router_;
  SequencerOutput output_;
  std::vector<ShardResult> results_;
  std::vector<LogEntry> entries_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_PIPELINE_H_
