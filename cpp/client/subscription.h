// What a gateway asks the service for, and what it hears about it.
//
// Thread-safety: plain data.
#ifndef STREAMER_CLIENT_SUBSCRIPTION_H_
#define STREAMER_CLIENT_SUBSCRIPTION_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "client/entry_number.h"
#include "filter/condition.h"

namespace streamer {

struct SubscriptionRequest {
  std::string id;  // [A-Za-z0-9_.:-]{1,128}, unique within the client
  std::string tenant;
  std::string collection;
  std::vector<Condition> conditions;  // ANDed
  std::string expression;             // CEL, ANDed too; empty = none
  // Each delivery says what the event did to the filter's documents. Refused
  // without a session.
  bool membership = false;
  // Deliveries are wanted for events after this progress; empty: from now on.
  // It counts for the first answer: who is asked for again after that goes on
  // from there, and what may be missing is a gap.
  std::string resume_after;
  // When it ends, in a session; nothing: with it. Asking again for one that
  // lives does not prolong it.
  std::optional<std::chrono::seconds> ttl;
};

struct SubscriptionAnswer {
  std::string id;
  SubscriptionHandle handle;  // 0 when the service does not tell
  // Deliveries are promised for events after this position. Empty when the
  // service does not tell.
  std::string progress;
  std::optional<WallTime> expires_at;
};

// These subscriptions may have missed events, or were ended by the service:
// whatever was built on them must be loaded again.
struct ReceivedGap {
  // Why the service ended them.
  enum class End : std::uint8_t {
    kNone,       // it did not: they go on
    kRefused,    // it refused them when they were asked for again
    kExpired,    // their time to live passed
    kSuspended,  // their filters cost too much
    kRevoked,    // whoever may do so took them away
  };

  // None: every subscription of the session, whoever asked for it.
  std::vector<std::string> subscription_ids;
  std::string reason;
  End end = End::kNone;
  // Events after the one, up to the other, may be missing. Empty when that is
  // not known.
  std::string from_progress;
  std::string to_progress;
  // Null without a session.
  EntryNumber number;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_SUBSCRIPTION_H_
