#include "filter/subscription_digest.h"

#include <gtest/gtest.h>

#include <set>

namespace streamer {
namespace {

TEST(SubscriptionDigestTest, DependsOnEveryPart) {
  const std::set<std::uint64_t> digests = {
      SubscriptionDigest("s", "t", "c", "k"),
      SubscriptionDigest("x", "t", "c", "k"),
      SubscriptionDigest("s", "x", "c", "k"),
      SubscriptionDigest("s", "t", "x", "k"),
      SubscriptionDigest("s", "t", "c", "x"),
  };
  EXPECT_EQ(digests.size(), 5u);
}

TEST(SubscriptionDigestTest, TellsWhereOnePartEndsAndTheNextBegins) {
  EXPECT_NE(SubscriptionDigest("ab", "c", "d", "k"),
            SubscriptionDigest("a", "bc", "d", "k"));
  EXPECT_NE(SubscriptionDigest("a", "b", "cd", "k"),
            SubscriptionDigest("a", "bc", "d", "k"));
}

// Both ends of a connection compute it, and they need not be of one build.
TEST(SubscriptionDigestTest, IsTheSameInEveryBuild) {
  EXPECT_EQ(SubscriptionDigest("s1", "acme", "rooms", "true"),
            7088287786234680655u);
}

}  // namespace
}  // namespace streamer
