#include "base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

#include "absl/container/flat_hash_set.h"

namespace streamer {
namespace {

static_assert(
    !std::is_convertible_v<std::uint64_t, SubscriptionHandle> &&
        !std::is_convertible_v<SubscriptionHandle, std::uint64_t>,
    "an integer must not become an id by itself, nor an id an integer");
static_assert(!std::is_assignable_v<SubscriptionHandle&, GatewayHandle>,
              "ids of different things must not mix");
static_assert(sizeof(SubscriptionHandle) == sizeof(std::uint64_t));

TEST(IdTest, OrdersAndComparesAsItsValue) {
  EXPECT_LT(SubscriptionHandle(1), SubscriptionHandle(2));
  EXPECT_EQ(SubscriptionHandle(7), SubscriptionHandle(7));
  EXPECT_EQ(SubscriptionHandle().value(), 0u);
}

TEST(IdTest, EqualIdsAreOneElementOfAHashSet) {
  absl::flat_hash_set<SubscriptionHandle> handles = {SubscriptionHandle(1),
                                                     SubscriptionHandle(1)};
  EXPECT_EQ(handles.size(), 1u);
  std::unordered_set<GatewayHandle> gateways = {GatewayHandle(1),
                                                GatewayHandle(2)};
  EXPECT_EQ(gateways.size(), 2u);
}

}  // namespace
}  // namespace streamer
