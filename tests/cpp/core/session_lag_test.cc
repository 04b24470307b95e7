// Sessions that do not acknowledge for longer than session.max_lag, whether
// they are at the limit of their outbox or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/session_fixture.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SessionLagTest : public SessionFixture {
 protected:
  // Not at its limit, and nothing is acknowledged.
  GatewayHandle Deliver(std::int64_t last, OpenSession command = {}) {
    const GatewayHandle stream = Open(std::move(command));
    Subscribe(stream, "s");
    Events(1, last);
    Seen(stream);
    return stream;
  }
  // Nothing up to there may be open any more.
  void LimitTo(std::uint64_t offset) {
    core_->Sequence(LimitLag{{1, offset}});
    core_->Settle();
  }
};

TEST_F(SessionLagTest, BelowItsLimitItIsToldAndGoesOnFromTheHead) {
  const GatewayHandle stream = Deliver(5);
  core_->Acknowledge(stream, 2);
  LimitTo(2);
  EXPECT_THAT(Seen(stream), IsEmpty());
  LimitTo(3);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [] after 2 to 5"));
  Events(6, 6);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 7 e6 [s]"));
}

TEST_F(SessionLagTest, ItsCursorMovesToTheHead) {
  Deliver(5);
  LimitTo(1);
  core_->SaveProgress(5);
  EXPECT_EQ(core_->saved().watermark, 5u);
  const SavedCursor& cursor = core_->saved().cursors.at("g");
  EXPECT_EQ(cursor.acknowledged.offset, 5u);
  EXPECT_FALSE(cursor.is_behind);
  EXPECT_EQ(cursor.resyncs.size(), 1u);
  EXPECT_EQ(core_->router().statistics().session_lag, 0u);
  EXPECT_EQ(core_->router().statistics().sessions_behind, 0u);
}

TEST_F(SessionLagTest, ItIsToldOnceForTheSameEvents) {
  const GatewayHandle stream = Deliver(5);
  LimitTo(4);
  Seen(stream);
  Events(6, 7);
  LimitTo(5);
  EXPECT_THAT(Seen(stream),
              ElementsAre("delivery 7 e6 [s]", "delivery 8 e7 [s]"));
  LimitTo(6);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [] after 5 to 7"));
}

TEST_F(SessionLagTest, ItIsToldThatTheLogWasTrimmedWhenThatIsWhy) {
  for (const bool is_trimmed : {false, true}) {
    const GatewayHandle stream = Deliver(5);
    core_->Sequence(LimitLag{{1, 1}, is_trimmed});
    core_->Settle();
    const std::vector<GatewayEffect> effects = core_->TakeEffects(stream);
    const auto* notice = std::get_if<ResyncRequired>(&effects.back());
    ASSERT_NE(notice, nullptr);
    EXPECT_EQ(notice->reason, is_trimmed
                                  ? "the log no longer holds these events"
                                  : "the gateway is behind by more than "
                                    "session.max_lag");
    core_ = std::make_unique<CoreHarness>(2);
  }
}

TEST_F(SessionLagTest, WhatItReadsTooSlowlyIsGivenUpAndCounted) {
  const GatewayHandle stream = Deliver(5, {.initial_credit = 2});
  LimitTo(1);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [] after 0 to 5"));
  EXPECT_EQ(core_->router().statistics().missed, 3u);
  EXPECT_EQ(core_->router().statistics().waiting, 0u);
  core_->Grant(stream, 9);
  Events(6, 6);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 4 e6 [s]"));
}

TEST_F(SessionLagTest, WhatMergedEventsHeldIsGivenUpToo) {
  const GatewayHandle stream = Open(
      {.limits = {.deliveries = 5}, .initial_credit = 1, .coalesces = true});
  Subscribe(stream, "s");
  Events(1, 4);
  for (std::int64_t i = 5; i <= 9; ++i) {
    SourceEvent event = support::MakeEvent(i, "c");
    event.operation = SourceOperation::kUpdate;
    event.document_id = "d4";
    core_->Sequence(event);
  }
  core_->Settle();
  EXPECT_GT(core_->router().statistics().coalesced, 0u);
  LimitTo(1);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().cursors.at("g").acknowledged.offset, 9u);
  EXPECT_EQ(core_->saved().watermark, 9u);
}

TEST_F(SessionLagTest, OneThatWasAwayGetsWhatWasHandedOverAndIsTold) {
  GatewayHandle stream = Deliver(2);
  Leave(stream);
  Events(3, 4);
  LimitTo(1);
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened complete, next 1, has 1", "delivery 1 e1 [s]",
                          "delivery 2 e2 [s]", "resync [] after 0 to 4"));
}

TEST_F(SessionLagTest, AfterARestartItIsToldAndNothingComesAgain) {
  GatewayHandle stream = Deliver(3);
  LimitTo(1);
  Events(4, 4);
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open({.session = before, .last_progress = Position{1, 0}});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened complete, next 1, has 1",
                          "resync [] after 0 to 3", "delivery 2 e4 [s] again"));
}

TEST_F(SessionLagTest, WhomNothingConcernsIsNeverTold) {
  const GatewayHandle stream = Open();
  Events(1, 5);
  Seen(stream);
  LimitTo(5);
  EXPECT_THAT(Seen(stream), IsEmpty());
}

// What it was behind by is given up, and nobody is told of that again.
TEST_F(SessionLagTest, WhatWasGivenUpIsNotReadForTheNextTime) {
  const GatewayHandle stream =
      Open({.limits = {.deliveries = 4}, .initial_credit = 100});
  Subscribe(stream, "s");
  Events(1, 20);  // behind after the fourth
  Seen(stream);
  core_->Acknowledge(stream, 3);
  Seen(stream);  // some of what follows, and no room for the rest
  LimitTo(10);
  EXPECT_THAT(Seen(stream).back(), HasSubstr("to 20"));
  const std::uint64_t read = core_->sequencer().statistics().past_events;
  Events(21, 30);  // behind again
  core_->Trim(15);
  for (std::uint64_t i = 4; i < 16; ++i) {
    core_->Acknowledge(stream, i);
    for (const std::string& line : Seen(stream)) {
      EXPECT_THAT(line, StartsWith("delivery"));
    }
  }
  EXPECT_LE(core_->sequencer().statistics().past_events, read + 10);
}

// What it asked for of the past is old to begin with.
TEST_F(SessionLagTest, WhatASubscriptionCatchesUpWithIsNoLag) {
  Events(1, 5);
  const GatewayHandle stream = Open();
  Subscribe(stream, "s", 2);
  LimitTo(5);
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened new, next 1, has 0", "subscribed s after 2",
                          "delivery 1 e3 [s]", "delivery 2 e4 [s]",
                          "delivery 3 e5 [s]"));
}

}  // namespace
}  // namespace streamer
