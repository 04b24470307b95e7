// SavedState: what of sessions must be found again after a restart.
//
// The core says what has changed (StateChanged, core/effects.h); the shell
// saves it before it hands on what follows from it, and gives it back with
// RestoreSession when it starts again.
//
// A session is known by its gateway id. Its *number*, which its gateway shows
// to go on with it, is made of three: the owner of the state that made it, how
// many that owner had made, and an epoch that goes up with each restart.
//
//   number   owner (28 bits) | count (24 bits) | epoch (12 bits)
//            └───────── lineage ─────────────┘
//
// Same number: deliveries go on by sequence. Same lineage, later epoch: by
// position. Another lineage: another session.
//
// Thread-safety: plain data.
#ifndef STREAMER_CORE_SAVED_STATE_H_
#define STREAMER_CORE_SAVED_STATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "event/position.h"
#include "filter/filter.h"

namespace streamer {

using SessionNumber = Id<struct SessionNumberTag>;

inline constexpr int kSessionEpochBits = 12;
inline constexpr int kSessionCountBits = 24;

constexpr std::uint64_t LineageOf(SessionNumber number) {
  return number.value() >> kSessionEpochBits;
}

struct SavedSession {
  std::string gateway_id;
  std::optional<std::string> credential;  // nothing: no stream has had it yet
  SessionNumber number;
  // Others began it, and its gateway has not shown yet that it knows it: who
  // was not welcomed asks for a session again, and must find this one.
  bool is_unclaimed = false;
};

// A notice that a gateway has not acknowledged.
struct SavedResync {
  std::vector<std::string> subscription_ids;  // empty: all of the gateway
  Position from;
  Position to;
  std::string reason;
};

enum class CloseReason : std::uint8_t { kExpired, kSuspended, kRevoked };

// The notice of a subscription that ended by itself, likewise. `at` is the
// newest event routed then.
struct SavedClosed {
  std::string subscription_id;
  CloseReason reason = CloseReason::kExpired;
  Position at;
  std::string detail;
};

// How far a session has come.
struct SavedCursor {
  std::string gateway_id;
  // Every event up to here was acknowledged, or concerned it not.
  Position acknowledged;
  // The newest event routed when this was so.
  Position routed;
  // What follows `acknowledged` it gets from the log, however old it is.
  bool is_behind = false;
  // Subscriptions that catch up on their own, each from its own place.
  struct CatchingUp {
    std::string subscription_id;
    Position after;
  };
  std::vector<CatchingUp> catching_up;
  std::vector<SavedResync> resyncs;
  std::vector<SavedClosed> closed;
  // The newest entry that was acknowledged, with the number that the session
  // had then; a null number: none was.
  struct Acknowledged {
    SessionNumber session;
    std::uint64_t sequence = 0;
  };
  Acknowledged last_acknowledged = {};
};

struct SavedSubscription {
  std::string gateway_id;
  std::string subscription_id;
  std::string tenant;
  std::string collection;
  std::shared_ptr<const Filter> filter;
  Position from;   // sees the events after this one
  Position added;  // the last event before it was added
  std::optional<Duration> ttl;
  bool membership = false;
  bool is_managed = false;
};

struct SessionRemoved {
  std::string gateway_id;
};
struct SubscriptionRemoved {
  std::string gateway_id;
  std::string subscription_id;
};

using StateDelta = std::variant<SavedSession, SavedCursor, SavedSubscription,
                                SessionRemoved, SubscriptionRemoved>;

}  // namespace streamer

#endif  // STREAMER_CORE_SAVED_STATE_H_
