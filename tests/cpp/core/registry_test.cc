#include "core/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using support::MakeSubscribe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Instant At(std::int64_t second) {
  return Instant{MonotonicTime(seconds(second)), FromUnixMillis(second * 1000)};
}

constexpr GatewayHandle kFirst{1};
constexpr GatewayHandle kSecond{2};

class RegistryTest : public testing::Test {
 protected:
  explicit RegistryTest(QuotaOptions quota = {}) : registry_(quota) {
    registry_.AddGateway({.gateway = kFirst, .gateway_id = "g1"});
    registry_.AddGateway({.gateway = kSecond, .gateway_id = "g2"});
  }

  Registry::Addition Add(GatewayHandle gateway, const std::string& id,
                         const std::string& collection = "c",
                         const std::string& expression = "doc.n > 1",
                         std::optional<Duration> ttl = std::nullopt,
                         Instant now = At(0)) {
    return registry_.Add(
        MakeSubscribe(gateway, id, collection, expression, ttl), from_, now);
  }
  static std::vector<std::string> Ids(
      const std::vector<Subscription>& subscriptions) {
    std::vector<std::string> ids;
    for (const Subscription& one : subscriptions) {
      ids.push_back(one.subscription_id);
    }
    return ids;
  }

  Registry registry_;
  Position from_{1, 7};
};

TEST_F(RegistryTest, HandlesAscendAndAreNeverUsedTwice) {
  EXPECT_EQ(Add(kFirst, "a").subscription->handle, SubscriptionHandle(1));
  EXPECT_EQ(Add(kFirst, "b").subscription->handle, SubscriptionHandle(2));
  ASSERT_TRUE(registry_.Remove(kFirst, "b").ok());
  EXPECT_EQ(Add(kFirst, "b").subscription->handle, SubscriptionHandle(3));
}

TEST_F(RegistryTest, TheSameFilterAgainSucceedsAndChangesNothing) {
  ASSERT_TRUE(Add(kFirst, "a", "c", "doc.n > 1", seconds(60)).is_new);
  from_ = {1, 9};
  Registry::Addition again =
      Add(kFirst, "a", "c", "(doc.n) > 1", seconds(90), At(30));
  EXPECT_EQ(again.status, OkStatus());
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.subscription->handle, SubscriptionHandle(1));
  EXPECT_EQ(again.subscription->from, (Position{1, 7}));
  EXPECT_EQ(again.subscription->expires_at->monotonic, At(60).monotonic);
  EXPECT_EQ(registry_.statistics().registered, 1u);
}

class ScanQuotaTest : public RegistryTest {
 protected:
  ScanQuotaTest() : RegistryTest({.scan_entries = 2, .scan_cost = 2000}) {}
};

TEST_F(ScanQuotaTest, FiltersThatNoIndexHelpsWithAreBoundedPerCollection) {
  EXPECT_TRUE(Add(kFirst, "a", "c", "doc.a < doc.b").is_new);
  EXPECT_TRUE(Add(kFirst, "b", "c", "doc.a == doc.b || doc.n == 1").is_new);
  const Registry::Addition third = Add(kFirst, "x", "c", "doc.a > doc.b");
  EXPECT_EQ(third.status,
            ResourceExhausted(
                "quota exceeded: expected at most 2 scanned conjunctions per "
                "collection, got 3; nothing in the filter can be looked up in "
                "an index"));
  EXPECT_EQ(third.quota, QuotaScope::kCollection);
  EXPECT_EQ(registry_.statistics().quota_exceeded_collection, 1u);
  // An equal one costs nothing more, an indexed one nothing at all.
  EXPECT_TRUE(Add(kSecond, "a", "c", "(doc.a) < doc.b").is_new);
  EXPECT_TRUE(Add(kSecond, "b", "c", "doc.n == 3").is_new);
  EXPECT_TRUE(Add(kSecond, "c", "d", "doc.a > doc.b").is_new);
  // Room comes back with the last of its users.
  ASSERT_TRUE(registry_.Remove(kFirst, "a").ok());
  EXPECT_FALSE(Add(kFirst, "x", "c", "doc.a > doc.b").status.ok());
  ASSERT_TRUE(registry_.Remove(kSecond, "a").ok());
  EXPECT_TRUE(Add(kFirst, "x", "c", "doc.a > doc.b").is_new);
}

TEST_F(ScanQuotaTest, ADerivedValueCountsOnceHoweverManyFiltersAskForIt) {
  EXPECT_TRUE(Add(kFirst, "a", "c", "size(doc.l) > 1").is_new);
  EXPECT_TRUE(Add(kFirst, "b", "c", "size(doc.l) > 2").is_new);
  EXPECT_TRUE(
      Add(kFirst, "c", "c", "size(doc.l) == 3 || doc.a + 1 == 4").is_new);
  EXPECT_EQ(Add(kFirst, "x", "c", "size(doc.m) > 1").status,
            ResourceExhausted(
                "quota exceeded: expected at most 2 scanned conjunctions per "
                "collection, got 3; nothing in the filter can be looked up in "
                "an index"));
  EXPECT_TRUE(Add(kFirst, "d", "c", "doc.a + 1 < 0").is_new);
  ASSERT_TRUE(registry_.Remove(kFirst, "c").ok());
  EXPECT_FALSE(Add(kFirst, "x", "c", "size(doc.m) > 1").status.ok());
  ASSERT_TRUE(registry_.Remove(kFirst, "d").ok());
  EXPECT_TRUE(Add(kFirst, "x", "c", "size(doc.m) > 1").is_new);
}

TEST_F(ScanQuotaTest, WhatTheyMayCostTogetherIsBounded) {
  const std::string costly = "doc.l.exists(x, x == 1)";
  const cel::Units cost = support::MakeFilter(costly)->estimated_cost();
  ASSERT_GT(cost, 1000u);
  ASSERT_LT(cost, 2000u);
  EXPECT_TRUE(Add(kFirst, "a", "c", costly).is_new);
  EXPECT_EQ(
      Add(kFirst, "b", "c", "doc.m.exists(x, x == 1)").status,
      ResourceExhausted(absl::StrCat(
          "quota exceeded: expected at most 2000 estimated units of scanned "
          "filters per collection, got ",
          2 * cost, "; nothing in the filter can be looked up in an index")));
}

TEST_F(RegistryTest, SuspendRemovesThoseThatAreStillThere) {
  Add(kFirst, "a");
  Add(kSecond, "b");
  ASSERT_TRUE(registry_.Remove(kSecond, "b").ok());
  const std::vector<Subscription> suspended = registry_.Suspend(
      std::vector{SubscriptionHandle(1), SubscriptionHandle(2)});
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_EQ(suspended[0].subscription_id, "a");
  EXPECT_EQ(registry_.size(), 0u);
  EXPECT_EQ(registry_.CountOf("t", "c"), 0u);
  EXPECT_EQ(registry_.statistics().suspended, 1u);
}

TEST_F(RegistryTest, AnotherFilterTenantOrCollectionUnderTheIdIsRefused) {
  Add(kFirst, "a");
  Subscribe other_tenant = MakeSubscribe(kFirst, "a", "c", "doc.n > 1");
  other_tenant.tenant = "u";
  Status expected =
      AlreadyExists("subscription \"a\" exists with another filter");
  EXPECT_EQ(Add(kFirst, "a", "c", "doc.n > 2").status, expected);
  EXPECT_EQ(Add(kFirst, "a", "d").status, expected);
  EXPECT_EQ(registry_.Add(other_tenant, from_, At(0)).status, expected);
  EXPECT_EQ(registry_.size(), 1u);
}

TEST_F(RegistryTest, TheSameIdOfAnotherGatewayIsAnotherSubscription) {
  EXPECT_TRUE(Add(kFirst, "a").is_new);
  EXPECT_TRUE(Add(kSecond, "a", "c", "doc.n > 2").is_new);
  ASSERT_TRUE(registry_.Remove(kFirst, "a").ok());
  EXPECT_EQ(registry_.Remove(kSecond, "a")->handle, SubscriptionHandle(2));
}

TEST_F(RegistryTest, BadNamesAndTimesAreRefusedByName) {
  EXPECT_EQ(
      Add(kFirst, "").status,
      InvalidArgument("subscription_id: expected a non-empty name, got \"\""));
  EXPECT_EQ(Add(kFirst, "a", "c//d").status,
            InvalidArgument("collection: expected a path without empty "
                            "segments, got \"c//d\""));
  Subscribe no_tenant = MakeSubscribe(kFirst, "a", "c", "true");
  no_tenant.tenant.clear();
  EXPECT_EQ(registry_.Add(no_tenant, from_, At(0)).status,
            InvalidArgument("tenant: expected a non-empty name, got \"\""));
  EXPECT_EQ(Add(kFirst, "a", "c", "true", Duration(0)).status,
            InvalidArgument("ttl: expected a positive duration, got 0 ns"));
  EXPECT_EQ(Add(GatewayHandle(9), "a").status, NotFound("no such gateway"));
  EXPECT_EQ(registry_.size(), 0u);
}

TEST_F(RegistryTest, RemovingWhatIsNotThereIsNotFound) {
  Add(kFirst, "a");
  EXPECT_EQ(registry_.Remove(kFirst, "b").status(),
            NotFound("no subscription \"b\" of this gateway"));
  EXPECT_EQ(registry_.Remove(kSecond, "a").status(),
            NotFound("no subscription \"a\" of this gateway"));
  EXPECT_EQ(registry_.Renew({kFirst, "b", std::nullopt}, At(0)).status(),
            NotFound("no subscription \"b\" of this gateway"));
}

TEST_F(RegistryTest, AGatewayThatGoesTakesItsSubscriptionsInOrder) {
  Add(kFirst, "z");
  Add(kSecond, "y");
  Add(kFirst, "x");
  Add(kFirst, "w");
  ASSERT_TRUE(registry_.Remove(kFirst, "x").ok());
  EXPECT_THAT(Ids(registry_.RemoveGateway(kFirst)), ElementsAre("z", "w"));
  EXPECT_FALSE(registry_.HasGateway(kFirst));
  EXPECT_TRUE(registry_.HasGateway(kSecond));
  EXPECT_THAT(registry_.RemoveGateway(kFirst), IsEmpty());
  EXPECT_EQ(registry_.size(), 1u);
}

TEST_F(RegistryTest, WhatIsDueExpiresByTimeThenHandle) {
  Add(kFirst, "late", "c", "true", seconds(30));
  Add(kFirst, "tie1", "c", "true", seconds(20));
  Add(kSecond, "tie2", "c", "true", seconds(20));
  Add(kFirst, "early", "c", "true", seconds(10));
  Add(kFirst, "forever");
  EXPECT_THAT(registry_.Expire(At(9)), IsEmpty());
  EXPECT_THAT(Ids(registry_.Expire(At(20))),
              ElementsAre("early", "tie1", "tie2"));
  EXPECT_THAT(Ids(registry_.Expire(At(1000))), ElementsAre("late"));
  EXPECT_EQ(registry_.statistics().expired, 4u);
  EXPECT_EQ(registry_.size(), 1u);
}

TEST_F(RegistryTest, RenewCountsFromNowByItsOwnTimeOrTheOneGiven) {
  Add(kFirst, "a", "c", "true", seconds(10));
  Add(kFirst, "forever");
  EXPECT_EQ((*registry_.Renew({kFirst, "a", std::nullopt}, At(5)))->monotonic,
            At(15).monotonic);
  EXPECT_EQ((*registry_.Renew({kFirst, "a", seconds(60)}, At(6)))->monotonic,
            At(66).monotonic);
  EXPECT_EQ((*registry_.Renew({kFirst, "a", std::nullopt}, At(10)))->monotonic,
            At(70).monotonic);
  EXPECT_EQ(*registry_.Renew({kFirst, "forever", std::nullopt}, At(5)),
            std::nullopt);
  EXPECT_THAT(registry_.Expire(At(69)), IsEmpty());
  EXPECT_THAT(Ids(registry_.Expire(At(70))), ElementsAre("a"));
}

TEST_F(RegistryTest, CountsTheSubscriptionsOfACollection) {
  Add(kFirst, "a", "c");
  Add(kFirst, "b", "c");
  EXPECT_EQ(registry_.CountOf("t", "c"), 2u);
  EXPECT_EQ(registry_.CountOf("u", "c"), 0u);
  EXPECT_EQ(registry_.CountOf("t", "d"), 0u);
  // Joined, both names would read the same.
  EXPECT_EQ(registry_.CountOf("tc", ""), 0u);
  ASSERT_TRUE(registry_.Remove(kFirst, "a").ok());
  EXPECT_EQ(registry_.CountOf("t", "c"), 1u);
  ASSERT_TRUE(registry_.Remove(kFirst, "b").ok());
  EXPECT_EQ(registry_.CountOf("t", "c"), 0u);
}

TEST_F(RegistryTest, ListsInPagesByHandle) {
  for (const char* id : {"a", "b", "c"}) Add(kFirst, id);
  auto page = registry_.List(SubscriptionHandle(0), 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0]->subscription_id, "a");
  page = registry_.List(page[1]->handle, 2);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0]->subscription_id, "c");
  EXPECT_EQ(registry_.GatewayIdOf(page[0]->gateway), "g1");
}

TEST_F(RegistryTest, CountsKindsOfFilter) {
  Add(kFirst, "all", "c", "");
  Add(kFirst, "one", "c", "doc.id == 'x'");
  Add(kFirst, "some");
  EXPECT_EQ(registry_.statistics().active_match_all, 1u);
  EXPECT_EQ(registry_.statistics().active_document, 1u);
  EXPECT_EQ(registry_.statistics().active_filter, 1u);
  registry_.RemoveGateway(kFirst);
  EXPECT_EQ(registry_.statistics().active_match_all, 0u);
  EXPECT_EQ(registry_.statistics().active_document, 0u);
  EXPECT_EQ(registry_.statistics().active_filter, 0u);
  EXPECT_EQ(registry_.statistics().unregistered, 3u);
}

class RegistryQuotaTest : public RegistryTest {
 protected:
  RegistryQuotaTest()
      : RegistryTest({.per_gateway = 2, .per_tenant = 3, .total = 4}) {}

  Registry::Addition AddOf(const std::string& tenant, GatewayHandle gateway,
                           const std::string& id) {
    Subscribe subscribe = MakeSubscribe(gateway, id, "c", "true");
    subscribe.tenant = tenant;
    return registry_.Add(subscribe, from_, At(0));
  }
};

TEST_F(RegistryQuotaTest, EachQuotaIsNamedWithItsLimit) {
  constexpr GatewayHandle kThird{3};
  registry_.AddGateway({.gateway = kThird, .gateway_id = "g3"});
  EXPECT_EQ(AddOf("t", kFirst, "a").status, OkStatus());
  EXPECT_EQ(AddOf("t", kFirst, "b").status, OkStatus());
  Registry::Addition refused = AddOf("t", kFirst, "c");
  EXPECT_EQ(refused.quota, QuotaScope::kGateway);
  EXPECT_EQ(refused.status,
            ResourceExhausted("quota exceeded: expected at most 2 "
                              "subscriptions per gateway, got 3"));
  EXPECT_EQ(AddOf("t", kSecond, "a").status, OkStatus());
  refused = AddOf("t", kSecond, "b");
  EXPECT_EQ(refused.quota, QuotaScope::kTenant);
  EXPECT_EQ(refused.status,
            ResourceExhausted("quota exceeded: expected at most 3 "
                              "subscriptions per tenant, got 4"));
  EXPECT_EQ(AddOf("u", kSecond, "b").status, OkStatus());
  refused = AddOf("u", kThird, "a");
  EXPECT_EQ(refused.quota, QuotaScope::kNode);
  EXPECT_EQ(refused.status,
            ResourceExhausted("quota exceeded: expected at most 4 "
                              "subscriptions per node, got 5"));
  EXPECT_EQ(registry_.size(), 4u);
  EXPECT_EQ(registry_.statistics().quota_exceeded_gateway, 1u);
  EXPECT_EQ(registry_.statistics().quota_exceeded_tenant, 1u);
  EXPECT_EQ(registry_.statistics().quota_exceeded_total, 1u);
}

TEST_F(RegistryQuotaTest, RepeatingASubscriptionNeedsNoRoom) {
  AddOf("t", kFirst, "a");
  AddOf("t", kFirst, "b");
  EXPECT_EQ(AddOf("t", kFirst, "b").status, OkStatus());
}

TEST_F(RegistryQuotaTest, WhatEndsMakesRoom) {
  AddOf("t", kFirst, "a");
  AddOf("t", kFirst, "b");
  ASSERT_TRUE(registry_.Remove(kFirst, "a").ok());
  EXPECT_EQ(AddOf("t", kFirst, "c").status, OkStatus());
  registry_.RemoveGateway(kFirst);
  EXPECT_EQ(AddOf("t", kSecond, "a").status, OkStatus());
  EXPECT_EQ(AddOf("t", kSecond, "b").status, OkStatus());
}

// Against a plain model: after any calls, what is listed is what is live.
TEST(RegistryModelTest, AgreesWithAPlainMapAfterRandomCalls) {
  support::Random random(support::SeedOf("RegistryModelTest"));
  SCOPED_TRACE(random.seed_note());
  Registry registry(QuotaOptions{});
  std::map<std::pair<std::uint64_t, std::string>, std::int64_t> model;
  std::set<std::uint64_t> gateways;
  std::uint64_t last_gateway = 0;
  for (int step = 0; step < 3000; ++step) {
    if (gateways.size() < 3) {
      gateways.insert(++last_gateway);
      registry.AddGateway({.gateway = GatewayHandle(last_gateway)});
    }
    std::uint64_t gateway = random.Pick(
        std::vector<std::uint64_t>(gateways.begin(), gateways.end()));
    std::string id = absl::StrCat("s", random.Below(20));
    std::int64_t ttl = random.Between(1, 50);
    if (random.Chance(1, 2)) {
      bool is_new = registry
                        .Add(MakeSubscribe(GatewayHandle(gateway), id, "c",
                                           "true", seconds(ttl)),
                             {}, At(step))
                        .is_new;
      EXPECT_EQ(is_new,
                model.emplace(std::pair(gateway, id), step + ttl).second);
    } else if (random.Chance(1, 2)) {
      EXPECT_EQ(registry.Remove(GatewayHandle(gateway), id).ok(),
                model.erase({gateway, id}) == 1);
    } else if (random.Chance(1, 10)) {
      gateways.erase(gateway);
      std::size_t removed = std::erase_if(
          model, [&](const auto& one) { return one.first.first == gateway; });
      EXPECT_EQ(registry.RemoveGateway(GatewayHandle(gateway)).size(), removed);
    } else {
      std::size_t due = std::erase_if(
          model, [&](const auto& one) { return one.second <= step; });
      EXPECT_EQ(registry.Expire(At(step)).size(), due);
    }
    ASSERT_EQ(registry.size(), model.size()) << step;
    ASSERT_EQ(registry.CountOf("t", "c"), model.size());
  }
}

class MembershipQuotaTest : public RegistryTest {
 protected:
  MembershipQuotaTest() : RegistryTest({.memberships = 2}) {}
  Registry::Addition AddMembership(const std::string& id,
                                   const std::string& collection = "c") {
    Subscribe subscribe = MakeSubscribe(kFirst, id, collection, "doc.n > 1");
    subscribe.membership = true;
    return registry_.Add(subscribe, from_, At(0));
  }
};

TEST_F(MembershipQuotaTest, TooManyOfOneCollectionAreRefused) {
  EXPECT_TRUE(AddMembership("a").is_new);
  EXPECT_TRUE(AddMembership("b").is_new);
  const Registry::Addition third = AddMembership("x");
  EXPECT_EQ(
      third.status,
      ResourceExhausted(
          "quota exceeded: expected at most 2 membership subscriptions per "
          "collection whose events have no before-images, got 3"));
  EXPECT_EQ(third.quota, QuotaScope::kCollection);
  EXPECT_EQ(registry_.statistics().quota_exceeded_collection, 1u);
  // Others are not counted, and other collections have their own.
  EXPECT_TRUE(Add(kFirst, "x").is_new);
  EXPECT_TRUE(AddMembership("y", "d").is_new);
  ASSERT_TRUE(registry_.Remove(kFirst, "a").ok());
  EXPECT_TRUE(AddMembership("a").is_new);
}

TEST_F(MembershipQuotaTest, WhereBeforeImagesComeThereIsNoBound) {
  EXPECT_EQ(registry_.Find("t", "c"), nullptr);
  EXPECT_TRUE(AddMembership("a").is_new);
  EXPECT_TRUE(AddMembership("b").is_new);
  registry_.Find("t", "c")->has_before_images = true;
  EXPECT_TRUE(AddMembership("x").is_new);
  EXPECT_EQ(registry_.Find("t", "c")->memberships, 3u);
}

TEST_F(RegistryTest, MembershipIsPartOfWhatASubscriptionIs) {
  Subscribe plain = MakeSubscribe(kFirst, "plain", "c", "doc.n > 1");
  Subscribe asking = MakeSubscribe(kFirst, "asking", "c", "doc.n > 1");
  asking.membership = true;
  ASSERT_TRUE(registry_.Add(plain, from_, At(0)).is_new);
  ASSERT_TRUE(registry_.Add(asking, from_, At(0)).is_new);
  EXPECT_TRUE(registry_.Add(asking, from_, At(0)).status.ok());
  plain.membership = true;
  asking.membership = false;
  EXPECT_EQ(registry_.Add(plain, from_, At(0)).status,
            AlreadyExists("subscription \"plain\" exists without membership"));
  EXPECT_EQ(registry_.Add(asking, from_, At(0)).status,
            AlreadyExists("subscription \"asking\" exists with membership"));
}

TEST_F(MembershipQuotaTest, WhatWasThereBeforeARestartIsTakenUpAgain) {
  for (const char* id : {"a", "b", "c"}) {
    Subscribe subscribe = MakeSubscribe(kFirst, id, "c", "doc.n > 1");
    subscribe.membership = true;
    EXPECT_TRUE(
        registry_.Add(subscribe, from_, At(0), Admission::kRestored).is_new);
  }
  EXPECT_FALSE(AddMembership("x").status.ok());
}

}  // namespace
}  // namespace streamer
