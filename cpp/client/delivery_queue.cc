#include "client/delivery_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace streamer {
namespace {

bool IsFoundHere(const ReceivedGap& gap) {
  return gap.number.is_null() || gap.number.gap != 0;
}

// Two notices of the service stay two: each is acknowledged.
bool IsSameButForIds(const ReceivedGap& one, const ReceivedGap& other) {
  return IsFoundHere(one) && IsFoundHere(other) &&
         !one.subscription_ids.empty() && !other.subscription_ids.empty() &&
         one.reason == other.reason && one.end == other.end &&
         one.from_progress == other.from_progress &&
         one.to_progress == other.to_progress;
}

}  // namespace

void DeliveryQueue::Push(std::shared_ptr<ReceivedDelivery> delivery) {
  bytes_ += delivery->size_bytes();
  ++deliveries_;
  items_.emplace_back(std::move(delivery));
}

bool DeliveryQueue::PushGap(ReceivedGap gap) {
  auto* last =
      items_.empty() ? nullptr : std::get_if<ReceivedGap>(&items_.back());
  if (last != nullptr && IsSameButForIds(*last, gap)) {
    std::move(gap.subscription_ids.begin(), gap.subscription_ids.end(),
              std::back_inserter(last->subscription_ids));
    return true;
  }
  items_.emplace_back(std::move(gap));
  return false;
}

std::vector<ReceivedGap> DeliveryQueue::TakeGaps() {
  std::vector<ReceivedGap> gaps;
  while (!items_.empty() &&
         std::holds_alternative<ReceivedGap>(items_.front())) {
    gaps.push_back(std::move(std::get<ReceivedGap>(items_.front())));
    items_.pop_front();
  }
  return gaps;
}

DeliveryBatch DeliveryQueue::Take(std::size_t limit) {
  DeliveryBatch batch{.gaps = TakeGaps(), .deliveries = {}};
  batch.deliveries.reserve(std::min(limit, deliveries_));
  while (!items_.empty() && batch.deliveries.size() < limit) {
    auto* delivery =
        std::get_if<std::shared_ptr<ReceivedDelivery>>(&items_.front());
    if (delivery == nullptr) break;
    Uncount(**delivery);
    batch.deliveries.push_back(std::move(*delivery));
    items_.pop_front();
  }
  return batch;
}

void DeliveryQueue::RemoveSubscription(
    std::string_view subscription_id,
    absl::FunctionRef<void(EntryNumber)> discard) {
  std::erase_if(items_, [&](Item& item) {
    if (!Strip(item, subscription_id)) return false;
    if (const auto* gap = std::get_if<ReceivedGap>(&item)) {
      discard(gap->number);
    } else {
      const auto& delivery = std::get<std::shared_ptr<ReceivedDelivery>>(item);
      Uncount(*delivery);
      discard(delivery->number());
    }
    return true;
  });
}

// A gap that names none speaks of all, and of others than this one.
bool DeliveryQueue::Strip(Item& item, std::string_view subscription_id) {
  if (auto* gap = std::get_if<ReceivedGap>(&item)) {
    return std::erase(gap->subscription_ids, subscription_id) > 0 &&
           gap->subscription_ids.empty();
  }
  auto& delivery = std::get<std::shared_ptr<ReceivedDelivery>>(item);
  return !delivery->RemoveSubscription(subscription_id);
}

void DeliveryQueue::Uncount(const ReceivedDelivery& delivery) {
  bytes_ -= delivery.size_bytes();
  --deliveries_;
}

bool DeliveryQueue::is_full() const {
  return deliveries_ >= limits_.deliveries || bytes_ >= limits_.bytes;
}

bool DeliveryQueue::has_room() const {
  return deliveries_ <= limits_.deliveries / 2 && bytes_ <= limits_.bytes / 2;
}

}  // namespace streamer
