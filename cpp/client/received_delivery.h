// ReceivedDelivery: one delivery as it came over the wire, converted on
// access. A reader that looks at two fields pays for two fields.
//
// Views returned point into the delivery and are valid as long as it is.
// Thread-safety: const use from any thread. RemoveSubscription belongs to the
// queue that still owns it alone.
#ifndef STREAMER_CLIENT_RECEIVED_DELIVERY_H_
#define STREAMER_CLIENT_RECEIVED_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "event/change_event.h"

namespace syntrix::streamer::v1 {
class EventDelivery;
class StreamerMessage;
}  // namespace syntrix::streamer::v1

namespace streamer {

class ReceivedDelivery {
 public:
  // REQUIRES: `message` holds a delivery.
  ReceivedDelivery(
      std::unique_ptr<syntrix::streamer::v1::StreamerMessage> message,
      std::int64_t received_ns);
  ~ReceivedDelivery();
  ReceivedDelivery(const ReceivedDelivery&) = delete;
  ReceivedDelivery& operator=(const ReceivedDelivery&) = delete;

  // The subscriptions that the event matched, in the service's order.
  [[nodiscard]] std::size_t subscription_count() const;
  [[nodiscard]] std::string_view subscription_id(std::size_t index) const;

  // 0 and empty when the service does not tell (it tells sessions only).
  [[nodiscard]] std::uint64_t sequence() const;
  [[nodiscard]] std::size_t handle_count() const;
  [[nodiscard]] std::uint64_t handle(std::size_t index) const;
  [[nodiscard]] std::string_view progress() const;

  [[nodiscard]] std::string_view event_id() const;
  [[nodiscard]] std::string_view tenant() const;
  [[nodiscard]] std::string_view collection() const;
  [[nodiscard]] std::string_view document_id() const;
  [[nodiscard]] Operation operation() const;
  // The flattened document as JSON; empty on a delete without fields.
  [[nodiscard]] std::string_view document() const;
  [[nodiscard]] std::int64_t timestamp_ms() const;

  // When it was received, on the monotonic clock, in nanoseconds.
  [[nodiscard]] std::int64_t received_ns() const { return received_ns_; }
  // What it is charged to the queue.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

  // Takes `id` out. Whether any subscription is left.
  bool RemoveSubscription(std::string_view id);

 private:
  [[nodiscard]] const syntrix::streamer::v1::EventDelivery& wire() const;

  const std::unique_ptr<syntrix::streamer::v1::StreamerMessage> message_;
  const std::int64_t received_ns_;
  const std::size_t size_bytes_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_RECEIVED_DELIVERY_H_
