#include "client/internal/connection.h"

#include <random>
#include <utility>
#include <variant>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "client/internal/wire.h"

namespace streamer {
namespace {

namespace wire = syntrix::streamer::v1;

MonotonicTime Now() {
  return MonotonicTime(std::chrono::duration_cast<Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

std::int64_t UnixMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

gpr_timespec AlarmTime(MonotonicTime time) {
  const std::int64_t nanos = time.time_since_epoch().count();
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {nanos / kSecond, static_cast<std::int32_t>(nanos % kSecond),
          GPR_CLOCK_MONOTONIC};
}

std::uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) ^ device();
}

ClientSessionOptions SessionOptions(const ClientOptions& options) {
  ClientSessionOptions session;
  session.target = options.target;
  session.connect_timeout = options.connect_timeout;
  session.heartbeat_interval = options.heartbeat_interval;
  session.heartbeat_timeout = options.heartbeat_timeout;
  session.backoff = options.backoff;
  session.backoff_seed = RandomSeed();
  return session;
}

// The session decides when to try again, so the channel's own backoff is kept
// at the session's shortest. Heartbeats find dead streams, so keepalive pings,
// which a stock server counts as abuse, stay off. A gateway stands beside its
// service: a proxy of the environment is meant for the world outside.
std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options) {
  const auto shortest =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                           options.backoff.minimum)
                           .count());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, shortest);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, shortest);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(
      static_cast<int>(options.max_message_bytes));
  return grpc::CreateCustomChannel(
      options.target, grpc::InsecureChannelCredentials(), arguments);
}

// The service would choose an id for one without, and answer to that one.
Status CheckSendable(const SubscriptionRequest& request) {
  if (request.id.empty()) {
    return InvalidArgument("id: expected text, got none");
  }
  return client_wire::EncodeSubscribe(request).status();
}

}  // namespace

class Client::Connection::Section {
 public:
  explicit Section(Connection& connection)
      : connection_(connection), lock_(connection.mutex_) {}

  ~Section() {
    connection_.ArmAlarm();
    const bool must_wake = std::exchange(connection_.must_wake_, false);
    std::vector<std::function<void()>> callbacks;
    callbacks.swap(connection_.callbacks_);
    connection_.callbacks_running_ += static_cast<int>(!callbacks.empty());
    lock_.unlock();
    if (must_wake) connection_.changed_.notify_all();
    for (const auto& callback : callbacks) callback();
    if (must_wake || !callbacks.empty()) connection_.wake_.Signal();
    if (callbacks.empty()) return;
    callbacks.clear();
    lock_.lock();
    --connection_.callbacks_running_;
    connection_.changed_.notify_all();
  }

  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  Connection& connection_;
  Lock lock_;
};

Client::Connection::Connection(const ClientOptions& options,
                               Connected connected)
    : options_(options),
      stub_(wire::StreamerService::NewStub(MakeChannel(options))),
      session_(SessionOptions(options)),
      queue_(options.queue),
      connected_(std::move(connected)) {}

void Client::Connection::Start() {
  const Section section(*this);
  Perform(session_.Start(Now()));
}

SubscribeTicket Client::Connection::Subscribe(SubscriptionRequest request,
                                              Answered answered) {
  const Section section(*this);
  const SubscribeTicket ticket(next_ticket_++);
  const Status sendable = CheckSendable(request);
  asked_.emplace(ticket, Asked{std::move(answered), request.expression});
  if (sendable.ok()) {
    Perform(session_.Subscribe(ticket, std::move(request)));
  } else {
    PerformOne(client_action::CompleteSubscribe{ticket, sendable});
  }
  return ticket;
}

void Client::Connection::CancelSubscribe(SubscribeTicket ticket) {
  const Section section(*this);
  asked_.erase(ticket);
  Perform(session_.CancelSubscribe(ticket));
}

Status Client::Connection::Unsubscribe(std::string_view subscription_id) {
  const Section section(*this);
  auto actions = session_.Unsubscribe(subscription_id);
  if (!actions.ok()) return actions.status();
  queue_.RemoveSubscription(subscription_id);
  Perform(*std::move(actions));
  ResumeIfRoom();
  return OkStatus();
}

DeliveryBatch Client::Connection::TakeBatch(std::size_t limit) {
  const Section section(*this);
  DeliveryBatch batch = queue_.Take(limit);
  statistics_.deliveries_taken += batch.deliveries.size();
  ResumeIfRoom();
  return batch;
}

DeliveryBatch Client::Connection::NextBatch(
    std::size_t limit, std::chrono::steady_clock::time_point deadline) {
  {
    Lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] {
      return !queue_.is_empty() || session_.state() == ClientState::kClosed;
    });
  }
  return TakeBatch(limit);
}

std::vector<Gap> Client::Connection::TakeGaps() {
  const Section section(*this);
  return queue_.TakeGaps();
}

void Client::Connection::Close() {
  const Section section(*this);
  Perform(session_.Close());
}

void Client::Connection::AwaitQuiet() {
  Lock lock(mutex_);
  changed_.wait(
      lock, [this] { return open_streams_ == 0 && callbacks_running_ == 0; });
}

// Destroyed outside the lock: gRPC joins its threads here, and they may be on
// their way through a Section.
void Client::Connection::ReleaseChannel() {
  std::unique_ptr<wire::StreamerService::Stub> released;
  const Lock lock(mutex_);
  released.swap(stub_);
}

ClientState Client::Connection::state() const {
  const Lock lock(mutex_);
  return session_.state();
}

Status Client::Connection::close_reason() const {
  const Lock lock(mutex_);
  return close_reason_;
}

ClientStatistics Client::Connection::Statistics() const {
  const Lock lock(mutex_);
  ClientStatistics statistics = statistics_;
  statistics.reconnects = session_.reconnects();
  statistics.queued_deliveries = queue_.delivery_count();
  statistics.queued_bytes = queue_.size_bytes();
  statistics.subscriptions = session_.subscription_count();
  return statistics;
}

bool Client::Connection::OnMessage(
    ClientStream& stream, std::unique_ptr<wire::StreamerMessage> message,
    std::int64_t received_ns) {
  const Section section(*this);
  if (&stream != stream_.get()) return false;
  Perform(session_.MessageReceived(MonotonicTime(Duration(received_ns))));
  switch (message->payload_case()) {
    case wire::StreamerMessage::kDelivery:
      ReceiveDelivery(std::move(message), received_ns);
      break;
    case wire::StreamerMessage::kHeartbeatAck:
      session_.HeartbeatAcknowledged();
      break;
    case wire::StreamerMessage::kSubscribeResponse: {
      const wire::SubscribeResponse& answer = message->subscribe_response();
      Perform(session_.SubscribeAnswered(answer.subscription_id(),
                                         client_wire::DecodeAnswer(answer)));
      break;
    }
    default:
      break;  // of a later version, or meant for sessions
  }
  return !PauseIfFull();
}

void Client::Connection::ReceiveDelivery(
    std::unique_ptr<wire::StreamerMessage> message, std::int64_t received_ns) {
  auto delivery =
      std::make_shared<ReceivedDelivery>(std::move(message), received_ns);
  if (session_.has_retired() && !KeepLiveSubscriptions(*delivery)) return;
  ++statistics_.deliveries_received;
  must_wake_ = must_wake_ || queue_.is_empty();
  queue_.Push(std::move(delivery));
}

bool Client::Connection::KeepLiveSubscriptions(ReceivedDelivery& delivery) {
  std::vector<std::string> retired;
  for (std::size_t i = 0; i < delivery.subscription_count(); ++i) {
    const std::string_view id = delivery.subscription_id(i);
    if (!session_.IsLive(id)) retired.emplace_back(id);
  }
  bool is_any_left = true;
  for (const std::string& id : retired) {
    is_any_left = delivery.RemoveSubscription(id);
  }
  return is_any_left;
}

bool Client::Connection::PauseIfFull() {
  if (!queue_.is_full()) return false;
  is_paused_ = true;
  ++statistics_.reading_pauses;
  session_.ReadingPaused();
  return true;
}

void Client::Connection::ResumeIfRoom() {
  if (!is_paused_ || stream_ == nullptr || !queue_.has_room()) return;
  is_paused_ = false;
  session_.ReadingResumed(Now());
  stream_->Read();
}

void Client::Connection::OnEnd(ClientStream& stream, const Status& status) {
  const Section section(*this);
  --open_streams_;
  changed_.notify_all();
  if (&stream != stream_.get()) return;
  stream_.reset();
  Perform(session_.StreamBroken(status, Now()));
}

void Client::Connection::OnAlarm() {
  const Section section(*this);
  alarm_.reset();
  Perform(session_.Tick(Now()));
}

// An alarm that rings too early does no harm, so it is moved only forward.
void Client::Connection::ArmAlarm() {
  const std::optional<MonotonicTime> deadline = session_.NextDeadline();
  if (!deadline.has_value()) {
    alarm_.reset();
    return;
  }
  if (alarm_ != nullptr && alarm_at_ <= *deadline) return;
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_at_ = *deadline;
  alarm_->Set(AlarmTime(*deadline), [weak = weak_from_this()](bool has_rung) {
    const std::shared_ptr<Connection> connection = weak.lock();
    if (has_rung && connection != nullptr) connection->OnAlarm();
  });
}

void Client::Connection::Perform(ClientActions actions) {
  for (ClientAction& action : actions) {
    std::visit([this](auto& one) { PerformOne(std::move(one)); }, action);
  }
}

void Client::Connection::PerformOne(client_action::OpenStream) {
  is_paused_ = false;
  stream_ = std::make_shared<ClientStream>(shared_from_this());
  ++open_streams_;
  stream_->Start(*stub_);
}

void Client::Connection::PerformOne(client_action::AbandonStream) {
  std::exchange(stream_, nullptr)->Abandon();
}

void Client::Connection::PerformOne(client_action::SendSubscribe action) {
  auto message = client_wire::EncodeSubscribe(action.request);
  if (message.ok()) stream_->Send(*std::move(message));
}

void Client::Connection::PerformOne(client_action::SendUnsubscribe action) {
  stream_->Send(client_wire::EncodeUnsubscribe(action.subscription_id));
}

void Client::Connection::PerformOne(client_action::SendHeartbeat) {
  stream_->Send(
      client_wire::EncodeHeartbeat(options_.gateway_id, UnixMillis()));
}

void Client::Connection::PerformOne(client_action::CompleteSubscribe action) {
  const auto found = asked_.find(action.ticket);
  if (found == asked_.end()) return;
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  if (!action.answer.ok()) {
    action.answer =
        client_wire::WithPosition(action.answer.status(), asked.expression);
  }
  callbacks_.push_back(
      [answered = asked.answered, answer = std::move(action.answer)] {
        answered(answer);
      });
}

void Client::Connection::PerformOne(client_action::ReportGap action) {
  queue_.PushGap(std::move(action.subscription_id), action.reason);
  must_wake_ = true;
}

void Client::Connection::PerformOne(client_action::ReportConnected) {
  callbacks_.push_back([connected = std::exchange(connected_, nullptr)] {
    connected(OkStatus());
  });
}

void Client::Connection::PerformOne(client_action::ReportClosed action) {
  close_reason_ = action.status;
  must_wake_ = true;
  Connected connected = std::exchange(connected_, nullptr);
  if (connected == nullptr) return;
  const Status status = action.status.ok()
                            ? absl::CancelledError("the client is closed")
                            : action.status;
  callbacks_.push_back(
      [connected = std::move(connected), status] { connected(status); });
}

}  // namespace streamer
