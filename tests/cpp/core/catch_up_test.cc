// Subscriptions that begin in the past: what the sequencer, the shards and the
// router do together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::MakeEvent;
using support::MakeSubscribe;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr GatewayHandle kGateway(1);
constexpr std::size_t kPlenty = 1'000'000;

ConnectGateway Connect(GatewayHandle gateway, GatewayKind kind,
                       OutboxLimits limits, std::size_t credit) {
  return {gateway, absl::StrCat("g", gateway.value()), kind, limits, credit};
}

class CatchUpTest : public ::testing::Test {
 protected:
  void Begin(GatewayKind kind = GatewayKind::kSoftState,
             OutboxLimits limits = {}, std::size_t credit = kPlenty) {
    core_.Sequence(Connect(kGateway, kind, limits, credit));
  }
  void Events(std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i <= last; ++i) {
      core_.Sequence(MakeEvent(i, "c"));
    }
  }
  void Resume(const std::string& id, std::uint64_t after,
              const std::string& expression = "true") {
    Subscribe subscribe = MakeSubscribe(kGateway, id, "c", expression);
    subscribe.resume_after = Position{1, after};
    core_.Sequence(subscribe);
  }
  std::vector<std::string> Settled() {
    core_.Settle();
    return core_.Take(kGateway);
  }
  // The end of a stream that wrote the live event at `written` last.
  static DisconnectGateway Broken(std::uint64_t written) {
    return {kGateway, Position{1, written - 1}, {.written = {1, written}}};
  }
  // After which event a stream gets what it asks for under `id`.
  std::uint64_t StartOf(const std::string& id) {
    const GatewayHandle again(++last_stream_);
    core_.Sequence(Connect(again, GatewayKind::kSoftState, {}, kPlenty));
    core_.Sequence(MakeSubscribe(again, id, "c", "true"));
    return core_.sequencer().registry().ListOf(again).front()->from.offset;
  }

  CoreHarness core_{2};
  std::uint64_t last_stream_ = 10;
};

TEST_F(CatchUpTest, WhatLiesBetweenComesFirstAndThenWhatIsNew) {
  Begin();
  Events(1, 5);
  Resume("s", 2);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 2", "delivery 1 e3 [s]",
                          "delivery 2 e4 [s]", "delivery 3 e5 [s]"));
  Events(6, 6);
  EXPECT_THAT(Settled(), ElementsAre("delivery 4 e6 [s]"));
}

TEST_F(CatchUpTest, WhatTheLogLostOfItsPlaceIsFlagged) {
  Begin(GatewayKind::kSession);
  Events(1, 3);
  Subscribe subscribe = MakeSubscribe(kGateway, "s", "c", "true");
  subscribe.resume_after = Position{1, 2};
  subscribe.redelivered_upto = 4;
  core_.Sequence(subscribe);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 2", "delivery 1 e3 [s] again"));
  Events(4, 5);
  EXPECT_THAT(Settled(),
              ElementsAre("delivery 2 e4 [s] again", "delivery 3 e5 [s]"));
}

TEST_F(CatchUpTest, EventsOfMeanwhileComeOnce) {
  Begin();
  Events(1, 3);
  Resume("s", 1);
  Events(4, 5);  // before any past event was read
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 1",
                                     "delivery 1 e2 [s]", "delivery 2 e3 [s]",
                                     "delivery 3 e4 [s]", "delivery 4 e5 [s]"));
}

TEST_F(CatchUpTest, OthersOfTheGatewayAreNotDisturbed) {
  Begin();
  core_.Sequence(MakeSubscribe(kGateway, "live", "c", "true"));
  Events(1, 2);
  core_.Settle();
  core_.Take(kGateway);
  Resume("s", 0);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 0",
                                     "delivery 3 e1 [s]", "delivery 4 e2 [s]"));
  Events(3, 3);
  EXPECT_THAT(Settled(), ElementsAre("delivery 5 e3 [live,s]"));
}

TEST_F(CatchUpTest, OneScanServesAllThatCatchUp) {
  Begin();
  Events(1, 4);
  Resume("late", 3);
  Resume("early", 1);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed late after 3", "subscribed early after 1",
                          "delivery 1 e2 [early]", "delivery 2 e3 [early]",
                          "delivery 3 e4 [late,early]"));
  EXPECT_EQ(core_.sequencer().statistics().past_events, 3u);
}

TEST_F(CatchUpTest, WhatEndedIsNotReadForWhatBeginsLater) {
  Begin(GatewayKind::kSession, {.deliveries = 10});
  Events(1, 40);
  Resume("early", 0);
  core_.Settle();  // some of it, and no room for the rest
  core_.Sequence(Unsubscribe{kGateway, "early"});
  core_.Settle();
  core_.Take(kGateway);
  const std::uint64_t read = core_.sequencer().statistics().past_events;
  core_.Trim(35);
  Resume("late", 37);
  core_.Acknowledge(kGateway, 7);
  EXPECT_THAT(Settled(), Contains(HasSubstr("e40 [late]")));
  EXPECT_EQ(core_.sequencer().statistics().past_events, read + 3);
}

TEST_F(CatchUpTest, APlaceThatIsStillToComeIsWaitedFor) {
  Begin();
  Events(1, 1);
  Resume("s", 3);
  Events(2, 4);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 3", "delivery 1 e4 [s]"));
}

TEST_F(CatchUpTest, TheNewestPlaceIsNotThePast) {
  Begin();
  Events(1, 2);
  Resume("s", 2);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 2"));
  EXPECT_EQ(core_.sequencer().statistics().past_events, 0u);
}

TEST_F(CatchUpTest, DuplicatesAndRepeatedDeletesOfThePastGoNowhere) {
  Begin();
  SourceEvent deletion = MakeEvent(2, "c");
  deletion.operation = SourceOperation::kDelete;
  deletion.document_id = "d1";
  deletion.document.clear();
  SourceEvent again = deletion;
  again.event_id = "e3";
  core_.Sequence(MakeEvent(1, "c"));
  core_.Sequence(MakeEvent(1, "c"));
  core_.Sequence(deletion);
  core_.Sequence(again);
  Resume("s", 0);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 0",
                                     "delivery 1 e1 [s]", "delivery 2 e2 [s]"));
}

SourceEvent UnnamedDelete(std::int64_t number) {
  SourceEvent event = MakeEvent(number, "");
  event.operation = SourceOperation::kDelete;
  event.document_id.clear();
  event.document.clear();
  event.stored_key = "t:9";
  return event;
}

// Those that see every change, and were not there to be told when it was new.
TEST_F(CatchUpTest, APastDeleteThatNobodyCanNameIsTold) {
  Begin(GatewayKind::kSession);
  Events(1, 1);
  core_.Sequence(UnnamedDelete(2));
  Events(3, 3);
  Resume("all", 0);
  Resume("one", 1, "doc.id == 'd'");
  Resume("some", 0, "doc.n > 2");
  Resume("late", 2);
  EXPECT_THAT(
      Settled(),
      ElementsAre("subscribed all after 0", "subscribed one after 1",
                  "subscribed some after 0", "subscribed late after 2",
                  "delivery 1 e1 [all]", "resync [all,one] after 1 to 2",
                  "delivery 3 e3 [all,some,late]"));
}

TEST_F(CatchUpTest, AGapThatClusterTimesTellOfIsToldToWhoReadsOverIt) {
  Begin(GatewayKind::kSession);
  for (const std::uint32_t seconds : {10'000, 1'000}) {
    SourceEvent event = MakeEvent(seconds, "c");
    event.cluster_time = ClusterTime{seconds, 1};
    core_.Sequence(event);
  }
  Resume("s", 0);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 0", "delivery 1 e10000 [s]",
                          "resync [s] after 1 to 2", "delivery 3 e1000 [s]"));
}

// The answer says that it does not go on where it was.
TEST_F(CatchUpTest, WhatBrokeBeforeAGapGoesOnBehindIt) {
  Begin();
  core_.Sequence(MakeSubscribe(kGateway, "s", "c", "true"));
  Events(1, 2);
  core_.Settle();
  core_.Sequence(Broken(2));
  core_.Sequence(support::MakeGap("", "the oplog was cut"));
  Events(4, 4);
  EXPECT_EQ(StartOf("s"), 3u);
}

// Whoever begins before it, years later, is told as those that were there.
TEST_F(CatchUpTest, WhatTheSourceLostIsToldToWhoReadsOverIt) {
  Begin(GatewayKind::kSession);
  Events(1, 1);
  core_.Sequence(support::MakeGap("", "the oplog was cut"));
  Events(3, 3);
  core_.Sequence(support::MakeUnreadable("t", "c"));
  core_.Sequence(support::MakeUnreadable("t", "d"));
  Resume("all", 0);
  Resume("some", 0, "doc.n > 2");
  Resume("late", 2);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed all after 0", "subscribed some after 0",
                          "subscribed late after 2", "delivery 1 e1 [all]",
                          "resync [all,some] after 1 to 2",
                          "delivery 3 e3 [all,some,late]",
                          "resync [all,late] after 3 to 4"));
}

TEST_F(CatchUpTest, ADeleteThatNobodyCanNameIsToldOnce) {
  Begin(GatewayKind::kSession);
  Events(1, 1);
  Resume("all", 0);
  core_.Sequence(UnnamedDelete(2));
  Events(3, 3);
  const std::vector<std::string> seen = Settled();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "resync [all] after 1 to 2"),
            1);
}

// Ten may wait: six tenths of that, and no more past events are asked for.
TEST_F(CatchUpTest, PastEventsComeAsTheGatewayTakesThem) {
  Begin(GatewayKind::kSoftState, {.deliveries = 10}, 0);
  Events(1, 100);
  Resume("s", 0);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 0"));
  EXPECT_EQ(core_.router().statistics().waiting, 7u);
  std::vector<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    core_.Grant(kGateway, 1);
    for (std::string& line : Settled()) seen.push_back(std::move(line));
    EXPECT_LE(core_.router().statistics().waiting, 7u);
  }
  ASSERT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.back(), "delivery 100 e100 [s]");
}

TEST_F(CatchUpTest, WhatFindsNoRoomByItsBytesComesAgain) {
  Begin(GatewayKind::kSoftState, {.deliveries = 100, .bytes = 1'000}, 0);
  for (std::int64_t i = 1; i <= 20; ++i) {
    SourceEvent event = MakeEvent(i, "c");
    event.document =
        absl::StrCat(R"({"text":")", std::string(300, 'x'), R"("})");
    core_.Sequence(event);
  }
  Resume("s", 0);
  core_.Settle();
  EXPECT_LT(core_.router().statistics().waiting, 20u);
  core_.Take(kGateway);
  std::vector<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    core_.Grant(kGateway, 1);
    for (std::string& line : Settled()) seen.push_back(std::move(line));
  }
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(seen[i], absl::StrCat("delivery ", i + 1, " e", i + 1, " [s]"));
  }
  Events(21, 21);
  core_.Grant(kGateway, 1);
  EXPECT_THAT(Settled(), ElementsAre("delivery 21 e21 [s]"));
}

TEST_F(CatchUpTest, WhatTheLogLostEndsAStreamWithoutASession) {
  Begin();
  Events(1, 9);
  core_.Trim(5);
  Resume("s", 2);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 2",
                                     "closed the log no longer holds these "
                                     "events"));
}

TEST_F(CatchUpTest, WhatTheLogLostIsARangeToASession) {
  Begin(GatewayKind::kSession);
  Events(1, 7);
  core_.Trim(5);
  Resume("early", 2);
  Resume("late", 5);
  EXPECT_THAT(
      Settled(),
      ElementsAre("subscribed early after 2", "subscribed late after 5",
                  "resync [early] after 2 to 5", "delivery 2 e6 [early,late]",
                  "delivery 3 e7 [early,late]"));
}

TEST_F(CatchUpTest, AGatewayThatLeavesIsNotReadFor) {
  Begin(GatewayKind::kSoftState, {.deliveries = 10}, 0);
  Events(1, 100);
  Resume("s", 0);
  core_.Settle();
  core_.Sequence(DisconnectGateway{kGateway});
  core_.Settle();
  EXPECT_FALSE(core_.sequencer().NextPast().has_value());
  EXPECT_LT(core_.sequencer().statistics().past_events, 20u);
}

TEST_F(CatchUpTest, AnEndedSubscriptionGetsNoMoreOfThePast) {
  Begin(GatewayKind::kSoftState, {.deliveries = 10}, 0);
  Events(1, 100);
  Resume("s", 0);
  core_.Settle();
  core_.Sequence(Unsubscribe{kGateway, "s"});
  core_.Settle();
  core_.Grant(kGateway, kPlenty);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 0", "unsubscribed s: ok"));
  EXPECT_LT(core_.sequencer().statistics().past_events, 40u);
}

TEST_F(CatchUpTest, WhatBrokeGoesOnWhereItWasWhenItIsAskedForAgain) {
  Begin();
  core_.Sequence(MakeSubscribe(kGateway, "s", "c", "true"));
  Events(1, 2);
  core_.Sequence(DisconnectGateway{kGateway, Position{1, 1}});
  Events(3, 3);
  const GatewayHandle again(2);
  core_.Sequence(Connect(again, GatewayKind::kSoftState, {}, kPlenty));
  core_.Sequence(MakeSubscribe(again, "s", "c", "true"));
  core_.Sequence(MakeSubscribe(again, "new", "c", "true"));
  core_.Settle();
  EXPECT_THAT(core_.Take(again),
              ElementsAre("subscribed s after 1", "subscribed new after 3",
                          "delivery 1 e2 [s]", "delivery 2 e3 [s]"));
}

// What is past is behind what comes live: that says nothing of it.
TEST_F(CatchUpTest, WhatBrokeWhileItCaughtUpGoesOnWhereItBegan) {
  Begin(GatewayKind::kSoftState, {.deliveries = 5}, 30 + 2);
  core_.Sequence(MakeSubscribe(kGateway, "live", "c", "true"));
  Events(1, 30);
  core_.Settle();
  Resume("late", 20);
  core_.Settle();
  core_.Sequence(Broken(30));
  EXPECT_EQ(StartOf("late"), 20u);
  EXPECT_EQ(StartOf("live"), 29u);
}

// The scan was through, and what it read is still on its way.
TEST_F(CatchUpTest, WhatBrokeWithThePastUnwrittenGoesOnWhereItBegan) {
  Begin();
  Events(1, 5);
  Resume("late", 2);
  core_.Settle();
  Events(6, 7);
  core_.Settle();
  core_.Sequence(Broken(5));
  EXPECT_EQ(StartOf("late"), 2u);
}

TEST_F(CatchUpTest, WhatBrokeOnceItHadCaughtUpGoesOnWhereItWas) {
  Begin();
  Events(1, 5);
  Resume("late", 2);
  core_.Settle();
  Events(6, 7);
  core_.Settle();
  core_.Sequence(Broken(6));
  EXPECT_EQ(StartOf("late"), 5u);
}

// What it had no room for is to be read once more.
TEST_F(CatchUpTest, WhatBrokeBeforeItHadRoomForThePastGoesOnWhereItBegan) {
  Begin(GatewayKind::kSoftState, {.bytes = 1'000}, 3);
  Events(1, 20);
  Resume("late", 2);
  core_.Settle();
  core_.Sequence(MakeSubscribe(kGateway, "live", "c", "true"));
  core_.Grant(kGateway, 3);
  Events(21, 21);
  core_.Sequence(Broken(21));
  EXPECT_EQ(StartOf("late"), 2u);
}

// Else it would be told of it each time that it comes back.
TEST_F(CatchUpTest, WhatTheLogLostIsNotGoneOnFrom) {
  Begin();
  Events(1, 9);
  Resume("late", 2);
  core_.Sequence(Broken(9));
  core_.Trim(5);
  const GatewayHandle other(2);
  core_.Sequence(Connect(other, GatewayKind::kSoftState, {}, kPlenty));
  Subscribe subscribe = MakeSubscribe(other, "other", "c", "true");
  subscribe.resume_after = Position{1, 3};
  core_.Sequence(subscribe);
  core_.Settle();
  EXPECT_EQ(StartOf("late"), 9u);
}

// Everything before was written; it would end the stream each time.
TEST_F(CatchUpTest, WhatIsTooLargeIsNotComeBackTo) {
  Begin();
  core_.Sequence(MakeSubscribe(kGateway, "live", "c", "true"));
  Events(1, 9);
  Resume("late", 2);
  core_.Settle();
  DisconnectGateway broken = Broken(9);
  broken.broken_off.too_large = {1, 4};
  broken.broken_off.too_large_for = {SubscriptionHandle(2)};
  core_.Sequence(broken);
  EXPECT_EQ(StartOf("late"), 4u);
  EXPECT_EQ(StartOf("live"), 8u);
}

TEST_F(CatchUpTest, WhatIsRefusedOrThereAlreadyGoesOnLater) {
  Begin();
  core_.Sequence(MakeSubscribe(kGateway, "s", "c", "true"));
  Events(1, 2);
  const GatewayHandle again(2);
  core_.Sequence(Connect(again, GatewayKind::kSoftState, {}, kPlenty));
  core_.Sequence(MakeSubscribe(again, "s", "c", "true"));
  core_.Sequence(Broken(2));
  core_.Sequence(MakeSubscribe(again, "s", "c", "true"));
  EXPECT_EQ(StartOf("s"), 1u);
  EXPECT_EQ(StartOf("s"), 2u);
}

TEST_F(CatchUpTest, AnUncleanStartIsRecoveredFromForAWhile) {
  Sequencer sequencer({}, 1, Position{1, 0});
  SequencerOutput output(1);
  sequencer.Recover(MonotonicTime());
  sequencer.Accept(Command(Connect(kGateway, GatewayKind::kSoftState, {}, 0)),
                   Instant(), output);
  const LogEntry entry{
      {1, 1}, std::make_shared<const SourceEvent>(MakeEvent(1, "c")), {}};
  sequencer.Accept(entry, Instant(), output);
  const auto start_of = [&](const char* id, Instant now) {
    sequencer.Accept(Command(MakeSubscribe(kGateway, id, "c", "true")), now,
                     output);
    return sequencer.registry().List({}, 9).back()->from.offset;
  };
  const auto window = std::chrono::seconds(30);
  EXPECT_EQ(start_of("a", Instant().After(window - Duration(1))), 0u);
  EXPECT_EQ(start_of("b", Instant().After(window)), 1u);
}

TEST_F(CatchUpTest, WhatTheLogNoLongerReachesIsNotRecoveredFrom) {
  Sequencer sequencer({}, 1, Position{1, 0});
  SequencerOutput output(1);
  sequencer.Recover(MonotonicTime());
  sequencer.Accept(Command(Connect(kGateway, GatewayKind::kSoftState, {}, 0)),
                   Instant(), output);
  const LogEntry entry{
      {1, 1}, std::make_shared<const SourceEvent>(MakeEvent(1, "c")), {}};
  sequencer.Accept(entry, Instant(), output);
  sequencer.Accept(Command(MakeSubscribe(kGateway, "a", "c", "true")),
                   Instant(), output);
  sequencer.Accept(Command(ContinueHistory{kGateway, 9}), Instant(), output);
  sequencer.LosePast(*sequencer.NextPast(), {1, 0}, {1, 1}, output);
  sequencer.Accept(Command(MakeSubscribe(kGateway, "b", "c", "true")),
                   Instant(), output);
  EXPECT_EQ(sequencer.registry().List({}, 9).back()->from.offset, 1u);
}

// What one subscription may see: offsets of events with `n % divisor == 0`
// after `after`, or the first of them if it ended.
struct Expected {
  std::int64_t divisor = 1;
  std::uint64_t after = 0;
  bool has_ended = false;
};

// Random events, subscriptions from random places, credit and ends, and the
// stages in any order: each subscription sees what is its own, in order, once.
class CatchUpRandomTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(CatchUpRandomTest, EachSeesItsOwnInOrderAndOnce) {
  for (int round = 0; round < 60; ++round) {
    support::Random random(
        support::SeedOf(absl::StrCat("CatchUpRandomTest", round)));
    CoreHarness core(GetParam(), {.split = {.above = 4, .slice = 2}});
    std::map<std::string, Expected> wanted;
    std::set<std::string> live;
    std::int64_t offset = 0;
    for (std::uint64_t g = 1; g <= 3; ++g) {
      core.Sequence(Connect(GatewayHandle(g), GatewayKind::kSoftState, {}, 5));
    }
    for (int step = 0; step < 300; ++step) {
      const GatewayHandle gateway(1 + random.Below(3));
      if (random.Chance(1, 2)) {
        core.Sequence(MakeEvent(++offset, "c"));
      } else if (random.Chance(1, 3)) {
        const std::string id = absl::StrCat(gateway.value(), "-", step);
        const auto divisor = static_cast<std::int64_t>(1 + random.Below(3));
        Subscribe subscribe = MakeSubscribe(
            gateway, id, "c", absl::StrCat("doc.n % ", divisor, " == 0"));
        std::uint64_t after = static_cast<std::uint64_t>(offset);
        if (random.Chance(2, 3)) {
          after = random.Below(static_cast<std::uint64_t>(offset) + 3);
          subscribe.resume_after = Position{1, after};
        }
        core.Sequence(subscribe);
        wanted[id] = {divisor, after, false};
        live.insert(id);
      } else if (!live.empty() && random.Chance(1, 5)) {
        const std::string id = *live.begin();
        live.erase(live.begin());
        wanted[id].has_ended = true;
        core.Sequence(Unsubscribe{GatewayHandle(id[0] - '0'), id});
      } else if (random.Chance(1, 2)) {
        core.Grant(gateway, random.Below(20));
      } else {
        for (int i = 0; i < 10; ++i) core.Advance(random);
      }
    }
    for (std::uint64_t g = 1; g <= 3; ++g) {
      core.Grant(GatewayHandle(g), kPlenty);
    }
    while (core.Advance(random)) {
    }
    std::map<std::string, std::vector<std::uint64_t>> seen;
    for (const auto& [gateway, lines] : core.seen()) {
      for (const std::string& line : lines) {
        const std::vector<std::string> words = absl::StrSplit(line, ' ');
        if (words[0] != "delivery") continue;
        std::uint64_t number = 0;
        ASSERT_TRUE(absl::SimpleAtoi(words[2].substr(1), &number));
        const std::string ids = words[3].substr(1, words[3].size() - 2);
        for (const auto id : absl::StrSplit(ids, ',')) {
          seen[std::string(id)].push_back(number);
        }
      }
    }
    for (const auto& [id, expected] : wanted) {
      std::vector<std::uint64_t> all;
      for (std::uint64_t n = expected.after + 1;
           n <= static_cast<std::uint64_t>(offset); ++n) {
        if (n % static_cast<std::uint64_t>(expected.divisor) == 0) {
          all.push_back(n);
        }
      }
      const std::vector<std::uint64_t>& got = seen[id];
      if (!expected.has_ended) {
        EXPECT_EQ(got, all) << "round " << round << ", " << id;
      } else {
        // It ended before it had all, maybe: what it had is the beginning.
        ASSERT_LE(got.size(), all.size()) << "round " << round << ", " << id;
        all.resize(got.size());
        EXPECT_EQ(got, all) << "round " << round << ", " << id;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, CatchUpRandomTest, ::testing::Values(1, 2, 3));

TEST_F(CatchUpTest, APastEventThatCannotBeReadIsToldToWhoAskedForMembership) {
  Begin(GatewayKind::kSession);
  Events(1, 1);
  SourceEvent broken = MakeEvent(2, "c");
  broken.document = "{";
  core_.Sequence(broken);
  Events(3, 3);
  for (const char* id : {"s", "plain"}) {
    Subscribe subscribe = MakeSubscribe(kGateway, id, "c", "doc.n > 0");
    subscribe.resume_after = Position{1, 0};
    subscribe.membership = id == std::string("s");
    core_.Sequence(subscribe);
  }
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 0", "subscribed plain after 0",
                          "delivery 1 e1 [s:unknown_in,plain]",
                          "resync [s] after 1 to 2",
                          "delivery 3 e3 [s:unknown_in,plain]"));
}

// It would be closed, come back to the same place and be closed again.
TEST_F(CatchUpTest, WhatCannotBeReadInThePastClosesNoStreamWithoutASession) {
  Begin();
  SourceEvent broken = MakeEvent(1, "c");
  broken.document = "{";
  core_.Sequence(broken);
  Events(2, 2);
  Subscribe subscribe = MakeSubscribe(kGateway, "s", "c", "doc.n > 0");
  subscribe.resume_after = Position{1, 0};
  subscribe.membership = true;
  core_.Sequence(subscribe);
  EXPECT_THAT(Settled(), ElementsAre("subscribed s after 0",
                                     "delivery 1 e2 [s:unknown_in]"));
}

TEST_F(CatchUpTest, ImagesAreExactInThePastToo) {
  Begin();
  SourceEvent event = MakeEvent(1, "c");
  event.operation = SourceOperation::kUpdate;
  event.before = R"({"n":9})";
  core_.Sequence(event);
  Subscribe subscribe = MakeSubscribe(kGateway, "s", "c", "doc.n > 5");
  subscribe.resume_after = Position{1, 0};
  subscribe.membership = true;
  core_.Sequence(subscribe);
  EXPECT_THAT(Settled(),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s:left]"));
}

}  // namespace
}  // namespace streamer
