// Who runs what:
//
//   callers ──▶ Intake, log ──▶ sequencer ──▶ shard … ──▶ router ──▶ sinks
//                                   └───────────────────────┘
//
// The router's mailbox takes steps, results, grants and acknowledgements. The
// first two wait for room, which is how a slow router slows the log's reader;
// the others never wait, because sinks send them from the router's thread. No
// circle waits: the router waits for nobody.
#include "runtime/threaded_engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "runtime/internal/clock.h"
#include "runtime/internal/engine_gauges.h"
#include "runtime/internal/ingest_waiters.h"
#include "runtime/internal/intake.h"
#include "runtime/internal/keeper.h"
#include "runtime/internal/mailbox.h"
#include "runtime/internal/pending_answer.h"
#include "runtime/internal/resumption.h"
#include "runtime/internal/router_mail.h"
#include "runtime/internal/saver.h"
#include "runtime/internal/sinks.h"
#include "runtime/internal/stages.h"

namespace streamer {
namespace {

using internal::AppendMail;
using internal::AwaitsResult;
using internal::ForEachChunk;
using internal::Intake;
using internal::Mailbox;
using internal::PendingAnswer;
using internal::ReadClocks;
using internal::ReadMonotonicClock;
using internal::RouterMail;

}  // namespace

struct ThreadedEngine::State {
  State(const ThreadedEngineOptions& the_options,
        std::shared_ptr<EventLog> the_log, const Recollection& past,
        RestoredState restored)
      : options(the_options),
        log(std::move(the_log)),
        replayed_upto(log->head().offset),
        initial(options.shards),
        sequencer(options.core, options.shards, log, past, ReadMonotonicClock(),
                  options.past_share,
                  [this](const Status& status) { keeper->Note(status); }),
        router(ReadMonotonicClock, past.start, options.on_malformed,
               options.on_loss),
        intake(log),
        router_mailbox(options.queue_size),
        keeper(std::make_unique<internal::Keeper>(
            internal::Keeper::Options{.interval = options.trim_interval,
                                      .on_change = options.on_log_change,
                                      .on_interval = [this] { LookBack(); }},
            log)) {
    if (options.state != nullptr) {
      saver = std::make_unique<internal::Saver>(SaverOptions(), options.state,
                                                restored, log->history());
    }
    for (RestoreSession& session : restored.sessions) {
      session.gateway = GatewayHandle(++last_gateway);
    }
    sequencer.Restore(std::move(restored), ReadClocks(), initial);
    is_replayed = past.start.offset >= replayed_upto;
    for (std::size_t i = 0; i < options.shards; ++i) {
      shards.emplace_back(options.core, ReadMonotonicClock);
      shard_mailboxes.emplace_back(options.queue_size);
    }
  }

  internal::Saver::Options SaverOptions() {
    return {.interval = options.save_interval,
            .events = options.save_events,
            .deliver =
                [this](internal::Saver::Outcome outcome) {
                  SendToRouter(std::move(outcome));
                },
            .on_change = options.on_state_change};
  }

  // The loops, and their parts.
  void RunSequencer();
  void RunShard(std::size_t index);
  void RunRouter();
  void RunAll();
  bool TakeTurn(SequencerOutput& output);
  void PassOn(SequencerOutput& output);
  void Route(std::vector<RouterMail>& mail);
  void RouteOne(RouterMail& mail, std::vector<Effect>& effects);
  void HandOut(std::vector<Effect>& effects);
  void NoteProgress();
  void LookBack();
  [[nodiscard]] Position HorizonOf(Duration age) const;
  [[nodiscard]] bool SaveAll(Duration timeout);

  [[nodiscard]] std::vector<std::future<std::string>> AskShards(
      const std::string& tenant, const std::string& collection);
  void AnswerQuestions(std::vector<ShardResult>& results);
  void SendToRouter(RouterMail mail);
  // Unavailable while the state cannot be saved.
  [[nodiscard]] Status SavedStatus() const;
  // … or the log cannot be written.
  [[nodiscard]] Status StoredStatus() const;
  [[nodiscard]] std::size_t Backlog() const;
  [[nodiscard]] bool IsBacklogged() const {
    return Backlog() >= options.ingest_backlog;
  }
  [[nodiscard]] bool WaitUntilIdle(Duration timeout);

  // Constant after construction.
  const ThreadedEngineOptions options;
  const std::shared_ptr<EventLog> log;
  const std::uint64_t replayed_upto;  // what was logged before the start

  // Each owned by its thread.
  SequencerOutput initial;  // of the sequencer: what comes before all else
  internal::SequencerStage sequencer;
  MonotonicTime next_tick = ReadMonotonicClock() + options.tick;
  bool has_more = false;  // for the sequencer, in log or commands
  std::deque<internal::ShardStage> shards;
  internal::RouterStage router;
  std::unique_ptr<internal::Saver> saver;  // the router's; null: no state
  bool is_replayed = false;                // the router's
  bool is_last_saved = false;     // the router's: no more progress follows
  std::size_t ended_senders = 0;  // of the router
  std::vector<Effect> effects;    // the router's scratch
  std::vector<std::function<void()>> acknowledgements_taken;  // likewise

  // Between the threads.
  Intake intake;
  std::deque<Mailbox<ShardTask>> shard_mailboxes;
  Mailbox<RouterMail> router_mailbox;
  // Held while a turn's mail is handed to the stages: the router may have
  // answered a command before a shard has it, and a question of who saw the
  // answer must not come first.
  std::mutex passing_mutex;
  internal::Sinks sinks;
  internal::EngineGauges gauges;
  std::atomic<bool> is_abandoned{false};  // Stop gave up waiting
  std::uint64_t last_gateway = 0;         // guarded by the intake's lock

  // Shared by every Ingest, taken alone by Stop: an event is either refused or
  // in the log before the intake closes.
  std::shared_mutex ingest_mutex;
  bool is_stopping = false;  // guarded by ingest_mutex

  internal::IngestWaiters ingest_waiters;

  std::mutex idle_mutex;
  std::condition_variable idle;
  bool has_routed_all = false;      // by idle_mutex: no mail will follow
  bool has_handed_out_all = false;  // by idle_mutex: … and no delivery waits
  bool has_saved_all = false;       // by idle_mutex: … and all is saved
  bool is_state_lost = false;       // by idle_mutex: it never will be

  std::mutex stop_mutex;
  std::optional<bool> stop_result;  // by stop_mutex
  // Gone once the engine has stopped: nothing uses the log any more.
  std::unique_ptr<internal::Keeper> keeper;
  std::vector<std::thread> threads;
};

void ThreadedEngine::State::RunSequencer() {
  SequencerOutput output = std::move(initial);
  PassOn(output);
  bool goes_on = true;
  while (goes_on) {
    goes_on = TakeTurn(output);
    PassOn(output);
    sequencer.RunTaken();
  }
  for (auto& mailbox : shard_mailboxes) mailbox.Close();
  router_mailbox.SendNow(internal::EndOfMail{});
}

// Waits for something to do and does some of it. False when the intake is
// closed and nothing is left.
bool ThreadedEngine::State::TakeTurn(SequencerOutput& output) {
  bool is_open = intake.Wait(has_more ? MonotonicTime() : next_tick);
  // First the head, then the commands: so all commands that were queued before
  // event `head` are among them.
  Position head = log->head();
  std::deque<internal::QueuedCommand> commands;
  intake.Take(commands);
  sequencer.Enqueue(commands);
  Instant now = ReadClocks();
  if (now.monotonic >= next_tick) {
    sequencer.Tick(now, output);
    next_tick = now.monotonic + options.tick;
  }
  has_more = sequencer.RunTurn(head, now, output);
  ingest_waiters.WakeIf([this] { return !IsBacklogged(); });
  return (is_open || has_more) && !is_abandoned.load();
}

void ThreadedEngine::State::PassOn(SequencerOutput& output) {
  std::lock_guard lock(passing_mutex);
  bool awaits_shard = !output.steps.empty() && AwaitsResult(output.steps[0]);
  std::vector<RouterMail> mail;
  AppendMail(output.steps, mail);
  if (awaits_shard) {
    router_mailbox.SendQuietly(mail);
  } else {
    router_mailbox.Send(mail);
  }
  for (std::size_t i = 0; i < output.shards.size(); ++i) {
    shard_mailboxes[i].Send(output.shards[i]);
  }
}

void ThreadedEngine::State::RunShard(std::size_t index) {
  std::vector<ShardTask> tasks;
  std::vector<ShardResult> results;
  std::vector<RouterMail> mail;
  while (shard_mailboxes[index].Receive(tasks)) {
    ForEachChunk(tasks, [&](std::span<ShardTask> chunk) {
      shards[index].Process(chunk, results);
      AppendMail(results, mail);
      router_mailbox.Send(mail);
    });
  }
  router_mailbox.SendNow(internal::EndOfMail{});
}

void ThreadedEngine::State::RunRouter() {
  std::vector<RouterMail> mail;
  while (router_mailbox.Receive(mail)) Route(mail);
}

void ThreadedEngine::State::Route(std::vector<RouterMail>& mail) {
  ForEachChunk(mail, [&](std::span<RouterMail> chunk) {
    for (RouterMail& one : chunk) RouteOne(one, effects);
    router.NoteReports();
    HandOut(effects);
    // What they led to was told: one that was refused has ended its stream.
    for (const auto& taken : std::exchange(acknowledgements_taken, {})) {
      if (taken) taken();
    }
    for (const HistoryWish& wish : router.router().TakeWishes()) {
      intake.SubmitInternal(internal::CommandOf(wish));
    }
  });
  mail.clear();
  NoteProgress();
}

void ThreadedEngine::State::RouteOne(RouterMail& mail,
                                     std::vector<Effect>& into) {
  if (auto* step = std::get_if<RouterStep>(&mail)) {
    router.router().Accept(std::move(*step), into);
  } else if (auto* result = std::get_if<ShardResult>(&mail)) {
    router.router().Accept(std::move(*result), into);
  } else if (const auto* grant = std::get_if<internal::GrantCredit>(&mail)) {
    router.router().Grant(grant->gateway, grant->deliveries, into);
  } else if (auto* ack = std::get_if<internal::Acknowledgement>(&mail)) {
    router.router().Acknowledge(ack->gateway, ack->sequence, into);
    acknowledgements_taken.push_back(std::move(ack->taken));
  } else if (const auto* save = std::get_if<internal::SaveProgress>(&mail)) {
    router.router().CloseStalled(internal::StalledUpto(*log, save->horizon),
                                 into);
    if (saver == nullptr) {
      // Taken to be counted, and for nothing else.
      (void)router.router().TakeProgress(save->horizon);
      return;
    }
    saver->SaveIfDue(router.router(), save->horizon, ReadMonotonicClock(),
                     save->must);
    // Some that must not be saved may follow.
    is_last_saved |= save->must;
  } else if (auto* outcome = std::get_if<internal::Saver::Outcome>(&mail)) {
    saver->NoteOutcome(*outcome);
    gauges.NoteSave(outcome->ok());
  } else {
    ++ended_senders;
  }
}

// What the router gave up must end everywhere, by commands: a gateway by the
// one that ends a gateway that left; a subscription before its gateway hears of
// it.
void ThreadedEngine::State::HandOut(std::vector<Effect>& what) {
  if (EndSuspended ended{router.router().TakeSuspended()};
      !ended.handles.empty()) {
    intake.SubmitInternal(std::move(ended));
  }
  if (saver != nullptr) saver->Pass(what);
  if (what.empty()) return;
  router.Measure(what);
  const std::vector<GatewayHandle> closed = internal::FindClosed(what);
  // Published first: whoever saw an effect finds it counted.
  router.Publish();
  sinks.Dispatch(what);
  for (GatewayHandle gateway : closed) {
    sinks.Remove(gateway);
    intake.SubmitInternal(DisconnectGateway{gateway});
  }
}

void ThreadedEngine::State::NoteProgress() {
  router.Publish();
  if (!is_replayed &&
      router.router().statistics().routed.offset >= replayed_upto) {
    is_replayed = true;
    if (options.on_replayed) options.on_replayed();
  }
  std::size_t senders = options.single_thread ? 1 : 1 + shards.size();
  if (ended_senders < senders) return;
  std::lock_guard lock(idle_mutex);
  has_routed_all = router.router().waiting_steps() == 0;
  has_handed_out_all =
      has_routed_all && router.router().statistics().waiting == 0;
  is_state_lost = saver != nullptr && saver->is_lost();
  has_saved_all = is_last_saved && saver->is_clean() && !is_state_lost;
  idle.notify_all();
}

// The newest position that was logged at least `age` before the head; what the
// log says of itself, so that a clock that is set disturbs nothing.
Position ThreadedEngine::State::HorizonOf(Duration age) const {
  return log->FindEarlier(log->head(), age).value_or(Position{});
}

void ThreadedEngine::State::LookBack() {
  SendToRouter(internal::SaveProgress{HorizonOf(options.stall_timeout)});
  gauges.NoteProgress(*log, router.counts().router, ReadClocks().wall);
  if (sequencer.counts().sessions == 0) return;
  const Position oldest = HorizonOf(options.max_lag);
  const std::uint64_t first = log->first().offset;
  intake.SubmitInternal(LimitLag{oldest, first > 1 && oldest.offset < first});
}

// Whether everything there was to save is saved before the time-out.
bool ThreadedEngine::State::SaveAll(Duration timeout) {
  if (saver == nullptr) return true;
  SendToRouter(internal::SaveProgress{HorizonOf(options.stall_timeout), true});
  std::unique_lock lock(idle_mutex);
  idle.wait_for(lock, timeout,
                [this] { return has_saved_all || is_state_lost; });
  return has_saved_all;
}

// All stages in one thread: after each turn of the sequencer, the shards and
// the router do what it asked, and what came in for the router meanwhile.
void ThreadedEngine::State::RunAll() {
  SequencerOutput output = std::move(initial);
  std::vector<ShardResult> results;
  std::vector<RouterMail> mail;
  bool goes_on = true;
  while (goes_on) {
    goes_on = TakeTurn(output);
    AppendMail(output.steps, mail);
    for (std::size_t i = 0; i < options.shards; ++i) {
      shards[i].Process(output.shards[i], results);
      output.shards[i].clear();
      AppendMail(results, mail);
    }
    Route(mail);
    AnswerQuestions(results);
    sequencer.RunTaken();
    router_mailbox.TakeInto(mail);
    Route(mail);
  }
  for (auto& mailbox : shard_mailboxes) mailbox.Close();
  AnswerQuestions(results);
  mail.emplace_back(internal::EndOfMail{});
  Route(mail);
  RunRouter();
}

// In one thread the mailboxes of the shards hold nothing but questions.
void ThreadedEngine::State::AnswerQuestions(std::vector<ShardResult>& results) {
  std::vector<ShardTask> questions;
  for (std::size_t i = 0; i < options.shards; ++i) {
    shard_mailboxes[i].TakeInto(questions);
    if (!questions.empty()) shards[i].Process(questions, results);
  }
}

// Asks each shard that still takes mail for its summary of the collection.
std::vector<std::future<std::string>> ThreadedEngine::State::AskShards(
    const std::string& tenant, const std::string& collection) {
  std::vector<std::future<std::string>> answers;
  {
    std::lock_guard lock(passing_mutex);
    for (auto& mailbox : shard_mailboxes) {
      auto answer = std::make_shared<PendingAnswer>();
      answers.push_back(answer->future());
      const bool is_taken = mailbox.Offer(
          {Ordinal(), Summarize{tenant, collection, [answer](std::string text) {
                                  answer->Give(std::move(text));
                                }}});
      if (!is_taken) answers.pop_back();
    }
  }
  if (options.single_thread) intake.Notify();
  return answers;
}

// In one thread the router's mail is read between the sequencer's turns, so it
// is the sequencer that must be woken.
void ThreadedEngine::State::SendToRouter(RouterMail mail) {
  router_mailbox.SendNow(std::move(mail));
  if (options.single_thread) intake.Notify();
}

// Reads the sequencer's place before the head: the other way round, the place
// could be past that head.
std::size_t ThreadedEngine::State::Backlog() const {
  std::uint64_t sequenced = sequencer.sequenced();
  return log->head().offset - sequenced;
}

Status ThreadedEngine::State::SavedStatus() const {
  Status status = saver == nullptr ? OkStatus() : saver->status();
  if (status.ok()) return status;
  return Unavailable("the state cannot be saved: " +
                     std::string(MessageOf(status)));
}

Status ThreadedEngine::State::StoredStatus() const {
  STREAMER_RETURN_IF_ERROR(SavedStatus());
  Status status = keeper->status();
  if (status.ok()) return status;
  return Unavailable("the log cannot be written: " +
                     std::string(MessageOf(status)));
}

// Whether everything was handed out before the time-out. Grants are still
// heard meanwhile.
bool ThreadedEngine::State::WaitUntilIdle(Duration timeout) {
  std::unique_lock lock(idle_mutex);
  bool is_idle =
      idle.wait_for(lock, timeout, [this] { return has_handed_out_all; });
  if (!has_routed_all) {
    is_abandoned = true;
    for (auto& mailbox : shard_mailboxes) mailbox.Discard();
    router_mailbox.Discard();
    intake.Notify();
  }
  return is_idle;
}

ThreadedEngine::ThreadedEngine(const ThreadedEngineOptions& options,
                               const std::shared_ptr<EventLog>& log)
    : ThreadedEngine(options, log, Recollection{.start = log->head()}) {}

ThreadedEngine::ThreadedEngine(const ThreadedEngineOptions& options,
                               std::shared_ptr<EventLog> log,
                               const Recollection& past, RestoredState restored)
    : state_(std::make_unique<State>(options, std::move(log), past,
                                     std::move(restored))) {
  State* state = state_.get();
  if (options.single_thread) {
    state->threads.emplace_back([state] { state->RunAll(); });
    return;
  }
  state->threads.emplace_back([state] { state->RunSequencer(); });
  for (std::size_t i = 0; i < options.shards; ++i) {
    state->threads.emplace_back([state, i] { state->RunShard(i); });
  }
  state->threads.emplace_back([state] { state->RunRouter(); });
}

ThreadedEngine::~ThreadedEngine() { Stop(Duration::zero()); }

bool ThreadedEngine::Stop(Duration timeout) {
  std::lock_guard stop_lock(state_->stop_mutex);
  if (state_->stop_result) return *state_->stop_result;
  {
    std::lock_guard lock(state_->ingest_mutex);
    state_->is_stopping = true;
  }
  state_->intake.Close();
  state_->ingest_waiters.WakeIf([] { return true; });
  const MonotonicTime end = ReadMonotonicClock() + timeout;
  const bool is_idle = state_->WaitUntilIdle(timeout) &&
                       state_->SaveAll(end - ReadMonotonicClock());
  // Nobody waits for a store that does not answer.
  if (!is_idle && state_->saver != nullptr) state_->options.state->Interrupt();
  state_->router_mailbox.Close();
  for (std::thread& thread : state_->threads) thread.join();
  state_->keeper.reset();
  state_->saver.reset();
  state_->stop_result = is_idle;
  return is_idle;
}

GatewayHandle ThreadedEngine::Connect(GatewayOptions options,
                                      std::shared_ptr<GatewaySink> sink) {
  GatewayHandle gateway;
  state_->intake.SubmitInOrder([&]() -> Command {
    gateway = GatewayHandle(++state_->last_gateway);
    state_->sinks.Add(gateway, std::move(sink));
    return ConnectGateway{gateway, std::move(options.gateway_id), options.kind,
                          options.limits, options.initial_credit};
  });
  return gateway;
}

GatewayHandle ThreadedEngine::OpenSession(SessionRequest request,
                                          std::shared_ptr<GatewaySink> sink) {
  GatewayHandle stream;
  state_->intake.SubmitInOrder([&]() -> Command {
    stream = GatewayHandle(++state_->last_gateway);
    state_->sinks.Add(stream, std::move(sink));
    streamer::OpenSession command =
        internal::CommandOf(*state_->log, stream, std::move(request));
    command.unsaved = state_->SavedStatus();
    return command;
  });
  return stream;
}

GatewayHandle ThreadedEngine::Manage(ManageSession command,
                                     std::shared_ptr<GatewaySink> sink) {
  state_->intake.SubmitInOrder([&]() -> Command {
    command.caller = GatewayHandle(++state_->last_gateway);
    state_->sinks.Add(command.caller, std::move(sink));
    command.unstored = state_->StoredStatus();
    return command;
  });
  return command.caller;
}

void ThreadedEngine::Disconnect(GatewayHandle gateway) {
  state_->sinks.Remove(gateway);
  state_->intake.SubmitInternal(DisconnectGateway{gateway});
}

void ThreadedEngine::Break(GatewayHandle gateway, BrokenOff broken_off) {
  state_->sinks.Remove(gateway);
  state_->intake.SubmitInternal(
      internal::BreakOf(*state_->log, gateway, std::move(broken_off),
                        state_->options.stall_timeout));
}

Status ThreadedEngine::Submit(Command command, std::function<void()> taken) {
  if (std::holds_alternative<Subscribe>(command)) {
    STREAMER_RETURN_IF_ERROR(state_->StoredStatus());
  }
  if (!state_->intake.Submit(std::move(command), std::move(taken))) {
    return Unavailable("the engine is stopping");
  }
  return OkStatus();
}

void ThreadedEngine::Grant(GatewayHandle gateway, std::size_t deliveries) {
  state_->SendToRouter(internal::GrantCredit{gateway, deliveries});
}

void ThreadedEngine::Acknowledge(GatewayHandle gateway, std::uint64_t sequence,
                                 std::function<void()> taken) {
  state_->SendToRouter(
      internal::Acknowledgement{gateway, sequence, std::move(taken)});
}

Result<ResumePoint> ThreadedEngine::Resolve(std::string_view progress) const {
  return internal::ResolveProgress(*state_->log, progress);
}

Result<Position> ThreadedEngine::Ingest(std::vector<SourceEvent> events) {
  std::shared_lock lock(state_->ingest_mutex);
  if (state_->is_stopping) return Unavailable("the engine is stopping");
  STREAMER_RETURN_IF_ERROR(state_->SavedStatus());
  std::size_t backlog = state_->Backlog();
  if (backlog >= state_->options.ingest_backlog) {
    return ResourceExhausted(absl::StrCat("expected a backlog below ",
                                          state_->options.ingest_backlog,
                                          " events, got ", backlog));
  }
  std::size_t count = events.size();
  const Instant now = ReadClocks();
  const Duration lag = internal::LagOf(events, now.wall);
  Result<Position> appended = state_->log->Append(std::move(events), now);
  // What writes nothing says nothing of a full disk.
  if (count > 0) state_->keeper->Note(appended.status());
  if (!appended.ok()) return appended;
  state_->gauges.NoteIngest(count, lag);
  state_->intake.Notify();
  if (state_->options.on_append) state_->options.on_append();
  return appended;
}

Status ThreadedEngine::RecordMarker(std::string_view backend,
                                    std::string_view marker) {
  Status status = state_->log->RecordMarker(backend, marker);
  state_->keeper->Note(status);
  return status;
}

void ThreadedEngine::WhenIngestible(std::function<void()> ready) {
  {
    std::shared_lock ingest_lock(state_->ingest_mutex);
    const auto must_wait = [this] {
      return !state_->is_stopping && state_->IsBacklogged();
    };
    if (state_->ingest_waiters.WaitIf(must_wait, ready)) return;
  }
  ready();
}

std::vector<SubscriptionInfo> ThreadedEngine::List(SubscriptionHandle after,
                                                   std::size_t limit) const {
  return state_->sequencer.List(after, limit);
}

std::vector<SubscriptionInfo> ThreadedEngine::ListNamed(
    std::string_view subscription_id) const {
  return state_->sequencer.ListNamed(subscription_id);
}

std::vector<std::string> ThreadedEngine::Summaries(
    const std::string& tenant, const std::string& collection) const {
  std::vector<std::string> summaries;
  for (std::future<std::string>& answer :
       state_->AskShards(tenant, collection)) {
    std::string summary = answer.get();
    if (!summary.empty()) summaries.push_back(std::move(summary));
  }
  return summaries;
}

EngineStatistics ThreadedEngine::Statistics() const {
  EngineStatistics statistics;
  internal::Report(state_->sequencer.counts(), statistics);
  for (const internal::ShardStage& shard : state_->shards) {
    internal::Report(shard.counts(), statistics);
  }
  internal::Report(state_->router.counts(), statistics);
  state_->gauges.Report(statistics);
  statistics.log_backlog = state_->Backlog();
  statistics.head = state_->log->head();
  return statistics;
}

}  // namespace streamer
