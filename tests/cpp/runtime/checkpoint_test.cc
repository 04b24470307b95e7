#include "runtime/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/core_events.h"
#include "support/describe_effect.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr GatewayHandle kStream(1);
constexpr GatewayHandle kOther(2);

Effect Saves(GatewayHandle stream, const std::string& gateway_id) {
  return {stream,
          StateChanged{{SavedSession{.gateway_id = gateway_id,
                                     .number = SessionNumber(1)}}},
          true};
}
Effect Answers(GatewayHandle stream, const std::string& id) {
  return {stream, SubscribeResponse{.subscription_id = id}, true};
}
Effect Notifies(GatewayHandle stream, const std::string& id) {
  return {stream, ResyncRequired{.subscription_ids = {id}}, true};
}

class CheckpointTest : public ::testing::Test {
 protected:
  // What may go out of `effects`.
  std::vector<std::string> Accept(std::vector<Effect> effects) {
    checkpoint_.Accept(effects);
    return Text(effects);
  }
  // What may go out after that outcome.
  std::vector<std::string> Commit(const Result<std::uint64_t>& outcome) {
    std::vector<Effect> effects;
    checkpoint_.Committed(outcome, effects);
    return Text(effects);
  }
  static std::vector<std::string> Text(const std::vector<Effect>& effects) {
    std::vector<std::string> lines;
    lines.reserve(effects.size());
    for (const Effect& effect : effects) {
      lines.push_back(support::Describe(effect.what));
    }
    return lines;
  }
  // Past the first transaction, which every start has.
  void Begin() {
    ASSERT_TRUE(checkpoint_.Next().has_value());
    EXPECT_THAT(Commit(8), IsEmpty());
  }

  Checkpoint checkpoint_{
      {.owner = 3, .revision = 7, .max_changes = 2, .start = {1, 4}},
      LogHistory("log", {{1, 1}})};
};

TEST_F(CheckpointTest, FirstSavesOfWhichLogItIsAndWhereItBegan) {
  const std::optional<StateTransaction> first = checkpoint_.Next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->owner, 3u);
  EXPECT_EQ(first->revision, 7u);
  ASSERT_THAT(first->changes, SizeIs(2));
  EXPECT_EQ(first->changes[0].key.kind, StateKind::kLog);
  EXPECT_EQ(first->changes[1].value, R"({"watermark":"p1-1-4"})");
  EXPECT_EQ(checkpoint_.Next(), std::nullopt);
  Commit(8);
  EXPECT_TRUE(checkpoint_.is_clean());
  EXPECT_EQ(checkpoint_.Next(), std::nullopt);
}

TEST_F(CheckpointTest, AnAnswerWaitsForItsChangeAndWhatFollowsForTheAnswer) {
  Begin();
  EXPECT_THAT(Accept({Notifies(kStream, "before"), Saves(kStream, "g"),
                      Notifies(kStream, "between"), Answers(kStream, "s"),
                      Notifies(kStream, "after"), Notifies(kOther, "other")}),
              ElementsAre("resync [before] after 0 to 0",
                          "resync [between] after 0 to 0",
                          "resync [other] after 0 to 0"));
  EXPECT_EQ(checkpoint_.held(), 2u);
  EXPECT_EQ(checkpoint_.Next()->revision, 8u);
  EXPECT_THAT(Accept({Notifies(kStream, "later")}), IsEmpty());
  EXPECT_THAT(Commit(9),
              ElementsAre("subscribed s after 0", "resync [after] after 0 to 0",
                          "resync [later] after 0 to 0"));
}

TEST_F(CheckpointTest, AnAnswerWithoutAChangeWaitsForThoseOfOthers) {
  Begin();
  Accept({Saves(kStream, "g")});
  EXPECT_THAT(Accept({Answers(kOther, "again")}), IsEmpty());
  checkpoint_.Next();
  EXPECT_THAT(Commit(9), ElementsAre("subscribed again after 0"));
  EXPECT_THAT(Accept({Answers(kOther, "again")}),
              ElementsAre("subscribed again after 0"));
}

TEST_F(CheckpointTest, AGatewayWithoutASessionNeverWaits) {
  Begin();
  Effect plain{kOther, SubscribeResponse{.subscription_id = "p"}};
  EXPECT_THAT(Accept({Saves(kStream, "g"), plain}),
              ElementsAre("subscribed p after 0"));
}

TEST_F(CheckpointTest, WhatComesMeanwhileGoesIntoTheNextTransaction) {
  Begin();
  Accept({Saves(kStream, "a"), Answers(kStream, "a")});
  ASSERT_THAT(checkpoint_.Next()->changes, SizeIs(1));
  Accept({Saves(kStream, "b"), Answers(kStream, "b"), Saves(kStream, "c"),
          Saves(kStream, "d"), Answers(kStream, "d")});
  EXPECT_EQ(checkpoint_.Next(), std::nullopt);
  EXPECT_THAT(Commit(9), ElementsAre("subscribed a after 0"));
  // At most two at once, in their order.
  const StateTransaction next = *checkpoint_.Next();
  ASSERT_THAT(next.changes, SizeIs(2));
  EXPECT_EQ(next.changes[0].key.name, "b");
  EXPECT_EQ(next.changes[1].key.name, "c");
  EXPECT_THAT(Commit(10), ElementsAre("subscribed b after 0"));
  ASSERT_THAT(checkpoint_.Next()->changes, SizeIs(1));
  EXPECT_THAT(Commit(11), ElementsAre("subscribed d after 0"));
}

TEST_F(CheckpointTest, WhatMayHaveBeenDoneIsTriedAgainAsItWas) {
  Begin();
  Accept({Saves(kStream, "a"), Answers(kStream, "a")});
  const StateTransaction first = *checkpoint_.Next();
  Accept({Saves(kStream, "b")});
  EXPECT_THAT(Commit(Unavailable("no answer")),
              ElementsAre("closed the state cannot be saved: no answer"));
  const StateTransaction again = *checkpoint_.Next();
  EXPECT_EQ(again.revision, first.revision);
  ASSERT_THAT(again.changes, SizeIs(1));
  EXPECT_EQ(again.changes[0].key, first.changes[0].key);
  EXPECT_THAT(Commit(9), IsEmpty());
}

// Who asks a store that fails is told so, and asks again on another stream.
TEST_F(CheckpointTest, WhoWaitsWhenItFailsIsClosedAndMayAskAgain) {
  Begin();
  Accept({Saves(kStream, "a"), Answers(kStream, "a"), Answers(kOther, "b"),
          Notifies(kStream, "after")});
  checkpoint_.Next();
  EXPECT_THAT(Commit(Unavailable("disk full")),
              ElementsAre("closed the state cannot be saved: disk full",
                          "closed the state cannot be saved: disk full"));
  EXPECT_EQ(checkpoint_.held(), 0u);
  EXPECT_THAT(Accept({Answers(kStream, "again")}), IsEmpty());
  checkpoint_.Next();
  EXPECT_THAT(Commit(9), ElementsAre("subscribed again after 0"));
}

TEST_F(CheckpointTest, ATransactionIsNoLongerThanTheStoreTakes) {
  Checkpoint checkpoint(
      {.max_changes = 100, .max_bytes = 2'000, .start = {1, 4}},
      LogHistory("log", {{1, 1}}));
  const std::string id(900, 'i');
  std::vector<Effect> effects = {
      Saves(kStream, "a" + id), Saves(kStream, "b" + id),
      Saves(kStream, "c" + id + id + id), Saves(kStream, "d")};
  checkpoint.Accept(effects);
  std::vector<std::size_t> counts;
  while (const auto next = checkpoint.Next()) {
    counts.push_back(next->changes.size());
    checkpoint.Committed(counts.size(), effects);
  }
  // With the two of every start; one that is too long goes alone.
  EXPECT_THAT(counts, ElementsAre(4u, 1u, 1u));
}

// It would be refused, and everything of everybody after it.
TEST_F(CheckpointTest, ACursorThatTheStoreDoesNotTakeIsShortened) {
  Checkpoint checkpoint(
      {.max_changes = 100, .max_bytes = 2'000, .start = {1, 4}},
      LogHistory("log", {{1, 1}}));
  checkpoint.Next();
  std::vector<Effect> effects;
  checkpoint.Committed(8, effects);
  SavedCursor cursor{.gateway_id = "g",
                     .acknowledged = {1, 7},
                     .routed = {1, 9},
                     .resyncs = {{{"a"}, {1, 5}, {1, 6}, "why"},
                                 {{"b"}, {1, 3}, {1, 4}, "why"}}};
  for (int i = 0; i < 100; ++i) {
    cursor.catching_up.push_back({std::to_string(i), {1, 6}});
  }
  checkpoint.Accept(RouterProgress{.watermark = {1, 9}, .cursors = {cursor}});
  EXPECT_EQ(
      checkpoint.Next().value().changes.at(0).value,
      R"({"acknowledged":"p1-1-6","behind":true,"catching_up":[],)"
      R"("resyncs":[{"from":"p1-1-3","reason":"more was lost, or ended, than )"
      R"(could be saved","subscriptions":[],"to":"p1-1-9"}],)"
      R"("routed":"p1-1-9","sequence":0,"session":0})");
}

TEST_F(CheckpointTest, StateOfAnotherIsNeverWrittenAgain) {
  Begin();
  Accept({Saves(kStream, "a"), Answers(kStream, "a")});
  checkpoint_.Next();
  EXPECT_THAT(Commit(FailedPrecondition("taken")),
              ElementsAre("closed the state cannot be saved: taken"));
  EXPECT_EQ(checkpoint_.lost(), FailedPrecondition("taken"));
  EXPECT_THAT(Accept({Saves(kStream, "b"), Answers(kStream, "b"),
                      Answers(kOther, "c")}),
              ElementsAre("closed the state cannot be saved: taken",
                          "closed the state cannot be saved: taken"));
  EXPECT_EQ(checkpoint_.Next(), std::nullopt);
}

TEST_F(CheckpointTest, ProgressComesAfterTheChangesBeforeIt) {
  Begin();
  Accept({Saves(kStream, "a")});
  checkpoint_.Accept(
      RouterProgress{.watermark = {1, 5},
                     .cursors = {{.gateway_id = "a", .acknowledged = {1, 6}}}});
  StateTransaction next = *checkpoint_.Next();
  ASSERT_THAT(next.changes, SizeIs(2));
  EXPECT_EQ(next.changes[1].key.kind, StateKind::kCursor);
  Commit(9);
  next = *checkpoint_.Next();
  ASSERT_THAT(next.changes, SizeIs(1));
  EXPECT_EQ(next.changes[0].key.kind, StateKind::kProgress);
  EXPECT_EQ(next.changes[0].value, R"({"watermark":"p1-1-5"})");
}

TEST_F(CheckpointTest, LeftoversGoBeforeWhatIsNew) {
  Checkpoint checkpoint(
      {.max_changes = 100, .leftovers = {SubscriptionRemoved{"gone", "s"}}},
      LogHistory("log", {{1, 1}}));
  const StateTransaction first = *checkpoint.Next();
  ASSERT_THAT(first.changes, SizeIs(3));
  EXPECT_EQ(first.changes[2].key.kind, StateKind::kSubscription);
  EXPECT_FALSE(first.changes[2].value.has_value());
}

TEST_F(CheckpointTest, TheEndOfASessionTakesItsCursorWithIt) {
  Begin();
  Accept({{GatewayHandle(), StateChanged{{SessionRemoved{"g"}}}, true}});
  const StateTransaction next = *checkpoint_.Next();
  ASSERT_THAT(next.changes, SizeIs(2));
  EXPECT_EQ(next.changes[0].key.kind, StateKind::kSession);
  EXPECT_EQ(next.changes[1].key.kind, StateKind::kCursor);
  EXPECT_FALSE(next.changes[0].value.has_value());
  EXPECT_FALSE(next.changes[1].value.has_value());
}

}  // namespace
}  // namespace streamer
