#include "core/outbox.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "event/joining.h"

namespace streamer {
namespace {

constexpr double kSoftShare = 0.7;
constexpr double kDrainedShare = 0.6;

// What waited long is in no cache. So many entries before its turn it is asked
// for, and has come when it is needed.
constexpr std::size_t kFetchAhead = 8;

// An entry costs more than its document and ids: pointers, bookkeeping.
constexpr std::size_t kEntryOverhead = 128;

bool IsAboveShare(std::size_t used, std::size_t limit, double share) {
  return static_cast<double>(used) > share * static_cast<double>(limit);
}

// Documents count for every gateway they wait for, though they are shared: each
// must stay within its bound whatever the others do. Those of the source are
// kept as long as the one that goes out, which may be small beside them: a
// delete has none, and no before-image goes out.
std::size_t SizeOf(const Outbox::Waiting& delivery) {
  const SourceEvent& source = *delivery.event->event.source;
  return kEntryOverhead + delivery.event->document.size() +
         source.document.size() + source.before.size() + delivery.id_bytes +
         delivery.handles.size() * sizeof(SubscriptionHandle) +
         delivery.memberships.size();
}

bool IsBefore(Position left, Position right) {
  return left.offset < right.offset;
}

// Too many names are none: all of the gateway.
void BoundNames(std::vector<std::string>& names) {
  std::size_t bytes = 0;
  for (const std::string& id : names) bytes += id.size() + Outbox::kNameFrame;
  if (bytes > Outbox::kMostNamedBytes) names.clear();
}

// Cuts no character of UTF-8 in two.
void BoundReason(std::string& reason) {
  std::size_t most = Outbox::kLongestReason;
  if (reason.size() <= most) return;
  const auto is_inside = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
  };
  while (most > 0 && is_inside(reason[most])) --most;
  reason.resize(most);
}

// Both ascending. Most losses concern the same subscriptions as the last one,
// and then nothing is moved.
void MergeNames(std::vector<std::string> more,
                std::vector<std::string>& names) {
  std::erase_if(more, [&names](const std::string& id) {
    return std::binary_search(names.begin(), names.end(), id);
  });
  if (more.empty()) return;
  const auto old = static_cast<std::ptrdiff_t>(names.size());
  std::move(more.begin(), more.end(), std::back_inserter(names));
  std::inplace_merge(names.begin(), names.begin() + old, names.end());
  BoundNames(names);
}

// Both, unless that says no more than one, or is too long to read.
void MergeReasons(const std::string& more, std::string& reason) {
  if (reason.find(more) != std::string::npos) return;
  if (reason.size() + more.size() > Outbox::kLongestReason) return;
  absl::StrAppend(&reason, "; ", more);
}

void Merge(ResyncRequired from, ResyncRequired& into) {
  MergeReasons(from.reason, into.reason);
  into.from = std::min(into.from, from.from, IsBefore);
  into.to = std::max(into.to, from.to, IsBefore);
  if (from.subscription_ids.empty()) into.subscription_ids.clear();
  if (into.subscription_ids.empty()) return;
  MergeNames(std::move(from.subscription_ids), into.subscription_ids);
}

// Names the subscriptions, and leaves out those that have ended.
void NameLive(Outbox::FindId find_id, Delivery& delivery) {
  delivery.subscription_ids.clear();
  delivery.subscription_ids.reserve(delivery.handles.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < delivery.handles.size(); ++i) {
    const std::string* id = find_id(delivery.handles[i]);
    if (id == nullptr) continue;
    delivery.subscription_ids.push_back(*id);
    delivery.handles[kept] = delivery.handles[i];
    if (!delivery.memberships.empty()) {
      delivery.memberships[kept] = delivery.memberships[i];
    }
    ++kept;
  }
  delivery.handles.resize(kept);
  if (!delivery.memberships.empty()) delivery.memberships.resize(kept);
}

bool AreLive(Outbox::FindId find_id,
             const std::vector<SubscriptionHandle>& handles) {
  return std::all_of(
      handles.begin(), handles.end(),
      [&](SubscriptionHandle one) { return find_id(one) != nullptr; });
}

const ChangeEvent& EventOf(const Outbox::Waiting& delivery) {
  return delivery.event->event;
}

// The first place that the delivery holds: its own, or that of the first event
// merged into it.
std::uint64_t FirstPlace(const Outbox::Waiting& delivery) {
  return delivery.coalesced > 0 ? delivery.first_place
                                : EventOf(delivery).position.offset;
}

// The memberships of `last` with those of `first` before them. Nothing when not
// all subscriptions of `first` are there, or one would not be told enough.
std::optional<std::vector<Membership>> ComposeAll(const Outbox::Waiting& first,
                                                  const Outbox::Waiting& last) {
  std::vector<Membership> composed = last.memberships;
  auto at = last.handles.begin();
  for (std::size_t i = 0; i < first.handles.size(); ++i) {
    at = std::lower_bound(at, last.handles.end(), first.handles[i]);
    if (at == last.handles.end() || *at != first.handles[i]) return {};
    if (first.memberships.empty() || composed.empty()) continue;
    Membership& one =
        composed[static_cast<std::size_t>(at - last.handles.begin())];
    const std::optional<Membership> both = Compose(first.memberships[i], one);
    if (!both) return std::nullopt;
    one = *both;
  }
  return composed;
}

// Makes `last` what both come to.
void Merge(const Outbox::Waiting& first, Outbox::Waiting& last) {
  const ChangeEvent& event = EventOf(last);
  ChangeEvent joined = Join(EventOf(first), event);
  if (joined.operation != event.operation || joined.source != event.source) {
    last.event = std::make_shared<const OutgoingEvent>(
        OutgoingEvent{std::move(joined), last.event->document});
  }
  last.coalesced = first.coalesced + 1;
  last.first_place = FirstPlace(first);
  last.turn = first.turn;
}

}  // namespace

Pressure Outbox::pressure() const {
  if (waiting_count_ + sent_.size() >= limits_.deliveries ||
      bytes_ >= limits_.bytes) {
    return Pressure::kHard;
  }
  return IsAbove(kSoftShare) ? Pressure::kSoft : Pressure::kNone;
}

bool Outbox::IsAbove(double share) const {
  return IsAboveShare(waiting_count_ + sent_.size(), limits_.deliveries,
                      share) ||
         IsAboveShare(bytes_, limits_.bytes, share);
}

// Each makes a delivery at most, so by count they stay below the soft limit.
std::size_t Outbox::room_for_past() const {
  if (IsAbove(kDrainedShare)) return 0;
  const auto most = static_cast<std::size_t>(
      kSoftShare * static_cast<double>(limits_.deliveries));
  const std::size_t used = waiting_count_ + sent_.size();
  return std::max<std::size_t>(1, most - std::min(most, used));
}

void Outbox::AllowMerging(bool allows) {
  if (merging_ == nullptr && !allows) return;
  if (merging_ == nullptr) merging_ = std::make_unique<Merging>();
  merging_->is_allowed = allows;
  if (!allows) merging_->documents.Fence();
}

void Outbox::Fence() {
  if (merging_ != nullptr) merging_->documents.Fence();
}

// What the gateway may have had before a restart is not merged: it would be
// told what it cannot tell from what it knows. Nor is the event behind that,
// so that progress never names a place at or before it.
bool Outbox::MayMerge(const Waiting& first, const Waiting& last) const {
  const std::uint64_t place = EventOf(first).position.offset;
  if (redelivered_upto_ > 0 && place <= redelivered_upto_ + 1) return false;
  return !first.is_catching_up && !last.is_catching_up &&
         last_sequence_ < first.turn && CanJoin(EventOf(first), EventOf(last));
}

// Puts the last delivery of the same document that waits into `delivery`, if
// that may be, and notes that `delivery` comes last now.
bool Outbox::MergeInto(Waiting& delivery) {
  if (merging_ == nullptr || !merging_->is_allowed) return false;
  Merging& merging = *merging_;
  if (merging.holes > entries_.size() / 2) EraseIf([](auto&) { return false; });
  delivery.turn = last_sequence_ + waiting_count_ + 1;
  const bool is_merged = IsAbove(kSoftShare) && TakeOver(delivery);
  merging.documents.Add(EventOf(delivery),
                        merging.first_place + entries_.size());
  return is_merged;
}

bool Outbox::TakeOver(Waiting& delivery) {
  const auto place = merging_->documents.Find(EventOf(delivery));
  if (!place) return false;
  Entry& entry = entries_[*place - merging_->first_place];
  const auto& first = std::get<Waiting>(entry.what);
  if (!MayMerge(first, delivery)) return false;
  auto memberships = ComposeAll(first, delivery);
  if (!memberships) return false;
  delivery.memberships = *std::move(memberships);
  Merge(first, delivery);
  const Position last = EventOf(delivery).position;
  merging_->merged.Add({last.epoch, delivery.first_place}, last);
  bytes_ -= entry.bytes;
  --waiting_count_;
  entry = {std::monostate(), 0};
  ++merging_->holes;
  return true;
}

void Outbox::PopFront() {
  if (merging_ != nullptr) {
    ++merging_->first_place;
    if (std::holds_alternative<std::monostate>(entries_.front().what)) {
      --merging_->holes;
    }
  }
  entries_.pop_front();
}

void Outbox::EraseIf(absl::FunctionRef<bool(const Entry&)> is_gone) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (std::holds_alternative<std::monostate>(entry.what)) continue;
    const auto* delivery = std::get_if<Waiting>(&entry.what);
    const bool is_known = merging_ != nullptr && delivery != nullptr;
    const std::uint64_t first = is_known ? merging_->first_place : 0;
    if (is_gone(entry)) {
      if (is_known) merging_->documents.Remove(EventOf(*delivery), first + i);
      continue;
    }
    if (is_known) {
      merging_->documents.Move(EventOf(*delivery), first + i, first + kept);
    }
    if (kept < i) entries_[kept] = std::move(entry);
    ++kept;
  }
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept),
                 entries_.end());
  if (merging_ != nullptr) merging_->holes = 0;
}

bool Outbox::Append(Waiting delivery) {
  const bool is_merged = MergeInto(delivery);
  std::size_t bytes = SizeOf(delivery);
  NotePast(delivery);
  entries_.push_back({std::move(delivery), bytes});
  bytes_ += bytes;
  ++waiting_count_;
  return is_merged;
}

void Outbox::Append(SubscriptionClosed notice, Position at) {
  Fence();
  if (kind_ == GatewayKind::kSession) {
    closed_.push_back(
        {notice.subscription_id, notice.reason, at, notice.detail});
  }
  const std::size_t bytes =
      kEntryOverhead + notice.subscription_id.size() + notice.detail.size();
  entries_.push_back({std::move(notice), bytes});
  bytes_ += bytes;
}

void Outbox::Append(ResyncRequired notice) {
  Fence();
  std::vector<std::string>& names = notice.subscription_ids;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  BoundNames(names);
  BoundReason(notice.reason);
  if (waiting_resync_) return Merge(std::move(notice), *waiting_resync_);
  waiting_resync_ = std::move(notice);
  entries_.push_back({ResyncPlace(), 0});
}

std::optional<GatewayEffect> Outbox::HandOver(FindId find_id) {
  if (!has_stream_) return std::nullopt;
  if (to_send_again_ > 0) return HandOverAgain(find_id);
  while (!entries_.empty()) {
    Entry& entry = entries_.front();
    if (std::holds_alternative<std::monostate>(entry.what)) {
      PopFront();
      continue;
    }
    if (!std::holds_alternative<Waiting>(entry.what)) return HandOverNotice();
    if (credit_ == 0 || in_flight_bytes_ >= kMostInFlight) return std::nullopt;
    FetchAhead();
    auto delivery = HandOverDelivery(entry, find_id);
    --waiting_count_;
    PopFront();
    if (delivery) return delivery;
  }
  return std::nullopt;
}

void Outbox::FetchAhead() const {
  if (entries_.size() <= kFetchAhead) return;
  const auto* later = std::get_if<Waiting>(&entries_[kFetchAhead].what);
  if (later == nullptr) return;
  __builtin_prefetch(later->event.get());
  __builtin_prefetch(later->handles.data());
}

std::optional<GatewayEffect> Outbox::HandOverNotice() {
  Entry& entry = entries_.front();
  if (auto* closed = std::get_if<SubscriptionClosed>(&entry.what)) {
    SubscriptionClosed notice = std::move(*closed);
    const std::size_t bytes = entry.bytes;
    PopFront();
    bytes_ -= bytes;
    if (kind_ == GatewayKind::kSession) {
      sent_closed_.push_back(last_sequence_ + 1);
    }
    return HandOverNumbered(std::move(notice), bytes);
  }
  if (sent_resyncs_.size() >= kMostResyncs) return std::nullopt;
  PopFront();
  ResyncRequired notice = *std::move(waiting_resync_);
  waiting_resync_.reset();
  if (kind_ == GatewayKind::kSession) {
    sent_resyncs_.push_back(last_sequence_ + 1);
  }
  return HandOverNumbered(std::move(notice), 0);
}

template <typename Notice>
GatewayEffect Outbox::HandOverNumbered(Notice notice, std::size_t bytes) {
  notice.sequence = ++last_sequence_;
  GatewayEffect effect = std::move(notice);
  Keep(effect, bytes, false);
  return effect;
}

// A delivery keeps its number even when all of its subscriptions have ended:
// the gateway would take a number left out for a loss.
std::optional<GatewayEffect> Outbox::HandOverAgain(FindId find_id) {
  const Sent& sent = sent_[sent_.size() - to_send_again_];
  GatewayEffect effect = sent.effect;
  if (auto* delivery = std::get_if<SharedDelivery>(&effect)) {
    if (credit_ == 0) return std::nullopt;
    --credit_;
    if (!AreLive(find_id, (*delivery)->handles)) {
      Delivery rest = **delivery;
      NameLive(find_id, rest);
      *delivery = std::make_shared<const Delivery>(std::move(rest));
    }
  }
  --to_send_again_;
  return effect;
}

std::optional<GatewayEffect> Outbox::HandOverDelivery(Entry& entry,
                                                      FindId find_id) {
  auto& waiting = std::get<Waiting>(entry.what);
  const Position position = EventOf(waiting).position;
  bytes_ -= entry.bytes;
  if (merging_ != nullptr) {
    merging_->documents.Remove(EventOf(waiting), merging_->first_place);
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->handles = std::move(waiting.handles);
  delivery->memberships = std::move(waiting.memberships);
  NameLive(find_id, *delivery);
  if (delivery->handles.empty()) {
    Leave(waiting);
    return std::nullopt;
  }
  --credit_;
  if (kind_ == GatewayKind::kSoftState) {
    in_flight_.push_back({position, entry.bytes, waiting.holds});
    in_flight_bytes_ += entry.bytes;
  }
  delivery->sequence = ++last_sequence_;
  delivery->is_catching_up = waiting.is_catching_up;
  delivery->is_redelivered = FirstPlace(waiting) <= redelivered_upto_;
  delivery->coalesced = waiting.coalesced;
  delivery->progress = waiting.holds ? ProgressAfter(position) : position;
  delivery->event = std::move(waiting.event);
  Keep(delivery, entry.bytes, waiting.holds);
  return delivery;
}

// It does not go out: all of its subscriptions have ended.
void Outbox::Leave(const Waiting& waiting) {
  const Position position = EventOf(waiting).position;
  if (!waiting.holds) return ForgetPast(position);
  if (merging_ != nullptr) merging_->merged.Drop(position);
}

// What goes out with the event at `position`: who has it has had everything up
// to here, but for what waits within a later event.
Position Outbox::ProgressAfter(Position position) {
  if (merging_ == nullptr) return position;
  merging_->merged.HandOver(position);
  const auto first = merging_->merged.first_waiting();
  if (!first || first->offset > position.offset) return position;
  return {position.epoch, first->offset - 1};
}

// What was handed over under last_sequence_, if it may have to be again.
void Outbox::Keep(GatewayEffect effect, std::size_t bytes, bool holds) {
  if (kind_ != GatewayKind::kSession) return;
  sent_.push_back({std::move(effect), last_sequence_, bytes, holds});
  bytes_ += bytes;
}

Status Outbox::Acknowledge(std::uint64_t sequence) {
  if (sequence > last_sequence_) {
    return InvalidArgument(absl::StrCat("ack: expected at most ",
                                        last_sequence_, ", got ", sequence));
  }
  acknowledged_ = std::max(acknowledged_, sequence);
  while (!sent_.empty() && sent_.front().sequence <= sequence) {
    const Sent& sent = sent_.front();
    bytes_ -= sent.bytes;
    if (const auto* delivery = std::get_if<SharedDelivery>(&sent.effect)) {
      const Position position = (*delivery)->event->event.position;
      if (!sent.holds) ForgetPast(position);
      if (merging_ != nullptr && sent.holds) {
        merging_->merged.Acknowledge(position);
      }
    }
    sent_.pop_front();
  }
  while (!sent_resyncs_.empty() && sent_resyncs_.front() <= sequence) {
    sent_resyncs_.pop_front();
  }
  while (!sent_closed_.empty() && sent_closed_.front() <= sequence) {
    sent_closed_.pop_front();
    closed_.pop_front();
  }
  to_send_again_ = std::min(to_send_again_, sent_.size());
  return OkStatus();
}

void Outbox::ForgetUpTo(Position position) {
  const auto is_had = [&](const Entry& entry) {
    const auto* delivery = std::get_if<Waiting>(&entry.what);
    return delivery != nullptr && delivery->holds &&
           delivery->event->event.position.offset <= position.offset;
  };
  for (const Entry& entry : entries_) {
    if (!is_had(entry)) continue;
    bytes_ -= entry.bytes;
    --waiting_count_;
  }
  EraseIf(is_had);
  if (merging_ != nullptr) merging_->merged.Drop(position);
}

std::size_t Outbox::GiveUp(Position position) {
  const std::size_t before = waiting_count_;
  ForgetUpTo(position);
  if (merging_ != nullptr) merging_->merged.Clear();
  holds_none_upto_ = last_sequence_;
  return before - waiting_count_;
}

void Outbox::Attach(std::size_t credit) {
  has_stream_ = true;
  credit_ = credit;
  to_send_again_ = sent_.size();
}

void Outbox::Detach() {
  has_stream_ = false;
  credit_ = 0;
}

void Outbox::MarkRedelivered(std::uint64_t offset) {
  redelivered_upto_ = std::max(redelivered_upto_, offset);
}

void Outbox::Clear() {
  if (merging_ != nullptr) *merging_ = {.is_allowed = merging_->is_allowed};
  entries_.clear();
  sent_.clear();
  sent_resyncs_.clear();
  waiting_resync_.reset();
  closed_.clear();
  sent_closed_.clear();
  past_.clear();
  in_flight_.clear();
  in_flight_bytes_ = 0;
  to_send_again_ = 0;
  waiting_count_ = 0;
  bytes_ = 0;
}

void Outbox::AddCredit(std::size_t deliveries) {
  std::size_t room = std::numeric_limits<std::size_t>::max() - credit_;
  credit_ += std::min(room, deliveries);
  for (; deliveries > 0 && !in_flight_.empty(); --deliveries) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
}

std::optional<Position> Outbox::oldest_held() const {
  for (const InFlight& one : in_flight_) {
    if (one.holds) return one.position;
  }
  const std::optional<Position> oldest = FindOldestHeld();
  if (merging_ == nullptr) return oldest;
  const auto first = merging_->merged.first_open();
  return first && oldest && first->offset < oldest->offset ? first : oldest;
}

// What was found to hold nothing is not looked at again.
std::optional<Position> Outbox::FindOldestHeld() const {
  const std::uint64_t acknowledged = last_sequence_ - sent_.size();
  holds_none_upto_ = std::max(holds_none_upto_, acknowledged);
  for (std::size_t i = holds_none_upto_ - acknowledged; i < sent_.size(); ++i) {
    if (sent_[i].holds) {
      const auto& delivery = std::get<SharedDelivery>(sent_[i].effect);
      return delivery->event->event.position;
    }
    ++holds_none_upto_;
  }
  for (const Entry& entry : entries_) {
    const auto* delivery = std::get_if<Waiting>(&entry.what);
    if (delivery == nullptr || !delivery->holds) continue;
    return EventOf(*delivery).position;
  }
  return std::nullopt;
}

std::optional<Position> Outbox::oldest_past() const {
  if (past_.empty()) return std::nullopt;
  return *past_.begin();
}

void Outbox::NotePast(const Waiting& delivery) {
  if (kind_ != GatewayKind::kSession || delivery.holds) return;
  past_.insert(EventOf(delivery).position);
}

// Of equals, any.
void Outbox::ForgetPast(Position position) {
  const auto found = past_.find(position);
  if (found != past_.end()) past_.erase(found);
}

std::vector<SavedClosed> Outbox::closed() const {
  const std::size_t count = std::min(closed_.size(), kMostSavedClosed);
  return {closed_.begin(),
          closed_.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::vector<SavedResync> Outbox::resyncs() const {
  std::vector<SavedResync> found;
  const auto keep = [&found](const ResyncRequired& notice) {
    found.push_back(
        {notice.subscription_ids, notice.from, notice.to, notice.reason});
  };
  for (std::uint64_t sequence : sent_resyncs_) {
    keep(std::get<ResyncRequired>(
        sent_[sequence - sent_.front().sequence].effect));
  }
  if (waiting_resync_) keep(*waiting_resync_);
  return found;
}

}  // namespace streamer
