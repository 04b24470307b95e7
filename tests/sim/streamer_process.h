// StreamerProcess: what runs in the streamer's process: the shipped engine, the
// gateways' streams and the consumer of the source, on a disk and a state store
// that outlive it.
//
// Start restores as the service does: state, then what the log remembers, then
// replay. Drain ends it as SIGTERM does, in the steps of service/service.h.
// Kill takes everything in memory away.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_STREAMER_PROCESS_H_
#define STREAMER_TESTS_SIM_STREAMER_PROCESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/inline_engine.h"
#include "sim/fuse.h"
#include "sim/link.h"
#include "sim/network.h"
#include "sim/schedule.h"
#include "sim/simulated_log.h"
#include "sim/simulated_state_store.h"
#include "sim/source_link.h"
#include "support/random.h"
#include "transport/source_consumer.h"

namespace streamer::sim {

class StreamerProcess {
 public:
  struct Options {
    CoreOptions core;
    std::size_t shards = 1;
    OutboxLimits outbox;
    std::size_t stream_window = 1'024;  // deliveries
    Duration stall_timeout = std::chrono::seconds(30);
    Duration save_interval = std::chrono::seconds(5);
    std::uint64_t max_lag = 1'000'000;  // events
    bool coalesces = false;
    std::size_t source_batch = 1'024;
  };
  // What the world does for it and hears of it.
  struct Surroundings {
    std::function<std::shared_ptr<SourceLink>(const source_action::OpenStream&,
                                              SourceLink::Listener)>
        open_source;
    // A loss stands in the log.
    std::function<void(const SourceEvent&)> loss_logged;
    // A drain is about to end the streams.
    std::function<void()> door_closed;
    // It has ended; whether all was saved before.
    std::function<void(bool is_saved)> drained;
    std::function<Duration()> wall_offset;
    std::function<void(const std::string&)> note;
  };

  StreamerProcess(const Options& options, Schedule& schedule, Network& network,
                  support::Random& random, std::shared_ptr<SimulatedLog> log,
                  std::shared_ptr<SimulatedStateStore> store,
                  Surroundings surroundings);

  // It runs, or why it does not: errors of the store and the log.
  Status Start();
  // Ends it in order, within `timeout`. REQUIRES: it runs.
  void Drain(Duration timeout);
  [[nodiscard]] bool is_draining() const { return drain_.has_value(); }
  // It is gone; of what was not synced `kept` events stay.
  void Kill(std::uint64_t kept);
  [[nodiscard]] bool is_running() const { return engine_ != nullptr; }

  // A gateway opens a stream.
  std::shared_ptr<Link> Connect(LinkUser* user, const std::string& credential);
  // The network does not let it.
  std::shared_ptr<Link> Refuse(LinkUser* user);
  void ForEachLink(const std::function<void(Link&)>& visit);
  // The stream to the source; null when there is none.
  [[nodiscard]] SourceLink* source_link() const { return source_.get(); }

  [[nodiscard]] Fuse& fuse() { return fuse_; }
  [[nodiscard]] const InlineEngine& engine() const { return *engine_; }
  // Subscriptions that went to another shard, of all its lives.
  [[nodiscard]] std::uint64_t moved() const;
  [[nodiscard]] SimulatedLog& log() { return *log_; }

 private:
  // By when the steps of a drain must have ended.
  struct DrainTimes {
    MonotonicTime flush_by;
    MonotonicTime streams_by;
    MonotonicTime end;
    bool is_door_closed = false;
  };
  void AwaitFlush();
  void CloseDoor(bool is_flushed);
  void AwaitStreams();
  void AwaitSave();
  void EndDrain(bool is_saved);
  [[nodiscard]] bool IsFlushed() const;
  // Everything in memory is gone.
  void Vanish();
  void KeepTime();
  void LookAfter();
  void Follow(bool is_new);
  void Perform(SourceActions actions);
  void PerformOne(const source_action::OpenStream& action);
  void PerformOne(const source_action::CancelStream& action);
  void PerformOne(const source_action::Read& action);
  void PerformOne(source_action::Append& action);
  void PerformOne(const source_action::RecordMarker& action);
  void Stored(const Status& status);
  void ArmConsumer();
  // Runs `action` later, unless this life of the process is over by then.
  void Later(Duration delay, std::function<void()> action);
  [[nodiscard]] Instant Now() const;

  const Options options_;
  Schedule& schedule_;
  Network& network_;
  support::Random& random_;
  const std::shared_ptr<SimulatedLog> log_;
  const std::shared_ptr<SimulatedStateStore> store_;
  const Surroundings surroundings_;
  Fuse fuse_;
  std::uint64_t life_ = 0;
  std::uint64_t moved_before_ = 0;
  std::unique_ptr<InlineEngine> engine_;
  std::unique_ptr<StreamCounters> counters_;
  std::vector<std::shared_ptr<Link>> links_;
  std::unique_ptr<SourceConsumer> consumer_;
  std::shared_ptr<SourceLink> source_;
  std::optional<DrainTimes> drain_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_STREAMER_PROCESS_H_
