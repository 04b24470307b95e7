#include "transport/internal/gateway_stream.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syntrix/streamer/v1/streamer.pb.h"
#include "transport/internal/delivery_wire.h"
#include "transport/internal/uuid.h"
#include "transport/internal/wire.h"
#include "transport/log.h"

namespace streamer {
namespace {

template <typename T>
T TakeFirst(std::deque<T>& queue) {
  T first = std::move(queue.front());
  queue.pop_front();
  return first;
}

bool IsShorter(const std::string& left, const std::string& right) {
  return left.size() < right.size();
}

}  // namespace

GatewayStream::GatewayStream(Engine& engine, StreamConnection& connection,
                             StreamCounters& counters,
                             GatewayStreamOptions options)
    : engine_(engine),
      connection_(connection),
      counters_(counters),
      options_(std::move(options)),
      gateway_id_(MakeUuid()) {}

std::shared_ptr<GatewayStream> GatewayStream::Open(
    Engine& engine, StreamConnection& connection, StreamCounters& counters,
    GatewayStreamOptions options) {
  std::shared_ptr<GatewayStream> stream(
      new GatewayStream(engine, connection, counters, std::move(options)));
  counters.opened.fetch_add(1, std::memory_order_relaxed);
  stream->gateway_ = engine.Connect({.gateway_id = stream->gateway_id_,
                                     .kind = GatewayKind::kSoftState,
                                     .limits = stream->options_.outbox,
                                     .initial_credit = stream->options_.window},
                                    stream);
  Log(LogLevel::kInfo, "gateway connected",
      {{"gateway", stream->gateway_id_}, {"peer", stream->options_.peer}});
  stream->RequestRead();
  return stream;
}

void GatewayStream::OnMessage(const pb::GatewayMessage& message) {
  const bool is_first = !std::exchange(has_message_, true);
  if (message.has_hello() && !is_first) {
    return Close(InvalidArgument(
        "hello: expected it as the first message of a stream, got another "
        "before it"));
  }
  switch (message.payload_case()) {
    case pb::GatewayMessage::kSubscribe:
      return OnSubscribe(message.subscribe());
    case pb::GatewayMessage::kUnsubscribe:
      return OnUnsubscribe(message.unsubscribe());
    case pb::GatewayMessage::kHeartbeat:
      return OnHeartbeat(message.heartbeat());
    case pb::GatewayMessage::kHello:
      return OnHello(message.hello());
    case pb::GatewayMessage::kAck:
      return OnAck(message.ack());
    case pb::GatewayMessage::PAYLOAD_NOT_SET:
      return RequestRead();
  }
}

void GatewayStream::OnSubscribe(const pb::SubscribeRequest& request) {
  SubscribeReading reading = ReadSubscribe(
      request, gateway_,
      is_session_ ? GatewayKind::kSession : GatewayKind::kSoftState);
  ResolveResume(request, reading.command);
  if (is_session_ && reading.command.ok() && request.ttl_seconds() > 0) {
    reading.command->ttl = std::chrono::seconds(request.ttl_seconds());
  }
  SubscribeResponse refusal{.subscription_id = reading.subscription_id,
                            .status = reading.command.status()};
  if (refusal.status.ok()) {
    refusal.status = Ask(std::move(*reading.command));
    if (refusal.status.ok()) return;
  }
  Refuse(EncodeSubscribeResponse(refusal));
  RequestRead();
}

// Submits a command that will be answered, unless this fails.
Status GatewayStream::Ask(Command command) {
  {
    Lock lock(mutex_);
    ++answers_pending_;
  }
  Status status = engine_.Submit(std::move(command), ReadNextWhenTaken());
  if (status.ok()) return status;
  Lock lock(mutex_);
  --answers_pending_;
  return status;
}

// A place that the log no longer reaches is refused to a plain gateway, which
// has no notice of what it missed but this answer; a session gets a resync.
void GatewayStream::ResolveResume(const pb::SubscribeRequest& request,
                                  Result<Subscribe>& command) {
  if (!command.ok() || request.resume_after().empty()) return;
  const Result<ResumePoint> point = engine_.Resolve(request.resume_after());
  Status status = point.status();
  if (status.ok() && !is_session_) status = point->reached;
  if (status.ok()) {
    command->resume_after = point->after;
    command->redelivered_upto = point->redelivered_upto;
    return;
  }
  command =
      Status(status.code(), "resume_after: " + std::string(MessageOf(status)));
}

// Only a session is answered; and by an engine that is stopping, nobody: the
// gateway asks again on its next stream.
void GatewayStream::OnUnsubscribe(const pb::UnsubscribeRequest& request) {
  UnsubscribeReading reading = ReadUnsubscribe(request);
  if (!reading.status.ok()) {
    if (is_session_) {
      Refuse(EncodeUnsubscribeResponse(
          {std::move(reading.subscription_id), std::move(reading.status), {}}));
    }
    return RequestRead();
  }
  Unsubscribe command{gateway_, std::move(reading.subscription_id)};
  const Status status =
      is_session_ ? Ask(std::move(command))
                  : engine_.Submit(std::move(command), ReadNextWhenTaken());
  if (!status.ok()) RequestRead();
}

void GatewayStream::OnHeartbeat(const pb::Heartbeat& heartbeat) {
  {
    Lock lock(mutex_);
    if (phase_ == Phase::kOpen) acks_.push_back(heartbeat.timestamp());
    WriteNext(lock);
  }
  RequestRead();
}

// The gateway that the stream was until now has asked for nothing, and ends.
void GatewayStream::OnHello(const pb::Hello& hello) {
  Result<SessionRequest> request = ReadHello(hello);
  if (!request.ok()) return Close(request.status());
  request->credential = options_.credential;
  request->limits = options_.outbox;
  request->initial_credit = options_.window;
  {
    Lock lock(mutex_);
    is_session_ = true;
    is_opening_ = true;
    ++answers_pending_;
    gateway_id_ = request->gateway_id;
    max_message_bytes_ = MaxMessageBytes(hello);
  }
  engine_.Disconnect(gateway_);
  const GatewayHandle stream =
      engine_.OpenSession(*std::move(request), shared_from_this());
  Log(LogLevel::kInfo, "session asked for",
      {{"gateway", hello.gateway_id()}, {"peer", options_.peer}});
  {
    Lock lock(mutex_);
    gateway_ = stream;
    is_opening_ = false;
    if (phase_ == Phase::kOpen) {
      const std::size_t grant = TakeGrant();
      lock.unlock();
      if (grant > 0) engine_.Grant(stream, grant);
      return RequestRead();
    }
  }
  // It closed meanwhile, and could not say so of a handle it did not have.
  engine_.Disconnect(stream);
}

// An Ack of another session, or without one, is ignored. Of those that come
// while one is under way to the engine only the newest is kept: however many a
// gateway sends, none wait.
void GatewayStream::OnAck(const pb::Ack& ack) {
  {
    Lock lock(mutex_);
    if (is_session_ && ack.session() == session_.value() &&
        session_ != SessionNumber()) {
      acknowledged_ = std::max(acknowledged_, ack.seq());
    }
    TellAcknowledged(lock);
  }
  RequestRead();
}

// REQUIRES: `lock` is held.
void GatewayStream::TellAcknowledged(Lock& lock) {
  if (is_telling_acknowledged_ || acknowledged_ <= acknowledged_told_) return;
  is_telling_acknowledged_ = true;
  acknowledged_told_ = acknowledged_;
  const std::uint64_t sequence = acknowledged_;
  lock.unlock();
  engine_.Acknowledge(gateway_, sequence, [self = shared_from_this()] {
    Lock again(self->mutex_);
    self->is_telling_acknowledged_ = false;
    self->TellAcknowledged(again);
    if (again.owns_lock() && self->IsEndOfReading()) {
      self->BeginClose(again, OkStatus(), Queued::kKeep);
    }
  });
}

// Answers without asking the engine, and yet in the order of the requests: an
// id may have been asked for before, and its owner takes the first answer for
// that one's.
void GatewayStream::Refuse(std::string answer) {
  Lock lock(mutex_);
  if (phase_ != Phase::kOpen) return;
  if (answers_pending_ == 0) {
    AddAnswer(std::move(answer));
    WriteNext(lock);
  } else {
    refusals_.push_back({answers_pending_, std::move(answer)});
  }
}

// One more answer of the engine has come. REQUIRES: mutex_ is held.
void GatewayStream::OnAnswered(std::string answer) {
  if (answers_pending_ > 0) --answers_pending_;
  AddAnswer(std::move(answer));
  for (Refusal& refusal : refusals_) --refusal.after;
  while (!refusals_.empty() && refusals_.front().after == 0) {
    AddAnswer(std::move(refusals_.front().message));
    refusals_.pop_front();
  }
}

std::function<void()> GatewayStream::ReadNextWhenTaken() {
  return [self = shared_from_this()] { self->RequestRead(); };
}

void GatewayStream::OnMalformed(std::size_t size) {
  Lock lock(mutex_);
  BeginClose(lock,
             InvalidArgument("expected a syntrix.streamer.v1.GatewayMessage, "
                             "got " +
                             std::to_string(size) + " bytes that are none"),
             Queued::kKeep);
}

// What was asked before the peer closed its side is still answered, and what it
// acknowledged is taken.
bool GatewayStream::IsEndOfReading() const {
  return has_read_end_ && answers_pending_ == 0 && !is_telling_acknowledged_;
}

void GatewayStream::OnReadEnd(ReadEnd why) {
  if (why == ReadEnd::kBroken) return OnCancelled();
  Lock lock(mutex_);
  has_read_end_ = true;
  if (IsEndOfReading()) BeginClose(lock, OkStatus(), Queued::kKeep);
}

void GatewayStream::OnWritten(bool ok) {
  Lock lock(mutex_);
  is_writing_ = false;
  ++writes_;
  if (!ok) {
    BeginClose(lock, Unavailable("the stream is broken"), Queued::kDrop);
    return;
  }
  if (parts_.empty()) {
    broken_off_.written = writing_;
    to_grant_ += std::exchange(taken_, 0);
  }
  const bool is_step = parts_.empty() && (to_grant_ >= options_.window / 4 ||
                                          to_grant_bytes_ >= kGrantBytes);
  const std::size_t grant = is_step ? TakeGrant() : 0;
  WriteNext(lock);
  if (!lock.owns_lock()) lock.lock();
  ReadIfWanted(lock);
  const GatewayHandle gateway = gateway_;
  lock.unlock();
  if (grant > 0) engine_.Grant(gateway, grant);
}

// Deliveries of a session can be written before OpenSession has returned its
// handle: what is granted to any other is lost, and the stream stands still.
// REQUIRES: mutex_ is held.
std::size_t GatewayStream::TakeGrant() {
  if (is_opening_ || to_grant_ == 0) return 0;
  to_grant_bytes_ = 0;
  return std::exchange(to_grant_, 0);
}

void GatewayStream::OnCancelled() {
  Lock lock(mutex_);
  BeginClose(lock, Status(absl::StatusCode::kCancelled, "the peer is gone"),
             Queued::kDrop);
}

void GatewayStream::OnDone() {
  Lock lock(mutex_);
  is_done_ = true;
  counters_.closed.fetch_add(1, std::memory_order_relaxed);
  const std::string code(absl::StatusCodeToString(close_status_.code()));
  Log(LogLevel::kInfo, "gateway gone",
      {{"gateway", gateway_id_},
       {"peer", options_.peer},
       {"status", code},
       {"reason", MessageOf(close_status_)},
       {"deliveries", deliveries_}});
}

void GatewayStream::Close(const Status& status) {
  Lock lock(mutex_);
  BeginClose(lock, status, Queued::kKeep);
}

void GatewayStream::Sweep() {
  Lock lock(mutex_);
  const bool is_waiting = is_writing_ || phase_ != Phase::kOpen;
  const bool has_moved = writes_ != writes_at_sweep_;
  writes_at_sweep_ = writes_;
  stalled_sweeps_ = is_waiting && !has_moved ? stalled_sweeps_ + 1 : 0;
  if (stalled_sweeps_ < kStalledSweeps) {
    // Less than a step as well: what was written and is not known to be holds
    // up the low-watermark.
    const std::size_t grant = TakeGrant();
    const GatewayHandle gateway = gateway_;
    lock.unlock();
    if (grant > 0) engine_.Grant(gateway, grant);
    return;
  }
  lock.unlock();
  CutOff(
      ResourceExhausted("expected the gateway to read, got nothing taken for "
                        "gateway.stall_timeout"));
}

void GatewayStream::CutOff(const Status& status) {
  Lock lock(mutex_);
  if (is_done_) return;
  // Under the mutex, which OnDone takes before the connection goes. A stream
  // that was about to end well does not: something of it is lost.
  connection_.Cancel(close_status_.ok() ? status : close_status_);
  BeginClose(lock, status, Queued::kDrop);
}

void GatewayStream::OnEffects(std::vector<GatewayEffect> effects) {
  std::optional<Status> close;
  Lock lock(mutex_);
  for (GatewayEffect& effect : effects) Enqueue(std::move(effect), close);
  if (close.has_value()) {
    BeginClose(lock, *close, Queued::kDrop);
  } else if (IsEndOfReading()) {
    BeginClose(lock, OkStatus(), Queued::kKeep);
  } else {
    WriteNext(lock);
  }
}

// REQUIRES: mutex_ is held.
void GatewayStream::Enqueue(GatewayEffect effect,
                            std::optional<Status>& close) {
  if (phase_ != Phase::kOpen) return;
  if (auto* delivery = std::get_if<SharedDelivery>(&effect)) {
    if (is_session_) last_sequence_ = (*delivery)->sequence;
    queue_.emplace_back(std::move(*delivery));
  } else if (auto* response = std::get_if<SubscribeResponse>(&effect)) {
    OnAnswered(EncodeSubscribeResponse(*response));
  } else if (auto* closed = std::get_if<GatewayClosed>(&effect)) {
    close = closed->status;
  } else if (is_session_) {
    TellSession(effect);
  } else if (auto* ended = std::get_if<SubscriptionClosed>(&effect)) {
    // Of a plain gateway, nothing else takes a subscription away.
    if (ended->reason != CloseReason::kSuspended) return;
    AddAnswer(EncodeSubscribeResponse(
        {.subscription_id = std::move(ended->subscription_id),
         .status = ResourceExhausted("suspended: " + ended->detail)}));
  } else if (auto* resync = std::get_if<ResyncRequired>(&effect)) {
    // To a plain gateway the broken stream is the notice.
    close = DataLoss(resync->reason);
  }
  // Plain gateways are not told of the rest.
}

// REQUIRES: mutex_ is held.
void GatewayStream::TellSession(GatewayEffect& effect) {
  if (const auto* opened = std::get_if<SessionOpened>(&effect)) {
    session_ = opened->session;
    OnAnswered(EncodeWelcome(*opened));
  } else if (const auto* ended = std::get_if<UnsubscribeResponse>(&effect)) {
    OnAnswered(EncodeUnsubscribeResponse(*ended));
  } else if (const auto* closed = std::get_if<SubscriptionClosed>(&effect)) {
    last_sequence_ = closed->sequence;
    AddAnswer(EncodeSubscriptionClosed(*closed));
  } else if (const auto* resync = std::get_if<ResyncRequired>(&effect)) {
    last_sequence_ = resync->sequence;
    AddAnswer(EncodeResyncRequired(*resync, max_message_bytes_));
  }
}

// REQUIRES: mutex_ is held.
void GatewayStream::AddAnswer(std::string message) {
  queue_.emplace_back(std::move(message));
  ++answers_queued_;
}

bool GatewayStream::may_read() const {
  return acks_.size() < kMaxAcks &&
         answers_queued_ + answers_pending_ + refusals_.size() < kMaxAnswers;
}

void GatewayStream::RequestRead() {
  Lock lock(mutex_);
  wants_read_ = true;
  ReadIfWanted(lock);
}

// REQUIRES: `lock` is held; it is held again afterwards. The stream is not
// finished while a read is being started, because the connection must not be
// used after that. There may be several at once: what was read can arrive, and
// the next read be asked for, before the call that started it returns.
void GatewayStream::ReadIfWanted(Lock& lock) {
  if (!wants_read_ || phase_ != Phase::kOpen || !may_read()) return;
  wants_read_ = false;
  ++starting_reads_;
  lock.unlock();
  connection_.Read();
  lock.lock();
  --starting_reads_;
  if (phase_ == Phase::kClosing) {
    WriteNext(lock);
    if (!lock.owns_lock()) lock.lock();
  }
}

// REQUIRES: `lock` is held; it may be released.
void GatewayStream::BeginClose(Lock& lock, const Status& status,
                               Queued queued) {
  if (queued == Queued::kDrop) {
    queue_.clear();
    parts_.clear();
    acks_.clear();
    answers_queued_ = 0;
  }
  if (phase_ == Phase::kOpen) {
    phase_ = Phase::kClosing;
    close_status_ = status;
    const GatewayHandle gateway = gateway_;
    BrokenOff broken_off = broken_off_;
    lock.unlock();
    if (status.ok()) {
      engine_.Disconnect(gateway);
    } else {
      engine_.Break(gateway, std::move(broken_off));
    }
    lock.lock();
  }
  WriteNext(lock);
}

// Starts the next write if none is under way, or finishes the stream if it is
// closing and nothing is left.
// REQUIRES: `lock` is held; it may be released.
void GatewayStream::WriteNext(Lock& lock) {
  if (is_writing_ || phase_ == Phase::kFinished) return;
  const std::size_t waiting = acks_.size() + parts_.size() + queue_.size();
  if (waiting == 0) return FinishStream(lock);
  is_writing_ = true;
  Outgoing outgoing = TakeNext();
  const bool has_more = !acks_.empty() || !parts_.empty() || !queue_.empty();
  const Flush flush = has_more ? Flush::kWithNext : Flush::kNow;
  lock.unlock();
  if (outgoing.deliveries.empty()) {
    connection_.Write(std::move(outgoing.message), flush);
  } else {
    WriteDeliveries(outgoing, flush);
  }
}

// REQUIRES: mutex_ is held and something waits.
GatewayStream::Outgoing GatewayStream::TakeNext() {
  Outgoing next;
  if (!acks_.empty()) {
    next.message =
        EncodeHeartbeatAck(TakeFirst(acks_), last_sequence_, session_);
    return next;
  }
  if (!parts_.empty()) {
    next.message = TakeFirst(parts_);
    return next;
  }
  if (auto* message = std::get_if<std::string>(&queue_.front())) {
    next.message = std::move(*message);
    queue_.pop_front();
    --answers_queued_;
    return next;
  }
  const std::size_t most = is_session_ ? kBatch : 1;
  while (next.deliveries.size() < most && !queue_.empty()) {
    auto* delivery = std::get_if<SharedDelivery>(&queue_.front());
    if (delivery == nullptr) break;
    const Delivery& next_one = **delivery;
    if (!next_one.is_catching_up) writing_ = next_one.event->event.position;
    next.deliveries.push_back(std::move(*delivery));
    queue_.pop_front();
    ++taken_;
    ++deliveries_;
  }
  return next;
}

void GatewayStream::WriteDeliveries(const Outgoing& outgoing, Flush flush) {
  const std::vector<SharedDelivery>& deliveries = outgoing.deliveries;
  std::vector<std::string> messages = is_session_
                                          ? EncodeSession(deliveries)
                                          : EncodeDelivery(*deliveries.front());
  // One that does not go out leaves none of its parts behind.
  const std::size_t longest =
      std::max_element(messages.begin(), messages.end(), IsShorter)->size();
  if (longest > max_message_bytes_) {
    return CloseForTooLarge(*deliveries.front(), longest);
  }
  counters_.deliveries.fetch_add(deliveries.size(), std::memory_order_relaxed);
  std::string first = std::move(messages.front());
  {
    Lock lock(mutex_);
    to_grant_bytes_ += first.size();
    for (std::size_t i = 1; i < messages.size(); ++i) {
      to_grant_bytes_ += messages[i].size();
      parts_.push_back(std::move(messages[i]));
    }
    if (!parts_.empty()) flush = Flush::kWithNext;
  }
  connection_.Write(std::move(first), flush);
}

std::vector<std::string> GatewayStream::EncodeSession(
    std::span<const SharedDelivery> deliveries) {
  SessionMessages encoded =
      EncodeSessionDeliveries(deliveries, max_message_bytes_);
  if (encoded.documents_omitted > 0) {
    counters_.documents_omitted.fetch_add(encoded.documents_omitted,
                                          std::memory_order_relaxed);
  }
  return std::move(encoded.messages);
}

// Everything before it was written: no write was under way.
void GatewayStream::CloseForTooLarge(const Delivery& delivery,
                                     std::size_t bytes) {
  counters_.documents_omitted.fetch_add(1, std::memory_order_relaxed);
  Lock lock(mutex_);
  is_writing_ = false;
  --deliveries_;
  broken_off_.too_large = delivery.event->event.position;
  broken_off_.too_large_for = delivery.handles;
  BeginClose(lock,
             DataLoss("event \"" + delivery.event->event.source->event_id +
                      "\": expected a message of at most " +
                      std::to_string(max_message_bytes_) + " bytes, got " +
                      std::to_string(bytes)),
             Queued::kDrop);
}

// REQUIRES: `lock` is held and nothing is left to write.
void GatewayStream::FinishStream(Lock& lock) {
  if (phase_ != Phase::kClosing || starting_reads_ > 0) return;
  phase_ = Phase::kFinished;
  const Status status = close_status_;
  lock.unlock();
  connection_.Finish(status);
}

}  // namespace streamer
