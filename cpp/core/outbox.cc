#include "core/outbox.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

constexpr double kSoftShare = 0.7;
constexpr double kDrainedShare = 0.6;

// An entry costs more than its document and ids: pointers, bookkeeping.
constexpr std::size_t kEntryOverhead = 128;

bool IsAboveShare(std::size_t used, std::size_t limit, double share) {
  return static_cast<double>(used) > share * static_cast<double>(limit);
}

// The document counts for every gateway it waits for, though it is shared:
// each must stay within its bound whatever the others do.
std::size_t SizeOf(const Outbox::Waiting& delivery) {
  return kEntryOverhead + delivery.event->document.size() + delivery.id_bytes +
         delivery.handles.size() * sizeof(SubscriptionHandle);
}

void Merge(ResyncRequired from, ResyncRequired& into) {
  into.from = std::min(into.from, from.from);
  into.to = std::max(into.to, from.to);
  if (from.subscription_ids.empty()) into.subscription_ids.clear();
  if (into.subscription_ids.empty()) return;
  std::vector<std::string>& ids = into.subscription_ids;
  std::move(from.subscription_ids.begin(), from.subscription_ids.end(),
            std::back_inserter(ids));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
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

bool Outbox::Append(Waiting delivery) {
  if (is_behind() || pressure() == Pressure::kHard) {
    assert(kind_ == GatewayKind::kSession);
    NoteMissed(delivery.event->event.position);
    return false;
  }
  std::size_t bytes = SizeOf(delivery);
  entries_.push_back({std::move(delivery), bytes});
  bytes_ += bytes;
  ++waiting_count_;
  return true;
}

void Outbox::Append(SubscriptionClosed notice) {
  entries_.push_back({std::move(notice), 0});
}

void Outbox::Append(ResyncRequired notice) {
  if (missed_) return Merge(std::move(notice), *missed_);
  for (Entry& entry : entries_) {
    if (auto* waiting = std::get_if<ResyncRequired>(&entry.what)) {
      return Merge(std::move(notice), *waiting);
    }
  }
  entries_.push_back({std::move(notice), 0});
}

void Outbox::NoteMissed(Position position) {
  if (!missed_) {
    missed_ = ResyncRequired{.from = {position.epoch, position.offset - 1},
                             .reason = "the gateway fell too far behind"};
  }
  missed_->to = position;
}

// What was missed is announced when it is known where it ends. Until then no
// later delivery is stored, so the notice stands in the right place.
void Outbox::CatchUpIfDrained() {
  if (!missed_ || IsAbove(kDrainedShare)) return;
  ResyncRequired notice = *std::exchange(missed_, std::nullopt);
  Append(std::move(notice));
}

std::optional<GatewayEffect> Outbox::HandOver(FindId find_id) {
  while (true) {
    CatchUpIfDrained();
    if (entries_.empty()) return std::nullopt;
    Entry& entry = entries_.front();
    if (!std::holds_alternative<Waiting>(entry.what)) {
      Entry notice = std::move(entry);
      entries_.pop_front();
      if (auto* closed = std::get_if<SubscriptionClosed>(&notice.what)) {
        return Number(std::move(*closed), notice.bytes);
      }
      return Number(std::move(std::get<ResyncRequired>(notice.what)),
                    notice.bytes);
    }
    if (credit_ == 0) return std::nullopt;
    auto delivery = HandOverDelivery(entry, find_id);
    --waiting_count_;
    entries_.pop_front();
    if (delivery) return delivery;
  }
}

std::optional<GatewayEffect> Outbox::HandOverDelivery(Entry& entry,
                                                      FindId find_id) {
  auto& waiting = std::get<Waiting>(entry.what);
  bytes_ -= entry.bytes;
  Delivery delivery;
  delivery.handles.reserve(waiting.handles.size());
  delivery.subscription_ids.reserve(waiting.handles.size());
  for (SubscriptionHandle handle : waiting.handles) {
    const std::string* id = find_id(handle);
    if (id == nullptr) continue;
    delivery.handles.push_back(handle);
    delivery.subscription_ids.push_back(*id);
  }
  if (delivery.handles.empty()) return std::nullopt;
  --credit_;
  delivery.event = std::move(waiting.event);
  delivery.is_catching_up = waiting.is_catching_up;
  return Number(std::move(delivery), entry.bytes);
}

GatewayEffect Outbox::Number(GatewayEffect effect, std::size_t bytes) {
  std::uint64_t sequence = ++last_sequence_;
  std::visit(
      [sequence](auto& one) {
        if constexpr (requires { one.sequence; }) one.sequence = sequence;
      },
      effect);
  if (kind_ == GatewayKind::kSession) {
    sent_.push_back({effect, sequence, bytes});
    bytes_ += bytes;
  }
  return effect;
}

Status Outbox::Acknowledge(std::uint64_t sequence) {
  if (sequence > last_sequence_) {
    return InvalidArgument(absl::StrCat("ack: expected at most ",
                                        last_sequence_, ", got ", sequence));
  }
  while (!sent_.empty() && sent_.front().sequence <= sequence) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
  return OkStatus();
}

void Outbox::Clear() {
  entries_.clear();
  sent_.clear();
  missed_.reset();
  waiting_count_ = 0;
  bytes_ = 0;
}

void Outbox::AddCredit(std::size_t deliveries) {
  std::size_t room = std::numeric_limits<std::size_t>::max() - credit_;
  credit_ += std::min(room, deliveries);
}

}  // namespace streamer
