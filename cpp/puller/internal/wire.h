// Log entries to syntrix.puller.v1 messages.
//
// A stored event goes out as it came in. A plain one goes out in the stored
// form (event/stored_form.h). That a document was deleted before an update is
// sent as MongoDB would say it, in `update_desc`. A timestamp of 0 means "not
// known" on the wire, and the consumer puts its own time there.
//
// Thread-safety: pure functions.
#ifndef STREAMER_PULLER_INTERNAL_WIRE_H_
#define STREAMER_PULLER_INTERNAL_WIRE_H_

#include "puller/puller_session.h"
#include "syntrix/puller/v1/puller.pb.h"

namespace streamer::internal {

// Writes over `wire`.
void EncodeMessage(const PullerMessage& message,
                   syntrix::puller::v1::PullerEvent& wire);

}  // namespace streamer::internal

#endif  // STREAMER_PULLER_INTERNAL_WIRE_H_
