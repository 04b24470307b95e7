#include "client/internal/connection.h"

#include <algorithm>
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

ClientSessionOptions ProtocolOptions(const ClientOptions& options) {
  ClientSessionOptions session;
  session.target = options.target;
  session.connect_timeout = options.connect_timeout;
  session.heartbeat_interval = options.heartbeat_interval;
  session.heartbeat_timeout = options.heartbeat_timeout;
  session.backoff = options.backoff;
  session.backoff_seed = RandomSeed();
  if (!options.session.has_value()) return session;
  // A malformed state is refused in Start.
  session.session =
      options.session->resume.empty()
          ? SessionPlace()
          : ParseSessionPlace(options.session->resume).value_or(SessionPlace());
  return session;
}

// gRPC takes text for headers only.
bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

Status CheckOptions(const ClientOptions& options) {
  if (!options.session.has_value()) return OkStatus();
  if (options.gateway_id.empty()) {
    return InvalidArgument("gateway_id: expected text, got none");
  }
  if (!IsHeaderText(options.session->credential)) {
    return InvalidArgument(
        "credential: expected printable ASCII, got something else");
  }
  if (options.session->resume.empty()) return OkStatus();
  const Status state = ParseSessionPlace(options.session->resume).status();
  if (state.ok()) return OkStatus();
  return InvalidArgument(std::string("resume: ").append(MessageOf(state)));
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
      session_(ProtocolOptions(options)),
      queue_(options.queue),
      connected_(std::move(connected)) {}

void Client::Connection::Start() {
  const Section section(*this);
  const Status options = CheckOptions(options_);
  Perform(options.ok() ? session_.Start(Now()) : session_.Refuse(options));
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

Status Client::Connection::Unsubscribe(std::string_view subscription_id,
                                       Unsubscribed unsubscribed) {
  const Section section(*this);
  const UnsubscribeTicket ticket(next_ticket_++);
  auto actions = session_.Unsubscribe(subscription_id, ticket);
  if (!actions.ok()) return actions.status();
  if (unsubscribed != nullptr) {
    unsubscribed_.emplace(ticket, std::move(unsubscribed));
  }
  queue_.RemoveSubscription(subscription_id, [this](EntryNumber number) {
    Perform(session_.Processed(number));
  });
  Perform(*std::move(actions));
  ResumeIfRoom();
  return OkStatus();
}

DeliveryBatch Client::Connection::TakeBatch(std::size_t limit) {
  const Section section(*this);
  ReaderIsBack();
  DeliveryBatch batch = queue_.Take(limit);
  statistics_.deliveries_taken += batch.deliveries.size();
  for (const ReceivedGap& gap : batch.gaps) gaps_taken_.push_back(gap.number);
  if (!batch.deliveries.empty()) {
    last_taken_ = batch.deliveries.back()->number();
  }
  ResumeIfRoom();
  return batch;
}

// A reader that acknowledges by itself does so for deliveries only: being told
// is all there is to a gap.
void Client::Connection::ReaderIsBack() {
  if (!has_session()) return;
  for (const EntryNumber gap : std::exchange(gaps_taken_, {})) {
    Perform(session_.Processed(gap));
  }
  if (options_.session->acknowledges_itself) return;
  const EntryNumber taken = std::exchange(last_taken_, {});
  if (!taken.is_null()) Perform(session_.ProcessedUpTo(taken));
}

DeliveryBatch Client::Connection::NextBatch(
    std::size_t limit, std::chrono::steady_clock::time_point deadline) {
  {
    const Section section(*this);
    ReaderIsBack();
  }
  {
    Lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] {
      return !queue_.is_empty() || session_.state() == ClientState::kClosed;
    });
  }
  return TakeBatch(limit);
}

std::vector<ReceivedGap> Client::Connection::TakeGaps() {
  const Section section(*this);
  std::vector<ReceivedGap> gaps = queue_.TakeGaps();
  for (const ReceivedGap& gap : gaps) gaps_taken_.push_back(gap.number);
  return gaps;
}

void Client::Connection::GapsProcessed() {
  const Section section(*this);
  for (const EntryNumber gap : std::exchange(gaps_taken_, {})) {
    Perform(session_.Processed(gap));
  }
}

void Client::Connection::Acknowledge(EntryNumber number) {
  const Section section(*this);
  if (!number.is_null()) Perform(session_.ProcessedUpTo(number));
}

void Client::Connection::Close() {
  const Section section(*this);
  Perform(session_.Close(Now()));
}

void Client::Connection::AwaitQuiet() {
  Lock lock(mutex_);
  changed_.wait(
      lock, [this] { return open_streams_ == 0 && callbacks_running_ == 0; });
}

// Destroyed outside the lock: gRPC joins its threads here, and they may be on
// their way through a Section.
void Client::Connection::ReleaseChannel() {
  std::shared_ptr<CallbackPulse> pulse;
  std::unique_ptr<wire::StreamerService::Stub> stub;
  const Lock lock(mutex_);
  pulse.swap(pulse_);
  stub.swap(stub_);
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
  statistics.duplicates_dropped = session_.duplicates();
  return statistics;
}

std::string Client::Connection::session_state(EntryNumber after,
                                              bool has_untold_gaps) const {
  const Lock lock(mutex_);
  std::optional<SessionPlace> place = session_.place(after);
  if (!place.has_value()) return {};
  place->has_unread_loss |= has_untold_gaps;
  return FormatSessionPlace(*place);
}

bool Client::Connection::OnMessage(
    ClientStream& stream, std::unique_ptr<wire::StreamerMessage> message,
    std::int64_t received_ns) {
  const Section section(*this);
  if (&stream != stream_.get()) return false;
  // What is left of a stream that was finished is read for its end.
  if (session_.state() == ClientState::kClosed) return true;
  Receive(*message, received_ns);
  return &stream == stream_.get() && !PauseIfFull();
}

void Client::Connection::Receive(wire::StreamerMessage& message,
                                 std::int64_t received_ns) {
  const MonotonicTime received{Duration(received_ns)};
  Perform(session_.MessageReceived(received));
  switch (message.payload_case()) {
    case wire::StreamerMessage::kDelivery:
      ReceiveDelivery(
          std::unique_ptr<wire::EventDelivery>(message.release_delivery()),
          received_ns);
      break;
    case wire::StreamerMessage::kHeartbeatAck: {
      const wire::HeartbeatAck& ack = message.heartbeat_ack();
      session_.HeartbeatAcknowledged(received, ack.session(), ack.last_seq());
      break;
    }
    case wire::StreamerMessage::kSubscribeResponse: {
      const wire::SubscribeResponse& answer = message.subscribe_response();
      Perform(session_.SubscribeAnswered(answer.subscription_id(),
                                         client_wire::DecodeAnswer(answer)));
      break;
    }
    default:
      if (!has_session()) break;
      if (message.has_delivery_batch()) {
        ReceiveBatch(*message.mutable_delivery_batch(), received_ns);
      } else {
        ReceiveForSession(message, received);
      }
  }
}

void Client::Connection::ReceiveForSession(wire::StreamerMessage& message,
                                           MonotonicTime received) {
  switch (message.payload_case()) {
    case wire::StreamerMessage::kWelcome:
      ReceiveWelcome(client_wire::DecodeWelcome(message.welcome()), received);
      break;
    case wire::StreamerMessage::kResyncRequired: {
      const wire::ResyncRequired& resync = message.resync_required();
      Perform(session_.ResyncReceived(
          resync.seq(), client_wire::DecodeResync(resync), received));
      break;
    }
    case wire::StreamerMessage::kSubscriptionClosed: {
      const wire::SubscriptionClosed& closed = message.subscription_closed();
      Perform(session_.EndReceived(
          closed.seq(), SubscriptionHandle(closed.handle()),
          client_wire::DecodeClosed(closed), received));
      break;
    }
    case wire::StreamerMessage::kUnsubscribeResponse:
      Perform(session_.UnsubscribeAnswered(
          message.unsubscribe_response().subscription_id()));
      break;
    default:
      break;  // of a later version
  }
}

// One that makes no sense breaks the stream, and is not told.
void Client::Connection::ReceiveWelcome(const SessionWelcome& welcome,
                                        MonotonicTime received) {
  const std::shared_ptr<ClientStream> stream = stream_;
  Perform(session_.Welcomed(welcome, received));
  if (stream_ != stream || options_.session->welcomed == nullptr) return;
  callbacks_.push_back(
      [welcomed = options_.session->welcomed, welcome] { welcomed(welcome); });
}

// One of them may break the stream: then the others are not of this session
// any more.
void Client::Connection::ReceiveBatch(wire::DeliveryBatch& batch,
                                      std::int64_t received_ns) {
  const std::shared_ptr<ClientStream> stream = stream_;
  std::vector<wire::EventDelivery*> deliveries(
      static_cast<std::size_t>(batch.deliveries_size()));
  batch.mutable_deliveries()->ExtractSubrange(0, batch.deliveries_size(),
                                              deliveries.data());
  for (wire::EventDelivery* delivery : deliveries) {
    std::unique_ptr<wire::EventDelivery> owned(delivery);
    if (stream_ == stream) ReceiveDelivery(std::move(owned), received_ns);
  }
}

void Client::Connection::ReceiveDelivery(
    std::unique_ptr<wire::EventDelivery> delivery, std::int64_t received_ns) {
  ClientSession::Admission admission;
  if (has_session()) {
    admission = session_.DeliveryReceived(client_wire::DecodeEntry(*delivery),
                                          MonotonicTime(Duration(received_ns)));
    Perform(std::move(admission.actions));
    if (admission.number.is_null()) return;
  }
  Queue(std::make_shared<ReceivedDelivery>(std::move(delivery), received_ns,
                                           admission.number,
                                           session_.session_number()),
        admission.is_divided);
}

void Client::Connection::Queue(std::shared_ptr<ReceivedDelivery> delivery,
                               bool is_divided) {
  if (session_.has_behind()) session_.NotePlaces(*delivery);
  bool is_wanted = delivery->subscription_count() > 0 || !has_session();
  if (is_divided) {
    is_wanted = delivery->KeepSubscriptions(
        [this](std::string_view id) { return session_.NoteId(id); });
  }
  if (session_.has_retired()) {
    is_wanted = delivery->KeepSubscriptions(
        [this](std::string_view id) { return session_.IsWanted(id); });
  }
  if (!is_wanted) {
    Perform(session_.Processed(delivery->number()));
    return;
  }
  ++statistics_.deliveries_received;
  must_wake_ = must_wake_ || queue_.is_empty();
  queue_.Push(std::move(delivery));
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
  stream_ = std::make_shared<ClientStream>(
      shared_from_this(),
      has_session() ? options_.session->credential : std::string());
  ++open_streams_;
  stream_->Start(*stub_);
}

void Client::Connection::PerformOne(client_action::AbandonStream) {
  std::exchange(stream_, nullptr)->Abandon();
}

void Client::Connection::PerformOne(client_action::FinishStream) {
  stream_->Finish();
  if (std::exchange(is_paused_, false)) stream_->Read();
}

void Client::Connection::PerformOne(const client_action::SendHello& action) {
  stream_->Send(client_wire::EncodeHello(
      options_.gateway_id, action.place,
      {.allows_coalescing = options_.session->allows_coalescing,
       .max_message_bytes = options_.max_message_bytes}));
}

void Client::Connection::PerformOne(client_action::SendAcknowledgement action) {
  stream_->Send(client_wire::EncodeAck(action.acknowledgement));
}

void Client::Connection::PerformOne(
    const client_action::SendSubscribe& action) {
  auto message = client_wire::EncodeSubscribe(action.request);
  if (message.ok()) stream_->Send(*std::move(message));
}

void Client::Connection::PerformOne(
    const client_action::SendUnsubscribe& action) {
  stream_->Send(client_wire::EncodeUnsubscribe(action.subscription_id));
}

void Client::Connection::PerformOne(client_action::SendHeartbeat action) {
  stream_->Send(client_wire::EncodeHeartbeat(options_.gateway_id, UnixMillis(),
                                             action.last_seq));
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

void Client::Connection::PerformOne(client_action::CompleteUnsubscribe action) {
  const auto found = unsubscribed_.find(action.ticket);
  if (found == unsubscribed_.end()) return;
  callbacks_.push_back(
      [unsubscribed = std::move(found->second),
       status = std::move(action.status)] { unsubscribed(status); });
  unsubscribed_.erase(found);
}

void Client::Connection::PerformOne(client_action::ReportGap action) {
  const EntryNumber number = action.gap.number;
  if (queue_.PushGap(std::move(action.gap))) {
    Perform(session_.Processed(number));
  }
  must_wake_ = true;
}

void Client::Connection::PerformOne(client_action::ReportConnected) {
  callbacks_.push_back([connected = std::exchange(connected_, nullptr)] {
    connected(OkStatus());
  });
}

void Client::Connection::PerformOne(const client_action::ReportClosed& action) {
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
