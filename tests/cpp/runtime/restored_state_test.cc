#include "runtime/restored_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/checkpoint.h"
#include "runtime/inline_engine.h"
#include "store/memory_event_log.h"
#include "store/memory_state_store.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using support::MakeFilter;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RestoredStateTest : public ::testing::Test {
 protected:
  RestoredStateTest() {
    log_.Append(support::MakeEvents(1, 9, "c"), Instant()).value();
  }
  // Writes as an engine does that owns the store.
  void Save(std::vector<StateDelta> changes,
            const RouterProgress& progress = {.watermark = {1, 4}}) {
    const std::uint64_t owner = store_.Claim().value();
    const std::uint64_t revision = store_.Load()->revision;
    Checkpoint checkpoint({.owner = owner,
                           .revision = revision,
                           .max_changes = store_.max_changes()},
                          log_.history());
    std::vector<Effect> effects;
    effects.push_back(
        {GatewayHandle(), StateChanged{std::move(changes)}, true});
    checkpoint.Accept(effects);
    checkpoint.Accept(progress);
    checkpoint.Committed(store_.Commit(*checkpoint.Next()), effects);
    ASSERT_TRUE(checkpoint.is_clean());
  }
  RestoredState Restore() { return RestoreState(store_, log_, {}).value(); }

  MemoryEventLog log_;
  MemoryStateStore store_;
};

SavedSubscription Saved(const std::string& id, Position from,
                        Position added = {1, 4}) {
  return {.gateway_id = "g",
          .subscription_id = id,
          .tenant = "t",
          .collection = "c",
          .filter = MakeFilter(""),
          .from = from,
          .added = added};
}

TEST_F(RestoredStateTest, OfNothingIsNothingAtTheHead) {
  const RestoredState state = Restore();
  EXPECT_THAT(state.sessions, IsEmpty());
  EXPECT_EQ(state.start, (Position{1, 9}));
  EXPECT_EQ(state.owner, 1u);
}

TEST_F(RestoredStateTest, EverythingComesBackAsItWas) {
  Save({SavedSession{.gateway_id = "g",
                     .credential = std::string("\0\xff\n", 3),
                     .number = SessionNumber(77)},
        SavedSubscription{.gateway_id = "g",
                          .subscription_id = "s\"1",
                          .tenant = "t",
                          .collection = "c",
                          .filter = MakeFilter("doc.n > 1 && doc.s == 'é'"),
                          .from = {1, 2},
                          .added = {1, 3},
                          .ttl = std::chrono::seconds(90),
                          .membership = true},
        SavedSubscription{.gateway_id = "g",
                          .subscription_id = "all",
                          .tenant = "t",
                          .collection = "c",
                          .filter = MakeFilter("")}},
       {.watermark = {1, 4},
        .cursors = {{.gateway_id = "g",
                     .acknowledged = {1, 5},
                     .routed = {1, 6},
                     .is_behind = true,
                     .catching_up = {{"s\"1", {1, 1}}},
                     .resyncs = {{{"all"}, {1, 1}, {1, 2}, "why"}},
                     .closed = {{"ended",
                                 CloseReason::kSuspended,
                                 {1, 3},
                                 "it cost too much"}},
                     .last_acknowledged = {SessionNumber(76), 12}}}});
  const RestoredState state = Restore();
  EXPECT_EQ(state.start, (Position{1, 4}));
  EXPECT_EQ(state.revision, 1u);
  ASSERT_THAT(state.sessions, SizeIs(1));
  const RestoreSession& session = state.sessions[0];
  EXPECT_EQ(session.session.gateway_id, "g");
  EXPECT_EQ(session.session.credential, std::string("\0\xff\n", 3));
  EXPECT_EQ(session.session.number, SessionNumber(77));
  EXPECT_EQ(session.redelivered_upto, 9u);
  EXPECT_EQ(session.replayed_upto, 9u);
  EXPECT_EQ(session.cursor.acknowledged, (Position{1, 5}));
  EXPECT_EQ(session.cursor.routed, (Position{1, 6}));
  EXPECT_TRUE(session.cursor.is_behind);
  ASSERT_THAT(session.cursor.catching_up, SizeIs(1));
  EXPECT_EQ(session.cursor.catching_up[0].after, (Position{1, 1}));
  ASSERT_THAT(session.cursor.resyncs, SizeIs(1));
  EXPECT_THAT(session.cursor.resyncs[0].subscription_ids, ElementsAre("all"));
  EXPECT_EQ(session.cursor.resyncs[0].reason, "why");
  ASSERT_THAT(session.cursor.closed, SizeIs(1));
  EXPECT_EQ(session.cursor.closed[0].subscription_id, "ended");
  EXPECT_EQ(session.cursor.closed[0].reason, CloseReason::kSuspended);
  EXPECT_EQ(session.cursor.closed[0].at, (Position{1, 3}));
  EXPECT_EQ(session.cursor.closed[0].detail, "it cost too much");
  EXPECT_EQ(session.cursor.last_acknowledged.session, SessionNumber(76));
  EXPECT_EQ(session.cursor.last_acknowledged.sequence, 12u);
  ASSERT_THAT(session.subscriptions, SizeIs(2));
  EXPECT_TRUE(session.subscriptions[0].filter->is_match_all());
  const SavedSubscription& subscription = session.subscriptions[1];
  EXPECT_EQ(subscription.subscription_id, "s\"1");
  EXPECT_EQ(subscription.filter->canonical_key(),
            MakeFilter("doc.n > 1 && doc.s == 'é'")->canonical_key());
  EXPECT_EQ(subscription.from, (Position{1, 2}));
  EXPECT_EQ(subscription.added, (Position{1, 3}));
  EXPECT_EQ(subscription.ttl, std::chrono::seconds(90));
  EXPECT_TRUE(subscription.membership);
  EXPECT_FALSE(session.subscriptions[0].membership);
}

// What is replayed comes to each of them, and nobody has to catch up with it.
// What is printed is longer than what was sent: sent so, it would be refused.
TEST_F(RestoredStateTest, WhatOthersRegisteredComesBackAsTheirs) {
  SavedSubscription registered = Saved("s", {1, 1});
  registered.is_managed = true;
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(77)},
        registered, Saved("asked", {1, 1})});
  const RestoredState state = Restore();
  ASSERT_THAT(state.sessions, SizeIs(1));
  EXPECT_EQ(state.sessions[0].session.credential, std::nullopt);
  ASSERT_THAT(state.sessions[0].subscriptions, SizeIs(2));
  EXPECT_FALSE(state.sessions[0].subscriptions[0].is_managed);
  EXPECT_TRUE(state.sessions[0].subscriptions[1].is_managed);
}

TEST_F(RestoredStateTest, AFilterAtItsLimitsComesBack) {
  std::string list = "doc.n in [0";
  while (list.size() + 8 < cel::Limits().text_bytes) {
    list += "," + std::to_string(100'000 + list.size());
  }
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(77)},
        SavedSubscription{.gateway_id = "g",
                          .subscription_id = "s",
                          .tenant = "t",
                          .collection = "c",
                          .filter = MakeFilter(list + "]")}},
       {.watermark = {1, 4}});
  const RestoreSession session = Restore().sessions.at(0);
  EXPECT_EQ(session.subscriptions.at(0).filter->canonical_key(),
            MakeFilter(list + "]")->canonical_key());
}

TEST_F(RestoredStateTest, AllSessionsAreThereBeforeTheReplay) {
  std::vector<StateDelta> changes;
  for (const std::string id : {"g1", "g2", "g3"}) {
    changes.emplace_back(
        SavedSession{.gateway_id = id, .number = SessionNumber(77)});
    changes.emplace_back(SavedSubscription{.gateway_id = id,
                                           .subscription_id = "s",
                                           .tenant = "t",
                                           .collection = "c",
                                           .filter = MakeFilter("")});
    changes.emplace_back(SavedCursor{
        .gateway_id = id, .acknowledged = {1, 4}, .routed = {1, 4}});
  }
  Save(std::move(changes));
  RestoredState state = Restore();
  Recollection past;
  past.start = state.start;
  const std::shared_ptr<EventLog> log(&log_, [](EventLog*) {});
  const std::shared_ptr<StateStore> store(&store_, [](StateStore*) {});
  const InlineEngine engine({}, log, {}, past, store, std::move(state));
  ASSERT_EQ(engine.Statistics().events_processed, 5u);
  EXPECT_EQ(engine.Statistics().subscriptions_active_match_all, 3u);
  EXPECT_EQ(engine.Statistics().past_events, 0u);
}

// A second restart before anything else is saved must find the same.
TEST_F(RestoredStateTest, WhatTheLogNoLongerHoldsIsNotTakenForReached) {
  MemoryEventLog log({.retained_events = 2});
  log.Append(support::MakeEvents(1, 9, "c"), Instant()).value();
  log.Release(log.head());
  ASSERT_EQ(log.Trim(Instant()), OkStatus());
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(1)}},
       {.watermark = {1, 4},
        .cursors = {{.gateway_id = "g", .acknowledged = {1, 4}}}});
  const RestoredState state = RestoreState(store_, log, {}).value();
  EXPECT_EQ(state.start, (Position{1, 7}));
  EXPECT_EQ(state.watermark, (Position{1, 4}));
  EXPECT_EQ(state.sessions[0].cursor.acknowledged, (Position{1, 4}));
}

TEST_F(RestoredStateTest, ALossOfOneThatEndedIsNotToldToAnotherOfItsId) {
  const auto told = [](std::vector<std::string> ids, std::uint64_t to) {
    return SavedResync{std::move(ids), {1, 2}, {1, to}, "why"};
  };
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(1)},
        Saved("again", {1, 4}), Saved("of the past", {1, 2})},
       {.watermark = {1, 4},
        .cursors = {{.gateway_id = "g",
                     .acknowledged = {1, 4},
                     .resyncs = {told({"again", "ended", "of the past"}, 3),
                                 told({"again"}, 3), told({"again"}, 4),
                                 told({}, 3)}}}});
  const RestoredState restored = Restore();
  const std::vector<SavedResync>& resyncs = restored.sessions[0].cursor.resyncs;
  ASSERT_THAT(resyncs, SizeIs(3));
  EXPECT_THAT(resyncs[0].subscription_ids, ElementsAre("of the past"));
  EXPECT_THAT(resyncs[1].subscription_ids, ElementsAre("again"));
  EXPECT_THAT(resyncs[2].subscription_ids, IsEmpty());
}

TEST_F(RestoredStateTest, TheEndOfAnEarlierLifeIsALossToTheNext) {
  const auto closed = [](const std::string& id) {
    return SavedClosed{id, CloseReason::kExpired, {1, 2}, ""};
  };
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(1)},
        Saved("later", {1, 4}, {1, 4}), Saved("at once", {1, 2}, {1, 2}),
        Saved("of the past", {1, 1}, {1, 3}), Saved("same", {1, 1}, {1, 1})},
       {.watermark = {1, 4},
        .cursors = {{.gateway_id = "g",
                     .acknowledged = {1, 4},
                     .closed = {closed("later"), closed("at once"),
                                closed("of the past"), closed("same"),
                                closed("ended")}}}});
  const RestoredState restored = Restore();
  const SavedCursor& cursor = restored.sessions[0].cursor;
  ASSERT_THAT(cursor.closed, SizeIs(2));
  EXPECT_EQ(cursor.closed[0].subscription_id, "same");
  EXPECT_EQ(cursor.closed[1].subscription_id, "ended");
  ASSERT_THAT(cursor.resyncs, SizeIs(1));
  EXPECT_THAT(cursor.resyncs[0].subscription_ids, ElementsAre("later"));
  EXPECT_EQ(cursor.resyncs[0].from, (Position{1, 2}));
  EXPECT_EQ(cursor.resyncs[0].to, (Position{1, 4}));
}

TEST_F(RestoredStateTest, AnIdleSessionIsAsFarAsTheWatermark) {
  Save({SavedSession{.gateway_id = "g", .number = SessionNumber(1)}},
       {.watermark = {1, 4},
        .cursors = {{.gateway_id = "g", .acknowledged = {1, 2}}}});
  EXPECT_EQ(Restore().sessions[0].cursor.acknowledged, (Position{1, 4}));
}

TEST_F(RestoredStateTest, StateOfAnotherLogIsRefused) {
  Save({});
  MemoryEventLog other({.epoch = 5});
  EXPECT_EQ(RestoreState(store_, other, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RestoredStateTest, WhoseLogItIsCanBeAskedWithoutTakingIt) {
  Save({});
  const MemoryEventLog other({.epoch = 7});
  EXPECT_EQ(CheckIsOfLog(store_, log_), OkStatus());
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckIsOfLog(store_, other)));
  EXPECT_EQ(store_.Claim().value(), 2u);
}

TEST_F(RestoredStateTest, ARecordThatCannotBeReadIsNamed) {
  Save({});
  const std::uint64_t owner = store_.Claim().value();
  ASSERT_TRUE(store_
                  .Commit({owner,
                           store_.Load()->revision,
                           {{{StateKind::kCursor, "g"}, "{}"}}})
                  .ok());
  const Status status = RestoreState(store_, log_, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              ::testing::StartsWith("state: record 5 \"g\": expected what was "
                                    "saved, got "));
}

// The next session of that gateway finds nothing of them.
TEST_F(RestoredStateTest, SubscriptionsWithoutTheirSessionAreRemoved) {
  Save({Saved("a", {1, 1}), Saved("b", {1, 1})},
       {.watermark = {1, 4}, .cursors = {{.gateway_id = "g"}}});
  const RestoredState state = Restore();
  EXPECT_THAT(state.sessions, IsEmpty());
  Save(state.leftovers);
  EXPECT_THAT(Restore().leftovers, IsEmpty());
  const StateSnapshot saved = store_.Load().value();
  for (const auto& [key, value] : saved.records) {
    EXPECT_NE(key.kind, StateKind::kSubscription);
    EXPECT_NE(key.kind, StateKind::kCursor);
  }
}

}  // namespace
}  // namespace streamer
