#include "service/service.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "puller/puller_server.h"
#include "runtime/restored_state.h"
#include "runtime/threaded_engine.h"
#include "service/internal/follower.h"
#include "service/internal/loss_log.h"
#include "service/internal/malformed_event_log.h"
#include "service/internal/storage.h"
#include "transport/metrics.h"

namespace streamer {
namespace {

using Clock = std::chrono::steady_clock;

// How often Drain looks whether everything has gone out.
constexpr std::chrono::milliseconds kDrainCheck(2);

// Shares of the drain timeout at which its steps must have ended, so that
// what follows a step that takes too long still has its time.
constexpr double kFlushShare = 0.7;
constexpr double kStreamsShare = 0.9;

Clock::time_point After(Clock::time_point start, Duration timeout,
                        double share) {
  const auto part =
      static_cast<Duration::rep>(static_cast<double>(timeout.count()) * share);
  return start + Duration(part);
}

Duration Until(Clock::time_point deadline) {
  return std::max<Duration>(deadline - Clock::now(), Duration::zero());
}

Instant Now() {
  return {MonotonicTime(std::chrono::duration_cast<Duration>(
              Clock::now().time_since_epoch())),
          std::chrono::floor<std::chrono::milliseconds>(
              std::chrono::system_clock::now())};
}

// One processor is left to the sequencer and the router.
std::size_t DefaultShards() {
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

ThreadedEngineOptions EngineOptions(const ServiceConfig& config,
                                    std::shared_ptr<StateStore> state,
                                    const RestoredState& restored) {
  ThreadedEngineOptions options = config.engine;
  options.core.session.owner = state == nullptr ? DrawOwner() : restored.owner;
  options.state = std::move(state);
  options.stall_timeout = config.grpc.stall_timeout;
  if (options.max_lag == Duration::zero()) {
    options.max_lag = config.log.retention_age / 2;
  }
  if (options.shards == 0) options.shards = DefaultShards();
  options.on_malformed = LogMalformedEvent;
  options.on_loss = LogLoss;
  return options;
}

// State that only this process can have open needs no look beforehand.
Result<RestoredState> RestoreFrom(const StateStorage& state,
                                  const EventLog& log,
                                  const OutboxLimits& limits) {
  if (state.durable == nullptr) {
    STREAMER_RETURN_IF_ERROR(CheckIsOfLog(*state.store, log));
  }
  return RestoreState(*state.store, log, limits);
}

// What is wrong is said of the place where the state is kept.
Result<RestoredState> Restore(const StateStorage& state, const EventLog& log,
                              const OutboxLimits& limits) {
  Result<RestoredState> restored = RestoreFrom(state, log, limits);
  if (restored.ok()) return restored;
  const std::string message(MessageOf(restored.status()));
  if (!message.starts_with("state:")) return restored;
  return Status(
      restored.status().code(),
      absl::StrCat("state ", state.place, message.substr(message.find(':'))));
}

// Where the log begins and ends, for who reads the first lines.
void ReportLog(const LogConfig& config, const EventLog& log) {
  Log(LogLevel::kInfo, "log opened",
      {{"path", config.path.empty() ? "in memory" : config.path},
       {"first", FormatProgress(log.first())},
       {"head", FormatProgress(log.head())}});
}

void ReportState(const RestoredState& restored, const EventLog& log) {
  if (restored.owner == 0) return;
  std::size_t subscriptions = 0;
  for (const RestoreSession& session : restored.sessions) {
    subscriptions += session.subscriptions.size();
  }
  Log(LogLevel::kInfo, "state restored",
      {{"sessions", restored.sessions.size()},
       {"subscriptions", subscriptions},
       {"replay", log.head().offset - restored.start.offset}});
  if (restored.lost_upto == 0) return;
  Log(LogLevel::kWarning, "the log has lost its newest events",
      {{"saved", restored.lost_upto}, {"head", FormatProgress(log.head())}});
}

HttpServerOptions HttpOptions(const ServiceConfig& config) {
  HttpServerOptions options = config.http;
  options.version = Version();
  options.outbox = config.grpc.outbox;
  return options;
}

}  // namespace

std::string_view Version() { return STREAMER_VERSION; }

struct Service::State {
  State(const ServiceConfig& config, Storage the_storage,
        StateStorage the_state, const Recollection& past,
        const RestoredState& restored)
      : is_replaying(past.start.offset < the_storage.log->head().offset),
        storage(std::move(the_storage)),
        saved(std::move(the_state)),
        engine(WithReports(EngineOptions(config, saved.store, restored)),
               storage.log, past, restored),
        metrics(
            engine,
            [this] {
              const GrpcServerStatistics counts =
                  grpc == nullptr ? GrpcServerStatistics() : grpc->Statistics();
              return TransportStatistics{
                  .grpc_deliveries = counts.deliveries,
                  .grpc_documents_omitted = counts.documents_omitted,
                  .puller_events = followed,
                  .filter_cache_hits = counts.filter_cache_hits,
                  .filter_cache_misses = counts.filter_cache_misses};
            },
            std::string(Version())) {}

  // The engine tells of its log as long as it runs, and outlives its users.
  ~State() {
    follower.reset();
    notified = nullptr;
    engine.Stop(Duration::zero());
    http.reset();
    puller.reset();
    grpc.reset();
  }

  ThreadedEngineOptions WithReports(ThreadedEngineOptions options) {
    options.on_log_change = [this](const Status& status) {
      OnLogChange(status);
    };
    options.on_state_change = [this](const Status& status) {
      OnStateChange(status);
    };
    options.on_replayed = [this] { OnReplayed(); };
    options.on_append = [this] {
      if (PullerServer* const server = notified.load()) server->Notify();
    };
    return options;
  }

  void OnLogChange(const Status& status) {
    Log(status.ok() ? LogLevel::kInfo : LogLevel::kError,
        status.ok() ? "the log may be well again" : "the log fails",
        {{"reason", MessageOf(status)}});
    std::lock_guard lock(phase_mutex);
    log_status = status;
    ShowPhase();
  }

  void OnStateChange(const Status& status) {
    Log(status.ok() ? LogLevel::kInfo : LogLevel::kError,
        status.ok() ? "the state is saved again" : "the state is not saved",
        {{"reason", MessageOf(status)}});
    std::lock_guard lock(phase_mutex);
    state_status = status;
    ShowPhase();
  }

  void OnReplayed() {
    Log(LogLevel::kInfo, "replayed", {});
    std::lock_guard lock(phase_mutex);
    is_replaying = false;
    ShowPhase();
  }

  void OnSourceChange(const Status& status) {
    Log(status.ok() ? LogLevel::kInfo : LogLevel::kError,
        status.ok() ? "the source is followed" : "the source is not followed",
        {{"reason", MessageOf(status)}});
    std::lock_guard lock(phase_mutex);
    source_status = status;
    ShowPhase();
  }

  // REQUIRES: phase_mutex is held.
  void ShowPhase() {
    if (http == nullptr) return;
    ServicePhase shown = phase;
    if (phase == ServicePhase::kReady && !log_status.ok()) {
      shown = ServicePhase::kLogFailing;
    } else if (phase == ServicePhase::kReady && !state_status.ok()) {
      shown = ServicePhase::kStateFailing;
    } else if (phase == ServicePhase::kReady && is_replaying) {
      shown = ServicePhase::kReplaying;
    } else if (phase == ServicePhase::kReady && !source_status.ok()) {
      shown = ServicePhase::kSourceLost;
    }
    http->SetPhase(shown);
    if (grpc != nullptr) grpc->SetServing(shown == ServicePhase::kReady);
  }

  void SetPhase(ServicePhase next) {
    std::lock_guard lock(phase_mutex);
    phase = next;
    ShowPhase();
  }

  // The door of this role: gateways', or streamers'.
  Status Open(const ServiceConfig& config) {
    if (config.roles.streamer) {
      STREAMER_ASSIGN_OR_RETURN(std::unique_ptr<GrpcServer> server,
                                GrpcServer::Start(config.grpc, engine));
      std::lock_guard lock(phase_mutex);
      grpc = std::move(server);
      return OkStatus();
    }
    STREAMER_ASSIGN_OR_RETURN(
        puller, PullerServer::Start({.listen = config.grpc.listen,
                                     .port = config.grpc.port,
                                     .max_streams = config.grpc.max_streams},
                                    *storage.log));
    notified = puller.get();
    return OkStatus();
  }

  Status OpenHttp(const HttpServerOptions& options) {
    STREAMER_ASSIGN_OR_RETURN(std::unique_ptr<HttpServer> server,
                              HttpServer::Start(options, engine, metrics));
    std::lock_guard lock(phase_mutex);
    http = std::move(server);
    return OkStatus();
  }

  void Follow(const SourceConfig& source, bool has_sessions) {
    if (source.address.empty()) return;
    {
      std::lock_guard lock(phase_mutex);
      source_status = Unavailable("the source was not reached yet");
    }
    follower = std::make_unique<Follower>(
        FollowerOptions{
            .address = source.address,
            .consumer = source.consumer,
            .has_sessions = has_sessions,
            .on_append = [this](std::size_t count) { followed += count; },
            .on_change =
                [this](const Status& status) { OnSourceChange(status); }},
        engine, *storage.log);
  }

  // Ends the streams of whoever is served. Whether all took what they were due.
  bool CloseDoor(Duration grace) {
    const Status reason = Unavailable("the service is shutting down");
    if (grpc != nullptr) return grpc->Shutdown(grace, reason);
    puller->Shutdown(grace, reason);
    return true;
  }

  // Whether the next start goes on where this one ends.
  bool CloseStorage() {
    Status closed;
    if (saved.durable != nullptr) closed.Update(saved.durable->Close());
    if (storage.durable != nullptr) closed.Update(storage.durable->Close());
    if (!closed.ok()) {
      Log(LogLevel::kError, "log or state could not be closed",
          {{"reason", MessageOf(closed)}});
    }
    return closed.ok();
  }

  // Whether nothing waits between the log and the streams.
  [[nodiscard]] bool is_flushed() const {
    const EngineStatistics statistics = engine.Statistics();
    return statistics.log_backlog == 0 && statistics.outbox_depth == 0 &&
           statistics.routed == statistics.head;
  }

  std::mutex phase_mutex;
  // Guarded by phase_mutex.
  ServicePhase phase = ServicePhase::kStarting;
  Status log_status;
  Status state_status;
  Status source_status;
  bool is_replaying;

  std::atomic<std::uint64_t> followed = 0;  // events of the source
  // Set once it can be told that the log has grown.
  std::atomic<PullerServer*> notified = nullptr;
  Storage storage;
  StateStorage saved;
  // Before the engine, whose threads look from their start on whether they are
  // there; they use it, and go before it. By phase_mutex: what is set.
  std::unique_ptr<GrpcServer> grpc;      // of a streamer
  std::unique_ptr<PullerServer> puller;  // of a puller alone
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<Follower> follower;  // of a streamer alone
  ThreadedEngine engine;
  Metrics metrics;
  std::optional<Drained> drained;
};

Service::Service(std::unique_ptr<State> state) : state_(std::move(state)) {}

Service::~Service() { Drain(Duration::zero()); }

Result<std::unique_ptr<Service>> Service::Start(const ServiceConfig& config) {
  STREAMER_ASSIGN_OR_RETURN(Storage storage, OpenStorage(config.log, Now()));
  STREAMER_ASSIGN_OR_RETURN(StateStorage saved, OpenState(config));
  RestoredState restored{.start = storage.log->head(),
                         .watermark = storage.log->head()};
  if (saved.store != nullptr) {
    STREAMER_ASSIGN_OR_RETURN(restored,
                              Restore(saved, *storage.log, config.grpc.outbox));
  }
  STREAMER_ASSIGN_OR_RETURN(
      const Recollection past,
      Recollect(*storage.log, restored.start, config.engine.core));
  ReportLog(config.log, *storage.log);
  ReportState(restored, *storage.log);
  auto state = std::make_unique<State>(config, std::move(storage),
                                       std::move(saved), past, restored);
  STREAMER_RETURN_IF_ERROR(state->Open(config));
  STREAMER_RETURN_IF_ERROR(state->OpenHttp(HttpOptions(config)));
  state->Follow(config.source, !restored.sessions.empty());
  state->SetPhase(ServicePhase::kReady);
  return std::unique_ptr<Service>(new Service(std::move(state)));
}

int Service::http_port() const { return state_->http->port(); }
int Service::grpc_port() const {
  return state_->grpc != nullptr ? state_->grpc->port()
                                 : state_->puller->port();
}

Drained Service::Drain(Duration timeout) {
  if (state_->drained) return *state_->drained;
  const Clock::time_point start = Clock::now();
  const Clock::time_point flush_by = After(start, timeout, kFlushShare);
  // Unready, and no more events.
  state_->SetPhase(ServicePhase::kDraining);
  state_->follower.reset();
  // What is logged goes out. Waited for here, with the streams still open,
  // because an engine that is stopping hands out no more.
  while (!state_->is_flushed() && Clock::now() < flush_by) {
    std::this_thread::sleep_for(kDrainCheck);
  }
  const bool is_flushed = state_->is_flushed();
  const bool is_written =
      state_->CloseDoor(Until(After(start, timeout, kStreamsShare)));
  // Last, because gateways acknowledge until their streams have ended.
  const bool is_saved = state_->engine.Stop(Until(start + timeout));
  state_->http->Shutdown(Until(start + timeout));
  const bool is_closed = state_->CloseStorage();
  state_->drained = Drained{.is_delivered = is_flushed && is_written,
                            .is_saved = is_saved && is_closed};
  return *state_->drained;
}

}  // namespace streamer
