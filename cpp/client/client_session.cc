#include "client/client_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

using client_action::AbandonStream;
using client_action::CompleteSubscribe;
using client_action::OpenStream;
using client_action::ReportClosed;
using client_action::ReportConnected;
using client_action::ReportGap;
using client_action::SendHeartbeat;
using client_action::SendSubscribe;
using client_action::SendUnsubscribe;

// A connection that lasted so long was a good one: the next failure is a new
// one. A service that accepts and breaks at once is not asked ever faster.
constexpr Duration kStableAfter = std::chrono::seconds(5);

// Trying again cannot help: the service will not have this client, or is
// something else.
bool IsFinal(const Status& status) {
  return status.code() == absl::StatusCode::kUnauthenticated ||
         status.code() == absl::StatusCode::kPermissionDenied ||
         status.code() == absl::StatusCode::kUnimplemented;
}

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
    : options_(options), backoff_(options.backoff, options.backoff_seed) {}

ClientActions ClientSession::Start(MonotonicTime now) {
  ClientActions actions;
  connect_deadline_ = now + options_.connect_timeout;
  Open(now, actions);
  return actions;
}

// Subscriptions go first: until they are answered the service knows nothing
// of this client that is worth keeping alive.
void ClientSession::Open(MonotonicTime now, ClientActions& actions) {
  is_stream_open_ = true;
  has_heard_ = false;
  is_reading_ = true;
  opened_at_ = now;
  heartbeat_sent_at_ = now;
  is_heartbeat_unanswered_ = true;
  next_heartbeat_ = now + options_.heartbeat_interval;
  actions.emplace_back(OpenStream{});
  for (auto& [id, entry] : subscriptions_) Ask(entry, entry.request, actions);
  actions.emplace_back(SendHeartbeat{});
}

void ClientSession::Ask(Entry& entry, const SubscriptionRequest& request,
                        ClientActions& actions) {
  entry.is_answer_awaited = true;
  actions.emplace_back(SendSubscribe{request});
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
                  !entry.gap_reason.empty())) {
    actions.emplace_back(CompleteSubscribe{
        ticket, AlreadyExists(absl::StrCat("subscription ", Quoted(request.id),
                                           " is being asked for already"))});
    return actions;
  }
  if (is_new) entry.request = request;
  entry.ticket = ticket;
  if (is_stream_open_) Ask(entry, request, actions);
  return actions;
}

ClientActions ClientSession::CancelSubscribe(SubscribeTicket ticket) {
  ClientActions actions;
  auto found = std::find_if(
      subscriptions_.begin(), subscriptions_.end(),
      [ticket](const auto& item) { return item.second.ticket == ticket; });
  if (found == subscriptions_.end()) return actions;
  found->second.ticket.reset();
  if (!found->second.is_live) Retire(found, actions);
  return actions;
}

Result<ClientActions> ClientSession::Unsubscribe(
    std::string_view subscription_id) {
  auto found = subscriptions_.find(subscription_id);
  if (found == subscriptions_.end()) {
    return NotFound(absl::StrCat("no subscription ", Quoted(subscription_id),
                                 " on this client"));
  }
  ClientActions actions;
  Complete(found->second,
           FailedPrecondition(
               absl::StrCat("subscription ", Quoted(subscription_id),
                            " was unsubscribed before it was answered")),
           actions);
  Retire(found, actions);
  return actions;
}

void ClientSession::Retire(Entries::iterator entry, ClientActions& actions) {
  if (entry->second.is_answer_awaited) ++stale_answers_[entry->first];
  if (is_stream_open_) {
    has_retired_ = true;
    actions.emplace_back(SendUnsubscribe{entry->first});
  }
  subscriptions_.erase(entry);
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
  if (has_heard_) return actions;
  has_heard_ = true;
  connected_at_ = now;
  if (state_ == ClientState::kConnecting) {
    actions.emplace_back(ReportConnected{});
  } else {
    ++reconnects_;
  }
  state_ = ClientState::kConnected;
  return actions;
}

ClientActions ClientSession::SubscribeAnswered(
    const std::string& subscription_id, Result<SubscriptionAnswer> answer) {
  ClientActions actions;
  if (IsStaleAnswer(subscription_id)) return actions;
  auto found = subscriptions_.find(subscription_id);
  if (found == subscriptions_.end()) return actions;
  Entry& entry = found->second;
  if (entry.is_live) {
    AnswerLive(found, std::move(answer), actions);
    return actions;
  }
  const bool is_accepted = answer.ok();
  entry.is_live = is_accepted;
  entry.is_answer_awaited = false;
  Complete(entry, std::move(answer), actions);
  if (!is_accepted) subscriptions_.erase(found);
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
                               ClientActions& actions) {
  Entry& entry = found->second;
  const bool is_resubscription = !entry.gap_reason.empty();
  const bool is_awaited = std::exchange(entry.is_answer_awaited, false);
  if (is_awaited && !is_resubscription) {
    Complete(entry, std::move(answer), actions);
  } else if (answer.ok()) {
    if (!is_resubscription) return;
    actions.emplace_back(ReportGap{found->first, std::move(entry.gap_reason)});
    entry.gap_reason.clear();
  } else {
    const char* ended = is_resubscription ? "refused when asked for again: "
                                          : "ended by the service: ";
    actions.emplace_back(ReportGap{
        found->first, absl::StrCat(ended, answer.status().message())});
    subscriptions_.erase(found);
  }
}

ClientActions ClientSession::StreamBroken(const Status& status,
                                          MonotonicTime now) {
  ClientActions actions;
  if (is_stream_open_) Break(status, now, actions);
  return actions;
}

void ClientSession::Break(const Status& status, MonotonicTime now,
                          ClientActions& actions) {
  is_stream_open_ = false;
  ForgetStream(BreakReason(status), actions);
  if (IsFinal(status)) {
    Finish(status, actions);
    return;
  }
  last_failure_ = status;
  if (state_ == ClientState::kConnected) state_ = ClientState::kReconnecting;
  if (has_heard_ && now - connected_at_ >= kStableAfter) backoff_.Reset();
  retry_at_ = now + backoff_.Next();
}

void ClientSession::ForgetStream(const std::string& reason,
                                 ClientActions& actions) {
  stale_answers_.clear();
  has_retired_ = false;
  for (auto& [id, entry] : subscriptions_) {
    entry.is_answer_awaited = false;
    if (!entry.is_live) continue;
    if (entry.gap_reason.empty()) entry.gap_reason = reason;
    Complete(entry,
             Unavailable(absl::StrCat(
                 "the stream broke before subscription ", Quoted(id),
                 " was answered again; it stays as it was")),
             actions);
  }
}

void ClientSession::ReadingResumed(MonotonicTime now) {
  is_reading_ = true;
  last_heard_ = now;
}

ClientActions ClientSession::Tick(MonotonicTime now) {
  ClientActions actions;
  if (state_ == ClientState::kClosed) return actions;
  if (state_ == ClientState::kConnecting && now >= connect_deadline_) {
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
    Break(Unavailable(absl::StrCat("no answer to a heartbeat within ",
                                   Millis(patience->length), " ms")),
          now, actions);
    return;
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + options_.heartbeat_interval;
  if (is_heartbeat_unanswered_) return;
  is_heartbeat_unanswered_ = true;
  heartbeat_sent_at_ = now;
  actions.emplace_back(SendHeartbeat{});
}

std::optional<ClientSession::Patience> ClientSession::PatienceWithStream()
    const {
  if (!has_heard_) {
    return Patience{opened_at_ + options_.attempt_timeout,
                    options_.attempt_timeout};
  }
  if (!is_heartbeat_unanswered_ || !is_reading_) return std::nullopt;
  return Patience{
      std::max(last_heard_, heartbeat_sent_at_) + options_.heartbeat_timeout,
      options_.heartbeat_timeout};
}

std::optional<MonotonicTime> ClientSession::NextDeadline() const {
  if (state_ == ClientState::kClosed) return std::nullopt;
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
  }
  return Unavailable(message);
}

ClientActions ClientSession::Close() {
  ClientActions actions;
  if (state_ != ClientState::kClosed) Finish(OkStatus(), actions);
  return actions;
}

void ClientSession::Finish(const Status& status, ClientActions& actions) {
  state_ = ClientState::kClosed;
  if (is_stream_open_) actions.emplace_back(AbandonStream{});
  is_stream_open_ = false;
  const Status answer =
      status.ok() ? absl::CancelledError("the client is closed") : status;
  for (auto& [id, entry] : subscriptions_) Complete(entry, answer, actions);
  subscriptions_.clear();
  actions.emplace_back(ReportClosed{status});
}

bool ClientSession::IsLive(std::string_view subscription_id) const {
  auto found = subscriptions_.find(subscription_id);
  return found != subscriptions_.end() && found->second.is_live;
}

}  // namespace streamer
