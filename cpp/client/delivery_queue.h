// DeliveryQueue: what was received and not yet taken, in order: deliveries,
// and between them the gaps.
//
// Bounded in deliveries and bytes. The bound is kept by the stream's owner,
// who stops reading when the queue is full and goes on once it has room: from
// there gRPC's flow control stops the service. Nothing is dropped. `is_full`
// and `has_room` lie apart so that reading does not stop and go with every
// delivery taken.
//
// Cost: constant per delivery; RemoveSubscription walks the queue.
// Thread-safety: none; guarded by its owner.
#ifndef STREAMER_CLIENT_DELIVERY_QUEUE_H_
#define STREAMER_CLIENT_DELIVERY_QUEUE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "client/entry_number.h"
#include "client/received_delivery.h"
#include "client/subscription.h"

namespace streamer {

struct DeliveryQueueLimits {
  std::size_t deliveries = 8'192;
  std::size_t bytes = 64u << 20;
};

// What one Take gives: the gaps come before the deliveries.
struct DeliveryBatch {
  std::vector<ReceivedGap> gaps;
  std::vector<std::shared_ptr<const ReceivedDelivery>> deliveries;

  [[nodiscard]] bool is_empty() const {
    return gaps.empty() && deliveries.empty();
  }
};

class DeliveryQueue {
 public:
  explicit DeliveryQueue(const DeliveryQueueLimits& limits) : limits_(limits) {}

  void Push(std::shared_ptr<ReceivedDelivery> delivery);

  // Marks that subscriptions may have missed something before what comes next.
  // Gaps that this side found, that follow each other and differ in their
  // subscriptions only become one. Whether `gap` became part of another: its
  // number is nothing to wait for then.
  bool PushGap(ReceivedGap gap);

  // Takes the gaps at the head and up to `limit` deliveries behind them, to
  // the next gap at most.
  DeliveryBatch Take(std::size_t limit);

  // Takes the gaps at the head only.
  std::vector<ReceivedGap> TakeGaps();

  // Nothing taken from now on names `subscription_id`. What named nothing else
  // is gone, and `discard` is told its number.
  void RemoveSubscription(std::string_view subscription_id,
                          absl::FunctionRef<void(EntryNumber)> discard);

  [[nodiscard]] bool is_empty() const { return items_.empty(); }
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t delivery_count() const { return deliveries_; }
  [[nodiscard]] std::size_t size_bytes() const { return bytes_; }

 private:
  using Item = std::variant<std::shared_ptr<ReceivedDelivery>, ReceivedGap>;

  // Whether nothing is left of `item` without `subscription_id`.
  static bool Strip(Item& item, std::string_view subscription_id);
  void Uncount(const ReceivedDelivery& delivery);

  const DeliveryQueueLimits limits_;
  std::deque<Item> items_;
  std::size_t deliveries_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_DELIVERY_QUEUE_H_
