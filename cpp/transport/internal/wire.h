// The gateway wire: conversion between `syntrix.streamer.v1` messages and the
// core's types, in one place.
//
// Reading trusts nothing. A request that cannot be served is a Status whose
// message names the field by its path (`filters[1].value.list_value[2]: …`);
// it becomes the `error` of the answer, never the end of the stream.
//
// Deliveries are written by internal/delivery_wire.h.
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
#include "runtime/engine.h"
#include "transport/internal/filter_cache.h"

namespace syntrix::streamer::v1 {
class Hello;
class SubscribeRequest;
class UnsubscribeRequest;
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
// whatever was asked. Only a session may ask for membership.
struct SubscribeReading {
  std::string subscription_id;
  Result<Subscribe> command;
};
SubscribeReading ReadSubscribe(const pb::SubscribeRequest& request,
                               GatewayHandle gateway,
                               GatewayKind kind = GatewayKind::kSoftState);

// The subscription that `request` is to end, cut short like that of a refusal
// when it can be none; then the Status is not OK.
struct UnsubscribeReading {
  std::string subscription_id;
  Status status;
};
UnsubscribeReading ReadUnsubscribe(const pb::UnsubscribeRequest& request);

// Of the filters of all ReadSubscribe.
FilterCache::Counts FilterCacheCounts();

// A StreamerMessage with `response` in it.
std::string EncodeSubscribeResponse(const SubscribeResponse& response);
// A StreamerMessage that echoes a heartbeat. To a session, with the newest
// sequence number written and the session's own.
std::string EncodeHeartbeatAck(std::int64_t timestamp,
                               std::uint64_t last_sequence = 0,
                               SessionNumber session = {});

// What Hello asks for. InvalidArgument, naming the field, when it is no gateway
// id, no progress, or a size that is too small.
Result<SessionRequest> ReadHello(const pb::Hello& hello);
// The largest message for a gateway that does not say: what gRPC takes unless
// it is told otherwise; and for whoever does.
inline constexpr std::size_t kDefaultMessage = 4u << 20;
inline constexpr std::size_t kLargestMessage = 64u << 20;
std::size_t MaxMessageBytes(const pb::Hello& hello);

// What only sessions are told.
std::string EncodeWelcome(const SessionOpened& opened);
std::string EncodeUnsubscribeResponse(const UnsubscribeResponse& response);
std::string EncodeSubscriptionClosed(const SubscriptionClosed& closed);
// One that would be longer than `most_bytes` names none: it is for all then.
std::string EncodeResyncRequired(const ResyncRequired& notice,
                                 std::size_t most_bytes = kDefaultMessage);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_WIRE_H_
