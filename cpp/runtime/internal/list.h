// ListSubscriptions: subscriptions of the registry as Engine gives them.
#ifndef STREAMER_RUNTIME_INTERNAL_LIST_H_
#define STREAMER_RUNTIME_INTERNAL_LIST_H_

#include <vector>

#include "base/ids.h"
#include "core/registry.h"
#include "runtime/engine.h"

namespace streamer::internal {

inline std::vector<SubscriptionInfo> ListSubscriptions(
    const Registry& registry, const std::vector<const Subscription*>& which) {
  std::vector<SubscriptionInfo> listed;
  listed.reserve(which.size());
  for (const Subscription* one : which) {
    listed.push_back(
        {one->handle, one->gateway, registry.GatewayIdOf(one->gateway),
         registry.KindOf(one->gateway), one->subscription_id, one->tenant,
         one->collection, one->filter->text(), one->expires_at});
  }
  return listed;
}

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_LIST_H_
