// InlineEngine: the whole core in the caller's thread, at the caller's time.
//
// Every call runs sequencer, shards and router to the end before it returns:
// the single-threaded truth that ThreadedEngine is compared with, and what
// the Python module drives. Time stands still until Advance.
//
// Thread-safety: one thread at a time.
#ifndef STREAMER_RUNTIME_INLINE_ENGINE_H_
#define STREAMER_RUNTIME_INLINE_ENGINE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "runtime/checkpoint.h"
#include "runtime/engine.h"
#include "runtime/recollection.h"
#include "runtime/restored_state.h"
#include "store/event_log.h"
#include "store/state_store.h"

namespace streamer {

class InlineEngine final : public Engine {
 public:
  // REQUIRES: at least one shard.
  InlineEngine(const CoreOptions& options, const std::shared_ptr<EventLog>& log,
               Instant start, std::size_t shards = 1);
  // Begins where `restored` says, saves in `state` from then on, and routes
  // what was logged since. REQUIRES: `past` ends there.
  InlineEngine(const CoreOptions& options, std::shared_ptr<EventLog> log,
               Instant start, const Recollection& past,
               std::shared_ptr<StateStore> state, RestoredState restored,
               std::size_t shards = 1);
  ~InlineEngine() override;

  // Moves time forward and expires what is due.
  void Advance(Duration duration);
  // Saves how far everything has come, if there is a state store. A session
  // that has not acknowledged what was logged so long before the head holds up
  // nobody.
  void SaveProgress(Duration stall_timeout);
  // Whether the state store has all that it was ever to be given.
  [[nodiscard]] bool is_saved() const;
  [[nodiscard]] Instant now() const;

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

#endif  // STREAMER_RUNTIME_INLINE_ENGINE_H_
