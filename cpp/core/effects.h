// Effects: what the core wants done, in the order in which it must be seen.
//
// Each effect belongs to one gateway. For one gateway, effects come in
// position order, but a response may overtake older deliveries that wait for
// credit. It is never overtaken by a delivery of the subscription it announces.
#ifndef STREAMER_CORE_EFFECTS_H_
#define STREAMER_CORE_EFFECTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
#include "core/membership.h"
#include "core/saved_state.h"
#include "event/change_event.h"
#include "event/position.h"

namespace streamer {

// What a quota is counted over.
enum class QuotaScope : std::uint8_t {
  kGateway,
  kTenant,
  kNode,
  // Of filters that no index can help with, and of membership subscriptions.
  kCollection,
};

struct SubscribeResponse {
  std::string subscription_id;
  // OK; or AlreadyExists (same id, another
  // filter or membership), ResourceExhausted (names
  // the quota), InvalidArgument.
  Status status;
  SubscriptionHandle handle;  // 0 when refused
  Position from;              // deliveries are promised after this position
  std::optional<Instant> expires_at;
  std::optional<QuotaScope> quota;  // the one that is used up
  // That it was registered for by somebody else.
  SessionNumber session;
};

struct UnsubscribeResponse {
  std::string subscription_id;
  Status status;  // OK or NotFound
  SubscriptionHandle handle;
  std::size_t ended = 0;  // of UnsubscribeAll: how many
};

struct RenewResponse {
  std::string subscription_id;
  Status status;  // OK or NotFound
  std::optional<Instant> expires_at;
};

// Whether a gateway that comes back missed anything.
enum class Continuity : std::uint8_t {
  kNew,            // there is no before
  kNothingMissed,  // nothing happened that concerned it
  kComplete,       // something did, and all of it follows
  kLost,           // something in the range is lost
};

// The answer to OpenSession.
struct SessionOpened {
  SessionNumber session;
  Continuity continuity = Continuity::kNew;
  std::uint64_t next_sequence = 1;  // of what comes next
  // What `continuity` speaks of: events after `from`, up to `to`.
  Position from;
  Position to;
  // That its streams asked for.
  std::uint64_t subscription_count = 0;
  std::uint64_t subscription_digest = 0;  // see SubscriptionDigest
  std::uint64_t unasked_count = 0;        // that others registered
};

// What must be found again after a restart has changed. Effects of the same
// gateway that follow tell of it: they wait until it is saved.
struct StateChanged {
  std::vector<StateDelta> changes;  // in order
};

// An event as it goes out: one object, shared by all gateways it goes to.
struct OutgoingEvent {
  ChangeEvent event;
  std::string document;  // flattened JSON; empty on a delete without fields
};

// One event for one gateway.
struct Delivery {
  std::uint64_t sequence = 0;  // dense from 1 per session epoch
  std::shared_ptr<const OutgoingEvent> event;
  // Read from the log for subscriptions that catch up: older than what the
  // gateway's other subscriptions have had.
  bool is_catching_up = false;
  // The gateway may have had it before the last restart.
  bool is_redelivered = false;
  // How many earlier events of the document were merged into this one.
  std::uint32_t coalesced = 0;
  // Who has this has had everything up to here. The event's position; or an
  // earlier one, as long as an older event waits merged into a later one.
  Position progress;
  // Ascending by handle; ids in the same order.
  std::vector<SubscriptionHandle> handles;
  std::vector<std::string> subscription_ids;
  // Of each; empty when none of them asked.
  std::vector<Membership> memberships;
};
// Made once, never changed, and kept by whoever needs it still: the stream
// until it is written, the outbox of a session until it is acknowledged.
using SharedDelivery = std::shared_ptr<const Delivery>;

struct SubscriptionClosed {
  std::string subscription_id;
  SubscriptionHandle handle;
  CloseReason reason = CloseReason::kExpired;
  std::uint64_t sequence = 0;  // counted together with deliveries
  std::string detail;          // for people; may be empty
};

// Continuity was lost for these subscriptions (empty: all of the gateway):
// events after `from`, up to `to`, may be missing.
struct ResyncRequired {
  std::vector<std::string> subscription_ids;
  Position from;
  Position to;
  std::string reason;
  std::uint64_t sequence = 0;  // counted together with deliveries
};

// The core gives the stream up: it must be closed with `status`
// (ResourceExhausted at the hard limit of its outbox, Aborted when a newer
// stream has its session, …). Subscriptions of a stream without a session are
// gone; nothing follows.
struct GatewayClosed {
  Status status;
};

using GatewayEffect =
    std::variant<SubscribeResponse, UnsubscribeResponse, RenewResponse,
                 SharedDelivery, SubscriptionClosed, ResyncRequired,
                 GatewayClosed, SessionOpened, StateChanged>;

struct Effect {
  // The stream that it goes to; none for a StateChanged of a session that has
  // no stream.
  GatewayHandle gateway;
  GatewayEffect what;
  // Of a session: what it is told must be saved before.
  bool is_session = false;
};

}  // namespace streamer

#endif  // STREAMER_CORE_EFFECTS_H_
