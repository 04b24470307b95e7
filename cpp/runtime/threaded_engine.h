// ThreadedEngine: a thread for the sequencer, one for each shard, one for the
// router, with bounded queues between them; with `single_thread` all of them
// run in one, in that order.
//
// Invariant: each stage is touched by its own thread only. Effects equal those
// of InlineEngine for the same order of inputs.
//
// A command waits for no queue: its sender is told when it was taken and should
// send no other before. Events wait in the log: Ingest refuses more when its
// reader is `ingest_backlog` behind.
//
// The log: what it cannot take is refused, what it cannot give is waited for;
// deliveries go on, and so does everything once the log is well again.
//
// State: what must survive a restart is saved in a state store, by a thread of
// its own; without one sessions end with the process. A store that cannot be
// written makes subscribes and Ingest Unavailable.
//
// Drain: Stop refuses new events and commands, lets what is logged pass, gives
// gateways until the time-out to take what waits for them, saves how far they
// came, and ends the threads.
// Thread-safety: every method from any thread; but a sink must not call Stop.
#ifndef STREAMER_RUNTIME_THREADED_ENGINE_H_
#define STREAMER_RUNTIME_THREADED_ENGINE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "core/sequenced.h"
#include "runtime/engine.h"
#include "runtime/recollection.h"
#include "runtime/restored_state.h"
#include "store/event_log.h"
#include "store/state_store.h"

namespace streamer {

struct ThreadedEngineOptions {
  CoreOptions core;
  std::size_t shards = 1;
  // All stages in one thread, for one core.
  bool single_thread = false;
  // How often expiry is looked at.
  Duration tick = std::chrono::milliseconds(100);
  // Events logged and not yet sequenced before Ingest says Unavailable.
  std::size_t ingest_backlog = 16'384;
  // Of all events that are matched, those that are read again for gateways
  // that catch up, at most, as long as there are others. Above 0, below 1.
  double past_share = 0.3;
  // Items in a queue between two stages before its sender waits.
  std::size_t queue_size = 8'192;
  // How often is looked at what retention lets the log drop.
  Duration trim_interval = std::chrono::seconds(1);
  // Told what ails the log, when it can no longer be written or read, and
  // OkStatus when that is over or may be. By a thread of the engine.
  std::function<void(const Status&)> on_log_change;
  // Where sessions are kept; null: nowhere.
  std::shared_ptr<StateStore> state;
  // Progress is saved so often, and once a second when so many events were
  // routed.
  Duration save_interval = std::chrono::seconds(5);
  std::uint64_t save_events = 1'000;
  // A session that has not acknowledged something for so long holds up nobody.
  Duration stall_timeout = std::chrono::seconds(30);
  // One that is further behind gives that up.
  Duration max_lag = std::chrono::hours(12);
  // As on_log_change, of the state store.
  std::function<void(const Status&)> on_state_change;
  // Called once, when everything that was logged before the start is routed.
  std::function<void()> on_replayed;
  // Called when the log has grown, by whoever appended; must not block.
  std::function<void()> on_append;
  // Called by the router's thread for each event that had to be skipped.
  std::function<void(const MalformedEvent&)> on_malformed;
  // Likewise, of each cause at most once a second, for what subscriptions are
  // told to have lost; and how many such were left out since the last.
  std::function<void(const LossReport&, std::uint64_t)> on_loss;
};

class ThreadedEngine final : public Engine {
 public:
  // Begins after `past`, or at the head of a log of which nothing need be
  // remembered, and starts the threads.
  // Sessions go on as `restored` from `options.state`: then `past` ends where
  // that starts.
  ThreadedEngine(const ThreadedEngineOptions& options,
                 std::shared_ptr<EventLog> log, const Recollection& past,
                 RestoredState restored = {});
  ThreadedEngine(const ThreadedEngineOptions& options,
                 const std::shared_ptr<EventLog>& log);
  // Stops at once if Stop was not called.
  ~ThreadedEngine() override;

  // Drains as said above; later calls return what the first one did. Whether
  // everything logged was routed and handed over before `timeout`. If not, it
  // is dropped: where the log is durable, the next start finds it there.
  bool Stop(Duration timeout);

  GatewayHandle Connect(GatewayOptions options,
                        std::shared_ptr<GatewaySink> sink) override;
  GatewayHandle OpenSession(SessionRequest request,
                            std::shared_ptr<GatewaySink> sink) override;
  GatewayHandle Manage(ManageSession command,
                       std::shared_ptr<GatewaySink> sink) override;
  void Disconnect(GatewayHandle gateway) override;
  void Break(GatewayHandle gateway, BrokenOff broken_off) override;
  Status Submit(Command command, std::function<void()> taken) override;
  void Grant(GatewayHandle gateway, std::size_t deliveries) override;
  void Acknowledge(GatewayHandle gateway, std::uint64_t sequence,
                   std::function<void()> taken) override;
  Result<ResumePoint> Resolve(std::string_view progress) const override;
  Result<Position> Ingest(std::vector<SourceEvent> events) override;
  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override;
  void WhenIngestible(std::function<void()> ready) override;
  std::vector<SubscriptionInfo> List(SubscriptionHandle after,
                                     std::size_t limit) const override;
  std::vector<SubscriptionInfo> ListNamed(
      std::string_view subscription_id) const override;
  std::vector<std::string> Summaries(
      const std::string& tenant, const std::string& collection) const override;
  EngineStatistics Statistics() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_RUNTIME_THREADED_ENGINE_H_
