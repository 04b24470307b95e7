// The part of ClientSession that only sessions have: how one is gone on with,
// and what comes numbered.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/client_session.h"
#include "client/received_delivery.h"

namespace streamer {
namespace {

using client_action::AbandonStream;
using client_action::CompleteUnsubscribe;
using client_action::ReportGap;
using client_action::SendAcknowledgement;
using client_action::SendUnsubscribe;
using client_internal::EarlierOf;

// Entries that are acknowledged together while the reader does not keep up.
constexpr std::uint64_t kAcknowledgedTogether = 256;

constexpr const char* kLost = "the service lost continuity of the session";
constexpr const char* kUnreadLoss =
    "the process before was told of a loss and did not read of it";
constexpr const char* kNotHeld = "the service did not hold the subscription";

}  // namespace

ClientActions ClientSession::Welcomed(const SessionWelcome& welcome,
                                      MonotonicTime now) {
  ClientActions actions;
  if (!has_session() || !is_stream_open_) return actions;
  if (has_heard_) {
    Violate(Internal("expected one welcome, got another"), now, actions);
    return actions;
  }
  const std::uint64_t session_before = receiver_->session();
  const auto course = receiver_->Welcomed(welcome);
  if (!course.ok()) {
    Violate(course.status(), now, actions);
    return actions;
  }
  Connected(now, actions);
  is_heartbeat_unanswered_ = false;
  if (std::exchange(has_untold_loss_, false)) ReportUnreadLoss(actions);
  if (welcome.session != session_before) {
    for (auto& [id, entry] : subscriptions_) entry.handle = {};
  }
  if (*course == SessionReceiver::Course::kContinued) {
    Continue(welcome, actions);
  } else {
    LoseEvents(welcome, actions);
  }
  // Entries may be lost of a session whose subscriptions are all there still.
  if (*course == SessionReceiver::Course::kStartedOver &&
      welcome.subscription_count + welcome.unasked_count == 0) {
    StartOver(actions);
  }
  if (welcome.unasked_count > 0) adopts_ = true;
  AskUnanswered(actions);
  return actions;
}

// The service holds nothing of what was asked for before.
void ClientSession::StartOver(ClientActions& actions) {
  adopts_ = false;
  while (!retired_.empty()) CompleteRetired(retired_.begin(), actions);
  has_retired_ = false;
  for (auto& [id, entry] : subscriptions_) {
    entry.is_answer_lost = false;
    entry.was_asked = false;
    if (entry.is_live) continue;
    entry.loss_hold.reset();
    entry.gap_to.clear();
  }
}

void ClientSession::LoseEvents(const SessionWelcome& welcome,
                               ClientActions& actions) {
  if (adopts_) {
    ReceivedGap gap;
    gap.reason = kLost;
    // Who was not behind has had nothing yet, if there was no progress.
    gap.from_progress =
        options_.session->progress.empty()
            ? welcome.from_progress
            : EarlierOf(options_.session->behind, welcome.from_progress);
    gap.to_progress = welcome.to_progress;
    Report(std::move(gap), actions);
  }
  for (auto& [id, entry] : subscriptions_) {
    if (!entry.is_live) {
      LoseUnanswered(entry, welcome);
      continue;
    }
    OpenGap(id, entry, kLost, welcome.from_progress);
    entry.loss_hold = loss_hold_;
    entry.gap_to = welcome.to_progress;
    entry.is_gap_uncertain = false;
    CompleteUnanswered(id, entry, actions);
  }
}

// The service may hold it: then its answer says where it began, and of what
// was lost since nobody else tells. What the process before has had, the gap of
// all begins behind; this one asks for what lies further back.
void ClientSession::LoseUnanswered(Entry& entry,
                                   const SessionWelcome& welcome) {
  const bool is_told = adopts_ && entry.request.resume_after.empty();
  if (is_told || !entry.is_answer_lost) return;
  entry.loss_hold = loss_hold_;
  entry.gap_to = welcome.to_progress;
}

void ClientSession::ReportLossBeforeAnswer(const std::string& id, Entry& entry,
                                           ClientActions& actions) {
  if (std::exchange(entry.loss_hold, nullptr) == nullptr) return;
  ReceivedGap gap;
  gap.to_progress = std::exchange(entry.gap_to, {});
  if (client_internal::LaterOf(gap.to_progress, entry.progress) ==
      entry.progress) {
    return;
  }
  gap.subscription_ids = {id};
  gap.reason = kLost;
  gap.from_progress = entry.progress;
  Report(std::move(gap), actions);
}

// Where it was lost is not known here, nor of which subscriptions.
void ClientSession::ReportUnreadLoss(ClientActions& actions) {
  ReceivedGap gap;
  gap.reason = kUnreadLoss;
  Report(std::move(gap), actions);
}

// The service should hold what it held. If it does not, only the answers tell
// which subscriptions are concerned: to whoever asks next, if not to this
// process, so until then it is no loss that another would have to be told of.
void ClientSession::Continue(const SessionWelcome& welcome,
                             ClientActions& actions) {
  if (client_internal::MayHold(subscriptions_, retired_,
                               welcome.subscription_count,
                               welcome.subscription_digest)) {
    return;
  }
  for (auto& [id, entry] : subscriptions_) {
    if (!entry.is_live || !entry.gap_reason.empty()) continue;
    const std::string& received = receiver_->last_progress();
    OpenGap(id, entry, kNotHeld, received.empty() ? entry.progress : received);
    entry.is_gap_uncertain = true;
    CompleteUnanswered(id, entry, actions);
  }
}

// A gap that is open already began earlier.
void ClientSession::OpenGap(const std::string& id, Entry& entry,
                            const std::string& reason,
                            const std::string& from_progress) {
  const bool is_open = !std::exchange(entry.gap_reason, reason).empty();
  if (is_open) return;
  const auto behind = behind_.find(id);
  entry.gap_from = behind == behind_.end()
                       ? from_progress
                       : EarlierOf(behind->second, from_progress);
}

// With the answer just taken, of another life than was known. What the process
// before has had it has, too, unless it asks for it.
void ClientSession::NoteBegin(const std::string& id, const Entry& entry) {
  const SessionPlace& before = *options_.session;
  std::string begun = entry.progress;
  if (entry.request.resume_after.empty()) {
    begun = client_internal::LaterOf(
        before.behind.empty() ? before.progress : before.behind, begun);
  }
  const std::string& come = receiver_->last_progress();
  const bool is_of_past = !entry.request.resume_after.empty() ||
                          (!come.empty() && EarlierOf(come, begun) != come);
  if (is_of_past) {
    behind_.insert_or_assign(id, std::move(begun));
  } else {
    behind_.erase(id);
  }
}

// What is read from the log comes in its order, and live is what follows it.
void ClientSession::NotePlaces(const ReceivedDelivery& delivery) {
  for (std::size_t i = 0; i < delivery.subscription_count(); ++i) {
    const auto found = behind_.find(delivery.subscription_id(i));
    if (found == behind_.end()) continue;
    if (delivery.is_catching_up()) {
      found->second = client_internal::LaterOf(
          found->second, std::string(delivery.progress()));
    } else {
      behind_.erase(found);
    }
  }
}

// What was ended goes first: its id may have been asked for again.
void ClientSession::AskUnanswered(ClientActions& actions) {
  for (auto& [id, retired] : retired_) {
    has_retired_ = true;
    retired.unanswered = 1;
    actions.emplace_back(SendUnsubscribe{id});
  }
  for (auto& [id, entry] : subscriptions_) {
    if (!entry.is_live || !entry.gap_reason.empty()) {
      Ask(entry, entry.request, actions);
    } else if (entry.second_request != nullptr) {
      Ask(entry, *entry.second_request, actions);
    }
  }
}

// Whatever was not answered is asked again once the session goes on.
void ClientSession::KeepUnanswered() {
  for (auto& [id, retired] : retired_) retired.unanswered = 0;
  for (auto& [id, entry] : subscriptions_) {
    if (!entry.is_answer_awaited) continue;
    entry.is_answer_awaited = false;
    entry.is_answer_lost = true;
  }
}

void ClientSession::RetireInSession(Entries::iterator entry,
                                    UnsubscribeTicket ticket,
                                    ClientActions& actions) {
  const Entry& ended = entry->second;
  if (ended.was_asked || ended.is_answer_lost) {
    RetireId(entry->first,
             ended.digest.has_value()
                 ? ended.digest
                 : client_internal::DigestOf(ended.request),
             ticket, actions);
  } else {
    CompleteUnsubscribed(ticket, actions);
  }
}

void ClientSession::RetireId(const std::string& id,
                             std::optional<std::uint64_t> digest,
                             UnsubscribeTicket ticket, ClientActions& actions) {
  has_retired_ = true;
  client_internal::Retired& retired = retired_[id];
  retired.digest = digest;
  if (ticket != UnsubscribeTicket()) retired.tickets.push_back(ticket);
  if (!CanAsk()) return;
  ++retired.unanswered;
  actions.emplace_back(SendUnsubscribe{id});
}

ClientActions ClientSession::UnsubscribeAnswered(
    const std::string& subscription_id) {
  ClientActions actions;
  const auto found = retired_.find(subscription_id);
  if (found == retired_.end() || !CanAsk()) return actions;
  if (--found->second.unanswered <= 0) CompleteRetired(found, actions);
  return actions;
}

void ClientSession::CompleteRetired(RetiredEntries::iterator retired,
                                    ClientActions& actions) {
  for (const UnsubscribeTicket ticket : retired->second.tickets) {
    CompleteUnsubscribed(ticket, actions);
  }
  retired_.erase(retired);
}

void ClientSession::FailRetired(const Status& status, ClientActions& actions) {
  for (const auto& [id, retired] : retired_) {
    for (const UnsubscribeTicket ticket : retired.tickets) {
      actions.emplace_back(CompleteUnsubscribe{ticket, status});
    }
  }
  retired_.clear();
}

// An answer to a stream of before, after the same request was refused on this
// one: nobody here knows of the subscription.
void ClientSession::RefuseOrphan(const std::string& subscription_id,
                                 ClientActions& actions) {
  if (!has_session() || adopts_ || retired_.contains(subscription_id)) return;
  RetireId(subscription_id, std::nullopt, {}, actions);
}

// Answers come in the order of the requests, so an earlier life of the id has
// ended.
bool ClientSession::Confirm(Entries::iterator found,
                            const SubscriptionAnswer& answer,
                            ClientActions& actions) {
  if (!has_session()) return false;
  const auto retired = retired_.find(found->first);
  if (retired != retired_.end()) CompleteRetired(retired, actions);
  Entry& entry = found->second;
  const bool is_same_life = IsSameLife(entry, answer);
  entry.handle = answer.handle;
  entry.progress = answer.progress;
  const bool is_second = !is_same_life && entry.gap_reason.empty() &&
                         entry.second_request != nullptr;
  if (is_second) {
    entry.request = std::move(*std::exchange(entry.second_request, nullptr));
    entry.digest.reset();
  }
  if (!entry.digest.has_value()) {
    entry.digest = client_internal::DigestOf(entry.request);
  }
  if (!is_same_life) NoteBegin(found->first, entry);
  if (is_second) entry.request.resume_after.clear();
  return is_same_life;
}

// Handles decide where both are known: two lives may begin at one place.
bool ClientSession::IsSameLife(const Entry& entry,
                               const SubscriptionAnswer& answer) {
  const SubscriptionHandle none;
  if (entry.handle != none && answer.handle != none) {
    return entry.handle == answer.handle;
  }
  return !entry.progress.empty() && entry.progress == answer.progress;
}

// What the process before has had is not promised to this one, unless it asks
// for it.
void ClientSession::PromiseFromHere(const SubscriptionRequest& request,
                                    SubscriptionAnswer& answer) const {
  if (!request.resume_after.empty()) return;
  answer.progress =
      client_internal::LaterOf(options_.session->progress, answer.progress);
}

ClientSession::Admission ClientSession::DeliveryReceived(
    const SessionEntry& delivery, MonotonicTime now) {
  Admission admission;
  if (!has_session() || !is_stream_open_) return admission;
  if (!has_heard_) {
    Violate(Internal(absl::StrCat("expected a welcome first, got seq ",
                                  delivery.seq)),
            now, admission.actions);
    return admission;
  }
  const auto admitted = receiver_->Admit(delivery);
  if (!admitted.ok()) {
    Violate(admitted.status(), now, admission.actions);
    return admission;
  }
  if (overdue_since_.has_value()) {
    overdue_since_ = now;
    if (receiver_->newest_seq() >= sent_seq_) overdue_since_.reset();
  }
  admission.number = admitted->number;
  admission.is_divided = admitted->is_divided;
  return admission;
}

ClientActions ClientSession::ResyncReceived(std::uint64_t seq, ReceivedGap gap,
                                            MonotonicTime now) {
  Admission admission =
      DeliveryReceived({.seq = seq, .lost_from = gap.from_progress}, now);
  if (admission.number.is_null()) return std::move(admission.actions);
  gap.number = admission.number;
  if (!KeepLive(gap)) return Processed(gap.number);
  admission.actions.emplace_back(ReportGap{std::move(gap)});
  return std::move(admission.actions);
}

// One that names none concerns all, also those that others registered and of
// which nothing came yet.
bool ClientSession::KeepLive(ReceivedGap& gap) const {
  if (gap.subscription_ids.empty()) return true;
  std::erase_if(gap.subscription_ids,
                [this](const std::string& id) { return !IsWanted(id); });
  return !gap.subscription_ids.empty();
}

ClientActions ClientSession::EndReceived(std::uint64_t seq,
                                         SubscriptionHandle handle,
                                         ReceivedGap gap, MonotonicTime now) {
  Admission admission = DeliveryReceived({.seq = seq}, now);
  if (admission.number.is_null()) return std::move(admission.actions);
  gap.number = admission.number;
  if (!KeepLive(gap)) return Processed(gap.number);
  const auto found = subscriptions_.find(gap.subscription_ids.front());
  if (found != subscriptions_.end()) {
    EndLife(found, handle, gap, admission.actions);
  }
  admission.actions.emplace_back(ReportGap{std::move(gap)});
  return std::move(admission.actions);
}

// A response may overtake the notice: then it is of an earlier life, between
// which and this one events were missed.
void ClientSession::EndLife(Entries::iterator found, SubscriptionHandle handle,
                            ReceivedGap& gap, ClientActions& actions) {
  Entry& entry = found->second;
  const bool is_earlier_life = entry.handle != SubscriptionHandle() &&
                               handle != SubscriptionHandle() &&
                               entry.handle != handle;
  if (is_earlier_life) {
    gap.end = ReceivedGap::End::kNone;
  } else if (entry.ticket.has_value()) {
    // Asked for again meanwhile: its answer begins another life.
    Entry next;
    next.request = entry.second_request != nullptr
                       ? std::move(*entry.second_request)
                       : std::move(entry.request);
    next.ticket = entry.ticket;
    next.is_answer_awaited = entry.is_answer_awaited;
    next.was_asked = true;
    next.is_answer_lost = entry.is_answer_lost;
    entry = std::move(next);
  } else if (entry.is_answer_awaited) {
    Retire(found, {}, actions);
  } else {
    Forget(found);
  }
}

// Whatever the service sends cannot be followed; on another stream it may be.
void ClientSession::Violate(const Status& violation, MonotonicTime now,
                            ClientActions& actions) {
  actions.emplace_back(AbandonStream{});
  Break(Internal(absl::StrCat("the service broke the protocol: ",
                              violation.message())),
        now, actions);
}

ClientActions ClientSession::ProcessedUpTo(EntryNumber number) {
  ClientActions actions;
  if (!has_session()) return actions;
  receiver_->ProcessUpTo(number);
  Acknowledge(kAcknowledgedTogether, actions);
  return actions;
}

ClientActions ClientSession::Processed(EntryNumber number) {
  ClientActions actions;
  if (!has_session()) return actions;
  receiver_->Process(number);
  Acknowledge(kAcknowledgedTogether, actions);
  return actions;
}

void ClientSession::Acknowledge(std::uint64_t enough, ClientActions& actions) {
  if (!CanAsk()) return;
  const auto due = receiver_->TakeAcknowledgement(enough);
  if (due.has_value()) actions.emplace_back(SendAcknowledgement{*due});
}

std::optional<SessionPlace> ClientSession::place(EntryNumber after) const {
  if (!has_session() || receiver_->session() == 0) return std::nullopt;
  SessionPlace place = receiver_->PlaceAfter(after);
  place.has_unread_loss |= has_untold_loss_ || loss_hold_.use_count() > 1;
  for (const auto& [id, behind] : behind_) {
    if (state_ == ClientState::kClosed || IsHere(id)) place.PutBehind(behind);
  }
  return place;
}

bool ClientSession::IsHere(const std::string& id) const {
  return id.empty() ? adopts_ : subscriptions_.contains(id);
}

}  // namespace streamer
