// ListSubscriptions: the registry's subscriptions as Engine::List gives them.
#ifndef STREAMER_RUNTIME_INTERNAL_LIST_H_
#define STREAMER_RUNTIME_INTERNAL_LIST_H_

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "core/registry.h"
#include "runtime/engine.h"

namespace streamer::internal {

inline std::vector<SubscriptionInfo> ListSubscriptions(const Registry& registry,
                                                       SubscriptionHandle after,
                                                       std::size_t limit) {
  std::vector<SubscriptionInfo> listed;
  for (const Subscription* one : registry.List(after, limit)) {
    listed.push_back({one->handle, one->gateway,
                      registry.GatewayIdOf(one->gateway), one->subscription_id,
                      one->tenant, one->collection, one->filter->text(),
                      one->expires_at});
  }
  return listed;
}

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_LIST_H_
