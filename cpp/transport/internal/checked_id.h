// CheckId: the ids that operators write down: gateways, and subscriptions that
// are registered over HTTP.
//
// Thread-safety: a pure function.
#ifndef STREAMER_TRANSPORT_INTERNAL_CHECKED_ID_H_
#define STREAMER_TRANSPORT_INTERNAL_CHECKED_ID_H_

#include <string_view>

#include "base/status.h"

namespace streamer {

// InvalidArgument, naming `what`, unless `id` is 1 to 128 of [A-Za-z0-9_.:-].
Status CheckId(std::string_view what, std::string_view id);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_CHECKED_ID_H_
