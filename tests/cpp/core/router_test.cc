#include "core/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::MakeEvent;
using support::MakeSubscribe;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr GatewayHandle kFirst{1};
constexpr GatewayHandle kSecond{2};

class RouterTest : public testing::Test {
 protected:
  explicit RouterTest(const CoreOptions& options = {}) : core_(1, options) {}

  void Connect(GatewayHandle gateway, std::size_t credit,
               GatewayKind kind = GatewayKind::kSoftState,
               OutboxLimits limits = {}) {
    core_.Sequence(ConnectGateway{.gateway = gateway,
                                  .kind = kind,
                                  .limits = limits,
                                  .initial_credit = credit});
  }
  void Subscribe(GatewayHandle gateway, const std::string& id,
                 const std::string& expression = "true") {
    core_.Sequence(MakeSubscribe(gateway, id, "c", expression));
  }
  void Ingest(std::int64_t first, std::int64_t count = 1) {
    for (SourceEvent& event : support::MakeEvents(first, count, "c")) {
      core_.Sequence(std::move(event));
    }
  }
  std::vector<std::string> SeenBy(GatewayHandle gateway) {
    core_.Settle();
    return core_.Take(gateway);
  }

  CoreHarness core_;
};

class SuspendingRouterTest : public RouterTest {
 protected:
  SuspendingRouterTest()
      : RouterTest({.evaluation_budget = support::kLowBudget}) {}
};

TEST_F(SuspendingRouterTest, ASuspensionIsToldInItsPlaceAndToItsGatewayOnly) {
  Connect(kFirst, 100);
  Connect(kSecond, 100);
  Subscribe(kFirst, "a", support::CostlyExpression());
  Subscribe(kFirst, "b");
  Subscribe(kSecond, "c");
  Ingest(9);
  Ingest(1000);
  Ingest(10);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "subscribed b after 0",
                          "delivery 1 e9 [a,b]", "delivery 2 e1000 [b]",
                          "suspended a", "delivery 4 e10 [b]"));
  EXPECT_THAT(SeenBy(kSecond),
              ElementsAre("subscribed c after 0", "delivery 1 e9 [c]",
                          "delivery 2 e1000 [c]", "delivery 3 e10 [c]"));
  EXPECT_EQ(core_.sequencer().registry().size(), 2u);
  EXPECT_EQ(core_.sequencer().registry().statistics().suspended, 1u);
}

TEST_F(SuspendingRouterTest, WhoSubscribesAgainStartsAfresh) {
  Connect(kFirst, 100);
  Subscribe(kFirst, "a", support::CostlyExpression());
  Ingest(1000);
  core_.Settle();
  Subscribe(kFirst, "a", support::CostlyExpression());
  Ingest(5);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "suspended a",
                          "subscribed a after 1", "delivery 2 e5 [a]"));
}

// The registry has not heard of the suspension; "it exists" would be a promise
// that nobody keeps.
TEST_F(SuspendingRouterTest, ARepeatThatCrossesASuspensionIsRefused) {
  Connect(kFirst, 100);
  Subscribe(kFirst, "a", support::CostlyExpression());
  Ingest(1000);
  Subscribe(kFirst, "a", support::CostlyExpression());
  Ingest(5);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "suspended a",
                          "refused a: subscription \"a\" was suspended"));
}

TEST_F(SuspendingRouterTest, WhatEndsOtherwiseMeanwhileIsToldOnce) {
  Connect(kFirst, 100);
  core_.Sequence(MakeSubscribe(kFirst, "a", "c", support::CostlyExpression(),
                               std::chrono::seconds(60)));
  Subscribe(kFirst, "b", support::CostlyExpression());
  Ingest(1000);
  core_.Sequence(Unsubscribe{kFirst, "b"});
  core_.Sequence(Tick{}, Instant{}.After(std::chrono::seconds(60)));
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "subscribed b after 0",
                          "suspended a", "suspended b", "unsubscribed b: ok"));
  EXPECT_EQ(core_.sequencer().registry().statistics().suspended, 0u);
}

TEST_F(RouterTest, OneEventIsOneDeliveryForEachGateway) {
  Connect(kFirst, 100);
  Connect(kSecond, 100);
  Subscribe(kFirst, "a");
  Subscribe(kSecond, "b");
  Subscribe(kFirst, "c", "doc.n > 1");
  Ingest(1, 2);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "subscribed c after 0",
                          "delivery 1 e1 [a]", "delivery 2 e2 [a,c]"));
  EXPECT_THAT(SeenBy(kSecond),
              ElementsAre("subscribed b after 0", "delivery 1 e1 [b]",
                          "delivery 2 e2 [b]"));
}

TEST_F(RouterTest, AResponseMayOvertakeOlderDeliveriesButNeverItsOwn) {
  Connect(kFirst, 0);
  Subscribe(kFirst, "a");
  Ingest(1);
  Subscribe(kFirst, "b");
  Ingest(2);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "subscribed b after 1"));
  core_.Grant(kFirst, 10);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("delivery 1 e1 [a]", "delivery 2 e2 [a,b]"));
}

TEST_F(RouterTest, NothingFollowsAnUnsubscribeResponse) {
  Connect(kFirst, 0);
  Subscribe(kFirst, "a");
  Subscribe(kFirst, "b", "doc.n == 2");
  Ingest(1, 3);
  core_.Sequence(Unsubscribe{kFirst, "a"});
  core_.Settle();
  core_.Grant(kFirst, 10);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "subscribed b after 0",
                          "unsubscribed a: ok", "delivery 1 e2 [b]"));
  EXPECT_EQ(core_.router().statistics().waiting, 0u);
}

TEST_F(RouterTest, ALaterIncarnationGetsNothingOfTheEarlier) {
  Connect(kFirst, 0);
  Subscribe(kFirst, "a");
  Ingest(1);
  core_.Sequence(Unsubscribe{kFirst, "a"});
  Subscribe(kFirst, "a");
  Ingest(2);
  core_.Settle();
  core_.Grant(kFirst, 10);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "unsubscribed a: ok",
                          "subscribed a after 1", "delivery 1 e2 [a]"));
}

TEST_F(RouterTest, CreditGivenBeforeTheGatewayCounts) {
  core_.Grant(kFirst, 1);
  Connect(kFirst, 1);
  Subscribe(kFirst, "a");
  Ingest(1, 3);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "delivery 1 e1 [a]",
                          "delivery 2 e2 [a]"));
}

TEST_F(RouterTest, AFullSoftStateGatewayIsClosedAndCostsTheOthersNothing) {
  Connect(kFirst, 0, GatewayKind::kSoftState, {.deliveries = 3});
  Connect(kSecond, 100);
  Subscribe(kFirst, "a");
  Subscribe(kSecond, "b");
  Ingest(1, 5);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0",
                          "closed outbox full: 3 deliveries wait; the gateway "
                          "reads too slowly"));
  EXPECT_EQ(SeenBy(kSecond).size(), 6u);
  EXPECT_EQ(core_.sequencer().registry().size(), 1u);
  EXPECT_FALSE(core_.sequencer().registry().HasGateway(kFirst));
  const RouterStatistics& statistics = core_.router().statistics();
  EXPECT_EQ(statistics.backpressure_soft, 1u);
  EXPECT_EQ(statistics.backpressure_hard, 1u);
  EXPECT_EQ(statistics.gateways, 1u);
  EXPECT_EQ(statistics.waiting, 0u);
}

TEST_F(RouterTest, NothingFollowsAClosedGateway) {
  Connect(kFirst, 0, GatewayKind::kSoftState, {.deliveries = 1});
  Subscribe(kFirst, "a");
  Ingest(1, 3);
  Subscribe(kFirst, "b");
  core_.Settle();
  core_.Grant(kFirst, 10);
  Subscribe(kFirst, "c");
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0",
                          "closed outbox full: 1 deliveries wait; the gateway "
                          "reads too slowly"));
}

TEST_F(RouterTest, SoftPressureIsCountedOnceEachTime) {
  Connect(kFirst, 0, GatewayKind::kSoftState, {.deliveries = 10});
  Subscribe(kFirst, "a");
  Ingest(1, 10);
  core_.Settle();
  EXPECT_EQ(core_.router().statistics().backpressure_soft, 1u);
  core_.Grant(kFirst, 9);
  Ingest(11, 9);
  core_.Settle();
  EXPECT_EQ(core_.router().statistics().backpressure_soft, 2u);
  EXPECT_EQ(core_.router().statistics().backpressure_hard, 0u);
}

TEST_F(RouterTest, AFullSessionGetsFromTheLogWhatDidNotFit) {
  Connect(kFirst, 100, GatewayKind::kSession, {.deliveries = 5});
  Subscribe(kFirst, "a");
  Ingest(1, 7);
  EXPECT_EQ(SeenBy(kFirst).size(), 6u);
  EXPECT_EQ(core_.router().statistics().missed, 2u);
  core_.Acknowledge(kFirst, 5);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("delivery 6 e6 [a]", "delivery 7 e7 [a]"));
  core_.Acknowledge(kFirst, 7);
  Ingest(8);
  EXPECT_THAT(SeenBy(kFirst), ElementsAre("delivery 8 e8 [a]"));
  EXPECT_THAT(core_.router().statistics().resyncs, Each(0u));
}

TEST_F(RouterTest, AnAcknowledgementOfTheFutureClosesTheGateway) {
  Connect(kFirst, 100, GatewayKind::kSession);
  Subscribe(kFirst, "a");
  Ingest(1, 2);
  core_.Settle();
  core_.Acknowledge(kFirst, 3);
  EXPECT_THAT(SeenBy(kFirst),
              ElementsAre("subscribed a after 0", "delivery 1 e1 [a]",
                          "delivery 2 e2 [a]",
                          "closed ack: expected at most 2, got 3"));
  EXPECT_EQ(core_.sequencer().registry().size(), 0u);
}

TEST_F(RouterTest, WhatWaitsForAGatewayGoesWithIt) {
  Connect(kFirst, 0);
  Subscribe(kFirst, "a");
  Ingest(1, 3);
  core_.Settle();
  EXPECT_EQ(core_.router().statistics().waiting, 3u);
  core_.Sequence(DisconnectGateway{kFirst});
  core_.Settle();
  EXPECT_EQ(core_.router().statistics().waiting, 0u);
  EXPECT_EQ(core_.router().statistics().dropped_with_gateway, 3u);
  core_.Grant(kFirst, 10);
  EXPECT_THAT(SeenBy(kFirst), ElementsAre("subscribed a after 0"));
}

TEST_F(RouterTest, RoutedFollowsEventsThatNobodyMatches) {
  Ingest(1, 3);
  core_.Settle();
  EXPECT_EQ(core_.router().statistics().routed, (Position{1, 3}));
}

// A step waits for its result, and all later ones with it, whatever is there
// already.
TEST(RouterOrderTest, AResultThatIsMissingHoldsUpWhatFollows) {
  Router router;
  std::vector<Effect> effects;
  auto step = [&](std::uint64_t ordinal, auto work) {
    router.Accept(RouterStep{Ordinal(ordinal), std::move(work)}, effects);
  };
  step(1, AddGateway{{.gateway = kFirst, .initial_credit = 10}});
  step(2, AddRoute{kFirst,
                   {.subscription_id = "a", .handle = SubscriptionHandle(1)}});
  step(3, RouteEvent{{1, 1}, 2});
  step(4, Respond{{kFirst, UnsubscribeResponse{.subscription_id = "x"}}, {}});
  EXPECT_EQ(effects.size(), 1u);
  EXPECT_EQ(router.waiting_steps(), 2u);
  ChangeEvent event{.position = {1, 1}};
  event.source = std::make_shared<SourceEvent>(MakeEvent(1, "c"));
  auto outgoing = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), ""});
  router.Accept(ShardResult{Ordinal(3), nullptr, {}, nullptr}, effects);
  EXPECT_EQ(effects.size(), 1u);
  router.Accept(
      ShardResult{Ordinal(3), outgoing, {SubscriptionHandle(1)}, nullptr},
      effects);
  ASSERT_EQ(effects.size(), 3u);
  EXPECT_EQ(support::Describe(effects[1].what), "delivery 1 e1 [a]");
  EXPECT_EQ(support::Describe(effects[2].what), "unsubscribed x: ok");
}

// A gateway with subscriptions s1, s2, …, and results of several shards.
class SplitRouterTest : public testing::Test {
 protected:
  void Step(auto work) {
    router_.Accept(RouterStep{Ordinal(++ordinal_), std::move(work)}, effects_);
  }
  void Connect(std::uint64_t subscriptions) {
    Step(AddGateway{{.gateway = kFirst, .initial_credit = 10}});
    for (std::uint64_t i = 1; i <= subscriptions; ++i) {
      Step(AddRoute{kFirst,
                    {.subscription_id = "s" + std::to_string(i),
                     .handle = SubscriptionHandle(i)}});
    }
    effects_.clear();
  }
  // Of the step after the last.
  void AcceptForNext(std::shared_ptr<const OutgoingEvent> event,
                     std::vector<SubscriptionHandle> handles) {
    router_.Accept(ShardResult{Ordinal(ordinal_ + 1), std::move(event),
                               std::move(handles), nullptr},
                   effects_);
  }

  Router router_;
  std::vector<Effect> effects_;
  std::uint64_t ordinal_ = 0;
};

TEST_F(SplitRouterTest, HandlesAscendOverAllShards) {
  Connect(4);
  ChangeEvent event{.position = {1, 1}};
  event.source = std::make_shared<SourceEvent>(MakeEvent(1, "c"));
  const auto outgoing = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), ""});
  AcceptForNext(outgoing, {SubscriptionHandle(2), SubscriptionHandle(3)});
  AcceptForNext(outgoing, {SubscriptionHandle(1), SubscriptionHandle(4)});
  EXPECT_THAT(effects_, IsEmpty());
  Step(RouteEvent{{1, 1}, 2});
  ASSERT_EQ(effects_.size(), 1u);
  EXPECT_EQ(support::Describe(effects_[0].what), "delivery 1 e1 [s1,s2,s3,s4]");
}

// Two shards of a split collection: one could not read the event, the other
// read less far and matched.
TEST_F(SplitRouterTest, WhatOneShardCannotReadNobodyDelivers) {
  Connect(1);
  ChangeEvent event{.position = {1, 1}};
  event.source = std::make_shared<SourceEvent>(MakeEvent(1, "c"));
  Step(RouteEvent{{1, 1}, 3});
  const auto outgoing =
      std::make_shared<const OutgoingEvent>(OutgoingEvent{event, ""});
  router_.Accept(
      ShardResult{
          Ordinal(ordinal_), outgoing, {SubscriptionHandle(1)}, nullptr},
      effects_);
  for (int shard = 0; shard < 2; ++shard) {
    router_.Accept(
        ShardResult{Ordinal(ordinal_),
                    nullptr,
                    {},
                    std::make_shared<const MalformedEvent>(
                        MalformedEvent{event, DataLoss("broken"), {}})},
        effects_);
  }
  EXPECT_THAT(effects_, IsEmpty());
  EXPECT_EQ(router_.statistics().malformed, 1u);
  ASSERT_EQ(router_.reports().size(), 1u);
  EXPECT_EQ(router_.reports()[0].matches, 0u);
  EXPECT_EQ(router_.reports()[0].malformed->problem, DataLoss("broken"));
}

TEST_F(SplitRouterTest, WhatAnEventDidStaysWithItsHandle) {
  Connect(4);
  ChangeEvent event{.position = {1, 1}};
  event.source = std::make_shared<SourceEvent>(MakeEvent(1, "c"));
  const auto outgoing = std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), ""});
  AcceptForNext(outgoing, {SubscriptionHandle(2), SubscriptionHandle(3)});
  ShardResult home{.ordinal = Ordinal(ordinal_ + 1),
                   .event = outgoing,
                   .handles = {SubscriptionHandle(1), SubscriptionHandle(4)}};
  home.memberships = {Membership::kUnknownOut, Membership::kChanged};
  router_.Accept(std::move(home), effects_);
  Step(RouteEvent{{1, 1}, 2});
  ASSERT_EQ(effects_.size(), 1u);
  EXPECT_EQ(support::Describe(effects_[0].what),
            "delivery 1 e1 [s1:unknown_out,s2,s3,s4:changed]");
  EXPECT_EQ(router_.statistics().memberships_unknown, 1u);
}

TEST_F(SplitRouterTest, SuspensionsOfSeveralShardsAscendByHandle) {
  Connect(3);
  Step(RouteEvent{{1, 1}, 2});
  const auto suspend = [&](std::vector<SubscriptionHandle> handles) {
    router_.Accept(ShardResult{Ordinal(ordinal_),
                               nullptr,
                               {},
                               nullptr,
                               std::make_shared<const Suspension>(
                                   Suspension{std::move(handles), "dear"})},
                   effects_);
  };
  suspend({SubscriptionHandle(1), SubscriptionHandle(3)});
  suspend({SubscriptionHandle(2)});
  std::vector<std::string> seen;
  for (const Effect& effect : effects_) {
    seen.push_back(support::Describe(effect.what));
  }
  EXPECT_THAT(seen,
              ElementsAre("suspended s1", "suspended s2", "suspended s3"));
}

// The same inputs through one shard in the order of one thread, and through
// several in random interleavings, collections being split and coming together
// meanwhile: every gateway sees the same.
TEST(RouterOrderTest, AnyInterleavingOfAnyNumberOfShardsGivesTheSameEffects) {
  support::Random random(support::SeedOf("RouterOrderTest"));
  SCOPED_TRACE(random.seed_note());
  std::map<std::string, std::size_t> seen_count;
  for (int round = 0; round < 60; ++round) {
    std::size_t shard_count = 2 + random.Below(4);
    CoreOptions options{.evaluation_budget = support::kLowBudget};
    CoreHarness one(1, options);
    options.split = {.above = random.Below(10), .slice = 1 + random.Below(3)};
    CoreHarness many(shard_count, options);
    auto both = [&](auto input) {
      one.Sequence(input);
      many.Sequence(std::move(input));
    };
    for (std::uint64_t gateway = 1; gateway <= 3; ++gateway) {
      both(ConnectGateway{.gateway = GatewayHandle(gateway),
                          .kind = gateway == 3 ? GatewayKind::kSession
                                               : GatewayKind::kSoftState,
                          .initial_credit = 100'000});
    }
    for (std::int64_t step = 1; step <= 150; ++step) {
      GatewayHandle gateway(1 + random.Below(3));
      std::string id = absl::StrCat("s", random.Below(6));
      std::string collection = absl::StrCat("c", random.Below(5));
      if (random.Chance(1, 3)) {
        Subscribe subscribe = MakeSubscribe(
            gateway, id, collection,
            absl::StrCat("doc.n % ", 1 + random.Below(3), " == 0"));
        subscribe.membership = random.Chance(1, 3);
        both(subscribe);
      } else if (random.Chance(1, 10)) {
        // An id for each: when one is free again is not a matter of order.
        both(MakeSubscribe(
            gateway, absl::StrCat("costly", step), collection,
            absl::StrCat("lists.range(doc.n * ", 1 + random.Below(20),
                         ").all(x, x >= 0)")));
      } else if (random.Chance(1, 4)) {
        both(Unsubscribe{gateway, id});
      } else if (random.Chance(1, 60)) {
        both(DisconnectGateway{gateway});
      } else {
        SourceEvent event = MakeEvent(step, collection);
        event.operation =
            random.Pick({SourceOperation::kInsert, SourceOperation::kUpdate,
                         SourceOperation::kUpdate, SourceOperation::kDelete});
        event.document_id = absl::StrCat("d", random.Below(3));
        if (random.Chance(1, 10)) event.document = "7";
        both(event);
      }
      for (std::size_t i = random.Below(6); i > 0; --i) many.Advance(random);
    }
    one.Settle();
    while (many.Advance(random)) {
    }
    ASSERT_EQ(many.seen(), one.seen()) << shard_count << " shards";
    for (const auto& [gateway, lines] : one.seen()) {
      for (const std::string& line : lines) {
        ++seen_count[line.substr(0, line.find(' '))];
        for (const char* done : {":entered", ":changed", ":left", ":unknown"}) {
          seen_count[done] += absl::StrContains(line, done) ? 1 : 0;
        }
      }
    }
    seen_count["malformed"] += many.router().statistics().malformed;
    seen_count["moved"] += many.sequencer().statistics().moved_subscriptions;
  }
  EXPECT_GT(seen_count["delivery"], 1000u);
  for (const char* kind : {"suspended", "malformed", "moved", ":entered",
                           ":changed", ":left", ":unknown"}) {
    EXPECT_GT(seen_count[kind], 30u) << kind;
  }
}

}  // namespace
}  // namespace streamer
