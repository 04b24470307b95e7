#include "store/internal/etcd_client.h"

#include <memory>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "etcd/etcdserverpb.grpc.pb.h"

namespace streamer::internal {
namespace {

namespace wire = etcdserverpb;

// After how long an endpoint that was gone is tried again; the caller knows
// better than the channel when to ask.
constexpr int kReconnectMillis = 100;

// A page of large records may exceed what gRPC takes unasked. An etcd stands
// beside its users: a proxy of the environment is meant for the world outside.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillis);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillis);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

// One call, with its deadline: a span from now on, so that it is gRPC that
// reads a clock, the monotonic one.
class EtcdClient::Context {
 public:
  explicit Context(std::chrono::milliseconds timeout) : timeout_(timeout) {
    context_.set_deadline(gpr_time_from_millis(timeout.count(), GPR_TIMESPAN));
  }
  // Waits for a connection as long as for an answer. gRPC connects only while
  // somebody waits, or else every five seconds: an etcd that was away for a
  // moment would cost the lease of whoever only looked in.
  void AwaitConnection() { context_.set_wait_for_ready(true); }
  grpc::ClientContext* get() { return &context_; }

  [[nodiscard]] Status Translate(const std::string& address,
                                 const grpc::Status& status) const {
    if (status.ok()) return OkStatus();
    const std::string message =
        absl::StrCat("etcd ", address, ": ",
                     status.error_code() == grpc::DEADLINE_EXCEEDED
                         ? absl::StrCat("expected an answer within ",
                                        timeout_.count(), " ms, got none")
                         : status.error_message());
    switch (status.error_code()) {
      case grpc::INVALID_ARGUMENT:
        return InvalidArgument(message);
      case grpc::OUT_OF_RANGE:
        return OutOfRange(message);
      case grpc::DATA_LOSS:
        return DataLoss(message);
      default:
        return Unavailable(message);
    }
  }

 private:
  std::chrono::milliseconds timeout_;
  grpc::ClientContext context_;
};

struct EtcdClient::Endpoint {
  explicit Endpoint(const std::string& at) : address(at) {
    const std::shared_ptr<grpc::Channel> channel = MakeChannel(at);
    keys = wire::KV::NewStub(channel);
    leases = wire::Lease::NewStub(channel);
  }

  std::string address;
  std::unique_ptr<wire::KV::Stub> keys;
  std::unique_ptr<wire::Lease::Stub> leases;
};

EtcdClient::EtcdClient(const std::vector<std::string>& endpoints,
                       std::chrono::milliseconds timeout)
    : timeout_(timeout), endpoints_(endpoints.begin(), endpoints.end()) {}

EtcdClient::~EtcdClient() = default;

Status EtcdClient::TryEndpoints(const Call& call) {
  Status status;
  for (std::size_t tries = 0; tries < endpoints_.size(); ++tries) {
    std::size_t at = current_.load();
    Context context(timeout_);
    if (tries + 1 == endpoints_.size()) context.AwaitConnection();
    if (!Begin(context)) return Unavailable("etcd: the service is ending");
    status = call(endpoints_[at], context);
    End(context);
    if (status.code() != absl::StatusCode::kUnavailable) return status;
    // Unless another caller has moved on already.
    current_.compare_exchange_strong(at, (at + 1) % endpoints_.size());
  }
  return status;
}

bool EtcdClient::Begin(Context& context) {
  std::lock_guard lock(mutex_);
  if (!is_interrupted_) under_way_.push_back(&context);
  return !is_interrupted_;
}

void EtcdClient::End(Context& context) {
  std::lock_guard lock(mutex_);
  std::erase(under_way_, &context);
}

void EtcdClient::Interrupt() {
  std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  for (Context* context : under_way_) context->get()->TryCancel();
}

Result<wire::RangeResponse> EtcdClient::Range(
    const wire::RangeRequest& request) {
  wire::RangeResponse response;
  STREAMER_RETURN_IF_ERROR(
      TryEndpoints([&](const Endpoint& endpoint, Context& context) {
        return context.Translate(
            endpoint.address,
            endpoint.keys->Range(context.get(), request, &response));
      }));
  return response;
}

Result<wire::TxnResponse> EtcdClient::Txn(const wire::TxnRequest& request) {
  wire::TxnResponse response;
  STREAMER_RETURN_IF_ERROR(
      TryEndpoints([&](const Endpoint& endpoint, Context& context) {
        return context.Translate(
            endpoint.address,
            endpoint.keys->Txn(context.get(), request, &response));
      }));
  return response;
}

Result<wire::LeaseGrantResponse> EtcdClient::GrantLease(
    std::chrono::seconds ttl) {
  wire::LeaseGrantRequest request;
  request.set_ttl(ttl.count());
  wire::LeaseGrantResponse response;
  STREAMER_RETURN_IF_ERROR(
      TryEndpoints([&](const Endpoint& endpoint, Context& context) {
        return context.Translate(
            endpoint.address,
            endpoint.leases->LeaseGrant(context.get(), request, &response));
      }));
  return response;
}

Result<std::chrono::seconds> EtcdClient::RenewLease(std::int64_t lease) {
  wire::LeaseKeepAliveRequest request;
  request.set_id(lease);
  wire::LeaseKeepAliveResponse response;
  STREAMER_RETURN_IF_ERROR(TryEndpoints([&](const Endpoint& endpoint,
                                            Context& context) {
    // etcd has a stream for this, meant to stay open; one for each renewal
    // takes no thread that waits for answers.
    auto stream = endpoint.leases->LeaseKeepAlive(context.get());
    const bool is_answered = stream->Write(request) && stream->Read(&response);
    if (is_answered) context.get()->TryCancel();
    const grpc::Status end = stream->Finish();
    if (is_answered) return OkStatus();
    if (!end.ok()) return context.Translate(endpoint.address, end);
    return Unavailable(absl::StrCat("etcd ", endpoint.address,
                                    ": expected a lease to be renewed, got "
                                    "the end of the stream"));
  }));
  return std::chrono::seconds(response.ttl());
}

}  // namespace streamer::internal
