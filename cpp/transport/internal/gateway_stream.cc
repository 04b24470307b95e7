#include "transport/internal/gateway_stream.h"

#include <functional>
#include <optional>
#include <utility>

#include "syntrix/streamer/v1/streamer.pb.h"
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
                                     .initial_credit = kWindow},
                                    stream);
  Log(LogLevel::kInfo, "gateway connected",
      {{"gateway", stream->gateway_id_}, {"peer", stream->options_.peer}});
  stream->RequestRead();
  return stream;
}

void GatewayStream::OnMessage(const pb::GatewayMessage& message) {
  switch (message.payload_case()) {
    case pb::GatewayMessage::kSubscribe:
      return OnSubscribe(message.subscribe());
    case pb::GatewayMessage::kUnsubscribe:
      return OnUnsubscribe(message.unsubscribe());
    case pb::GatewayMessage::kHeartbeat:
      return OnHeartbeat(message.heartbeat());
    case pb::GatewayMessage::kHello:
      return OnHello();
    // Without a session an Ack is one of another session, which is ignored.
    case pb::GatewayMessage::kAck:
    case pb::GatewayMessage::PAYLOAD_NOT_SET:
      return RequestRead();
  }
}

void GatewayStream::OnSubscribe(const pb::SubscribeRequest& request) {
  SubscribeReading reading = ReadSubscribe(request, gateway_);
  ResolveResume(request, reading.command);
  SubscribeResponse refusal{.subscription_id = reading.subscription_id,
                            .status = reading.command.status()};
  if (refusal.status.ok()) {
    {
      Lock lock(mutex_);
      ++answers_pending_;
    }
    refusal.status =
        engine_.Submit(std::move(*reading.command), ReadNextWhenTaken());
    if (refusal.status.ok()) return;
    Lock lock(mutex_);
    --answers_pending_;
  }
  Refuse(std::move(refusal));
  RequestRead();
}

// A place that the log does not reach is refused: a plain gateway has no notice
// of what it missed but this answer.
void GatewayStream::ResolveResume(const pb::SubscribeRequest& request,
                                  Result<Subscribe>& command) {
  if (!command.ok() || request.resume_after().empty()) return;
  const Result<Position> after = engine_.Resolve(request.resume_after());
  if (after.ok()) {
    command->resume_after = *after;
    return;
  }
  command = Status(after.status().code(),
                   "resume_after: " + std::string(MessageOf(after.status())));
}

void GatewayStream::OnUnsubscribe(const pb::UnsubscribeRequest& request) {
  const Status submitted = engine_.Submit(
      Unsubscribe{gateway_, request.subscription_id()}, ReadNextWhenTaken());
  if (!submitted.ok()) RequestRead();
}

void GatewayStream::OnHeartbeat(const pb::Heartbeat& heartbeat) {
  {
    Lock lock(mutex_);
    if (phase_ == Phase::kOpen) acks_.push_back(heartbeat.timestamp());
    WriteNext(lock);
  }
  RequestRead();
}

// A gateway that opens a session waits for a Welcome. Silence would keep it
// waiting for ever, and without a session what it counts on does not hold.
void GatewayStream::OnHello() {
  Close(
      Unimplemented("hello: expected a plain gateway, got one that opens a "
                    "session; not offered by this version"));
}

// Answers without asking the engine.
void GatewayStream::Refuse(SubscribeResponse response) {
  Lock lock(mutex_);
  if (phase_ == Phase::kOpen) {
    queue_.emplace_back(std::move(response));
    ++answers_queued_;
  }
  WriteNext(lock);
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

// Commands sent before the peer closed its side are still answered.
void GatewayStream::OnReadEnd() {
  Lock lock(mutex_);
  has_read_end_ = true;
  if (answers_pending_ == 0) BeginClose(lock, OkStatus(), Queued::kKeep);
}

void GatewayStream::OnWritten(bool ok) {
  std::size_t grant = 0;
  Lock lock(mutex_);
  is_writing_ = false;
  ++writes_;
  if (!ok) {
    BeginClose(lock, Unavailable("the stream is broken"), Queued::kDrop);
    return;
  }
  if (to_grant_ >= kGrantStep) std::swap(grant, to_grant_);
  WriteNext(lock);
  if (!lock.owns_lock()) lock.lock();
  ReadIfWanted(lock);
  lock.unlock();
  if (grant > 0) engine_.Grant(gateway_, grant);
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
  if (stalled_sweeps_ < kStalledSweeps) return;
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
  } else if (has_read_end_ && answers_pending_ == 0) {
    BeginClose(lock, OkStatus(), Queued::kKeep);
  } else {
    WriteNext(lock);
  }
}

// REQUIRES: mutex_ is held.
void GatewayStream::Enqueue(GatewayEffect effect,
                            std::optional<Status>& close) {
  if (phase_ != Phase::kOpen) return;
  if (auto* delivery = std::get_if<Delivery>(&effect)) {
    queue_.emplace_back(std::move(*delivery));
  } else if (auto* response = std::get_if<SubscribeResponse>(&effect)) {
    if (answers_pending_ > 0) --answers_pending_;
    ++answers_queued_;
    queue_.emplace_back(std::move(*response));
  } else if (auto* ended = std::get_if<SubscriptionClosed>(&effect)) {
    // Of a plain gateway, nothing else takes a subscription away.
    if (ended->reason != CloseReason::kSuspended) return;
    ++answers_queued_;
    queue_.emplace_back(SubscribeResponse{
        .subscription_id = std::move(ended->subscription_id),
        .status = ResourceExhausted("suspended: " + ended->detail)});
  } else if (auto* closed = std::get_if<GatewayClosed>(&effect)) {
    close = closed->status;
  } else if (auto* resync = std::get_if<ResyncRequired>(&effect)) {
    // To a plain gateway the broken stream is the notice.
    close = DataLoss(resync->reason);
  }
  // Plain gateways are not told of the rest.
}

bool GatewayStream::may_read() const {
  return acks_.size() < kMaxAcks &&
         answers_queued_ + answers_pending_ < kMaxAnswers;
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
    lock.unlock();
    engine_.Disconnect(gateway_);
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
  const Item item = TakeNext();
  const Flush flush = waiting > 1 ? Flush::kWithNext : Flush::kNow;
  lock.unlock();
  if (const auto* delivery = std::get_if<Delivery>(&item)) {
    WriteDelivery(*delivery, flush);
  } else if (const auto* response = std::get_if<SubscribeResponse>(&item)) {
    connection_.Write(EncodeSubscribeResponse(*response), flush);
  } else if (const auto* timestamp = std::get_if<std::int64_t>(&item)) {
    connection_.Write(EncodeHeartbeatAck(*timestamp), flush);
  } else {
    connection_.Write(std::get<std::string>(item), flush);
  }
}

// REQUIRES: mutex_ is held and something waits.
GatewayStream::Item GatewayStream::TakeNext() {
  if (!acks_.empty()) return TakeFirst(acks_);
  if (!parts_.empty()) return TakeFirst(parts_);
  Item item = TakeFirst(queue_);
  if (std::holds_alternative<Delivery>(item)) {
    ++to_grant_;
    ++deliveries_;
  } else {
    --answers_queued_;
  }
  return item;
}

void GatewayStream::WriteDelivery(const Delivery& delivery, Flush flush) {
  std::vector<std::string> messages = EncodeDelivery(delivery);
  if (messages.front().size() > options_.max_message_bytes) {
    Lock lock(mutex_);
    is_writing_ = false;
    --deliveries_;
    return BeginClose(
        lock,
        DataLoss("event \"" + delivery.event->event.source->event_id +
                 "\": expected a message of at most " +
                 std::to_string(options_.max_message_bytes) + " bytes, got " +
                 std::to_string(messages.front().size())),
        Queued::kDrop);
  }
  counters_.deliveries.fetch_add(1, std::memory_order_relaxed);
  std::string first = std::move(messages.front());
  if (messages.size() > 1) {
    Lock lock(mutex_);
    parts_.assign(std::make_move_iterator(messages.begin() + 1),
                  std::make_move_iterator(messages.end()));
    flush = Flush::kWithNext;
  }
  connection_.Write(std::move(first), flush);
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
