// Sessions: what the sequencer, the shards and the router make of streams that
// come and go, of gateways that fall behind, and of restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/core_harness.h"
#include "core/session_fixture.h"
#include "filter/subscription_digest.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using support::MakeEvent;
using support::MakeSubscribe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Instant At(int second) { return Instant{}.After(seconds(second)); }

class SessionTest : public SessionFixture {};

TEST_F(SessionTest, BeginsAnewAndSaysSo) {
  const GatewayHandle stream = Open();
  EXPECT_THAT(Seen(stream), ElementsAre("opened new, next 1, has 0"));
  EXPECT_NE(opened_.session, SessionNumber());
}

TEST_F(SessionTest, OutlivesItsStreamAndSendsAgainWhatWasNotAcknowledged) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 3);
  core_->Acknowledge(stream, 1);
  Leave(stream);
  Events(4, 4);
  stream = Open({.session = opened_.session, .last_sequence = 2});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened complete, next 3, has 1", "delivery 3 e3 [s]",
                          "delivery 4 e4 [s]"));
}

// It acknowledged nothing, for there was nothing; the cursor says so.
TEST_F(SessionTest, WhatCaughtUpWithNothingDoesNotCatchUpAfterARestart) {
  GatewayHandle stream = Open();
  Events(1, 5);
  core_->SaveProgress();
  streamer::Subscribe command = MakeSubscribe(stream, "s", "other", "true");
  command.resume_after = Position{1, 1};
  core_->Sequence(command);
  core_->Settle();
  core_->SaveProgress();
  Events(6, 9);
  core_->SaveProgress();
  Restart();
  core_->Trim(8);
  EXPECT_EQ(core_->sequencer().statistics().past_events, 0u);
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened nothing missed, next 1, has 1"));
}

// However many come and go before their past is read: none is kept.
TEST_F(SessionTest, WhatEndedBeforeItCaughtUpIsNotKept) {
  GatewayHandle stream = Open();
  Events(1, 5);
  for (const char* id : {"a", "b"}) {
    streamer::Subscribe command = MakeSubscribe(stream, id, "c", "true");
    command.resume_after = Position{1, 1};
    core_->Sequence(command);
    core_->Sequence(Unsubscribe{stream, id});
  }
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened nothing missed, next 1, has 0"));
}

TEST_F(SessionTest, ThatMissedNothingIsToldSo) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 2);
  Leave(stream);
  stream = Open({.session = opened_.session, .last_sequence = 2});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened nothing missed, next 3, has 1"));
}

TEST_F(SessionTest, EndsWithItsTimeAndIsLostAfterwards) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Leave(stream, At(0));
  core_->Sequence(Tick{}, At(59));
  EXPECT_EQ(core_->sequencer().registry().size(), 1u);
  core_->Sequence(Tick{}, At(60));
  core_->Settle();
  EXPECT_EQ(core_->sequencer().registry().size(), 0u);
  EXPECT_THAT(core_->saved().sessions, IsEmpty());
  // Behind the session: its end may be saved in part.
  EXPECT_TRUE(std::holds_alternative<SubscriptionRemoved>(core_->last_saved()));
  const SessionNumber before = opened_.session;
  stream = Open({.session = before});
  EXPECT_THAT(Seen(stream), ElementsAre("opened lost, next 1, has 0"));
  EXPECT_NE(opened_.session, before);
}

TEST_F(SessionTest, ThatCameBackInTimeStays) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Leave(stream, At(0));
  Open({.session = opened_.session});
  core_->Sequence(Tick{}, At(600));
  EXPECT_EQ(core_->sequencer().registry().size(), 1u);
}

TEST_F(SessionTest, ANewerStreamWinsAndTheOlderIsFenced) {
  const GatewayHandle older = Open();
  Subscribe(older, "s");
  Events(1, 1);
  Seen(older);
  const GatewayHandle newer =
      Open({.session = opened_.session, .last_sequence = 1});
  EXPECT_THAT(Seen(older),
              ElementsAre("closed a newer stream of this gateway took the "
                          "session"));
  core_->Sequence(Unsubscribe{older, "s"});
  core_->Sequence(DisconnectGateway{older});
  core_->Grant(older, 5);
  core_->Acknowledge(older, 1);
  Events(2, 2);
  EXPECT_THAT(Seen(newer), ElementsAre("opened nothing missed, next 2, has 1",
                                       "delivery 2 e2 [s]"));
  EXPECT_THAT(Seen(older), IsEmpty());
}

TEST_F(SessionTest, AnotherCredentialIsRefusedAndDisturbsNobody) {
  const GatewayHandle owner = Open({.credential = "a"});
  Subscribe(owner, "s");
  Seen(owner);
  const GatewayHandle other =
      Open({.credential = "b", .session = opened_.session});
  EXPECT_THAT(
      Seen(other),
      ElementsAre("closed hello: gateway_id: expected the credential that "
                  "session of gateway \"g\" was opened with, got another"));
  Events(1, 1);
  EXPECT_THAT(Seen(owner), ElementsAre("delivery 1 e1 [s]"));
}

TEST_F(SessionTest, ZeroBeginsAnewAndDropsWhatThereWas) {
  const GatewayHandle older = Open();
  Subscribe(older, "s");
  Seen(older);
  const GatewayHandle newer = Open();
  EXPECT_THAT(Seen(older),
              ElementsAre("closed a newer stream of this gateway began another "
                          "session"));
  EXPECT_THAT(Seen(newer), ElementsAre("opened new, next 1, has 0"));
  EXPECT_EQ(core_->sequencer().registry().size(), 0u);
  EXPECT_THAT(core_->saved().subscriptions, IsEmpty());
}

TEST_F(SessionTest, ASequenceThatWasNeverSentIsRefused) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Leave(stream);
  stream = Open({.session = opened_.session, .last_sequence = 4});
  EXPECT_THAT(Seen(stream),
              ElementsAre("closed hello: last_seq: expected at most 0, got 4"));
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened nothing missed, next 1, has 1"));
}

TEST_F(SessionTest, AGatewayThatForgotWhatItAcknowledgedHasLostIt) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 3);
  core_->Acknowledge(stream, 2);
  Leave(stream);
  stream = Open({.session = opened_.session, .last_sequence = 1});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened lost, next 3, has 1", "delivery 3 e3 [s]"));
}

TEST_F(SessionTest, AnAckOfTheFutureEndsTheStreamAndNothingElse) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 1);
  Seen(stream);
  core_->Acknowledge(stream, 2);
  EXPECT_THAT(Seen(stream),
              ElementsAre("closed ack: expected at most 1, got 2"));
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e1 [s]"));
}

TEST_F(SessionTest, ARepeatedSubscribeChangesNothing) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 1);
  Leave(stream);
  stream = Open({.session = opened_.session, .last_sequence = 1});
  Subscribe(stream, "s");
  core_->Sequence(MakeSubscribe(stream, "s", "c", "doc.n > 5"));
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("opened nothing missed, next 2, has 1",
                  "subscribed s after 0",
                  "refused s: subscription \"s\" exists with another filter"));
}

TEST_F(SessionTest, TooManyAreRefused) {
  core_ = std::make_unique<CoreHarness>(
      1, CoreOptions{.session = {.max_total = 1}});
  Open();
  EXPECT_THAT(Seen(Open({.gateway_id = "other"})),
              ElementsAre("closed quota exceeded: expected at most 1 sessions, "
                          "got one more"));
}

TEST_F(SessionTest, TheDigestIsThatOfItsSubscriptions) {
  GatewayHandle stream = Open();
  EXPECT_EQ(opened_.subscription_digest, 0u);
  Subscribe(stream, "s");
  Subscribe(stream, "r");
  core_->Sequence(Unsubscribe{stream, "r"});
  stream = Open({.session = opened_.session});
  EXPECT_EQ(opened_.subscription_digest,
            SubscriptionDigest("s", "t", "c",
                               support::MakeFilter("true")->canonical_key()));
}

TEST_F(SessionTest, WithoutAStreamItFallsBehindAndGetsTheRestFromTheLog) {
  GatewayHandle stream = Open({.limits = {.deliveries = 3}});
  Subscribe(stream, "s");
  Leave(stream);
  Events(1, 6);
  EXPECT_EQ(core_->router().statistics().missed, 3u);
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened complete, next 1, has 1", "delivery 1 e1 [s]",
                          "delivery 2 e2 [s]", "delivery 3 e3 [s]"));
  core_->Acknowledge(stream, 3);
  EXPECT_THAT(Seen(stream),
              ElementsAre("delivery 4 e4 [s]", "delivery 5 e5 [s]"));
  core_->Acknowledge(stream, 5);
  Events(7, 7);
  EXPECT_THAT(Seen(stream),
              ElementsAre("delivery 6 e6 [s]", "delivery 7 e7 [s]"));
}

TEST_F(SessionTest, TooFarBehindItGetsAResyncAndGoesOnFromTheHead) {
  GatewayHandle stream = Open({.limits = {.deliveries = 2}});
  Subscribe(stream, "s");
  Events(1, 5);
  Seen(stream);
  core_->Sequence(LimitLag{{1, 0}});
  EXPECT_THAT(Seen(stream), IsEmpty());
  core_->Sequence(LimitLag{{1, 1}});
  EXPECT_THAT(Seen(stream), ElementsAre("resync [] after 0 to 5"));
  core_->Acknowledge(stream, 3);
  Events(6, 6);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 4 e6 [s]"));
}

TEST_F(SessionTest, GoesOnByPositionAfterARestart) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 4);
  core_->Acknowledge(stream, 2);
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open(
      {.session = before, .last_sequence = 3, .last_progress = Position{1, 3}});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e4 [s] again"));
  EXPECT_EQ(LineageOf(opened_.session), LineageOf(before));
  EXPECT_GT(opened_.session, before);
  Events(5, 5);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 2 e5 [s]"));
}

TEST_F(SessionTest, WhoNeverHeardOfTheNewEpochComesWithTheOldOne) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 2);
  const SessionNumber before = opened_.session;
  Restart();
  Open({.session = before, .last_progress = Position{1, 1}});
  stream = Open({.session = before, .last_progress = Position{1, 1}});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e2 [s] again"));
}

// Two processes of one gateway: one has heard of the new epoch, the other had
// more before the restart and takes the session from it for a while.
TEST_F(SessionTest,
       WhatAnotherProcessHasIsNotForgottenInAnEpochThatOneHasHeardOf) {
  for (const std::uint64_t given : {0u, 1u}) {
    core_ = std::make_unique<CoreHarness>(2);
    GatewayHandle stream = Open();
    Subscribe(stream, "s");
    Events(1, 4);
    core_->SaveProgress();
    const SessionNumber before = opened_.session;
    Restart();
    stream = OpenWithCredit({.session = before, .initial_credit = given});
    EXPECT_THAT(Seen(stream), SizeIs(1 + given));
    Open({.session = before,
          .last_sequence = 3,
          .last_progress = Position{1, 3}});
    stream = Open({.session = opened_.session, .last_sequence = given});
    const std::vector<std::string> seen = Seen(stream);
    EXPECT_THAT(seen, SizeIs(5 - given));
    EXPECT_EQ(seen.front(),
              absl::StrCat("opened complete, next ", 1 + given, ", has 1"));
    EXPECT_EQ(seen.back(), "delivery 4 e4 [s] again");
  }
}

// Two processes of one gateway: the older comes back with what it had.
TEST_F(SessionTest, AGatewayThatForgotWhatItHadBeforeARestartHasLostIt) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 5);
  core_->Acknowledge(stream, 3);
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open(
      {.session = before, .last_sequence = 2, .last_progress = Position{1, 2}});
  EXPECT_THAT(Seen(stream), ElementsAre("opened lost, next 1, has 1",
                                        "delivery 1 e4 [s] again",
                                        "delivery 2 e5 [s] again"));
}

TEST_F(SessionTest, WhatOneProcessSaysItHasAnotherHasLost) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 5);
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  Open(
      {.session = before, .last_sequence = 5, .last_progress = Position{1, 5}});
  EXPECT_EQ(opened_.continuity, Continuity::kNothingMissed);
  Open(
      {.session = before, .last_sequence = 2, .last_progress = Position{1, 2}});
  EXPECT_EQ(opened_.continuity, Continuity::kLost);
}

// What it asked for of the past may lie before what it says it had.
TEST_F(SessionTest, WhereALossBeginsIsNotKnownToWhoAskedForThePast) {
  GatewayHandle stream = Open();
  Events(1, 3);
  Subscribe(stream, "s", 1);
  core_->Acknowledge(stream, 2);
  const SessionNumber session = opened_.session;
  Open({.session = session,
        .last_sequence = 1,
        .last_progress = Position{1, 3}});
  EXPECT_EQ(opened_.continuity, Continuity::kLost);
  EXPECT_EQ(opened_.from, Position());
}

TEST_F(SessionTest, WhatWasAcknowledgedTwoRestartsAgoIsKnown) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 3);
  core_->Acknowledge(stream, 3);
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  core_->SaveProgress();
  Restart();
  stream = Open(
      {.session = before, .last_sequence = 2, .last_progress = Position{1, 2}});
  EXPECT_THAT(Seen(stream), ElementsAre("opened lost, next 1, has 1"));
  Restart();
  stream = Open(
      {.session = before, .last_sequence = 3, .last_progress = Position{1, 3}});
  EXPECT_THAT(Seen(stream),
              ElementsAre("opened nothing missed, next 1, has 1"));
}

TEST_F(SessionTest, ANoticeThatWasNotAcknowledgedSurvivesARestart) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  core_->Sequence(support::MakeGap("", "it said so"));
  core_->Settle();
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open({.session = before});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "resync [s] after 0 to 1"));
}

TEST_F(SessionTest, TheWatermarkWaitsForTheSlowestThatIsNotBehind) {
  const GatewayHandle fast = Open({.gateway_id = "fast"});
  const GatewayHandle slow = Open({.gateway_id = "slow"});
  Subscribe(fast, "s");
  Subscribe(slow, "s");
  Events(1, 9);
  core_->Acknowledge(fast, 8);
  core_->Acknowledge(slow, 2);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 2u);
  core_->SaveProgress(3);
  EXPECT_EQ(core_->saved().watermark, 8u);
  EXPECT_TRUE(core_->saved().cursors.at("slow").is_behind);
  EXPECT_EQ(core_->saved().cursors.at("slow").acknowledged.offset, 2u);
  EXPECT_FALSE(core_->saved().cursors.at("fast").is_behind);
}

TEST_F(SessionTest, ASoftStateGatewayHoldsTheWatermarkUntilItIsWrittenTo) {
  const GatewayHandle plain(++last_stream_);
  core_->Sequence(
      ConnectGateway{.gateway = plain, .gateway_id = "p", .initial_credit = 3});
  Subscribe(plain, "s");
  Events(1, 9);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 0u);
  core_->Grant(plain, 2);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 2u);
}

TEST_F(SessionTest, BehindAtARestartItGetsEverythingFromTheLog) {
  GatewayHandle stream = Open({.limits = {.deliveries = 2}});
  Subscribe(stream, "s");
  Events(1, 7);
  core_->Acknowledge(stream, 1);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 7u);
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open(
      {.session = before, .last_sequence = 1, .last_progress = Position{1, 1}});
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("opened complete, next 1, has 1", "delivery 1 e2 [s] again",
                  "delivery 2 e3 [s] again", "delivery 3 e4 [s] again",
                  "delivery 4 e5 [s] again", "delivery 5 e6 [s] again",
                  "delivery 6 e7 [s] again"));
}

// A cursor is saved before the marker that goes with it, and a restart between
// the two must lose nothing.
TEST_F(SessionTest, BehindTheMarkerItStaysBehindUntilThatIsAcknowledged) {
  GatewayHandle stream = Open({.limits = {.deliveries = 2}});
  Subscribe(stream, "s");
  Events(1, 5);
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 5u);
  core_->Acknowledge(stream, 2);
  core_->Settle();
  core_->Acknowledge(stream, 4);
  core_->Settle();
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 5u);
  EXPECT_TRUE(core_->saved().cursors.at("g").is_behind);
  EXPECT_EQ(core_->saved().cursors.at("g").acknowledged.offset, 4u);
  core_->Acknowledge(stream, 5);
  core_->SaveProgress();
  EXPECT_FALSE(core_->saved().cursors.at("g").is_behind);
}

// The log no longer holds what it had to get, so the start lies after that.
TEST_F(SessionTest, BehindTheStartItIsSavedAsBehindWithTheFirstMarker) {
  core_ = std::make_unique<CoreHarness>(2, CoreOptions(), 3);
  core_->Sequence(RestoreSession{
      .gateway = GatewayHandle(++last_stream_),
      .session = {.gateway_id = "g", .number = SessionNumber(1 << 12)},
      .cursor = {.gateway_id = "g", .acknowledged = {1, 1}, .routed = {1, 3}},
      .redelivered_upto = 3,
      .replayed_upto = 3});
  core_->Trim(3);
  core_->Settle();
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().watermark, 3u);
  const SavedCursor& cursor = core_->saved().cursors.at("g");
  ASSERT_EQ(cursor.resyncs.size(), 1u);
  EXPECT_EQ(cursor.resyncs[0].from, (Position{1, 1}));
  EXPECT_EQ(cursor.resyncs[0].to, (Position{1, 3}));
}

// What it is behind by is all read and waits for it, so it is not behind any
// more; but the watermark that was saved before lies further on.
TEST_F(SessionTest, ANoticeAfterARestartMovesNothingOn) {
  GatewayHandle stream = Open();
  Subscribe(stream, "s");
  Events(1, 4);
  core_->SaveProgress(4);
  EXPECT_EQ(core_->saved().watermark, 4u);
  const SessionNumber before = opened_.session;
  Restart();
  core_->Sequence(support::MakeGap("", "it said so"));
  core_->Settle();
  Restart();
  stream = Open({.session = before});
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("opened complete, next 1, has 1", "resync [s] after 4 to 5",
                  "delivery 2 e1 [s] again", "delivery 3 e2 [s] again",
                  "delivery 4 e3 [s] again", "delivery 5 e4 [s] again"));
}

// What was delivered lies beyond the end of a log that lost its tail; what is
// caught up with does not.
TEST_F(SessionTest, AfterALostTailNobodyWaitsForItsEventsToComeAgain) {
  Events(1, 3);
  core_->Sequence(RestoreSession{
      .gateway = GatewayHandle(++last_stream_),
      .session = {.gateway_id = "g", .number = SessionNumber(1 << 12)},
      .cursor = {.gateway_id = "g",
                 .acknowledged = {1, 1},
                 .routed = {1, 3},
                 .is_behind = true},
      .redelivered_upto = 100,
      .replayed_upto = 3});
  core_->Settle();
  const GatewayHandle other = Open({.gateway_id = "other"});
  Subscribe(other, "s", 1);
  EXPECT_THAT(Seen(other),
              ElementsAre("opened new, next 1, has 0", "subscribed s after 1",
                          "delivery 1 e2 [s]", "delivery 2 e3 [s]"));
}

TEST_F(SessionTest, ASubscriptionThatCatchesUpGoesOnWhereItWas) {
  GatewayHandle stream = Open();
  Events(1, 5);
  Subscribe(stream, "s", 1);
  Seen(stream);
  core_->Acknowledge(stream, 2);  // of e2 to e5
  core_->SaveProgress();
  const SessionNumber before = opened_.session;
  Restart();
  stream = Open({.session = before, .last_sequence = 2});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e4 [s] again",
                                        "delivery 2 e5 [s] again"));
  core_->Acknowledge(stream, 2);
  core_->SaveProgress();
  core_->SaveProgress();
  EXPECT_THAT(core_->saved().cursors.at("g").catching_up, IsEmpty());
}

class MembershipSessionTest : public SessionTest {
 protected:
  void SubscribeTo(GatewayHandle stream, const std::string& id) {
    streamer::Subscribe command = MakeSubscribe(stream, id, "c", "doc.n < 5");
    command.membership = true;
    core_->Sequence(command);
    core_->Settle();
  }
  // Of document "d".
  void Update(std::int64_t number, const std::string& document) {
    SourceEvent event = MakeEvent(number, "c");
    event.operation = SourceOperation::kUpdate;
    event.document_id = "d";
    event.document = document;
    core_->Sequence(event);
    core_->Settle();
  }
};

// Memory is not saved.
TEST_F(MembershipSessionTest, ASubscriptionAsksForItAfterARestartToo) {
  GatewayHandle stream = Open();
  SubscribeTo(stream, "s");
  Update(1, R"({"n":1})");
  Update(2, R"({"n":2})");
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("opened new, next 1, has 0", "subscribed s after 0",
                  "delivery 1 e1 [s:unknown_in]", "delivery 2 e2 [s:changed]"));
  core_->Acknowledge(stream, 2);
  core_->SaveProgress();
  Restart();
  stream = Open({.session = opened_.session,
                 .last_sequence = 2,
                 .last_progress = Position{1, 2}});
  Seen(stream);
  Update(3, R"({"n":9})");
  Update(4, R"({"n":3})");
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 1 e3 [s:unknown_out]",
                                        "delivery 2 e4 [s:entered]"));
}

// Some have had it, and some not.
TEST_F(MembershipSessionTest, WhatIsReplayedIsNotRemembered) {
  GatewayHandle stream = Open();
  SubscribeTo(stream, "s");
  Update(1, R"({"n":1})");
  core_->Sequence(support::MakeUnreadable("t", "c"));
  core_->Settle();
  Update(2, R"({"n":2})");
  Restart();
  Update(3, R"({"n":3})");
  Update(4, R"({"n":9})");
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e1 [s:unknown_in] again",
                                        "resync [s] after 1 to 2",
                                        "delivery 3 e2 [s:unknown_in] again",
                                        "delivery 4 e3 [s:unknown_in]",
                                        "delivery 5 e4 [s:left]"));
}

TEST_F(MembershipSessionTest, BehindItIsToldOfWhatCouldNotBeReadInItsPlace) {
  GatewayHandle stream = Open({.limits = {.deliveries = 2}});
  SubscribeTo(stream, "s");
  Leave(stream);
  Update(1, R"({"n":1})");
  Update(2, R"({"n":2})");
  Update(3, R"({"n":3})");
  Update(4, "{");
  Update(5, R"({"n":9})");
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "delivery 1 e1 [s:unknown_in]",
                                        "delivery 2 e2 [s:changed]"));
  core_->Acknowledge(stream, 2);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 3 e3 [s:unknown_in]",
                                        "resync [s] after 3 to 4"));
  core_->Acknowledge(stream, 4);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 5 e5 [s:unknown_out]"));
}

}  // namespace
}  // namespace streamer
