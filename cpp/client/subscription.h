// What a gateway asks the service for, and what it hears about it.
//
// Thread-safety: plain data.
#ifndef STREAMER_CLIENT_SUBSCRIPTION_H_
#define STREAMER_CLIENT_SUBSCRIPTION_H_

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "filter/condition.h"

namespace streamer {

struct SubscriptionRequest {
  std::string id;  // [A-Za-z0-9_.:-]{1,128}, unique within the client
  std::string tenant;
  std::string collection;
  std::vector<Condition> conditions;  // ANDed
  std::string expression;             // CEL, ANDed too; empty = none
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
struct Gap {
  std::vector<std::string> subscription_ids;
  std::string reason;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_SUBSCRIPTION_H_
