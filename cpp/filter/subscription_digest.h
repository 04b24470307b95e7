// SubscriptionDigest: whether two sides hold the same subscriptions, in eight
// bytes.
//
// The digest of a set is the sum, modulo 2^64, of those of its subscriptions:
// so it is kept up to date by one addition or subtraction, whatever the order.
// The digest of one is XXH3, 64 bits, over the canonical key of its filter,
// seeded with that over the collection, seeded with that over the tenant,
// seeded with that over the id.
//
// Equal sets have equal digests; unequal ones almost surely have not. It
// compares honest parties and is no protection against others.
// Thread-safety: a pure function.
#ifndef STREAMER_FILTER_SUBSCRIPTION_DIGEST_H_
#define STREAMER_FILTER_SUBSCRIPTION_DIGEST_H_

#include <cstdint>
#include <string_view>

namespace streamer {

// Of one subscription; `filter_key` is its Filter::canonical_key().
std::uint64_t SubscriptionDigest(std::string_view subscription_id,
                                 std::string_view tenant,
                                 std::string_view collection,
                                 std::string_view filter_key);

}  // namespace streamer

#endif  // STREAMER_FILTER_SUBSCRIPTION_DIGEST_H_
