// Between the wire format and the client's own types. The only place of
// client/ that knows both, the lazily converted ReceivedDelivery aside.
//
// Thread-safety: pure functions.
#ifndef STREAMER_CLIENT_INTERNAL_WIRE_H_
#define STREAMER_CLIENT_INTERNAL_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "client/session_receiver.h"
#include "client/subscription.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer::client_wire {

// InvalidArgument names the condition whose constant the wire has no kind for
// (null, an object, an integer above int64), or a time to live that it cannot
// say.
Result<syntrix::streamer::v1::GatewayMessage> EncodeSubscribe(
    const SubscriptionRequest& request);

syntrix::streamer::v1::GatewayMessage EncodeUnsubscribe(
    std::string_view subscription_id);

syntrix::streamer::v1::GatewayMessage EncodeHeartbeat(
    const std::string& gateway_id, std::int64_t unix_ms,
    std::uint64_t last_seq);

syntrix::streamer::v1::GatewayMessage EncodeAck(
    const SessionReceiver::Acknowledgement& acknowledgement);

// What Hello says beside the place.
struct HelloOptions {
  bool allows_coalescing = false;
  std::size_t max_message_bytes = 0;
};
syntrix::streamer::v1::GatewayMessage EncodeHello(const std::string& gateway_id,
                                                  const SessionPlace& place,
                                                  const HelloOptions& options);

// A refusal becomes the Status that its code names; without a code, which
// older services do not send, InvalidArgument.
Result<SubscriptionAnswer> DecodeAnswer(
    const syntrix::streamer::v1::SubscribeResponse& response);

// A continuity that this version does not know is taken for the worst.
SessionWelcome DecodeWelcome(const syntrix::streamer::v1::Welcome& welcome);

SessionEntry DecodeEntry(const syntrix::streamer::v1::EventDelivery& delivery);

ReceivedGap DecodeResync(const syntrix::streamer::v1::ResyncRequired& resync);

ReceivedGap DecodeClosed(
    const syntrix::streamer::v1::SubscriptionClosed& closed);

// `refusal` with the position that its report names ("ERROR: 1:12: …", see
// cel/parser.h), so that cel::PositionOf finds it as if the expression had
// been compiled here. Unchanged when it is no report on `expression`.
Status WithPosition(const Status& refusal, std::string_view expression);

}  // namespace streamer::client_wire

#endif  // STREAMER_CLIENT_INTERNAL_WIRE_H_
