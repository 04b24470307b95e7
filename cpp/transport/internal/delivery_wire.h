// Deliveries on the gateway wire.
//
// A delivery is written straight from the event, without a message object
// between, because this is what happens most: one copy of the document, from
// the event to the bytes that the socket gets.
//
// Plain gateways get each delivery in a message of its own, and of it what the
// plain part of the contract has. Sessions get it whole, and several together.
//
// Thread-safety: pure functions.
#ifndef STREAMER_TRANSPORT_INTERNAL_DELIVERY_WIRE_H_
#define STREAMER_TRANSPORT_INTERNAL_DELIVERY_WIRE_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/effects.h"

namespace streamer {

// Ids of one message; more are split over several.
inline constexpr std::size_t kMaxIdBytes = 1u << 20;

// StreamerMessages that carry `delivery` to a plain gateway: one, or several
// when its ids take more than `max_id_bytes`, each with the whole event.
std::vector<std::string> EncodeDelivery(const Delivery& delivery,
                                        std::size_t max_id_bytes = kMaxIdBytes);

// StreamerMessages that carry `deliveries` to a session, in order, each of at
// most `max_message_bytes`, and of kMaxBatchBytes unless one delivery is
// larger. One whose ids do not fit into a message comes in parts, numbered from
// 1 and counted, under one sequence number. A document that does not fit is
// left out, which the delivery says. REQUIRES: `max_message_bytes` is at least
// kSmallestMessage.
struct SessionMessages {
  std::vector<std::string> messages;
  std::size_t documents_omitted = 0;
};
SessionMessages EncodeSessionDeliveries(
    std::span<const SharedDelivery> deliveries, std::size_t max_message_bytes);
inline constexpr std::size_t kSmallestMessage = 64u << 10;
inline constexpr std::size_t kMaxBatchBytes = 4u << 20;

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_DELIVERY_WIRE_H_
