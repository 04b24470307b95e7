#include "filter/subscription_digest.h"

#include "base/hash.h"

namespace streamer {

std::uint64_t SubscriptionDigest(std::string_view subscription_id,
                                 std::string_view tenant,
                                 std::string_view collection,
                                 std::string_view filter_key) {
  return HashBytes(
      filter_key,
      HashBytes(collection, HashBytes(tenant, HashBytes(subscription_id))));
}

}  // namespace streamer
