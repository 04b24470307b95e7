#include "client/delivery_queue.h"

#include <algorithm>
#include <utility>

namespace streamer {

void DeliveryQueue::Push(std::shared_ptr<ReceivedDelivery> delivery) {
  bytes_ += delivery->size_bytes();
  ++deliveries_;
  items_.emplace_back(std::move(delivery));
}

void DeliveryQueue::PushGap(std::string subscription_id,
                            std::string_view reason) {
  Gap* last = items_.empty() ? nullptr : std::get_if<Gap>(&items_.back());
  if (last == nullptr || last->reason != reason) {
    items_.emplace_back(Gap{{}, std::string(reason)});
    last = &std::get<Gap>(items_.back());
  }
  last->subscription_ids.push_back(std::move(subscription_id));
}

std::vector<Gap> DeliveryQueue::TakeGaps() {
  std::vector<Gap> gaps;
  while (!items_.empty() && std::holds_alternative<Gap>(items_.front())) {
    gaps.push_back(std::move(std::get<Gap>(items_.front())));
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

void DeliveryQueue::RemoveSubscription(std::string_view subscription_id) {
  std::erase_if(items_, [&](Item& item) {
    if (!Strip(item, subscription_id)) return false;
    const auto* delivery =
        std::get_if<std::shared_ptr<ReceivedDelivery>>(&item);
    if (delivery != nullptr) Uncount(**delivery);
    return true;
  });
}

bool DeliveryQueue::Strip(Item& item, std::string_view subscription_id) {
  if (auto* gap = std::get_if<Gap>(&item)) {
    std::erase(gap->subscription_ids, subscription_id);
    return gap->subscription_ids.empty();
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
