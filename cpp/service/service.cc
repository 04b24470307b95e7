#include "service/service.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "runtime/threaded_engine.h"
#include "service/internal/malformed_event_log.h"
#include "store/memory_event_log.h"
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

// The log begins and ends with the process. Its epoch is the time at which it
// began, so that a position of an earlier process is not taken for one of it.
MemoryEventLogOptions NewLog() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {.epoch = static_cast<std::uint32_t>(
              std::chrono::duration_cast<std::chrono::seconds>(now).count())};
}

// One processor is left to the sequencer and the router.
std::size_t DefaultShards() {
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

ThreadedEngineOptions EngineOptions(const ServiceConfig& config) {
  ThreadedEngineOptions options = config.engine;
  if (options.shards == 0) options.shards = DefaultShards();
  options.on_malformed = LogMalformedEvent;
  return options;
}

HttpServerOptions HttpOptions(const ServiceConfig& config) {
  HttpServerOptions options = config.http;
  options.version = Version();
  return options;
}

}  // namespace

std::string_view Version() { return STREAMER_VERSION; }

struct Service::State {
  explicit State(const ServiceConfig& config)
      : log(std::make_shared<MemoryEventLog>(NewLog())),
        engine(EngineOptions(config), log),
        metrics(
            engine,
            [this] {
              const GrpcServerStatistics counts = grpc->Statistics();
              return TransportStatistics{
                  .grpc_deliveries = counts.deliveries,
                  .filter_cache_hits = counts.filter_cache_hits,
                  .filter_cache_misses = counts.filter_cache_misses};
            },
            std::string(Version())) {}

  // Whether nothing waits between the log and the streams.
  [[nodiscard]] bool is_flushed() const {
    const EngineStatistics statistics = engine.Statistics();
    return statistics.log_backlog == 0 && statistics.outbox_depth == 0 &&
           statistics.routed == statistics.head;
  }

  std::shared_ptr<MemoryEventLog> log;
  ThreadedEngine engine;
  Metrics metrics;
  // Later ones use earlier ones, and go first.
  std::unique_ptr<GrpcServer> grpc;
  std::unique_ptr<HttpServer> http;
  bool is_drained = false;
};

Service::Service(std::unique_ptr<State> state) : state_(std::move(state)) {}

Service::~Service() { Drain(Duration::zero()); }

Result<std::unique_ptr<Service>> Service::Start(const ServiceConfig& config) {
  auto state = std::make_unique<State>(config);
  STREAMER_ASSIGN_OR_RETURN(state->grpc,
                            GrpcServer::Start(config.grpc, state->engine));
  STREAMER_ASSIGN_OR_RETURN(
      state->http,
      HttpServer::Start(HttpOptions(config), state->engine, state->metrics));
  state->grpc->SetServing(true);
  state->http->SetPhase(ServicePhase::kReady);
  return std::unique_ptr<Service>(new Service(std::move(state)));
}

int Service::http_port() const { return state_->http->port(); }
int Service::grpc_port() const { return state_->grpc->port(); }

bool Service::Drain(Duration timeout) {
  if (std::exchange(state_->is_drained, true)) return true;
  const Clock::time_point start = Clock::now();
  const Clock::time_point flush_by = After(start, timeout, kFlushShare);
  // Unready, and no more events.
  state_->http->SetPhase(ServicePhase::kDraining);
  state_->grpc->SetServing(false);
  // What is logged goes out. Waited for here, with the streams still open,
  // because an engine that is stopping hands out no more.
  while (!state_->is_flushed() && Clock::now() < flush_by) {
    std::this_thread::sleep_for(kDrainCheck);
  }
  const bool is_flushed = state_->is_flushed();
  const bool is_written =
      state_->grpc->Shutdown(Until(After(start, timeout, kStreamsShare)),
                             Unavailable("the service is shutting down"));
  state_->engine.Stop(Until(start + timeout));
  state_->http->Shutdown(Until(start + timeout));
  return is_flushed && is_written;
}

}  // namespace streamer
