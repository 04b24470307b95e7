// syntrix.puller.v1 messages to what a SourceConsumer takes.
//
// Everything here was written by another process. An event that cannot be read
// is a loss that says what was expected, what was got, and where; the rest of
// its message counts all the same.
//
// Thread-safety: pure functions.
#ifndef STREAMER_TRANSPORT_INTERNAL_PULLER_WIRE_H_
#define STREAMER_TRANSPORT_INTERNAL_PULLER_WIRE_H_

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"
#include "syntrix/puller/v1/puller.pb.h"
#include "transport/source_consumer.h"

namespace streamer {

// `now` labels an event that brings no timestamp.
SourceMessage DecodePullerEvent(const syntrix::puller::v1::PullerEvent& wire,
                                WallTime now);

// InvalidArgument when it is malformed.
Result<SourceEvent> DecodeChangeEvent(
    const syntrix::puller::v1::ChangeEvent& wire, WallTime now);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_PULLER_WIRE_H_
