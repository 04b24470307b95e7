#include "core/sequencer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using support::MakeEvent;
using support::MakeSubscribe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr GatewayHandle kSoft{1};
constexpr GatewayHandle kSession{2};

Instant At(std::int64_t second) {
  return Instant{MonotonicTime(seconds(second)), FromUnixMillis(second * 1000)};
}

// The bare sequencer: what it asks of the later stages.
class SequencerOutputTest : public testing::Test {
 protected:
  explicit SequencerOutputTest(const CoreOptions& options = {})
      : sequencer_(options, 4, Position{1, 0}) {
    Accept(ConnectGateway{.gateway = kSoft});
  }

  void Accept(Command command) {
    output_.Clear();
    sequencer_.Accept(std::move(command), At(0), output_);
    NoteOrdinals();
  }
  void Accept(SourceEvent event) {
    output_.Clear();
    sequencer_.Accept(
        {Position{1, ++offset_},
         std::make_shared<const SourceEvent>(std::move(event)), At(0)},
        At(0), output_);
    NoteOrdinals();
  }
  // Every step has the next ordinal; every task has that of a step.
  void NoteOrdinals() {
    for (const RouterStep& step : output_.steps) {
      EXPECT_EQ(step.ordinal, Ordinal(++last_ordinal_));
    }
  }
  [[nodiscard]] std::size_t TaskCount() const {
    std::size_t count = 0;
    for (const auto& tasks : output_.shards) count += tasks.size();
    return count;
  }
  [[nodiscard]] std::size_t AwaitedResults() const {
    return std::get<RouteEvent>(output_.steps.at(0).work).awaited_results;
  }

  Sequencer sequencer_;
  SequencerOutput output_{4};
  std::uint64_t offset_ = 0;
  std::uint64_t last_ordinal_ = 0;
};

TEST_F(SequencerOutputTest, AnEventNobodySubscribesToReachesNoShard) {
  Accept(MakeEvent(1, "c"));
  EXPECT_EQ(output_.steps.size(), 1u);
  EXPECT_EQ(AwaitedResults(), 0u);
  EXPECT_EQ(TaskCount(), 0u);
  EXPECT_EQ(sequencer_.position(), (Position{1, 1}));
}

TEST_F(SequencerOutputTest, AnEventGoesToTheShardOfItsSubscriptions) {
  for (const char* collection : {"a", "b", "c", "d", "e"}) {
    Accept(MakeSubscribe(kSoft, collection, collection, "true"));
    EXPECT_EQ(TaskCount(), 1u);
    std::vector<std::size_t> added;
    for (const auto& tasks : output_.shards) added.push_back(tasks.size());
    Accept(MakeEvent(static_cast<std::int64_t>(offset_), collection));
    std::vector<std::size_t> matched;
    for (const auto& tasks : output_.shards) matched.push_back(tasks.size());
    EXPECT_EQ(added, matched);
    EXPECT_EQ(AwaitedResults(), 1u);
  }
}

TEST_F(SequencerOutputTest, DroppedEventsStillHaveTheirStep) {
  Accept(MakeSubscribe(kSoft, "s", "c", "true"));
  SourceEvent event = MakeEvent(1, "c");
  event.operation = SourceOperation::kDelete;
  event.document.clear();
  Accept(event);
  EXPECT_EQ(TaskCount(), 1u);
  Accept(event);  // a duplicate
  EXPECT_EQ(AwaitedResults(), 0u);
  event.event_id = "again";
  Accept(event);  // known deleted
  EXPECT_EQ(AwaitedResults(), 0u);
  event.stored_key = "t:1";
  event.collection.clear();
  Accept(event);  // nobody knows which document
  EXPECT_EQ(TaskCount(), 0u);
  EXPECT_EQ(sequencer_.statistics().duplicate_events, 1u);
  EXPECT_EQ(sequencer_.statistics().skipped_deleted_again, 1u);
  EXPECT_EQ(sequencer_.statistics().skipped_delete_unresolved, 1u);
  EXPECT_EQ(sequencer_.statistics().events_processed, 4u);
  EXPECT_EQ(sequencer_.position(), (Position{1, 4}));
}

TEST_F(SequencerOutputTest, AChangeEventKnowsItsPlaceAndTime) {
  Accept(MakeSubscribe(kSoft, "s", "c", "true"));
  output_.Clear();
  sequencer_.Accept(
      {Position{1, 5}, std::make_shared<const SourceEvent>(MakeEvent(1, "c")),
       At(9)},
      At(10), output_);
  for (const auto& tasks : output_.shards) {
    if (tasks.empty()) continue;
    const ChangeEvent& event = std::get<MatchEvent>(tasks[0].work).event;
    EXPECT_EQ(event.position, (Position{1, 5}));
    EXPECT_EQ(event.operation, Operation::kInsert);
    EXPECT_EQ(event.logged_at, FromUnixMillis(9000));
    EXPECT_EQ(event.logged_at_monotonic_ns, 9'000'000'000);
    return;
  }
  FAIL() << "no shard has the event";
}

TEST_F(SequencerOutputTest, CommandsOfUnknownGatewaysChangeNothing) {
  Accept(DisconnectGateway{GatewayHandle(7)});
  EXPECT_THAT(output_.steps, IsEmpty());
  Accept(MakeSubscribe(GatewayHandle(7), "s", "c", "true"));
  EXPECT_EQ(TaskCount(), 0u);
  EXPECT_EQ(sequencer_.registry().size(), 0u);
}

// Collections of more than four are split, one subscription at a time.
class SequencerSplitTest : public SequencerOutputTest {
 protected:
  SequencerSplitTest() : SequencerOutputTest({.split = {4, 1}}) {}

  void SubscribeTo(const std::string& collection, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const std::string id = absl::StrCat(collection, i);
      Accept(
          MakeSubscribe(kSoft, id, collection, absl::StrCat("doc.n == ", i)));
      Follow();
    }
  }
  void UnsubscribeFrom(const std::string& collection, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      Accept(Unsubscribe{kSoft, absl::StrCat(collection, i)});
      Follow();
    }
  }
  // Ticks until nothing moves.
  void LetMove() {
    do {
      Accept(Tick{});
      Follow();
    } while (TaskCount() > 0);
  }
  // Does what the tasks say, and checks that each is where they say.
  void Follow() {
    for (std::size_t shard = 0; shard < output_.shards.size(); ++shard) {
      for (const ShardTask& task : output_.shards[shard]) {
        const auto* removal = std::get_if<RemoveFilters>(&task.work);
        if (removal == nullptr) continue;
        for (SubscriptionHandle handle : removal->handles) {
          EXPECT_EQ(held_[shard].erase(handle), 1u);
        }
      }
    }
    for (std::size_t shard = 0; shard < output_.shards.size(); ++shard) {
      for (const ShardTask& task : output_.shards[shard]) {
        const auto* addition = std::get_if<AddFilter>(&task.work);
        if (addition == nullptr) continue;
        EXPECT_TRUE(held_[shard].emplace(addition->handle, *addition).second);
      }
    }
  }
  [[nodiscard]] std::size_t HeldBy(std::size_t shard,
                                   const std::string& collection) const {
    std::size_t count = 0;
    for (const auto& [handle, added] : held_[shard]) {
      count += added.collection == collection ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] std::size_t ShardsThatHold(
      const std::string& collection) const {
    std::size_t count = 0;
    for (std::size_t shard = 0; shard < held_.size(); ++shard) {
      count += HeldBy(shard, collection) > 0 ? 1 : 0;
    }
    return count;
  }
  // The event goes to the shards that hold something, and to no other.
  void ExpectToReachWhatHolds(const std::string& collection) {
    Accept(MakeEvent(static_cast<std::int64_t>(offset_), collection));
    Follow();
    EXPECT_EQ(AwaitedResults(), ShardsThatHold(collection));
    for (std::size_t shard = 0; shard < output_.shards.size(); ++shard) {
      std::size_t events = 0;
      for (const ShardTask& task : output_.shards[shard]) {
        events += std::holds_alternative<MatchEvent>(task.work) ? 1 : 0;
      }
      EXPECT_EQ(events, HeldBy(shard, collection) > 0 ? 1u : 0u);
    }
  }
  [[nodiscard]] std::uint64_t moved() const {
    return sequencer_.statistics().moved_subscriptions;
  }

  std::vector<std::map<SubscriptionHandle, AddFilter>> held_{4};
};

TEST_F(SequencerSplitTest, ACollectionOfFourStaysOnOneShard) {
  SubscribeTo("c", 0, 4);
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  EXPECT_EQ(moved(), 0u);
}

TEST_F(SequencerSplitTest, AFifthSpreadsIt) {
  SubscribeTo("c", 0, 20);
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 4u);
  EXPECT_GT(moved(), 0u);
}

TEST_F(SequencerSplitTest, ASliceMovesOneAndAnEventReachesAllThatHold) {
  SubscribeTo("c", 0, 40);
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t before = moved();
    ExpectToReachWhatHolds("c");
    EXPECT_LE(moved(), before + 1);
  }
  EXPECT_EQ(ShardsThatHold("c"), 4u);
}

TEST_F(SequencerSplitTest, EqualFiltersStandOnOneShard) {
  for (int i = 0; i < 10; ++i) {
    Accept(MakeSubscribe(kSoft, absl::StrCat("s", i), "c", "doc.n == 7"));
    Follow();
  }
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  ExpectToReachWhatHolds("c");
}

TEST_F(SequencerSplitTest, OtherCollectionsStayWhereTheyAre) {
  SubscribeTo("d", 0, 3);
  SubscribeTo("c", 0, 20);
  LetMove();
  EXPECT_EQ(ShardsThatHold("d"), 1u);
  ExpectToReachWhatHolds("d");
}

TEST_F(SequencerSplitTest, BelowHalfItComesTogether) {
  SubscribeTo("c", 0, 20);
  LetMove();
  UnsubscribeFrom("c", 0, 18);
  LetMove();
  const std::uint64_t before = moved();
  SubscribeTo("c", 20, 1);
  LetMove();
  EXPECT_GT(ShardsThatHold("c"), 1u);  // half is not below half
  EXPECT_EQ(moved(), before);
  UnsubscribeFrom("c", 18, 2);
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  SubscribeTo("c", 30, 2);
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  ExpectToReachWhatHolds("c");
}

TEST_F(SequencerSplitTest, WhatShrinksWhileItIsSplitIsSplitAndComesTogether) {
  SubscribeTo("c", 0, 30);
  UnsubscribeFrom("c", 0, 29);
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  ExpectToReachWhatHolds("c");
}

TEST_F(SequencerSplitTest, AnEmptiedCollectionLeavesNothing) {
  SubscribeTo("c", 0, 20);
  SubscribeTo("d", 0, 20);
  Accept(DisconnectGateway{kSoft});
  Follow();
  EXPECT_EQ(ShardsThatHold("c") + ShardsThatHold("d"), 0u);
  Accept(MakeEvent(1000, "c"));
  EXPECT_EQ(AwaitedResults(), 0u);
  LetMove();
}

// The shard let go of it, the sequencer has not heard yet and moves it: it
// must not come back to stay.
TEST_F(SequencerSplitTest, ASuspendedSubscriptionEndsWhereItWasMovedTo) {
  SubscribeTo("c", 0, 20);
  LetMove();
  for (std::size_t shard = 0; shard < held_.size(); ++shard) {
    while (!held_[shard].empty()) {
      Accept(EndSuspended{{held_[shard].begin()->first}});
      Follow();
    }
  }
  EXPECT_EQ(ShardsThatHold("c"), 0u);
  EXPECT_EQ(sequencer_.registry().size(), 0u);
}

TEST_F(SequencerSplitTest, AnyCallsLeaveEachSubscriptionOnOneShard) {
  support::Random random(support::SeedOf("SequencerSplitTest"));
  SCOPED_TRACE(random.seed_note());
  for (int step = 0; step < 5000 && !HasFailure(); ++step) {
    const std::string collection = random.Pick({"c", "d", "e"});
    // Long times of growth and of shrinking.
    const bool grows = (step / 150) % 2 == 0;
    if (random.Chance(1, 3)) {
      ExpectToReachWhatHolds(collection);
    } else if (random.Chance(grows ? 1 : 9, 10)) {
      UnsubscribeFrom(collection, static_cast<int>(random.Below(12)), 1);
    } else {
      SubscribeTo(collection, static_cast<int>(random.Below(12)), 1);
    }
    std::size_t held = 0;
    for (const auto& shard : held_) held += shard.size();
    ASSERT_EQ(held, sequencer_.registry().size());
  }
  EXPECT_GT(moved(), 50u);
}

// With the later stages behind it: what gateways see.
class SequencerTest : public testing::Test {
 protected:
  SequencerTest() {
    core_.Sequence(ConnectGateway{.gateway = kSoft, .initial_credit = 1000});
    core_.Sequence(ConnectGateway{.gateway = kSession,
                                  .kind = GatewayKind::kSession,
                                  .initial_credit = 1000});
  }
  std::vector<std::string> SeenBy(GatewayHandle gateway) {
    core_.Settle();
    return core_.Take(gateway);
  }

  CoreHarness core_{1};
};

TEST_F(SequencerTest, ASubscriptionSeesTheEventsAfterIt) {
  core_.Sequence(MakeEvent(1, "c"));
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "true"));
  core_.Sequence(MakeEvent(2, "c"));
  core_.Sequence(Unsubscribe{kSoft, "s"});
  core_.Sequence(MakeEvent(3, "c"));
  EXPECT_THAT(SeenBy(kSoft),
              ElementsAre("subscribed s after 1", "delivery 1 e2 [s]",
                          "unsubscribed s: ok"));
}

TEST_F(SequencerTest, ARepeatedSubscribeNamesItsFirstPosition) {
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "true"));
  core_.Sequence(MakeEvent(1, "c"));
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "true"));
  EXPECT_THAT(SeenBy(kSoft),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]",
                          "subscribed s after 0"));
}

TEST_F(SequencerTest, RefusalsAreAnswers) {
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "doc.n > 1"));
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "doc.n > 2"));
  core_.Sequence(Unsubscribe{kSoft, "x"});
  core_.Sequence(Renew{kSoft, "x", std::nullopt});
  EXPECT_THAT(
      SeenBy(kSoft),
      ElementsAre("subscribed s after 0",
                  "refused s: subscription \"s\" exists with another filter",
                  "unsubscribed x: no subscription \"x\" of this gateway",
                  "renewed x: no subscription \"x\" of this gateway"));
}

TEST_F(SequencerTest, ExpiryTakesEffectAtTheTick) {
  core_.Sequence(MakeSubscribe(kSession, "b", "c", "true", seconds(10)), At(0));
  core_.Sequence(MakeSubscribe(kSession, "a", "c", "true", seconds(10)), At(0));
  core_.Sequence(MakeSubscribe(kSession, "z", "c", "true", seconds(9)), At(0));
  core_.Sequence(MakeEvent(1, "c"), At(10));
  core_.Sequence(Tick{}, At(10));
  core_.Sequence(MakeEvent(2, "c"), At(10));
  EXPECT_THAT(SeenBy(kSession),
              ElementsAre("subscribed b after 0", "subscribed a after 0",
                          "subscribed z after 0", "delivery 1 e1 [b,a,z]",
                          "ended z", "ended b", "ended a"));
}

TEST_F(SequencerTest, RenewMovesTheExpiry) {
  core_.Sequence(MakeSubscribe(kSession, "a", "c", "true", seconds(10)), At(0));
  core_.Sequence(Renew{kSession, "a", std::nullopt}, At(9));
  core_.Sequence(Tick{}, At(18));
  core_.Sequence(Tick{}, At(19));
  EXPECT_THAT(SeenBy(kSession),
              ElementsAre("subscribed a after 0", "renewed a: ok", "ended a"));
}

SourceEvent WithClusterTime(SourceEvent event, std::uint32_t at,
                            std::string backend = "b") {
  event.backend = std::move(backend);
  event.cluster_time = ClusterTime{at, 0};
  return event;
}

TEST_F(SequencerTest, AGapIsToldToTheTenantsOfItsBackend) {
  core_.Sequence(ConnectGateway{.gateway = GatewayHandle(3)});
  Subscribe other = MakeSubscribe(GatewayHandle(3), "s", "c", "true");
  other.tenant = "u";
  core_.Sequence(other);
  Subscribe mixed = MakeSubscribe(kSession, "m", "c", "true");
  mixed.tenant = "u";
  core_.Sequence(mixed);
  core_.Sequence(MakeSubscribe(kSession, "s", "c", "true"));
  core_.Sequence(MakeSubscribe(kSoft, "s", "c", "true"));
  core_.Sequence(WithClusterTime(MakeEvent(1, "c"), 10'000));
  core_.Sequence(WithClusterTime(MakeEvent(2, "c"), 100));
  EXPECT_THAT(SeenBy(kSession),
              ElementsAre("subscribed m after 0", "subscribed s after 0",
                          "delivery 1 e1 [s]", "resync [s] after 1 to 2",
                          "delivery 3 e2 [s]"));
  EXPECT_THAT(SeenBy(kSoft),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]",
                          "closed the source's cluster time went back"));
  EXPECT_THAT(SeenBy(GatewayHandle(3)), ElementsAre("subscribed s after 0"));
  EXPECT_EQ(core_.sequencer().statistics().gaps_detected, 1u);
}

TEST_F(SequencerTest, AnUnresolvedDeleteIsToldToThoseItMayConcern) {
  core_.Sequence(MakeSubscribe(kSession, "all", "c", ""));
  core_.Sequence(MakeSubscribe(kSession, "one", "c", "doc.id == 'd'"));
  core_.Sequence(MakeSubscribe(kSession, "some", "c", "doc.n > 1"));
  SourceEvent event = MakeEvent(1, "");
  event.operation = SourceOperation::kDelete;
  event.document_id.clear();
  event.stored_key = "t:1";
  core_.Sequence(event);
  EXPECT_THAT(
      SeenBy(kSession),
      ElementsAre("subscribed all after 0", "subscribed one after 0",
                  "subscribed some after 0", "resync [all,one] after 0 to 1"));
}

TEST_F(SequencerTest, AGapThatTheSourceReportsIsToldToItsTenants) {
  core_.Sequence(MakeSubscribe(kSession, "mine", "c", "doc.n == 0"));
  Subscribe other = MakeSubscribe(kSession, "other", "c", "true");
  other.tenant = "u";
  core_.Sequence(other);
  SourceEvent event = MakeEvent(1, "c");
  event.backend = "b";
  event.cluster_time = ClusterTime{1, 1};
  core_.Sequence(event);
  SeenBy(kSession);
  core_.Sequence(support::MakeGap("b", "the oplog was cut"));
  EXPECT_THAT(SeenBy(kSession), ElementsAre("resync [mine] after 1 to 2"));
  EXPECT_EQ(core_.sequencer().statistics().gaps_detected, 1u);
}

TEST_F(SequencerTest, AGapOfASourceThatNobodyKnowsIsToldToAll) {
  core_.Sequence(MakeSubscribe(kSession, "mine", "c", "doc.n == 0"));
  Subscribe other = MakeSubscribe(kSession, "other", "c", "true");
  other.tenant = "u";
  core_.Sequence(other);
  SeenBy(kSession);
  core_.Sequence(support::MakeGap("", "the marker is gone"));
  EXPECT_THAT(SeenBy(kSession),
              ElementsAre("resync [mine,other] after 0 to 1"));
}

TEST_F(SequencerTest, AnUnreadableEventIsToldToThoseItMayConcern) {
  core_.Sequence(MakeSubscribe(kSession, "all", "c", ""));
  core_.Sequence(MakeSubscribe(kSession, "one", "d", "doc.id == 'd'"));
  core_.Sequence(MakeSubscribe(kSession, "some", "c", "doc.n > 1"));
  SeenBy(kSession);
  core_.Sequence(support::MakeUnreadable("t", "c"));
  EXPECT_THAT(SeenBy(kSession), ElementsAre("resync [all] after 0 to 1"));
  core_.Sequence(support::MakeUnreadable("t", ""));
  EXPECT_THAT(SeenBy(kSession), ElementsAre("resync [all,one] after 1 to 2"));
  core_.Sequence(support::MakeUnreadable("u", ""));
  EXPECT_THAT(SeenBy(kSession), IsEmpty());
  EXPECT_EQ(core_.sequencer().statistics().skipped_unreadable, 3u);
}

Subscribe MakeMembership(const std::string& id, const std::string& expression,
                         const std::string& collection = "c") {
  Subscribe subscribe = MakeSubscribe(kSession, id, collection, expression);
  subscribe.membership = true;
  return subscribe;
}

TEST_F(SequencerSplitTest, MembershipSubscriptionsStayAtHome) {
  Accept(ConnectGateway{.gateway = kSession});
  for (int i = 0; i < 20; ++i) {
    Accept(MakeMembership(absl::StrCat("m", i), absl::StrCat("doc.n == ", i)));
    Follow();
  }
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 1u);
  SubscribeTo("c", 0, 20);
  LetMove();
  EXPECT_EQ(ShardsThatHold("c"), 4u);
  std::size_t shards_of_memberships = 0;
  for (const auto& shard : held_) {
    const bool has_one =
        std::any_of(shard.begin(), shard.end(),
                    [](const auto& one) { return one.second.membership; });
    shards_of_memberships += has_one ? 1 : 0;
  }
  EXPECT_EQ(shards_of_memberships, 1u);
  ExpectToReachWhatHolds("c");
}

TEST_F(SequencerOutputTest, OnlyCollectionsWithMembershipsTellOfThem) {
  const auto work_of = [this](const SourceEvent& event) {
    Accept(event);
    for (const auto& tasks : output_.shards) {
      if (!tasks.empty()) return std::get<MatchEvent>(tasks[0].work).membership;
    }
    return std::optional<MembershipWork>();
  };
  Accept(ConnectGateway{.gateway = kSession});
  Accept(MakeMembership("m", "doc.n > 1", "c"));
  Accept(MakeSubscribe(kSoft, "s", "d", "true"));
  EXPECT_FALSE(work_of(MakeEvent(1, "d")).has_value());
  EXPECT_EQ(work_of(MakeEvent(2, "c"))->number, 1u);
  SourceEvent update = MakeEvent(3, "c");
  update.operation = SourceOperation::kUpdate;
  EXPECT_EQ(work_of(update)->number, 2u);
  update.event_id = "e4";
  update.before = "{}";
  EXPECT_EQ(work_of(update)->number, 0u);
  // An insert says nothing of what others bring.
  EXPECT_EQ(work_of(MakeEvent(5, "c"))->number, 0u);
  update.event_id = "e6";
  update.before.clear();
  EXPECT_EQ(work_of(update)->number, 3u);
  Accept(Unsubscribe{kSession, "m"});
  Accept(MakeSubscribe(kSoft, "t", "c", "true"));
  EXPECT_FALSE(work_of(MakeEvent(7, "c")).has_value());
}

// They hold documents by what was known of them.
TEST_F(SequencerTest, MembershipSubscriptionsHearOfWhatNobodyCouldRead) {
  core_.Sequence(MakeMembership("m", "doc.n > 1"));
  core_.Sequence(MakeMembership("n", "doc.n > 1", "d"));
  core_.Sequence(MakeSubscribe(kSession, "s", "c", "doc.n > 1"));
  SeenBy(kSession);
  core_.Sequence(support::MakeUnreadable("t", "c"));
  EXPECT_THAT(SeenBy(kSession), ElementsAre("resync [m] after 0 to 1"));
  SourceEvent unresolved = MakeEvent(1, "");
  unresolved.operation = SourceOperation::kDelete;
  unresolved.stored_key = "t:1";
  core_.Sequence(unresolved);
  EXPECT_THAT(SeenBy(kSession), ElementsAre("resync [m,n] after 1 to 2"));
}

TEST_F(SequencerTest, ALossMakesDocumentsOfItsCollectionsUnknown) {
  core_.Sequence(MakeMembership("m", "doc.n > 1"));
  core_.Sequence(MakeMembership("n", "doc.n > 1", "d"));
  SourceEvent first = MakeEvent(2, "c");
  SourceEvent second = MakeEvent(3, "d");
  core_.Sequence(first);
  core_.Sequence(second);
  core_.Sequence(support::MakeUnreadable("t", "c"));
  SeenBy(kSession);
  for (SourceEvent* event : {&first, &second}) {
    event->operation = SourceOperation::kUpdate;
    event->event_id += "b";
    core_.Sequence(*event);
  }
  EXPECT_THAT(SeenBy(kSession), ElementsAre("delivery 4 e2b [m:unknown_in]",
                                            "delivery 5 e3b [n:changed]"));
}

TEST_F(SequencerTest, WhatALostSubscriptionHeldIsUnknownToTheNext) {
  core_.Sequence(MakeMembership("m", "doc.n > 1"));
  core_.Sequence(MakeEvent(2, "c"));
  core_.Sequence(Unsubscribe{kSession, "m"});
  core_.Sequence(MakeMembership("m", "doc.n > 1"));
  SeenBy(kSession);
  SourceEvent deletion = MakeEvent(2, "c");
  deletion.event_id = "e3";
  deletion.operation = SourceOperation::kDelete;
  deletion.document.clear();
  core_.Sequence(deletion);
  EXPECT_THAT(SeenBy(kSession), ElementsAre("delivery 2 e3 [m:unknown_out]"));
}

TEST_F(SequencerTest, MembershipSubscriptionsHearOfAMalformedEventInItsPlace) {
  Subscribe soft = MakeMembership("soft", "doc.n > 1");
  soft.gateway = kSoft;
  core_.Sequence(soft);
  core_.Sequence(MakeMembership("m", "doc.n > 1"));
  core_.Sequence(MakeMembership("n", "doc.n > 1", "d"));
  core_.Sequence(MakeEvent(2, "c"));
  SourceEvent broken = MakeEvent(3, "c");
  broken.document = "{";
  core_.Sequence(broken);
  core_.Sequence(MakeEvent(4, "c"));
  EXPECT_THAT(
      SeenBy(kSession),
      ElementsAre("subscribed m after 0", "subscribed n after 0",
                  "delivery 1 e2 [m:entered]", "resync [m] after 1 to 2",
                  "delivery 3 e4 [m:entered]"));
  EXPECT_THAT(
      SeenBy(kSoft),
      ElementsAre("subscribed soft after 0", "delivery 1 e2 [soft:entered]",
                  "closed an event of the source could not be read"));
}

}  // namespace
}  // namespace streamer
