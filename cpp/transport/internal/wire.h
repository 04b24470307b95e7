// The gateway wire: conversion between `syntrix.streamer.v1` messages and the
// core's types, in one place.
//
// Reading trusts nothing. A request that cannot be served is a Status whose
// message names the field by its path (`filters[1].value.list_value[2]: …`);
// it becomes the `error` of the answer, never the end of the stream.
//
// Writing produces bytes. A delivery is written straight from the event,
// without a message object between, because this is what happens most: one
// copy of the document, from the event to the bytes that the socket gets.
//
// Thread-safety: pure functions, but for the random id of ReadSubscribe.
#ifndef STREAMER_TRANSPORT_INTERNAL_WIRE_H_
#define STREAMER_TRANSPORT_INTERNAL_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "core/effects.h"
#include "filter/filter.h"
#include "transport/internal/filter_cache.h"

namespace syntrix::streamer::v1 {
class SubscribeRequest;
class Value;
}  // namespace syntrix::streamer::v1

namespace streamer {

namespace pb = ::syntrix::streamer::v1;

// The constant at `where`. InvalidArgument when it has no kind.
Result<OwnedValue> ReadWireValue(const pb::Value& value,
                                 std::string_view where);

// Conditions and expression of `request`, not compiled yet.
Result<FilterSource> ReadFilterSource(const pb::SubscribeRequest& request);

// The command that `request` asks for, its filter compiled; where it resumes is
// for who knows the log. Has
// `subscription_id` filled in even when the Status is not OK, so that the
// answer can name it; an empty id of the request becomes a new UUID. What a
// refusal repeats of the request is cut short, so that an answer is small
// whatever was asked.
struct SubscribeReading {
  std::string subscription_id;
  Result<Subscribe> command;
};
SubscribeReading ReadSubscribe(const pb::SubscribeRequest& request,
                               GatewayHandle gateway);

// Of the filters of all ReadSubscribe.
FilterCache::Counts FilterCacheCounts();

// A StreamerMessage with `response` in it.
std::string EncodeSubscribeResponse(const SubscribeResponse& response);
// A StreamerMessage that echoes a heartbeat.
std::string EncodeHeartbeatAck(std::int64_t timestamp);

// Ids of one message; more are split over several.
inline constexpr std::size_t kMaxIdBytes = 1u << 20;

// StreamerMessages that carry `delivery` to a plain gateway: one, or several
// when its ids take more than `max_id_bytes`, each with the whole event.
std::vector<std::string> EncodeDelivery(const Delivery& delivery,
                                        std::size_t max_id_bytes = kMaxIdBytes);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_WIRE_H_
