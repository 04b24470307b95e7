#include "runtime/internal/stages.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "runtime/internal/list.h"
#include "runtime/internal/past_reader.h"

namespace streamer::internal {
namespace {

// Commands and events of one turn: few enough that the later stages soon have
// something to do, enough that handing them over costs little.
constexpr std::size_t kInputsPerTurn = 256;

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

SequencerStage::SequencerStage(const CoreOptions& options, std::size_t shards,
                               std::shared_ptr<EventLog> log,
                               const Recollection& past, MonotonicTime now,
                               double past_share,
                               std::function<void(const Status&)> note_log)
    : log_(std::move(log)),
      past_share_(past_share),
      note_log_(std::move(note_log)),
      sequencer_(options, shards, past.start),
      sequenced_(past.start.offset) {
  Remember(past, now, sequencer_);
}

void SequencerStage::Restore(RestoredState restored, Instant now,
                             SequencerOutput& output) {
  if (restored.is_unclean) sequencer_.Recover(now.monotonic);
  for (RestoreSession& session : restored.sessions) {
    Accept(std::move(session), now, output);
  }
}

void SequencerStage::Enqueue(std::deque<QueuedCommand>& commands) {
  std::move(commands.begin(), commands.end(), std::back_inserter(waiting_));
  commands.clear();
}

bool SequencerStage::RunTurn(Position head, Instant now,
                             SequencerOutput& output) {
  std::size_t room = kInputsPerTurn;
  const std::uint64_t before = sequencer_.position().offset;
  while (room > 0) {
    std::uint64_t position = sequencer_.position().offset;
    if (!waiting_.empty() && waiting_.front().after <= position) {
      taken_.push_back(std::move(waiting_.front().taken));
      Accept(std::move(waiting_.front().command), now, output);
      waiting_.pop_front();
      --room;
      continue;
    }
    std::uint64_t until = waiting_.empty()
                              ? head.offset
                              : std::min(head.offset, waiting_.front().after);
    if (until <= position) break;
    std::size_t limit = std::min<std::uint64_t>(room, until - position);
    std::size_t count = AcceptEvents(limit, now, output);
    if (count == 0) break;
    room -= count;
  }
  const bool has_past =
      AcceptPast(sequencer_.position().offset - before, output);
  counts_.Publish({sequencer_.statistics(), sequencer_.registry().statistics(),
                   sequencer_.session_count()});
  return room == 0 || has_past;
}

// Beside `live` events of this turn. Whether more can be read at once: not
// from a log that fails, which is tried again at the next turn.
bool SequencerStage::AcceptPast(std::size_t live, SequencerOutput& output) {
  const double share = past_share_ / (1 - past_share_);
  std::size_t limit = kInputsPerTurn;
  if (live > 0) {
    limit = std::max<std::size_t>(
        1, static_cast<std::size_t>(share * static_cast<double>(live)));
  }
  const Status status = FeedPast(*log_, limit, sequencer_, entries_, output);
  if (!status.ok()) note_log_(status);
  return status.ok() && sequencer_.NextPast().has_value();
}

void SequencerStage::Tick(Instant now, SequencerOutput& output) {
  Accept(streamer::Tick{}, now, output);
}

void SequencerStage::Accept(Command command, Instant now,
                            SequencerOutput& output) {
  std::lock_guard lock(registry_mutex_);
  sequencer_.Accept(std::move(command), now, output);
}

std::size_t SequencerStage::AcceptEvents(std::size_t limit, Instant now,
                                         SequencerOutput& output) {
  entries_.clear();
  const Status status = log_->Read(sequencer_.position(), limit, entries_);
  if (!status.ok()) note_log_(status);
  // What stands before the damage is given all the same.
  for (const LogEntry& entry : entries_) sequencer_.Accept(entry, now, output);
  log_->Release(sequencer_.position());
  sequenced_.store(sequencer_.position().offset);
  std::size_t count = entries_.size();
  entries_.clear();
  return count;
}

void SequencerStage::RunTaken() {
  for (std::function<void()>& taken : std::exchange(taken_, {})) {
    if (taken) taken();
  }
}

std::vector<SubscriptionInfo> SequencerStage::List(SubscriptionHandle after,
                                                   std::size_t limit) const {
  std::lock_guard lock(registry_mutex_);
  const Registry& registry = sequencer_.registry();
  return ListSubscriptions(registry, registry.List(after, limit));
}

std::vector<SubscriptionInfo> SequencerStage::ListNamed(
    std::string_view subscription_id) const {
  std::lock_guard lock(registry_mutex_);
  const Registry& registry = sequencer_.registry();
  return ListSubscriptions(registry, registry.ListNamed(subscription_id));
}

ShardStage::ShardStage(const CoreOptions& options, MonotonicClock clock)
    : clock_(std::move(clock)),
      shard_(options.evaluation_budget, options.bloom, options.membership) {}

void ShardStage::Process(std::span<ShardTask> tasks,
                         std::vector<ShardResult>& results) {
  MonotonicTime before = clock_();
  while (!tasks.empty()) {
    const std::size_t known = results.size();
    tasks = tasks.subspan(shard_.ProcessSome(tasks, results));
    MonotonicTime after = clock_();
    // Each event took as long as those that it was matched with.
    for (std::size_t i = known; i < results.size(); ++i) {
      counts_.match_latency.Observe(Seconds(after - before));
    }
    before = after;
  }
  counts_.shard = shard_.statistics();
  published_.Publish(counts_);
}

std::vector<GatewayHandle> FindClosed(std::span<const Effect> effects) {
  std::vector<GatewayHandle> closed;
  for (const Effect& effect : effects) {
    if (std::holds_alternative<GatewayClosed>(effect.what)) {
      closed.push_back(effect.gateway);
    }
  }
  return closed;
}

ContinueHistory CommandOf(const HistoryWish& wish) {
  return {wish.gateway, wish.events, wish.place, wish.caught_up};
}

RouterStage::RouterStage(
    MonotonicClock clock, Position start,
    std::function<void(const MalformedEvent&)> on_malformed,
    LossReports::Observer on_loss)
    : clock_(std::move(clock)),
      on_malformed_(std::move(on_malformed)),
      losses_(std::move(on_loss)),
      router_(start) {
  Publish();
}

void RouterStage::Measure(const std::vector<Effect>& effects) {
  if (effects.empty()) return;
  Duration now = clock_().time_since_epoch();
  for (const Effect& effect : effects) {
    const auto* delivery = std::get_if<SharedDelivery>(&effect.what);
    // A past event was logged when it was logged: that says nothing of us.
    if (delivery == nullptr || (*delivery)->is_catching_up) continue;
    Duration logged((*delivery)->event->event.logged_at_monotonic_ns);
    counts_.delivery_latency.Observe(Seconds(now - logged));
  }
}

void RouterStage::NoteReports() {
  for (const EventReport& report : router_.reports()) {
    counts_.matches_per_event.Observe(static_cast<double>(report.matches));
    if (report.malformed != nullptr && on_malformed_) {
      on_malformed_(*report.malformed);
    }
  }
  router_.ClearReports();
  for (LossReport& loss : router_.TakeLosses()) {
    losses_.Note(std::move(loss), clock_());
  }
  if (losses_.is_waiting()) losses_.Flush(clock_());
}

void RouterStage::Publish() {
  counts_.router = router_.statistics();
  published_.Publish(counts_);
}

}  // namespace streamer::internal
