#include "sim/gateway_process.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/internal/wire.h"

namespace streamer::sim {
namespace {

ClientSessionOptions ProtocolOptions(const GatewayProcess::Options& options,
                                     support::Random& random) {
  ClientSessionOptions session;
  session.target = "streamer";
  // A gateway waits for its service.
  session.connect_timeout = std::chrono::hours(24);
  session.backoff.maximum = std::chrono::seconds(5);
  session.backoff_seed = random.Bits();
  if (!options.is_session) return session;
  session.session =
      options.resume.empty()
          ? SessionPlace()
          : ParseSessionPlace(options.resume).value_or(SessionPlace());
  return session;
}

bool IsOfDrain(const Status& status) {
  return absl::IsUnavailable(status) &&
         MessageOf(status) == "the service is shutting down";
}

}  // namespace

// One stream's view of the process: an older one is not listened to.
class GatewayProcess::StreamUser final : public LinkUser {
 public:
  explicit StreamUser(GatewayProcess& process) : process_(process) {}
  bool OnMessage(const std::string& bytes) override {
    return process_.OnMessage(bytes);
  }
  void OnEnd(const Status& status) override { process_.OnEnd(status); }

 private:
  GatewayProcess& process_;
};

GatewayProcess::GatewayProcess(const Options& options, Schedule& schedule,
                               support::Random& random, GatewayHistory& history,
                               Surroundings surroundings)
    : options_(options),
      schedule_(schedule),
      random_(random),
      history_(history),
      surroundings_(std::move(surroundings)),
      session_(ProtocolOptions(options, random)),
      queue_(options.queue),
      user_(std::make_unique<StreamUser>(*this)) {}

GatewayProcess::~GatewayProcess() = default;

void GatewayProcess::Start() {
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": starts from \"", options_.resume, "\""));
  Note(ProcessStarted{options_.number, !options_.resume.empty()});
  Perform(session_.Start(schedule_.now()));
}

void GatewayProcess::Subscribe(SubscriptionRequest request) {
  const SubscribeTicket ticket(next_ticket_++);
  asked_.emplace(ticket.value(), request);
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": asks for ", request.id, " after \"",
                                  request.resume_after, "\""));
  Note(
      Asked{request.id, request.resume_after, surroundings_.log_bounds().head});
  Perform(session_.Subscribe(ticket, std::move(request)));
}

void GatewayProcess::Unsubscribe(const std::string& subscription_id) {
  auto actions = session_.Unsubscribe(subscription_id);
  if (!actions.ok()) return;
  queue_.RemoveSubscription(subscription_id, [this](EntryNumber number) {
    Perform(session_.Processed(number));
  });
  ReaderIsBack();
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": ends ", subscription_id));
  Note(Ended{subscription_id});
  Perform(*std::move(actions));
  ResumeIfRoom();
}

void GatewayProcess::ReadSome(std::size_t limit) {
  ReaderIsBack();
  taken_ = queue_.Take(limit);
  ResumeIfRoom();
}

void GatewayProcess::ReadAtOnce() {
  reads_at_once_ = true;
  PlanRead();
}

// Again once it has taken something, for then it has to come back.
void GatewayProcess::PlanRead() {
  const bool has_work =
      has_unread() || !taken_.deliveries.empty() || !taken_.gaps.empty();
  if (!reads_at_once_ || !has_work) return;
  if (std::exchange(is_read_planned_, true)) return;
  schedule_.After(std::chrono::milliseconds(1), [weak = weak_from_this()] {
    const std::shared_ptr<GatewayProcess> self = weak.lock();
    if (self == nullptr || self->is_gone_) return;
    self->is_read_planned_ = false;
    self->ReadSome(64);
    self->PlanRead();
  });
}

void GatewayProcess::ReaderIsBack() {
  const DeliveryBatch taken = std::exchange(taken_, {});
  Keep(taken);
  for (const ReceivedGap& gap : taken.gaps) {
    Perform(session_.Processed(gap.number));
  }
  if (taken.deliveries.empty()) return;
  const EntryNumber number = taken.deliveries.back()->number();
  if (!number.is_null()) Perform(session_.ProcessedUpTo(number));
}

void GatewayProcess::Keep(const DeliveryBatch& batch) {
  for (const ReceivedGap& gap : batch.gaps) {
    surroundings_.note(absl::StrCat(
        options_.gateway_id, ".", options_.number, ": gap of \"",
        absl::StrJoin(gap.subscription_ids, " "), "\" from \"",
        gap.from_progress, "\" to \"", gap.to_progress, "\": ", gap.reason));
    Note(Noticed{gap, surroundings_.log_bounds(), !is_gone_});
  }
  for (const auto& delivery : batch.deliveries) {
    const auto [stream, session] = came_by_[delivery.get()];
    Delivered record{.process = options_.number,
                     .stream = stream,
                     .session = session,
                     .sequence = delivery->sequence(),
                     .progress = std::string(delivery->progress()),
                     .event_id = std::string(delivery->event_id()),
                     .tenant = std::string(delivery->tenant()),
                     .collection = std::string(delivery->collection()),
                     .document_id = std::string(delivery->document_id()),
                     .operation = delivery->operation(),
                     .document = std::string(delivery->document()),
                     .is_redelivered = delivery->is_redelivered(),
                     .is_catching_up = delivery->is_catching_up(),
                     .coalesced = delivery->coalesced(),
                     .received = MonotonicTime(
                         std::chrono::nanoseconds(delivery->received_ns())),
                     .is_processed = !is_gone_};
    for (std::size_t i = 0; i < delivery->subscription_count(); ++i) {
      record.subscription_ids.emplace_back(delivery->subscription_id(i));
    }
    for (std::size_t i = 0; i < delivery->membership_count(); ++i) {
      record.memberships.emplace_back(delivery->membership(i));
    }
    came_by_.erase(delivery.get());
    Note(std::move(record));
  }
}

void GatewayProcess::Close() {
  surroundings_.note(
      absl::StrCat(options_.gateway_id, ".", options_.number, ": closes"));
  Perform(session_.Close(schedule_.now()));
}

void GatewayProcess::Kill() {
  is_gone_ = true;
  Keep(std::exchange(taken_, {}));
  if (link_ != nullptr) std::exchange(link_, nullptr)->Abandon();
}

std::string GatewayProcess::session_state() const {
  const std::optional<SessionPlace> place = session_.place();
  return place ? FormatSessionPlace(*place) : std::string();
}

bool GatewayProcess::OnMessage(const std::string& bytes) {
  const std::shared_ptr<Link> link = link_;
  if (is_gone_ || is_closed()) return true;
  pb::StreamerMessage message;
  message.ParseFromString(bytes);
  Receive(message);
  PlanRead();
  if (link != link_ || !queue_.is_full()) return true;
  is_paused_ = true;
  session_.ReadingPaused();
  return false;
}

void GatewayProcess::OnEnd(const Status& status) {
  if (is_gone_) return;
  const std::shared_ptr<Link> link = std::exchange(link_, nullptr);
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": stream ends: ", status.ToString()));
  // One that was cut off is told the same, and has not had everything.
  if (link != nullptr && !link->is_broken() && IsOfDrain(status)) {
    Note(Flushed{begun_on_stream_, link->flushed_upto()});
  }
  Perform(session_.StreamBroken(status, schedule_.now()));
}

void GatewayProcess::Receive(pb::StreamerMessage& message) {
  const MonotonicTime now = schedule_.now();
  Perform(session_.MessageReceived(now));
  switch (message.payload_case()) {
    case pb::StreamerMessage::kDelivery:
      return ReceiveDelivery(
          std::unique_ptr<pb::EventDelivery>(message.release_delivery()));
    case pb::StreamerMessage::kHeartbeatAck:
      return session_.HeartbeatAcknowledged(now,
                                            message.heartbeat_ack().session(),
                                            message.heartbeat_ack().last_seq());
    case pb::StreamerMessage::kSubscribeResponse:
      return ReceiveAnswer(message.subscribe_response());
    default:
      if (options_.is_session) ReceiveForSession(message);
  }
}

void GatewayProcess::ReceiveAnswer(const pb::SubscribeResponse& answer) {
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": hears of ", answer.subscription_id(),
                                  " from \"", answer.from_progress(), "\""));
  if (answer.success()) {
    answered_from_[answer.subscription_id()] = answer.from_progress();
    begun_on_stream_[answer.subscription_id()] = answer.from_progress();
  }
  Perform(session_.SubscribeAnswered(answer.subscription_id(),
                                     client_wire::DecodeAnswer(answer)));
}

void GatewayProcess::ReceiveForSession(pb::StreamerMessage& message) {
  const MonotonicTime now = schedule_.now();
  switch (message.payload_case()) {
    case pb::StreamerMessage::kWelcome:
      return TakeWelcome(client_wire::DecodeWelcome(message.welcome()));
    case pb::StreamerMessage::kResyncRequired: {
      const pb::ResyncRequired& resync = message.resync_required();
      CheckSequence(resync.seq(), 0);
      return Perform(session_.ResyncReceived(
          resync.seq(), client_wire::DecodeResync(resync), now));
    }
    case pb::StreamerMessage::kSubscriptionClosed: {
      const pb::SubscriptionClosed& closed = message.subscription_closed();
      CheckSequence(closed.seq(), 0);
      return Perform(session_.EndReceived(
          closed.seq(), SubscriptionHandle(closed.handle()),
          client_wire::DecodeClosed(closed), now));
    }
    case pb::StreamerMessage::kUnsubscribeResponse:
      return Perform(session_.UnsubscribeAnswered(
          message.unsubscribe_response().subscription_id()));
    case pb::StreamerMessage::kDeliveryBatch: {
      const std::shared_ptr<Link> link = link_;
      for (pb::EventDelivery& delivery :
           *message.mutable_delivery_batch()->mutable_deliveries()) {
        if (link_ != link) return;
        ReceiveDelivery(
            std::make_unique<pb::EventDelivery>(std::move(delivery)));
      }
      return;
    }
    default:
      return;
  }
}

void GatewayProcess::TakeWelcome(const SessionWelcome& welcome) {
  const bool is_same = welcome.session == session_number_;
  Note(Welcomed{asked_session_, welcome.session, welcome.continuity,
                welcome.from_progress, welcome.to_progress,
                is_same && welcome.next_seq <= received_upto_ + 1});
  surroundings_.note(absl::StrCat(
      options_.gateway_id, ".", options_.number, ": welcome ", asked_session_,
      " -> ", welcome.session, " continuity ",
      static_cast<int>(welcome.continuity), " next ", welcome.next_seq));
  next_sequence_ = welcome.next_seq;
  session_number_ = welcome.session;
  received_upto_ = std::max(is_same ? received_upto_ : 0, welcome.next_seq - 1);
  Perform(session_.Welcomed(welcome, schedule_.now()));
  const bool is_lost = welcome.continuity == SessionWelcome::Continuity::kLost;
  if (is_lost && surroundings_.loss_told) surroundings_.loss_told();
}

// Parts of one delivery have one number.
void GatewayProcess::CheckSequence(std::uint64_t sequence, std::uint32_t part) {
  if (part > 1 && sequence + 1 == next_sequence_) return;
  if (sequence != next_sequence_) {
    Note(SequenceBroken{next_sequence_, sequence});
  }
  next_sequence_ = sequence + 1;
  received_upto_ = std::max(received_upto_, sequence);
}

void GatewayProcess::ReceiveDelivery(
    std::unique_ptr<pb::EventDelivery> delivery) {
  ClientSession::Admission admission;
  surroundings_.note(absl::StrCat(
      options_.gateway_id, ".", options_.number, ": receives ", delivery->seq(),
      " ", delivery->event().event_id(), " ", delivery->progress(),
      delivery->redelivered() ? " redelivered" : "",
      delivery->catching_up() ? " catching up" : "",
      delivery->coalesced() > 0
          ? absl::StrCat(" merged ", delivery->coalesced())
          : "",
      " for ", absl::StrJoin(delivery->subscription_ids(), " ")));
  if (options_.is_session) {
    CheckSequence(delivery->seq(), delivery->part());
    admission = session_.DeliveryReceived(client_wire::DecodeEntry(*delivery),
                                          schedule_.now());
    Perform(std::move(admission.actions));
    if (admission.number.is_null()) return;
  }
  Queue(std::make_shared<ReceivedDelivery>(
            std::move(delivery), schedule_.now().time_since_epoch().count(),
            admission.number),
        admission.is_divided);
}

void GatewayProcess::Queue(const std::shared_ptr<ReceivedDelivery>& delivery,
                           bool is_divided) {
  if (session_.has_behind()) session_.NotePlaces(*delivery);
  bool is_wanted = delivery->subscription_count() > 0 || !options_.is_session;
  if (is_divided) {
    is_wanted = delivery->KeepSubscriptions(
        [this](std::string_view id) { return session_.NoteId(id); });
  }
  if (session_.has_retired()) {
    is_wanted = delivery->KeepSubscriptions(
        [this](std::string_view id) { return session_.IsWanted(id); });
  }
  if (!is_wanted) return Perform(session_.Processed(delivery->number()));
  came_by_[delivery.get()] = {streams_, session_number_};
  queue_.Push(delivery);
}

void GatewayProcess::ResumeIfRoom() {
  if (!is_paused_ || link_ == nullptr || !queue_.has_room()) return;
  is_paused_ = false;
  session_.ReadingResumed(schedule_.now());
  link_->ResumeReading();
}

void GatewayProcess::Perform(ClientActions actions) {
  for (ClientAction& action : actions) {
    std::visit([this](auto& one) { PerformOne(one); }, action);
  }
  ArmAlarm();
}

void GatewayProcess::ArmAlarm() {
  const auto deadline = session_.NextDeadline();
  if (!deadline) return;
  schedule_.At(*deadline, [weak = weak_from_this(), due = *deadline] {
    const std::shared_ptr<GatewayProcess> self = weak.lock();
    if (self == nullptr || self->is_gone_) return;
    if (self->session_.NextDeadline() != due) return;
    self->Perform(self->session_.Tick(due));
  });
}

void GatewayProcess::PerformOne(const client_action::OpenStream&) {
  is_paused_ = false;
  ++streams_;
  begun_on_stream_.clear();
  link_ = surroundings_.connect(user_.get(), options_.gateway_id);
}

void GatewayProcess::PerformOne(const client_action::AbandonStream&) {
  if (link_ != nullptr) std::exchange(link_, nullptr)->Abandon();
}

void GatewayProcess::PerformOne(const client_action::FinishStream&) {
  link_->FinishSending();
  if (std::exchange(is_paused_, false)) link_->ResumeReading();
}

void GatewayProcess::PerformOne(const client_action::SendHello& action) {
  asked_session_ = action.place.session;
  Send(client_wire::EncodeHello(options_.gateway_id, action.place,
                                {.allows_coalescing = options_.allows_merging,
                                 .max_message_bytes = 1u << 20}));
}

void GatewayProcess::PerformOne(const client_action::SendSubscribe& action) {
  const auto message = client_wire::EncodeSubscribe(action.request);
  if (message.ok()) Send(*message);
}

void GatewayProcess::PerformOne(const client_action::SendUnsubscribe& action) {
  Send(client_wire::EncodeUnsubscribe(action.subscription_id));
}

void GatewayProcess::PerformOne(const client_action::SendHeartbeat& action) {
  Send(client_wire::EncodeHeartbeat(options_.gateway_id, 0, action.last_seq));
}

void GatewayProcess::PerformOne(
    const client_action::SendAcknowledgement& action) {
  if (options_.is_mute) return;
  Send(client_wire::EncodeAck(action.acknowledgement));
}

void GatewayProcess::PerformOne(client_action::CompleteSubscribe& action) {
  const auto request = asked_.extract(action.ticket.value());
  if (request.empty()) return;
  if (action.answer.ok()) {
    surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                    ": ", request.mapped().id, " answered ",
                                    action.answer->progress));
    Note(Answered{request.mapped(), action.answer->progress});
  } else {
    surroundings_.note(absl::StrCat(
        options_.gateway_id, ".", options_.number, ": ", request.mapped().id,
        " refused: ", action.answer.status().ToString()));
  }
}

// To a plain gateway the client cannot say where the gap ends; the answer
// that ended it did.
void GatewayProcess::PerformOne(client_action::ReportGap& action) {
  ReceivedGap& gap = action.gap;
  if (!options_.is_session && gap.subscription_ids.size() == 1) {
    gap.to_progress = answered_from_[gap.subscription_ids.front()];
  }
  const EntryNumber number = gap.number;
  if (queue_.PushGap(std::move(gap))) Perform(session_.Processed(number));
}

void GatewayProcess::PerformOne(const client_action::ReportClosed& action) {
  surroundings_.note(absl::StrCat(options_.gateway_id, ".", options_.number,
                                  ": closed: ", action.status.ToString()));
}

void GatewayProcess::Send(const pb::GatewayMessage& message) {
  if (link_ != nullptr) link_->Send(message.SerializeAsString());
}

}  // namespace streamer::sim
