#include "client/client_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

using client_action::AbandonStream;
using client_action::CompleteSubscribe;
using client_action::CompleteUnsubscribe;
using client_action::FinishStream;
using client_action::OpenStream;
using client_action::ReportClosed;
using client_action::ReportConnected;
using client_action::ReportGap;
using client_action::SendHeartbeat;
using client_action::SendHello;
using client_action::SendSubscribe;
using client_action::SendUnsubscribe;

// A connection that lasted so long was a good one: the next failure is a new
// one. A service that accepts and breaks at once is not asked ever faster.
constexpr Duration kStableAfter = std::chrono::seconds(5);

// How long the service may take to end a stream that this side has ended.
constexpr Duration kFinishTimeout = std::chrono::seconds(1);

std::int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration)
      .count();
}

std::string Quoted(std::string_view text) {
  std::string quoted("\"");
  quoted.append(text);
  quoted.push_back('"');
  return quoted;
}

std::string BreakReason(const Status& status) {
  if (status.ok()) return "the stream broke: the service closed it";
  return absl::StrCat("the stream broke: ", status.message());
}

}  // namespace

std::string_view NameOf(ClientState state) {
  switch (state) {
    case ClientState::kConnecting:
      return "connecting";
    case ClientState::kConnected:
      return "connected";
    case ClientState::kReconnecting:
      return "reconnecting";
    case ClientState::kClosed:
      break;
  }
  return "closed";
}

ClientSession::ClientSession(const ClientSessionOptions& options)
    : options_(options), backoff_(options.backoff, options.backoff_seed) {
  if (!options_.session.has_value()) return;
  receiver_.emplace(*options_.session);
  adopts_ = options_.session->session != 0;
  has_untold_loss_ = options_.session->has_unread_loss;
  const std::string& behind = options_.session->behind;
  if (!behind.empty()) behind_.emplace("", behind);
}

ClientActions ClientSession::Start(MonotonicTime now) {
  ClientActions actions;
  connect_deadline_ = now + options_.connect_timeout;
  Open(now, actions);
  return actions;
}

ClientActions ClientSession::Refuse(const Status& status) {
  ClientActions actions;
  Finish(status, actions);
  return actions;
}

// Without a session subscriptions go first: until they are answered the
// service knows nothing of this client that is worth keeping alive.
void ClientSession::Open(MonotonicTime now, ClientActions& actions) {
  is_stream_open_ = true;
  has_heard_ = false;
  is_reading_ = true;
  opened_at_ = now;
  heartbeat_sent_at_ = now;
  is_heartbeat_unanswered_ = true;
  next_heartbeat_ = now + options_.heartbeat_interval;
  sent_seq_ = 0;
  overdue_since_.reset();
  actions.emplace_back(OpenStream{});
  if (has_session()) {
    actions.emplace_back(SendHello{receiver_->Announce()});
    return;
  }
  for (auto& [id, entry] : subscriptions_) Ask(entry, entry.request, actions);
  actions.emplace_back(SendHeartbeat{});
}

void ClientSession::Ask(Entry& entry, const SubscriptionRequest& request,
                        ClientActions& actions) {
  entry.is_answer_awaited = true;
  entry.was_asked = true;
  actions.emplace_back(SendSubscribe{request});
}

void ClientSession::HeartbeatAcknowledged(MonotonicTime now,
                                          std::uint64_t session,
                                          std::uint64_t last_seq) {
  is_heartbeat_unanswered_ = false;
  if (!has_session() || !CanAsk() || session != receiver_->session()) return;
  sent_seq_ = std::max(sent_seq_, last_seq);
  // It may have overtaken what it speaks of.
  if (sent_seq_ > receiver_->newest_seq() && !overdue_since_.has_value()) {
    overdue_since_ = now;
  }
}

ClientActions ClientSession::Subscribe(SubscribeTicket ticket,
                                       SubscriptionRequest request) {
  ClientActions actions;
  if (state_ == ClientState::kClosed) {
    actions.emplace_back(CompleteSubscribe{
        ticket, absl::CancelledError("the client is closed")});
    return actions;
  }
  auto [found, is_new] = subscriptions_.try_emplace(request.id);
  Entry& entry = found->second;
  if (!is_new && (entry.is_answer_awaited || !entry.is_live ||
                  !entry.gap_reason.empty() || entry.ticket.has_value())) {
    actions.emplace_back(CompleteSubscribe{
        ticket, AlreadyExists(absl::StrCat("subscription ", Quoted(request.id),
                                           " is being asked for already"))});
    return actions;
  }
  entry.ticket = ticket;
  if (CanAsk()) Ask(entry, request, actions);
  if (is_new) {
    // The process before may have asked for it.
    entry.is_answer_lost = adopts_ && !retired_.contains(request.id);
    entry.request = std::move(request);
  } else if (has_session()) {
    entry.second_request =
        std::make_unique<SubscriptionRequest>(std::move(request));
  }
  return actions;
}

ClientActions ClientSession::CancelSubscribe(SubscribeTicket ticket) {
  ClientActions actions;
  auto found = std::find_if(
      subscriptions_.begin(), subscriptions_.end(),
      [ticket](const auto& item) { return item.second.ticket == ticket; });
  if (found == subscriptions_.end()) return actions;
  found->second.ticket.reset();
  found->second.second_request.reset();
  if (!found->second.is_live) Retire(found, {}, actions);
  return actions;
}

Result<ClientActions> ClientSession::Unsubscribe(
    std::string_view subscription_id, UnsubscribeTicket ticket) {
  ClientActions actions;
  auto found = subscriptions_.find(subscription_id);
  if (found == subscriptions_.end()) {
    if (IsLive(subscription_id)) {
      RetireId(std::string(subscription_id), std::nullopt, ticket, actions);
      return actions;
    }
    return NotFound(absl::StrCat("no subscription ", Quoted(subscription_id),
                                 " on this client"));
  }
  Complete(found->second,
           FailedPrecondition(
               absl::StrCat("subscription ", Quoted(subscription_id),
                            " was unsubscribed before it was answered")),
           actions);
  Retire(found, ticket, actions);
  return actions;
}

void ClientSession::Retire(Entries::iterator entry, UnsubscribeTicket ticket,
                           ClientActions& actions) {
  if (entry->second.is_answer_awaited) ++stale_answers_[entry->first];
  if (has_session()) {
    RetireInSession(entry, ticket, actions);
  } else {
    if (is_stream_open_) {
      has_retired_ = true;
      actions.emplace_back(SendUnsubscribe{entry->first});
    }
    CompleteUnsubscribed(ticket, actions);
  }
  Forget(entry);
}

void ClientSession::Forget(Entries::iterator entry) {
  behind_.erase(entry->first);
  subscriptions_.erase(entry);
}

void ClientSession::CompleteUnsubscribed(UnsubscribeTicket ticket,
                                         ClientActions& actions) {
  if (ticket == UnsubscribeTicket()) return;
  actions.emplace_back(CompleteUnsubscribe{ticket, OkStatus()});
}

void ClientSession::Complete(Entry& entry, Result<SubscriptionAnswer> answer,
                             ClientActions& actions) {
  if (!entry.ticket.has_value()) return;
  actions.emplace_back(CompleteSubscribe{*entry.ticket, std::move(answer)});
  entry.ticket.reset();
}

ClientActions ClientSession::MessageReceived(MonotonicTime now) {
  ClientActions actions;
  last_heard_ = now;
  if (!has_heard_ && !has_session() && is_stream_open_) {
    Connected(now, actions);
  }
  return actions;
}

void ClientSession::Connected(MonotonicTime now, ClientActions& actions) {
  has_heard_ = true;
  connected_at_ = now;
  if (state_ == ClientState::kConnecting) {
    actions.emplace_back(ReportConnected{});
  } else {
    ++reconnects_;
  }
  state_ = ClientState::kConnected;
}

ClientActions ClientSession::SubscribeAnswered(
    const std::string& subscription_id, Result<SubscriptionAnswer> answer) {
  ClientActions actions;
  if (!CanAsk() || IsStaleAnswer(subscription_id)) return actions;
  auto found = subscriptions_.find(subscription_id);
  if (found == subscriptions_.end()) {
    if (answer.ok()) RefuseOrphan(subscription_id, actions);
    return actions;
  }
  Entry& entry = found->second;
  entry.is_answer_lost = false;
  const bool is_same_life = answer.ok() && Confirm(found, *answer, actions);
  if (entry.is_live) {
    AnswerLive(found, std::move(answer), is_same_life, actions);
    return actions;
  }
  const bool is_accepted = answer.ok();
  entry.is_live = is_accepted;
  entry.is_answer_awaited = false;
  if (is_accepted && adopts_) PromiseFromHere(entry.request, *answer);
  // Asked for again it would bring what has come since.
  entry.request.resume_after.clear();
  Complete(entry, std::move(answer), actions);
  if (is_accepted) {
    ReportLossBeforeAnswer(found->first, entry, actions);
  } else {
    subscriptions_.erase(found);
  }
  return actions;
}

bool ClientSession::IsStaleAnswer(const std::string& subscription_id) {
  auto stale = stale_answers_.find(subscription_id);
  if (stale == stale_answers_.end()) return false;
  if (--stale->second == 0) stale_answers_.erase(stale);
  return true;
}

// Three cases: asked for again after a break; asked for a second time by the
// user, which changes nothing either way; not asked for at all, which is how
// the service says that it ended one.
void ClientSession::AnswerLive(Entries::iterator found,
                               Result<SubscriptionAnswer> answer,
                               bool is_same_life, ClientActions& actions) {
  Entry& entry = found->second;
  const bool is_resubscription = !entry.gap_reason.empty();
  const bool is_awaited = std::exchange(entry.is_answer_awaited, false);
  if (is_awaited && !is_resubscription) {
    entry.second_request.reset();
    Complete(entry, std::move(answer), actions);
  } else if (answer.ok()) {
    if (is_resubscription) EndGap(found, *answer, is_same_life, actions);
  } else {
    const char* ended = is_resubscription ? "refused when asked for again: "
                                          : "ended by the service: ";
    ReceivedGap gap;
    gap.subscription_ids = {found->first};
    gap.reason = absl::StrCat(ended, answer.status().message());
    gap.end = ReceivedGap::End::kRefused;
    Report(std::move(gap), actions);
    Forget(found);
  }
}

void ClientSession::EndGap(Entries::iterator found,
                           const SubscriptionAnswer& answer, bool is_same_life,
                           ClientActions& actions) {
  Entry& entry = found->second;
  ReceivedGap gap;
  gap.subscription_ids = {found->first};
  gap.reason = std::exchange(entry.gap_reason, {});
  if (has_session()) {
    entry.loss_hold.reset();
    gap.from_progress = std::exchange(entry.gap_from, {});
    gap.to_progress = client_internal::LaterOf(std::exchange(entry.gap_to, {}),
                                               answer.progress);
  }
  if (std::exchange(entry.is_gap_uncertain, false) && is_same_life) return;
  Report(std::move(gap), actions);
}

// A gap that was found here, and not told by a notice.
void ClientSession::Report(ReceivedGap gap, ClientActions& actions) {
  if (has_session()) gap.number = receiver_->NumberGap();
  actions.emplace_back(ReportGap{std::move(gap)});
}

ClientActions ClientSession::StreamBroken(const Status& status,
                                          MonotonicTime now) {
  ClientActions actions;
  finishing_until_.reset();
  if (is_stream_open_) Break(status, now, actions);
  return actions;
}

void ClientSession::Break(const Status& status, MonotonicTime now,
                          ClientActions& actions) {
  is_stream_open_ = false;
  stale_answers_.clear();
  if (has_session()) {
    KeepUnanswered();
  } else {
    ForgetStream(BreakReason(status), actions);
  }
  if (IsFinal(status)) {
    Finish(status, actions);
    return;
  }
  last_failure_ = status;
  if (state_ == ClientState::kConnected) state_ = ClientState::kReconnecting;
  if (has_heard_ && now - connected_at_ >= kStableAfter) backoff_.Reset();
  retry_at_ = now + backoff_.Next();
}

// Trying again cannot help: the service will not have this client, or is
// something else; or a newer stream has its session, and two would take it
// from each other for ever.
bool ClientSession::IsFinal(const Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return true;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
      return has_session();
    default:
      return false;
  }
}

void ClientSession::ForgetStream(const std::string& reason,
                                 ClientActions& actions) {
  has_retired_ = false;
  for (auto& [id, entry] : subscriptions_) {
    entry.is_answer_awaited = false;
    if (!entry.is_live) continue;
    if (entry.gap_reason.empty()) entry.gap_reason = reason;
    CompleteUnanswered(id, entry, actions);
  }
}

void ClientSession::CompleteUnanswered(const std::string& id, Entry& entry,
                                       ClientActions& actions) {
  entry.second_request.reset();
  Complete(entry,
           Unavailable(absl::StrCat("the stream broke before subscription ",
                                    Quoted(id),
                                    " was answered again; it stays as it was")),
           actions);
}

void ClientSession::ReadingResumed(MonotonicTime now) {
  is_reading_ = true;
  last_heard_ = now;
  if (overdue_since_.has_value()) overdue_since_ = now;
}

ClientActions ClientSession::Tick(MonotonicTime now) {
  ClientActions actions;
  if (state_ == ClientState::kClosed) {
    if (!finishing_until_.has_value() || now < *finishing_until_)
      return actions;
    finishing_until_.reset();
    actions.emplace_back(AbandonStream{});
  } else if (state_ == ClientState::kConnecting && now >= connect_deadline_) {
    Finish(ConnectFailure(), actions);
  } else if (is_stream_open_) {
    TickStream(now, actions);
  } else if (now >= retry_at_) {
    Open(now, actions);
  }
  return actions;
}

void ClientSession::TickStream(MonotonicTime now, ClientActions& actions) {
  const std::optional<Patience> patience = PatienceWithStream();
  if (patience.has_value() && now >= patience->until) {
    actions.emplace_back(AbandonStream{});
    Break(Unavailable(absl::StrCat(patience->missing, " within ",
                                   Millis(patience->length), " ms")),
          now, actions);
    return;
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + options_.heartbeat_interval;
  if (has_session()) Acknowledge(1, actions);
  if (is_heartbeat_unanswered_) return;
  is_heartbeat_unanswered_ = true;
  heartbeat_sent_at_ = now;
  actions.emplace_back(
      SendHeartbeat{has_session() ? receiver_->last_seq() : 0});
}

std::optional<ClientSession::Patience> ClientSession::PatienceWithStream()
    const {
  if (!has_heard_) {
    return Patience{
        opened_at_ + options_.attempt_timeout, options_.attempt_timeout,
        has_session() ? "no answer to Hello" : "no answer to a heartbeat"};
  }
  if (!is_reading_) return std::nullopt;
  std::optional<Patience> patience;
  if (is_heartbeat_unanswered_) {
    patience = {
        std::max(last_heard_, heartbeat_sent_at_) + options_.heartbeat_timeout,
        options_.heartbeat_timeout, "no answer to a heartbeat"};
  }
  if (!overdue_since_.has_value()) return patience;
  const MonotonicTime until = *overdue_since_ + options_.heartbeat_timeout;
  if (patience.has_value() && patience->until <= until) return patience;
  return Patience{until, options_.heartbeat_timeout,
                  "nothing of what the service says that it has sent came"};
}

std::optional<MonotonicTime> ClientSession::NextDeadline() const {
  if (state_ == ClientState::kClosed) return finishing_until_;
  MonotonicTime next = retry_at_;
  if (is_stream_open_) {
    next = next_heartbeat_;
    const std::optional<Patience> patience = PatienceWithStream();
    if (patience.has_value()) next = std::min(next, patience->until);
  }
  if (state_ == ClientState::kConnecting) {
    next = std::min(next, connect_deadline_);
  }
  return next;
}

Status ClientSession::ConnectFailure() const {
  std::string message =
      absl::StrCat("cannot reach ", Quoted(options_.target), " within ",
                   Millis(options_.connect_timeout), " ms");
  if (!last_failure_.ok()) {
    absl::StrAppend(&message, ": ", last_failure_.message());
  } else if (has_session() && is_stream_open_) {
    absl::StrAppend(&message, ": no answer to Hello");
  }
  return Unavailable(message);
}

ClientActions ClientSession::Close(MonotonicTime now) {
  ClientActions actions;
  if (state_ == ClientState::kClosed) return actions;
  if (has_session() && CanAsk()) {
    Acknowledge(1, actions);
    actions.emplace_back(FinishStream{});
    is_stream_open_ = false;
    finishing_until_ = now + kFinishTimeout;
  }
  Finish(OkStatus(), actions);
  return actions;
}

void ClientSession::Finish(const Status& status, ClientActions& actions) {
  state_ = ClientState::kClosed;
  if (is_stream_open_) actions.emplace_back(AbandonStream{});
  is_stream_open_ = false;
  const Status answer =
      status.ok() ? absl::CancelledError("the client is closed") : status;
  for (auto& [id, entry] : subscriptions_) {
    // Nobody is told of it here any more: whoever goes on with the session is.
    has_untold_loss_ |= entry.loss_hold != nullptr;
    Complete(entry, answer, actions);
  }
  std::erase_if(behind_,
                [this](const auto& one) { return !IsHere(one.first); });
  subscriptions_.clear();
  FailRetired(answer, actions);
  actions.emplace_back(ReportClosed{status});
}

bool ClientSession::IsLive(std::string_view subscription_id) const {
  auto found = subscriptions_.find(subscription_id);
  if (found == subscriptions_.end()) {
    return adopts_ && state_ != ClientState::kClosed &&
           !retired_.contains(subscription_id);
  }
  // While the end of the life before is not answered either, what comes is of
  // that one: the next begins with its answer.
  return found->second.is_live ||
         (found->second.is_answer_lost && !retired_.contains(subscription_id));
}

// Others may register subscriptions for this gateway, also while it asks for
// the same; to what ended here nothing comes after the answer.
bool ClientSession::IsWanted(std::string_view subscription_id) const {
  if (IsLive(subscription_id)) return true;
  return has_session() && state_ != ClientState::kClosed &&
         !retired_.contains(subscription_id);
}

}  // namespace streamer
