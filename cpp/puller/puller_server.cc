#include "puller/puller_server.h"

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "puller/internal/puller_streams.h"
#include "rpc/callback_pulse.h"
#include "syntrix/puller/v1/puller.grpc.pb.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;

class Service final : public wire::PullerService::CallbackService {
 public:
  Service(internal::PullerStreams& streams, const PullerSessionOptions& options)
      : streams_(streams), options_(options) {}

  grpc::ServerWriteReactor<wire::PullerEvent>* Subscribe(
      grpc::CallbackServerContext* context,
      const wire::SubscribeRequest* request) override {
    return streams_.Open(*context,
                         {.after = request->after(),
                          .coalesces = request->coalesce_on_catch_up()},
                         options_);
  }

 private:
  internal::PullerStreams& streams_;
  const PullerSessionOptions options_;
};

void SetLimits(grpc::ServerBuilder& builder) {
  // A stored document may have 16 MiB, and its before-image, too.
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // Without it a second server on the port would share its connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

std::string Address(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

struct PullerServer::State {
  State(const PullerServerOptions& options, const EventLog& log)
      : streams(log, options.max_streams), service(streams, options.session) {}

  const std::shared_ptr<CallbackPulse> pulse = CallbackPulse::Share();
  internal::PullerStreams streams;
  Service service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::mutex shutdown_mutex;
};

PullerServer::PullerServer(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

PullerServer::~PullerServer() {
  Shutdown(Duration::zero(), Unavailable("the server is shutting down"));
}

Result<std::unique_ptr<PullerServer>> PullerServer::Start(
    const PullerServerOptions& options, const EventLog& log) {
  auto state = std::make_unique<State>(options, log);
  const std::string address = Address(options.listen, options.port);
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(),
                           &state->port);
  builder.RegisterService(&state->service);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return Unavailable("puller: expected to listen on " + address +
                       ", got a refusal by gRPC");
  }
  return std::unique_ptr<PullerServer>(new PullerServer(std::move(state)));
}

int PullerServer::port() const { return state_->port; }

void PullerServer::Notify() { state_->streams.Notify(); }

void PullerServer::Shutdown(Duration grace, const Status& status) {
  const std::lock_guard lock(state_->shutdown_mutex);
  state_->streams.CloseAll(status);
  const auto system_grace =
      std::chrono::duration_cast<std::chrono::system_clock::duration>(grace);
  state_->server->Shutdown(std::chrono::system_clock::now() + system_grace);
  state_->server->Wait();
}

PullerServerStatistics PullerServer::Statistics() const {
  const internal::PullerStreams& streams = state_->streams;
  const internal::PullerCounters& counters = streams.counters();
  return {
      .streams_opened = counters.opened.load(std::memory_order_relaxed),
      .streams_open = streams.size(),
      .events_sent = counters.events.load(std::memory_order_relaxed),
      .heartbeats_sent = counters.heartbeats.load(std::memory_order_relaxed),
      .events_coalesced = counters.coalesced.load(std::memory_order_relaxed)};
}

}  // namespace streamer
