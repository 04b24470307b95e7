// CoreHarness: sequencer, shards and router by hand, in an order that a test
// chooses: shards may run ahead of one another and of the sequencer's steps.
// What each gateway sees is kept as text.
#ifndef STREAMER_TESTS_CORE_CORE_HARNESS_H_
#define STREAMER_TESTS_CORE_CORE_HARNESS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/router.h"
#include "core/saved_sessions.h"
#include "core/sequencer.h"
#include "core/shard.h"
#include "event/log_entry.h"
#include "support/describe_effect.h"
#include "support/random.h"

namespace streamer {

class CoreHarness {
 public:
  explicit CoreHarness(std::size_t shards, CoreOptions options = {},
                       std::uint64_t start = 0)
      : sequencer_(options, shards, Position{1, start}),
        router_(Position{1, start}),
        tasks_(shards),
        results_(shards),
        output_(shards) {
    for (std::size_t i = 0; i < shards; ++i) {
      shards_.emplace_back(options.evaluation_budget, options.bloom,
                           options.membership);
    }
  }

  // Begins again where `saved` says, with the log of `before`, none of which
  // has passed yet; sessions get `first_home` and those that follow.
  CoreHarness(std::size_t shards, const CoreHarness& before,
              const SavedSessions& saved, std::uint64_t first_home,
              OutboxLimits limits = {})
      : CoreHarness(shards, {}, saved.watermark) {
    log_ = before.log_;
    last_offset_ = before.last_offset_;
    trimmed_ = before.trimmed_;
    for (RestoreSession& command :
         saved.Restore(first_home, limits, last_offset_)) {
      Sequence(std::move(command));
    }
    saved_ = saved;
    for (std::uint64_t i = saved.watermark; i < last_offset_; ++i) {
      sequencer_.Accept(log_[i], {}, output_);
    }
    Queue();
  }

  // Takes an input as far as the queues in front of shards and router.
  void Sequence(Command command, Instant now = {}) {
    sequencer_.Accept(std::move(command), now, output_);
    Queue();
  }
  void Sequence(SourceEvent event, Instant now = {}) {
    LogEntry entry{Position{1, ++last_offset_},
                   std::make_shared<const SourceEvent>(std::move(event)), now};
    log_.push_back(entry);
    sequencer_.Accept(entry, now, output_);
    Queue();
  }

  // Drops the events up to `offset` from the log that past events are read
  // from.
  void Trim(std::uint64_t offset) { trimmed_ = offset; }

  // One thing that some stage could do now, drawn from `random`. False when
  // there is none.
  bool Advance(support::Random& random) {
    std::vector<std::pair<int, std::size_t>> choices;
    if (!steps_.empty()) choices.emplace_back(0, 0);
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (!tasks_[i].empty()) choices.emplace_back(1, i);
      if (!results_[i].empty()) choices.emplace_back(2, i);
    }
    if (!suspended_.handles.empty()) choices.emplace_back(3, 0);
    if (!wishes_.empty()) choices.emplace_back(4, 0);
    if (sequencer_.NextPast()) choices.emplace_back(5, 0);
    if (choices.empty()) return false;
    auto [what, shard] = random.Pick(choices);
    if (what == 0) RouteStep();
    if (what == 1) RunShard(shard);
    if (what == 2) RouteResult(shard);
    if (what == 3) Sequence(std::exchange(suspended_, {}));
    if (what == 4) GrantWishes();
    if (what == 5) ReadPast(1 + random.Below(3));
    return true;
  }

  // Runs everything in the order of one thread, the commands that closed
  // gateways and suspended subscriptions cause included.
  void Settle() {
    while (RunOnce()) {
      if (!suspended_.handles.empty()) {
        Sequence(std::exchange(suspended_, {}));
      }
      for (GatewayHandle gateway : std::exchange(closed_, {})) {
        Sequence(DisconnectGateway{gateway});
      }
      GrantWishes();
      if (sequencer_.NextPast()) ReadPast(100);
    }
  }

  void Grant(GatewayHandle gateway, std::size_t deliveries) {
    router_.Grant(gateway, deliveries, effects_);
    Keep();
  }
  void Acknowledge(GatewayHandle gateway, std::uint64_t sequence) {
    router_.Acknowledge(gateway, sequence, effects_);
    Keep();
  }

  // What a restart would find: everything that was told is saved at once.
  [[nodiscard]] const SavedSessions& saved() const { return saved_; }
  // What was told to be saved last.
  [[nodiscard]] const StateDelta& last_saved() const { return last_saved_; }
  void SaveProgress(std::uint64_t horizon = 0) {
    const auto progress = router_.TakeProgress(Position{1, horizon});
    if (progress) saved_.Apply(*progress);
  }

  void CloseStalled(std::uint64_t horizon) {
    router_.CloseStalled(Position{1, horizon}, effects_);
    Keep();
  }

  // What the gateway saw since it was last asked for.
  std::vector<std::string> Take(GatewayHandle gateway) {
    return std::exchange(seen_[gateway], {});
  }
  // The same, not as text.
  std::vector<GatewayEffect> TakeEffects(GatewayHandle gateway) {
    return std::exchange(raw_[gateway], {});
  }
  [[nodiscard]] const std::map<GatewayHandle, std::vector<std::string>>& seen()
      const {
    return seen_;
  }
  [[nodiscard]] const Sequencer& sequencer() const { return sequencer_; }
  [[nodiscard]] const Router& router() const { return router_; }

 private:
  void Queue() {
    for (RouterStep& step : output_.steps) steps_.push_back(std::move(step));
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      for (ShardTask& task : output_.shards[i]) {
        tasks_[i].push_back(std::move(task));
      }
    }
    output_.Clear();
  }
  void GrantWishes() {
    for (const HistoryWish& wish : std::exchange(wishes_, {})) {
      Sequence(ContinueHistory{wish.gateway, wish.events, wish.place,
                               wish.caught_up});
    }
  }
  void ReadPast(std::size_t most) {
    Sequencer::PastWanted wanted = *sequencer_.NextPast();
    if (wanted.limit > 0 && wanted.after < trimmed_) {
      sequencer_.LosePast(wanted, Position{1, wanted.after},
                          Position{1, trimmed_}, output_);
    } else {
      wanted.limit = std::min(wanted.limit, most);
      sequencer_.AcceptPast(
          wanted, std::span(log_).subspan(wanted.after, wanted.limit), output_);
    }
    Queue();
  }
  void RouteStep() {
    router_.Accept(std::move(steps_.front()), effects_);
    steps_.pop_front();
    Keep();
  }
  void RunShard(std::size_t shard) {
    auto result = shards_[shard].Process(std::move(tasks_[shard].front()));
    tasks_[shard].pop_front();
    if (result) results_[shard].push_back(*std::move(result));
  }
  void RouteResult(std::size_t shard) {
    router_.Accept(std::move(results_[shard].front()), effects_);
    results_[shard].pop_front();
    Keep();
  }
  bool RunOnce() {
    bool has_run = false;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      for (; !tasks_[i].empty(); has_run = true) RunShard(i);
    }
    for (; !steps_.empty(); has_run = true) RouteStep();
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      for (; !results_[i].empty(); has_run = true) RouteResult(i);
    }
    return has_run || !closed_.empty() || !suspended_.handles.empty() ||
           !wishes_.empty() || sequencer_.NextPast().has_value();
  }
  void Keep() {
    for (HistoryWish& wish : router_.TakeWishes()) wishes_.push_back(wish);
    for (const SubscriptionHandle one : router_.TakeSuspended()) {
      suspended_.handles.push_back(one);
    }
    for (const Effect& effect : std::exchange(effects_, {})) {
      if (const auto* state = std::get_if<StateChanged>(&effect.what)) {
        for (const StateDelta& delta : state->changes) saved_.Apply(delta);
        last_saved_ = state->changes.back();
        continue;
      }
      if (std::holds_alternative<GatewayClosed>(effect.what)) {
        closed_.push_back(effect.gateway);
      }
      seen_[effect.gateway].push_back(support::Describe(effect.what));
      raw_[effect.gateway].push_back(effect.what);
    }
  }

  Sequencer sequencer_;
  Router router_;
  std::vector<Shard> shards_;
  std::vector<std::deque<ShardTask>> tasks_;
  std::vector<std::deque<ShardResult>> results_;
  std::deque<RouterStep> steps_;
  SequencerOutput output_;
  std::vector<Effect> effects_;
  std::vector<GatewayHandle> closed_;
  EndSuspended suspended_;
  std::map<GatewayHandle, std::vector<std::string>> seen_;
  std::uint64_t last_offset_ = 0;
  std::vector<LogEntry> log_;
  std::uint64_t trimmed_ = 0;
  std::vector<HistoryWish> wishes_;
  SavedSessions saved_;
  StateDelta last_saved_;
  std::map<GatewayHandle, std::vector<GatewayEffect>> raw_;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_CORE_CORE_HARNESS_H_
