#include "runtime/inline_engine.h"

#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/internal/list.h"
#include "runtime/internal/past_reader.h"
#include "runtime/internal/pipeline.h"
#include "runtime/internal/resumption.h"
#include "runtime/internal/sinks.h"

namespace streamer {
namespace {

constexpr std::size_t kReadBatch = 256;

}  // namespace

// A sink may call the engine while effects are handed to it. What it asks
// waits in `actions` until they are; the loop further up the stack does it.
struct InlineEngine::State {
  using Action = std::function<void(std::vector<Effect>&)>;

  State(const CoreOptions& options, std::shared_ptr<EventLog> the_log,
        Instant start, Position past, std::size_t shards)
      : log(std::move(the_log)),
        now(start),
        pipeline(options, shards, past, [this] { return now.monotonic; }) {}

  // Takes up what was saved, then what was logged after that.
  void Restore(const Recollection& past, RestoredState restored,
               std::shared_ptr<StateStore> store) {
    state = std::move(store);
    checkpoint.emplace(Checkpoint::Options{.owner = restored.owner,
                                           .revision = restored.revision,
                                           .max_changes = state->max_changes(),
                                           .max_bytes = state->max_bytes(),
                                           .start = restored.watermark,
                                           .leftovers = restored.leftovers},
                       log->history());
    pipeline.Remember(past, now.monotonic);
    if (restored.is_unclean) pipeline.Recover(now.monotonic);
    for (RestoreSession& session : restored.sessions) {
      session.gateway = GatewayHandle(++last_gateway);
      actions.push_back([this, command = Command(std::move(session))](
                            std::vector<Effect>& effects) mutable {
        pipeline.Accept(std::move(command), now, effects);
      });
    }
    RunAll();
  }

  void Run(Action action) {
    actions.push_back(std::move(action));
    RunAll();
  }

  // Does what was asked and then takes what the log holds, batch by batch, so
  // that the credit which sinks give for one batch is there for the next.
  void RunAll() {
    if (is_running) return;
    is_running = true;
    std::vector<Effect> effects;
    bool has_more = true;
    while (has_more) {
      if (actions.empty()) {
        has_more = TakeBatch(effects) || TakePast(effects);
      } else {
        Action next = std::move(actions.front());
        actions.pop_front();
        next(effects);
      }
      HandOut(effects);
    }
    is_running = false;
  }

  void RunCommand(Command command) {
    Run([this,
         command = std::move(command)](std::vector<Effect>& effects) mutable {
      pipeline.Accept(std::move(command), now, effects);
    });
  }

  // False when the log holds nothing more.
  bool TakeBatch(std::vector<Effect>& effects) {
    std::vector<LogEntry> entries;
    Status status =
        log->Read(pipeline.sequencer().position(), kReadBatch, entries);
    if (!status.ok() || entries.empty()) return false;
    for (const LogEntry& entry : entries) {
      pipeline.Accept(entry, now, effects);
    }
    log->Release(pipeline.sequencer().position());
    return true;
  }

  // False when nobody waits for past events, or the log cannot be read.
  bool TakePast(std::vector<Effect>& effects) {
    if (!pipeline.sequencer().NextPast()) return false;
    return pipeline.AcceptPast(*log, effects).ok();
  }

  // Commits until nothing is left, or the store does not take it. What need
  // not wait any more goes with `effects`.
  void Save(std::vector<Effect>& effects) {
    if (!checkpoint) return;
    checkpoint->Accept(effects);
    while (auto transaction = checkpoint->Next()) {
      std::vector<Effect> released;
      const Result<std::uint64_t> outcome = state->Commit(*transaction);
      checkpoint->Committed(outcome, released);
      effects.insert(effects.end(), std::make_move_iterator(released.begin()),
                     std::make_move_iterator(released.end()));
      if (!outcome.ok()) return;
    }
  }

  // A gateway that the router gave up ends by the same command as one that
  // left.
  void HandOut(std::vector<Effect>& effects) {
    Save(effects);
    pipeline.Measure(effects);
    if (EndSuspended ended{pipeline.router().TakeSuspended()};
        !ended.handles.empty()) {
      actions.push_back([this, ended](std::vector<Effect>& following) {
        pipeline.Accept(Command(ended), now, following);
      });
    }
    for (const HistoryWish& wish : pipeline.router().TakeWishes()) {
      actions.push_back([this, wish](std::vector<Effect>& following) {
        pipeline.Accept(Command(internal::CommandOf(wish)), now, following);
      });
    }
    const std::vector<GatewayHandle> closed = internal::FindClosed(effects);
    sinks.Dispatch(effects);
    // After what the sinks say of it.
    for (const GatewayHandle gateway : closed) {
      actions.push_back([this, gateway](std::vector<Effect>& following) {
        pipeline.Accept(Command(DisconnectGateway{gateway}), now, following);
        sinks.Remove(gateway);
      });
    }
  }

  const std::shared_ptr<EventLog> log;
  Instant now;
  std::uint64_t last_gateway = 0;
  std::uint64_t events_ingested = 0;
  internal::Pipeline pipeline;
  std::shared_ptr<StateStore> state;  // null: none
  std::optional<Checkpoint> checkpoint;
  internal::Sinks sinks;
  std::deque<Action> actions;
  bool is_running = false;
};

InlineEngine::InlineEngine(const CoreOptions& options,
                           const std::shared_ptr<EventLog>& log, Instant start,
                           std::size_t shards)
    : state_(
          std::make_unique<State>(options, log, start, log->head(), shards)) {}

InlineEngine::InlineEngine(const CoreOptions& options,
                           std::shared_ptr<EventLog> log, Instant start,
                           const Recollection& past,
                           std::shared_ptr<StateStore> state,
                           RestoredState restored, std::size_t shards)
    : state_(std::make_unique<State>(options, std::move(log), start, past.start,
                                     shards)) {
  state_->Restore(past, std::move(restored), std::move(state));
}

InlineEngine::~InlineEngine() = default;

void InlineEngine::Advance(Duration duration) {
  state_->now = state_->now.After(duration);
  state_->RunCommand(Tick{});
}

void InlineEngine::SaveProgress(Duration stall_timeout) {
  state_->Run([this, stall_timeout](std::vector<Effect>& effects) {
    if (!state_->checkpoint) return;
    const EventLog& log = *state_->log;
    const Position horizon =
        log.FindEarlier(log.head(), stall_timeout).value_or(Position{});
    Router& router = state_->pipeline.router();
    router.CloseStalled(internal::StalledUpto(log, horizon), effects);
    const std::optional<RouterProgress> progress = router.TakeProgress(horizon);
    if (progress) state_->checkpoint->Accept(*progress);
  });
}

bool InlineEngine::is_saved() const {
  return !state_->checkpoint || state_->checkpoint->is_clean();
}

Instant InlineEngine::now() const { return state_->now; }

GatewayHandle InlineEngine::Connect(GatewayOptions options,
                                    std::shared_ptr<GatewaySink> sink) {
  GatewayHandle gateway(++state_->last_gateway);
  state_->sinks.Add(gateway, std::move(sink));
  state_->RunCommand(ConnectGateway{gateway, std::move(options.gateway_id),
                                    options.kind, options.limits,
                                    options.initial_credit});
  return gateway;
}

GatewayHandle InlineEngine::OpenSession(SessionRequest request,
                                        std::shared_ptr<GatewaySink> sink) {
  GatewayHandle stream(++state_->last_gateway);
  state_->sinks.Add(stream, std::move(sink));
  auto command = internal::CommandOf(*state_->log, stream, std::move(request));
  if (!is_saved()) command.unsaved = Unavailable("the state cannot be saved");
  state_->RunCommand(std::move(command));
  return stream;
}

GatewayHandle InlineEngine::Manage(ManageSession command,
                                   std::shared_ptr<GatewaySink> sink) {
  command.caller = GatewayHandle(++state_->last_gateway);
  state_->sinks.Add(command.caller, std::move(sink));
  if (!is_saved()) command.unstored = Unavailable("the state cannot be saved");
  const GatewayHandle caller = command.caller;
  state_->RunCommand(std::move(command));
  return caller;
}

void InlineEngine::Disconnect(GatewayHandle gateway) {
  state_->sinks.Remove(gateway);
  state_->RunCommand(DisconnectGateway{gateway});
}

void InlineEngine::Break(GatewayHandle gateway, BrokenOff broken_off) {
  state_->sinks.Remove(gateway);
  state_->RunCommand(internal::BreakOf(
      *state_->log, gateway, std::move(broken_off), std::chrono::seconds(30)));
}

Status InlineEngine::Submit(Command command, std::function<void()> taken) {
  state_->RunCommand(std::move(command));
  if (taken) taken();
  return OkStatus();
}

void InlineEngine::Grant(GatewayHandle gateway, std::size_t deliveries) {
  state_->Run([this, gateway, deliveries](std::vector<Effect>& effects) {
    state_->pipeline.router().Grant(gateway, deliveries, effects);
  });
}

void InlineEngine::Acknowledge(GatewayHandle gateway, std::uint64_t sequence,
                               std::function<void()> taken) {
  state_->Run([this, gateway, sequence](std::vector<Effect>& effects) {
    state_->pipeline.router().Acknowledge(gateway, sequence, effects);
  });
  if (taken) taken();
}

Result<ResumePoint> InlineEngine::Resolve(std::string_view progress) const {
  return internal::ResolveProgress(*state_->log, progress);
}

Result<Position> InlineEngine::Ingest(std::vector<SourceEvent> events) {
  std::size_t count = events.size();
  Result<Position> appended = state_->log->Append(std::move(events), now());
  if (!appended.ok()) return appended;
  state_->events_ingested += count;
  state_->RunAll();
  return appended;
}

Status InlineEngine::RecordMarker(std::string_view backend,
                                  std::string_view marker) {
  return state_->log->RecordMarker(backend, marker);
}

void InlineEngine::WhenIngestible(std::function<void()> ready) { ready(); }

std::vector<SubscriptionInfo> InlineEngine::List(SubscriptionHandle after,
                                                 std::size_t limit) const {
  const Registry& registry = state_->pipeline.sequencer().registry();
  return internal::ListSubscriptions(registry, registry.List(after, limit));
}

std::vector<SubscriptionInfo> InlineEngine::ListNamed(
    std::string_view subscription_id) const {
  const Registry& registry = state_->pipeline.sequencer().registry();
  return internal::ListSubscriptions(registry,
                                     registry.ListNamed(subscription_id));
}

std::vector<std::string> InlineEngine::Summaries(
    const std::string& tenant, const std::string& collection) const {
  return state_->pipeline.Summaries(tenant, collection);
}

EngineStatistics InlineEngine::Statistics() const {
  EngineStatistics statistics = state_->pipeline.statistics();
  statistics.events_ingested = state_->events_ingested;
  statistics.head = state_->log->head();
  statistics.log_backlog =
      statistics.head.offset - state_->pipeline.sequencer().position().offset;
  return statistics;
}

}  // namespace streamer
