// RoutedGateway: what the router keeps of one gateway; Route: of one
// subscription.
//
// Thread-safety: none; owned by the router.
#ifndef STREAMER_CORE_INTERNAL_ROUTED_GATEWAY_H_
#define STREAMER_CORE_INTERNAL_ROUTED_GATEWAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/btree_set.h"
#include "base/ids.h"
#include "core/commands.h"
#include "core/outbox.h"
#include "core/saved_state.h"
#include "event/position.h"

namespace streamer::internal {

struct RoutedGateway {
  RoutedGateway(const ConnectGateway& connect, bool has_stream)
      : handle(connect.gateway),
        stream(has_stream ? connect.gateway : GatewayHandle()),
        gateway_id(connect.gateway_id),
        kind(connect.kind),
        outbox(connect.kind, connect.limits, has_stream) {}

  const GatewayHandle handle;
  GatewayHandle stream;  // null: it has none
  const std::string gateway_id;
  const GatewayKind kind;
  Outbox outbox;
  bool is_closed = false;               // given up; its end is on the way
  Pressure pressure = Pressure::kNone;  // last counted
  std::size_t waiting = 0;              // last counted
  // What the event at hand has for it: scratch of GroupByGateway.
  Outbox::Waiting matched;

  // Its subscriptions that catch up.
  absl::btree_set<SubscriptionHandle> catching_up;
  bool has_wished = false;  // and the past events are still to come
  // Past events after this found no room and must come again.
  std::optional<Position> overrun_after;

  // A session that is behind: of what came after this, nothing was stored.
  std::optional<Position> behind_after;
  // The wish that is under way was made when it was behind: then behind_after
  // is set. Past events that were wished for before come to those that catch up
  // only.
  bool has_wished_behind = false;

  // A session's number of now, and what was acknowledged in an earlier epoch.
  SessionNumber session;
  SavedCursor::Acknowledged acknowledged_before;
  // What it had in an earlier epoch, and does not get again.
  std::uint64_t had_upto = 0;
  // Caught up, but what they caught up with is not acknowledged yet.
  absl::btree_set<SubscriptionHandle> settling;

  // As it was last taken, and what was acknowledged then.
  std::optional<SavedCursor> saved;
  std::uint64_t saved_sequence = 0;
  // Offset of the newest event routed when one had caught up last: who finds a
  // cursor that knows no later one cannot tell that it had.
  std::optional<std::uint64_t> caught_up_at;
};

struct Route {
  RoutedGateway* gateway = nullptr;
  std::string subscription_id;
  // Only later events are for it; past ones while it catches up, then those
  // that are taken.
  std::uint64_t after = 0;
  bool catches_up = false;
  // The newest event that was routed before it was here.
  std::uint64_t added_after = 0;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_ROUTED_GATEWAY_H_
