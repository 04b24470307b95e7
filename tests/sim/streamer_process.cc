#include "sim/streamer_process.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "runtime/recollection.h"
#include "runtime/restored_state.h"

namespace streamer::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kTick = milliseconds(100);
constexpr Duration kUpkeep = seconds(1);

}  // namespace

StreamerProcess::StreamerProcess(const Options& options, Schedule& schedule,
                                 Network& network, support::Random& random,
                                 std::shared_ptr<SimulatedLog> log,
                                 std::shared_ptr<SimulatedStateStore> store,
                                 Surroundings surroundings)
    : options_(options),
      schedule_(schedule),
      network_(network),
      random_(random),
      log_(std::move(log)),
      store_(std::move(store)),
      surroundings_(std::move(surroundings)) {
  log_->SetFuse(&fuse_);
  store_->SetFuse(&fuse_);
}

Instant StreamerProcess::Now() const {
  const MonotonicTime now = schedule_.now();
  const Duration wall = now.time_since_epoch() + surroundings_.wall_offset();
  return {now, WallTime(std::chrono::duration_cast<milliseconds>(wall))};
}

void StreamerProcess::Later(Duration delay, std::function<void()> action) {
  schedule_.After(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_ && is_running()) action();
  });
}

Status StreamerProcess::Start() {
  fuse_.Replace();
  STREAMER_RETURN_IF_ERROR(store_->Open());
  STREAMER_ASSIGN_OR_RETURN(RestoredState restored,
                            RestoreState(*store_, *log_, options_.outbox));
  STREAMER_ASSIGN_OR_RETURN(Recollection past,
                            Recollect(*log_, restored.start, options_.core));
  ++life_;
  surroundings_.note(absl::StrCat("streamer: starts at ",
                                  FormatProgress(restored.start), " of ",
                                  FormatProgress(log_->head())));
  CoreOptions core = options_.core;
  core.session.owner = restored.owner;
  counters_ = std::make_unique<StreamCounters>();
  const bool is_new = log_->head().offset == 0 && restored.sessions.empty();
  engine_ = std::make_unique<InlineEngine>(
      core, log_, Now(), past, store_, std::move(restored), options_.shards);
  Later(kTick, [this] { KeepTime(); });
  Later(kUpkeep, [this] { LookAfter(); });
  Follow(is_new);
  return OkStatus();
}

void StreamerProcess::Kill(std::uint64_t kept) {
  surroundings_.note(absl::StrCat("streamer: killed, ", log_->unsynced(),
                                  " events not synced, keeps ", kept));
  Vanish();
  log_->Crash(kept);
}

std::uint64_t StreamerProcess::moved() const {
  return moved_before_ +
         (engine_ ? engine_->Statistics().subscriptions_moved : 0);
}

void StreamerProcess::Vanish() {
  consumer_.reset();
  if (source_ != nullptr) std::exchange(source_, nullptr)->Cancel();
  for (const auto& link : std::exchange(links_, {})) link->KillServer();
  moved_before_ = moved();
  engine_.reset();
  drain_.reset();
  ++life_;
}

std::shared_ptr<Link> StreamerProcess::Connect(LinkUser* user,
                                               const std::string& credential) {
  if (!is_running() || fuse_.is_blown()) return Refuse(user);
  auto link = std::make_shared<Link>(schedule_, network_, user, &fuse_);
  links_.push_back(link);
  link->Accept([&](Link& connection) {
    return GatewayStream::Open(*engine_, connection, *counters_,
                               {.outbox = options_.outbox,
                                .window = options_.stream_window,
                                .credential = credential});
  });
  if (drain_ && drain_->is_door_closed) {
    link->stream()->Close(Unavailable("the server is shutting down"));
  }
  return link;
}

std::shared_ptr<Link> StreamerProcess::Refuse(LinkUser* user) {
  auto link = std::make_shared<Link>(schedule_, network_, user, &fuse_);
  link->Refuse();
  return link;
}

void StreamerProcess::ForEachLink(const std::function<void(Link&)>& visit) {
  const std::vector<std::shared_ptr<Link>> links = links_;
  for (const auto& link : links) visit(*link);
}

void StreamerProcess::KeepTime() {
  Later(kTick, [this] { KeepTime(); });
  engine_->Advance(kTick);
}

// What the service's threads do at their intervals.
void StreamerProcess::LookAfter() {
  Later(kUpkeep, [this] { LookAfter(); });
  std::erase_if(links_, [](const auto& link) { return link->is_over(); });
  // A full disk drops nothing: it is tried again.
  log_->Trim(Now()).IgnoreError();
  const std::uint64_t head = log_->head().offset;
  if (head > options_.max_lag) {
    engine_
        ->Submit(LimitLag{log_->history().At(head - options_.max_lag)}, nullptr)
        .IgnoreError();
  }
  const auto second = schedule_.now().time_since_epoch() / kUpkeep;
  if (second % (options_.save_interval / kUpkeep) == 0) {
    engine_->SaveProgress(options_.stall_timeout);
  }
  const auto sweep = options_.stall_timeout / GatewayStream::kStalledSweeps;
  if (second % std::max<std::int64_t>(1, sweep / kUpkeep) != 0) return;
  ForEachLink([](Link& link) {
    if (const auto stream = link.stream()) stream->Sweep();
  });
}

void StreamerProcess::Follow(bool is_new) {
  SourceConsumerOptions options;
  options.instance = absl::StrCat(life_);
  options.coalesces = options_.coalesces;
  options.backoff.maximum = seconds(5);
  options.backoff_seed = random_.Bits();
  options.batch_events = options_.source_batch;
  consumer_ = std::make_unique<SourceConsumer>(
      options, SourceStart{.marker = log_->markers().last, .is_new = is_new});
  Perform(consumer_->Start(schedule_.now()));
}

void StreamerProcess::Perform(SourceActions actions) {
  for (SourceAction& action : actions) {
    if (!is_running()) return;
    std::visit([this](auto& one) { PerformOne(one); }, action);
  }
  ArmConsumer();
}

void StreamerProcess::ArmConsumer() {
  if (consumer_ == nullptr) return;
  const auto deadline = consumer_->NextDeadline();
  if (!deadline) return;
  const Duration wait =
      std::max(*deadline - schedule_.now(), Duration(milliseconds(1)));
  Later(wait, [this, due = *deadline] {
    if (consumer_ == nullptr || consumer_->NextDeadline() != due) return;
    Perform(consumer_->Tick(schedule_.now()));
  });
}

void StreamerProcess::PerformOne(const source_action::OpenStream& action) {
  const std::uint64_t life = life_;
  source_ = surroundings_.open_source(
      action,
      {.received =
           [this, life](SourceMessage message) {
             if (life != life_ || consumer_ == nullptr) return;
             Perform(consumer_->Received(std::move(message), schedule_.now()));
           },
       .ended =
           [this, life](const Status& status, const std::string& oldest) {
             if (life != life_ || consumer_ == nullptr) return;
             source_ = nullptr;
             Perform(consumer_->StreamBroken(status, oldest, schedule_.now()));
           }});
}

void StreamerProcess::PerformOne(const source_action::CancelStream&) {
  if (source_ != nullptr) std::exchange(source_, nullptr)->Cancel();
}

void StreamerProcess::PerformOne(const source_action::Read&) {
  if (source_ != nullptr) source_->Read();
}

void StreamerProcess::PerformOne(source_action::Append& action) {
  std::vector<SourceEvent> losses;
  std::copy_if(action.events.begin(), action.events.end(),
               std::back_inserter(losses),
               [](const SourceEvent& one) { return one.loss != nullptr; });
  const Status stored = engine_->Ingest(std::move(action.events)).status();
  if (stored.ok()) {
    for (const SourceEvent& loss : losses) surroundings_.loss_logged(loss);
  }
  Stored(stored);
}

void StreamerProcess::PerformOne(const source_action::RecordMarker& action) {
  Stored(log_->RecordMarker(action.backend, action.marker));
}

// A disk takes a moment.
void StreamerProcess::Stored(const Status& status) {
  Later(milliseconds(random_.Below(3)), [this, status] {
    if (consumer_ == nullptr) return;
    Perform(consumer_->Stored(status, schedule_.now()));
  });
}

}  // namespace streamer::sim
