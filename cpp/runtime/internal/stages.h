// The three stages as the threaded engine runs them: each with what it needs
// beside its object of core/, and with the measurements that the objects,
// having no clock, cannot make.
//
// Thread-safety: each stage is owned by one thread, but for what is marked.
#ifndef STREAMER_RUNTIME_INTERNAL_STAGES_H_
#define STREAMER_RUNTIME_INTERNAL_STAGES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/router.h"
#include "core/sequencer.h"
#include "core/shard.h"
#include "runtime/engine.h"
#include "runtime/internal/intake.h"
#include "runtime/internal/loss_reports.h"
#include "runtime/internal/published.h"
#include "runtime/internal/stage_statistics.h"
#include "runtime/recollection.h"
#include "runtime/restored_state.h"
#include "store/event_log.h"

namespace streamer::internal {

// Reads the monotonic clock; constant where time stands still.
using MonotonicClock = std::function<MonotonicTime()>;

// Merges commands and log into one order, a bounded number at a time.
class SequencerStage {
 public:
  // Begins after `past`. `note_log` is told how each read of the log ended.
  SequencerStage(const CoreOptions& options, std::size_t shards,
                 std::shared_ptr<EventLog> log, const Recollection& past,
                 MonotonicTime now, double past_share,
                 std::function<void(const Status&)> note_log);

  // Takes up sessions of before, ahead of everything else.
  void Restore(RestoredState restored, Instant now, SequencerOutput& output);
  // Puts `commands` behind those that wait.
  void Enqueue(std::deque<QueuedCommand>& commands);
  // Takes commands and events up to `head`, in order, and beside them past
  // events for who catches up: of all events at most a share. Whether
  // something is left. REQUIRES: every command queued before event `head` was
  // appended has been enqueued.
  bool RunTurn(Position head, Instant now, SequencerOutput& output);
  // Ends what is due.
  void Tick(Instant now, SequencerOutput& output);
  // Tells the senders of commands that theirs was taken.
  void RunTaken();

  // Any thread.
  [[nodiscard]] std::vector<SubscriptionInfo> List(SubscriptionHandle after,
                                                   std::size_t limit) const;
  [[nodiscard]] std::vector<SubscriptionInfo> ListNamed(
      std::string_view subscription_id) const;
  [[nodiscard]] std::uint64_t sequenced() const { return sequenced_.load(); }
  [[nodiscard]] SequencerCounts counts() const { return counts_.Read(); }

 private:
  void Accept(Command command, Instant now, SequencerOutput& output);
  std::size_t AcceptEvents(std::size_t limit, Instant now,
                           SequencerOutput& output);
  bool AcceptPast(std::size_t live, SequencerOutput& output);

  const std::shared_ptr<EventLog> log_;
  const double past_share_;
  const std::function<void(const Status&)> note_log_;
  mutable std::mutex registry_mutex_;  // commands change what List reads
  Sequencer sequencer_;
  std::deque<QueuedCommand> waiting_;
  std::vector<std::function<void()>> taken_;
  std::vector<LogEntry> entries_;
  std::atomic<std::uint64_t> sequenced_;  // offset of the last event taken
  Published<SequencerCounts> counts_;
};

class ShardStage {
 public:
  ShardStage(const CoreOptions& options, MonotonicClock clock);

  // Processes `tasks` in order, and appends their results.
  void Process(std::span<ShardTask> tasks, std::vector<ShardResult>& results);

  // Any thread.
  [[nodiscard]] ShardCounts counts() const { return published_.Read(); }

 private:
  const MonotonicClock clock_;
  Shard shard_;
  ShardCounts counts_;
  Published<ShardCounts> published_;
};

// The gateways that the router gave up.
std::vector<GatewayHandle> FindClosed(std::span<const Effect> effects);

// What answers a wish of the router.
ContinueHistory CommandOf(const HistoryWish& wish);

class RouterStage {
 public:
  RouterStage(MonotonicClock clock, Position start,
              std::function<void(const MalformedEvent&)> on_malformed,
              LossReports::Observer on_loss);

  [[nodiscard]] Router& router() { return router_; }
  // Notes how long the deliveries among `effects` took from log to here.
  void Measure(const std::vector<Effect>& effects);
  // Counts the events routed since the last call, and tells of those that
  // were malformed, and of what was lost.
  void NoteReports();
  void Publish();

  // Any thread.
  [[nodiscard]] RouterCounts counts() const { return published_.Read(); }

 private:
  const MonotonicClock clock_;
  const std::function<void(const MalformedEvent&)> on_malformed_;
  LossReports losses_;
  Router router_;
  RouterCounts counts_;
  Published<RouterCounts> published_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_STAGES_H_
