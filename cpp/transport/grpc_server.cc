#include "transport/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "rpc/callback_pulse.h"
#include "syntrix/streamer/v1/streamer.grpc.pb.h"
#include "transport/internal/filter_cache.h"
#include "transport/internal/gateway_stream.h"
#include "transport/internal/wire.h"
#include "transport/log.h"

namespace streamer {
namespace {

constexpr std::chrono::milliseconds kLastGrace(200);
constexpr char kServiceName[] = "syntrix.streamer.v1.StreamerService";

// Messages are read and written as bytes: so a malformed one is told apart
// from the end of a stream, and a delivery is encoded once (wire.h).
using RawReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
using RawService = pb::StreamerService::WithRawCallbackMethod_Stream<
    pb::StreamerService::Service>;

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(MessageOf(status))};
}

// A buffer that owns `bytes` without copying them.
grpc::ByteBuffer MakeBuffer(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  grpc::Slice slice(
      owned->data(), owned->size(),
      [](void* kept) { delete static_cast<std::string*>(kept); }, owned);
  return {&slice, 1};
}

bool Parse(grpc::ByteBuffer& buffer, pb::GatewayMessage& message) {
  grpc::ProtoBufferReader reader(&buffer);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

// The open streams of a server.
class StreamSet {
 public:
  explicit StreamSet(std::size_t max_streams) : max_streams_(max_streams) {}

  // Takes `stream` in, to be removed when it is done. Not OK when it must be
  // refused.
  Status Add(const std::shared_ptr<GatewayStream>& stream) {
    std::lock_guard lock(mutex_);
    streams_.emplace(stream.get(), stream);
    if (is_closed_) return Unavailable("the server is shutting down");
    if (streams_.size() <= max_streams_) return OkStatus();
    return ResourceExhausted("expected at most " +
                             std::to_string(max_streams_) +
                             " streams, got one more");
  }

  void Remove(const GatewayStream* stream) {
    std::lock_guard lock(mutex_);
    streams_.erase(stream);
    if (streams_.empty()) is_empty_.notify_all();
  }

  // Waits at most for `timeout` until no stream is left. Whether none is.
  bool WaitEmpty(Duration timeout) {
    std::unique_lock lock(mutex_);
    return is_empty_.wait_for(lock, timeout,
                              [this] { return streams_.empty(); });
  }

  void Sweep() {
    for (const auto& stream : Copy()) stream->Sweep();
  }

  void CloseAll(const Status& status) {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    for (const auto& stream : Copy()) stream->Close(status);
  }

  void CutOffAll(const Status& status) {
    for (const auto& stream : Copy()) stream->CutOff(status);
  }

 private:
  std::vector<std::shared_ptr<GatewayStream>> Copy() {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<GatewayStream>> copy;
    copy.reserve(streams_.size());
    for (const auto& [key, stream] : streams_) copy.push_back(stream);
    return copy;
  }

  const std::size_t max_streams_;
  std::mutex mutex_;
  std::condition_variable is_empty_;
  bool is_closed_ = false;
  std::unordered_map<const GatewayStream*, std::shared_ptr<GatewayStream>>
      streams_;
};

// What a gateway shows to say who it is: as a digest, since it is kept.
std::string CredentialOf(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return {};
  const std::uint64_t digest =
      HashBytes({found->second.data(), found->second.size()});
  return {reinterpret_cast<const char*>(&digest), sizeof digest};
}

// gRPC's side of one stream. Owned by gRPC until OnDone.
class StreamReactor final : public RawReactor, public StreamConnection {
 public:
  StreamReactor(grpc::CallbackServerContext& context, Engine& engine,
                StreamSet& streams, StreamCounters& counters,
                const OutboxLimits& outbox)
      : context_(context), streams_(streams) {
    // At once, so that the gateway knows its stream is open.
    StartSendInitialMetadata();
    stream_ = GatewayStream::Open(engine, *this, counters,
                                  {.outbox = outbox,
                                   .peer = context.peer(),
                                   .credential = CredentialOf(context)});
    const Status added = streams_.Add(stream_);
    if (!added.ok()) stream_->Close(added);
  }

  void Read() override { StartRead(&incoming_); }

  void Write(std::string message, Flush flush) override {
    outgoing_ = MakeBuffer(std::move(message));
    grpc::WriteOptions options;
    if (flush == Flush::kWithNext) options.set_buffer_hint();
    StartWrite(&outgoing_, options);
  }

  void Finish(const Status& status) override {
    // How long a gateway should wait before it comes back, in milliseconds.
    if (absl::IsUnavailable(status)) {
      context_.AddTrailingMetadata("grpc-retry-pushback-ms", "1000");
    }
    RawReactor::Finish(ToGrpc(status));
  }

  // TryCancel would tell the peer no more than CANCELLED.
  void Cancel(const Status& status) override {
    grpc_call_cancel_with_status(
        context_.c_call(), static_cast<grpc_status_code>(status.code()),
        std::string(MessageOf(status)).c_str(), nullptr);
  }

  // Of a stream that broke, this comes before OnCancel or after; but by now
  // the context knows.
  void OnReadDone(bool ok) override {
    if (!ok) {
      return stream_->OnReadEnd(context_.IsCancelled() ? ReadEnd::kBroken
                                                       : ReadEnd::kHalfClosed);
    }
    const std::size_t size = incoming_.Length();
    message_.Clear();
    if (!Parse(incoming_, message_)) return stream_->OnMalformed(size);
    stream_->OnMessage(message_);
  }

  void OnWriteDone(bool ok) override { stream_->OnWritten(ok); }
  void OnCancel() override { stream_->OnCancelled(); }

  void OnDone() override {
    stream_->OnDone();
    // Last: who waits for an empty set may take everything else away.
    streams_.Remove(stream_.get());
    delete this;
  }

 private:
  grpc::CallbackServerContext& context_;
  StreamSet& streams_;
  std::shared_ptr<GatewayStream> stream_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  pb::GatewayMessage message_;
};

class Service final : public RawService {
 public:
  Service(Engine& engine, const GrpcServerOptions& options)
      : engine_(engine),
        outbox_(options.outbox),
        streams_(options.max_streams) {}

  RawReactor* Stream(grpc::CallbackServerContext* context) override {
    return new StreamReactor(*context, engine_, streams_, counters_, outbox_);
  }

  StreamSet& streams() { return streams_; }
  [[nodiscard]] const StreamCounters& counters() const { return counters_; }

 private:
  Engine& engine_;
  const OutboxLimits outbox_;
  StreamSet streams_;
  StreamCounters counters_;
};

// Calls StreamSet::Sweep at intervals until it is destroyed.
class Sweeper {
 public:
  Sweeper(StreamSet& streams, Duration interval)
      : thread_([this, &streams, interval] { Run(streams, interval); }) {}

  ~Sweeper() {
    {
      std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
  }

 private:
  void Run(StreamSet& streams, Duration interval) {
    std::unique_lock lock(mutex_);
    while (!stop_.wait_for(lock, interval, [this] { return is_stopping_; })) {
      lock.unlock();
      streams.Sweep();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable stop_;
  bool is_stopping_ = false;
  std::thread thread_;
};

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(int{kDefaultMessage});
  builder.SetMaxSendMessageSize(int{kLargestMessage});
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Gateways ping too; one that pings often is not worth losing.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // Without it a second server on the port would share its connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Reflection is served by gRPC's blocking threads: one queue, few threads.
  using Option = grpc::ServerBuilder::SyncServerOption;
  builder.SetSyncServerOption(Option::NUM_CQS, 1);
  builder.SetSyncServerOption(Option::MIN_POLLERS, 1);
  builder.SetSyncServerOption(Option::MAX_POLLERS, 1);
  grpc::ResourceQuota quota("streamer");
  quota.SetMaxThreads(8);
  builder.SetResourceQuota(quota);
}

// What gRPC has to say goes where everything else is logged. Its errors are
// warnings here: whoever they are errors to reports them.
void LogOfGrpc(gpr_log_func_args* line) {
  const LogLevel level = line->severity == GPR_LOG_SEVERITY_ERROR
                             ? LogLevel::kWarning
                             : LogLevel::kDebug;
  Log(level, "grpc", {{"detail", line->message}});
}

void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogOfGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

std::string Address(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// gRPC does not say why it cannot listen. So we try ourselves.
std::string WhyNotListening(const GrpcServerOptions& options) {
  using boost::asio::ip::tcp;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(options.listen, error);
  if (error) return error.message();
  const tcp::endpoint endpoint(address,
                               static_cast<std::uint16_t>(options.port));
  boost::asio::io_context context;
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1, error);
  return error ? error.message() : "a refusal by gRPC";
}

}  // namespace

struct GrpcServer::State {
  State(Engine& engine, const GrpcServerOptions& options)
      : service(engine, options) {}

  const std::shared_ptr<CallbackPulse> pulse = CallbackPulse::Share();
  Service service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Sweeper> sweeper;
  int port = 0;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

GrpcServer::~GrpcServer() {
  Shutdown(Duration::zero(), Unavailable("the server is shutting down"));
}

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, Engine& engine) {
  EnablePlugins();
  auto state = std::make_unique<State>(engine, options);
  const std::string address = Address(options.listen, options.port);
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(),
                           &state->port);
  builder.RegisterService(&state->service);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return Unavailable("grpc: expected to listen on " + address + ", got \"" +
                       WhyNotListening(options) + "\"");
  }
  state->sweeper = std::make_unique<Sweeper>(
      state->service.streams(),
      std::max<Duration>(options.stall_timeout / GatewayStream::kStalledSweeps,
                         std::chrono::milliseconds(1)));
  std::unique_ptr<GrpcServer> server(new GrpcServer(std::move(state)));
  server->SetServing(false);
  return server;
}

int GrpcServer::port() const { return state_->port; }

void GrpcServer::SetServing(bool is_serving) {
  grpc::HealthCheckServiceInterface* health =
      state_->server->GetHealthCheckService();
  health->SetServingStatus("", is_serving);
  health->SetServingStatus(kServiceName, is_serving);
}

bool GrpcServer::Shutdown(Duration grace, const Status& status) {
  StreamSet& streams = state_->service.streams();
  streams.CloseAll(status);
  const bool is_complete = streams.WaitEmpty(grace);
  streams.CutOffAll(status);
  // What is left now are watchers of health, who end only when they are told
  // to.
  state_->server->Shutdown(std::chrono::system_clock::now() + kLastGrace);
  state_->server->Wait();
  state_->sweeper.reset();
  return is_complete;
}

GrpcServerStatistics GrpcServer::Statistics() const {
  const StreamCounters& counters = state_->service.counters();
  const std::uint64_t closed = counters.closed.load(std::memory_order_relaxed);
  const std::uint64_t opened = counters.opened.load(std::memory_order_relaxed);
  const FilterCache::Counts filters = FilterCacheCounts();
  return {.deliveries = counters.deliveries.load(std::memory_order_relaxed),
          .documents_omitted =
              counters.documents_omitted.load(std::memory_order_relaxed),
          .streams_opened = opened,
          .streams_open = opened - closed,
          .filter_cache_hits = filters.hits,
          .filter_cache_misses = filters.misses};
}

}  // namespace streamer
