// RouterStatistics: what the router counts, and how far it has come.
//
// Thread-safety: plain data.
#ifndef STREAMER_CORE_ROUTER_STATISTICS_H_
#define STREAMER_CORE_ROUTER_STATISTICS_H_

#include <array>
#include <cstdint>

#include "core/loss_report.h"
#include "event/position.h"

namespace streamer {

struct RouterStatistics {
  // When progress was last taken. One that is behind is also one of the others.
  std::uint64_t sessions_connected = 0;
  std::uint64_t sessions_disconnected = 0;
  std::uint64_t sessions_behind = 0;
  std::uint64_t session_lag = 0;  // events that the slowest has not had
  Position watermark;
  Position slowest;               // whoever that is: who is behind counts, too
  std::uint64_t deliveries = 0;   // handed over
  std::uint64_t matched_ids = 0;  // in them
  std::uint64_t dropped_with_gateway = 0;  // waited for a gateway that ended
  std::uint64_t backpressure_soft = 0;     // times an outbox came above 70 %
  std::uint64_t backpressure_hard = 0;     // times one came to its limit
  std::uint64_t coalesced = 0;  // merged into a later one while they waited
  // Not stored for a session that is behind, or given up as it was too far.
  std::uint64_t missed = 0;
  // Losses that sessions were told of, by LossCause; one notice may tell of
  // several.
  std::array<std::uint64_t, kLossCauses> resyncs = {};
  // Memberships handed over of which it was not known what was before.
  std::uint64_t memberships_unknown = 0;
  // Events whose body is no JSON object.
  std::uint64_t malformed = 0;
  std::uint64_t waiting = 0;  // deliveries for gateways that have a stream
  std::uint64_t gateways = 0;
  Position routed;  // the newest event whose deliveries are in outboxes
};

}  // namespace streamer

#endif  // STREAMER_CORE_ROUTER_STATISTICS_H_
