// ReceivedDelivery: one delivery as it came over the wire, converted on
// access. A reader that looks at two fields pays for two fields.
//
// Views returned point into the delivery and are valid as long as it is.
// Thread-safety: const use from any thread. KeepSubscriptions and
// RemoveSubscription belong to the queue that still owns it alone.
#ifndef STREAMER_CLIENT_RECEIVED_DELIVERY_H_
#define STREAMER_CLIENT_RECEIVED_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "client/entry_number.h"
#include "event/change_event.h"

namespace syntrix::streamer::v1 {
class EventDelivery;
}  // namespace syntrix::streamer::v1

namespace streamer {

class ReceivedDelivery {
 public:
  ReceivedDelivery(
      std::unique_ptr<syntrix::streamer::v1::EventDelivery> delivery,
      std::int64_t received_ns, EntryNumber number = {},
      std::uint64_t session = 0);
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
  // What the event did to the documents of each subscription: "entered",
  // "changed", "left", "unknown_in" or "unknown_out"; "" of one that did not
  // ask. 0 when none did.
  [[nodiscard]] std::size_t membership_count() const;
  [[nodiscard]] std::string_view membership(std::size_t index) const;
  [[nodiscard]] std::string_view progress() const;

  [[nodiscard]] std::string_view event_id() const;
  [[nodiscard]] std::string_view tenant() const;
  [[nodiscard]] std::string_view collection() const;
  [[nodiscard]] std::string_view document_id() const;
  [[nodiscard]] Operation operation() const;
  // The flattened document as JSON; empty on a delete without fields.
  [[nodiscard]] std::string_view document() const;
  [[nodiscard]] std::int64_t timestamp_ms() const;

  // What a session tells of its deliveries; false and 0 without one.
  // It may have been delivered before, in an earlier epoch of the session.
  [[nodiscard]] bool is_redelivered() const;
  // Read from the log for subscriptions that are behind.
  [[nodiscard]] bool is_catching_up() const;
  // The document was larger than this gateway takes, and was left out.
  [[nodiscard]] bool is_document_omitted() const;
  // How many earlier events of the document were merged into this one.
  [[nodiscard]] std::uint32_t coalesced() const;
  // Null without a session.
  [[nodiscard]] EntryNumber number() const { return number_; }
  // The session's number when it came, in which sequence() counts; 0 without.
  [[nodiscard]] std::uint64_t session() const { return session_; }

  // When it was received, on the monotonic clock, in nanoseconds.
  [[nodiscard]] std::int64_t received_ns() const { return received_ns_; }
  // What it is charged to the queue.
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

  // Keeps the subscriptions that `is_kept` says so of. Whether any is left.
  bool KeepSubscriptions(absl::FunctionRef<bool(std::string_view)> is_kept);
  // Takes `id` out. Whether any subscription is left.
  bool RemoveSubscription(std::string_view id);

 private:
  const std::unique_ptr<syntrix::streamer::v1::EventDelivery> delivery_;
  const std::int64_t received_ns_;
  const EntryNumber number_;
  const std::uint64_t session_;
  const std::size_t size_bytes_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_RECEIVED_DELIVERY_H_
