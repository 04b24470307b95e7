// Commands: what the shell asks of the core.
//
// A command is plain data. It passes the sequencer, which gives it its place
// between two events; from there on its effects follow. Filters are compiled
// before, by the thread that received them.
#ifndef STREAMER_CORE_COMMANDS_H_
#define STREAMER_CORE_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/saved_state.h"
#include "event/position.h"
#include "filter/filter.h"

namespace streamer {

// The place of a step in the order that the sequencer gives to everything.
using Ordinal = Id<struct OrdinalTag>;

enum class GatewayKind : std::uint8_t {
  // Lives as long as its stream; broken continuity is a broken stream.
  kSoftState,
  // Acknowledges, and outlives its connection.
  kSession,
};

struct OutboxLimits {
  std::size_t deliveries = 65'536;
  std::size_t bytes = 256u << 20;
};

// A stream that is a gateway of its own.
struct ConnectGateway {
  GatewayHandle gateway;   // chosen by the shell, never used twice
  std::string gateway_id;  // what quotas and lists show; may repeat
  GatewayKind kind = GatewayKind::kSoftState;
  OutboxLimits limits;
  std::size_t initial_credit = 0;  // deliveries it may have at once
};

// How far a stream without a session had come when it broke.
struct BrokenOff {
  Position written;  // newest live event that went out whole; null: none did
  // It was closed because no message can carry the event at `too_large`: those
  // for whom that was had everything before, and go on after it.
  Position too_large;
  std::vector<SubscriptionHandle> too_large_for;  // ascending
};

// Ends the gateway and all of its subscriptions; or, of the stream of a
// session, only the stream.
struct DisconnectGateway {
  GatewayHandle gateway;
  // Its stream broke, and it may come back for what follows this.
  std::optional<Position> broke_after;
  BrokenOff broken_off;
};

// A stream that asks for the session of its gateway id, to go on with it or to
// begin anew. What the gateway asks and is told goes by the stream's handle as
// long as no newer stream has asked for the session.
struct OpenSession {
  GatewayHandle stream;  // chosen by the shell, never used twice
  std::string gateway_id;
  std::string credential;  // who may take the session over must have the same
  SessionNumber session;   // what it had; null: it begins anew
  std::uint64_t last_sequence = 0;  // newest that it received in that session
  // The newest event that it received, as the log knows it now.
  std::optional<Position> last_progress;
  // It may have received events up to here, which the log has lost since.
  std::uint64_t redelivered_upto = 0;
  OutboxLimits limits;             // of a session that is new
  std::size_t initial_credit = 0;  // deliveries it may have at once
  // While it is slow, changes of one document may come as one.
  bool coalesces = false;
  // Not OK while nothing can be saved, and why: no session begins then, for its
  // gateway would ask for one again and again. One that is there goes on.
  Status unsaved = OkStatus();
};

// A session as it was saved, with its subscriptions; it has no stream yet. Its
// number is of a new epoch from here on.
struct RestoreSession {
  GatewayHandle gateway;  // chosen by the shell, never used twice
  SavedSession session;
  SavedCursor cursor;
  std::vector<SavedSubscription> subscriptions;
  OutboxLimits limits;
  // Events up to here may have been delivered before.
  std::uint64_t redelivered_upto = 0;
  // The newest event of before the restart: what is replayed ends there.
  std::uint64_t replayed_upto = 0;
};

// Sessions that have not acknowledged an event at or before `oldest` give up
// all that they have not, with a resync, and go on from the head.
struct LimitLag {
  Position oldest;
  // It is where the log begins: what it held before is gone.
  bool is_trimmed = false;
};

struct Subscribe {
  GatewayHandle gateway;
  std::string subscription_id;  // not empty
  std::string tenant;
  std::string collection;
  std::shared_ptr<const Filter> filter;
  std::optional<Duration> ttl;  // nothing: as long as the gateway
  // Deliveries are promised after this position of the log, not after where
  // the command takes effect: what lies between is read from the log again.
  std::optional<Position> resume_after;
  // Who asks may have had events up to here, which the log has lost since.
  std::uint64_t redelivered_upto = 0;
  // Deliveries are to say what the event did to the documents in the filter,
  // those that an event takes out of it included.
  bool membership = false;
  // Somebody else than the gateway asks for it: until it expires, its session
  // waits for a stream.
  bool is_managed = false;
};

struct Unsubscribe {
  GatewayHandle gateway;
  std::string subscription_id;
};

struct Renew {
  GatewayHandle gateway;
  std::string subscription_id;
  std::optional<Duration> ttl;  // nothing: its own
};

// Ends all subscriptions of a gateway.
struct UnsubscribeAll {};

// What somebody asks of a gateway's session who is not its stream: the control
// plane. The answer goes to `caller`, and what ends is told to the gateway,
// too. A Subscribe is for an id that the session has not; it begins one where
// there is none. That has no stream, and no credential until its first stream
// brings one.
struct ManageSession {
  GatewayHandle caller;  // chosen by the shell, never used twice
  std::string gateway_id;
  // `gateway` and `is_managed` in it are set, whatever is given.
  std::variant<Subscribe, Unsubscribe, UnsubscribeAll, Renew> what;
  OutboxLimits limits;  // of a session that is new
  // Not OK while nothing can be stored, and why: then nothing is registered.
  Status unstored = OkStatus();
};

// Ends what the router closed as suspended: see SubscriptionClosed. The shell
// sends it before it hands effects on, so that whatever the gateway does about
// the notice finds the subscription gone.
struct EndSuspended {
  std::vector<SubscriptionHandle> handles;
};

// The gateway has room for past events: the answer to a HistoryWish of the
// router, brought by the shell.
struct ContinueHistory {
  GatewayHandle gateway;
  std::size_t events = 0;
  // The wish's: as of step `as_of` it wants what follows the offset `after`,
  // and nothing before.
  struct Place {
    Ordinal as_of;
    std::uint64_t after = 0;
  };
  std::optional<Place> place;
  // The wish's: by this step, all that was past stands in its outbox.
  std::optional<Ordinal> caught_up;
};

// Time has passed: expires what is due.
struct Tick {};

using Command =
    std::variant<ConnectGateway, DisconnectGateway, OpenSession, RestoreSession,
                 Subscribe, Unsubscribe, Renew, ManageSession, EndSuspended,
                 ContinueHistory, LimitLag, Tick>;

}  // namespace streamer

#endif  // STREAMER_CORE_COMMANDS_H_
