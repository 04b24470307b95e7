// ClientSession with a session: what it asks again, and what it believes.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/session_fixture.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ClientSessionResumptionTest = SessionFixture;

TEST_F(ClientSessionResumptionTest, IsConnectedOnceItIsWelcomed) {
  EXPECT_THAT(Text(session_.Start(At(seconds(0)))),
              ElementsAre("open", "hello s1-0-0-"));
  EXPECT_EQ(session_.place(), std::nullopt);
  EXPECT_THAT(Text(session_.MessageReceived(At(seconds(1)))), IsEmpty());
  EXPECT_EQ(session_.state(), ClientState::kConnecting);
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNew, 1, {})),
              ElementsAre("connected"));
  EXPECT_EQ(session_.state(), ClientState::kConnected);
  EXPECT_EQ(session_.place(), (SessionPlace{7, 0, ""}));
  EXPECT_THAT(Text(session_.Tick(At(seconds(10)))), ElementsAre("heartbeat"));
}

// Somebody else asked for it, before there was a stream or after.
TEST_F(ClientSessionResumptionTest, WhatOthersRegisteredIsWanted) {
  Connect();
  EXPECT_TRUE(session_.IsWanted("registered"));
  session_.Subscribe(SubscribeTicket(1), Request("ended"));
  session_.SubscribeAnswered("ended", Accepted("ended"));
  ASSERT_TRUE(session_.Unsubscribe("ended", UnsubscribeTicket(2)).ok());
  EXPECT_FALSE(session_.IsWanted("ended"));
  EXPECT_TRUE(session_.IsWanted("registered"));
}

TEST_F(ClientSessionResumptionTest, ALossInASessionOthersBeganConcernsAll) {
  session_.Start(At(seconds(0)));
  SessionWelcome welcome = Holding(7, Continuity::kNew, 1, {});
  welcome.unasked_count = 1;
  Welcome(welcome);
  EXPECT_THAT(
      Text(session_.ResyncReceived(
          1, {.reason = "lost", .from_progress = "p1-1-1"}, At(seconds(1)))),
      ElementsAre(::testing::StartsWith("gap")));
}

TEST_F(ClientSessionResumptionTest, NothingIsAskedBeforeTheWelcome) {
  session_.Start(At(seconds(0)));
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(1), Request("s1"))),
              IsEmpty());
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNew, 1, {})),
              ElementsAre("connected", "subscribe s1 true"));
}

TEST_F(ClientSessionResumptionTest, ALostSessionIsNotResumedAfterOldPlaces) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), RequestAfter("answered", "p1-1-4"));
  session_.SubscribeAnswered("answered", Accepted("answered"));
  session_.Subscribe(SubscribeTicket(2), RequestAfter("owed", "p1-1-5"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(9, Continuity::kLost, 1, {})),
              ElementsAre("subscribe answered true",
                          "subscribe owed true after p1-1-5"));
}

// The service holds it and goes on, or never heard of it and begins there.
TEST_F(ClientSessionResumptionTest, AnUnansweredRequestKeepsItsPlace) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), RequestAfter("s1", "p1-1-4"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kComplete, 1, {"s1"})),
              ElementsAre("subscribe s1 true after p1-1-4"));
  session_.SubscribeAnswered("s1", Accepted("s1"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kComplete, 1, {})),
              ElementsAre("subscribe s1 true"));
}

TEST_F(ClientSessionResumptionTest, AServiceThatDoesNotWelcomeIsGivenUp) {
  session_.Start(At(seconds(0)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(5)))),
              ElementsAre("abandon",
                          "closed UNAVAILABLE: cannot reach \"host:1\" within "
                          "5000 ms: no answer to Hello"));
}

TEST_F(ClientSessionResumptionTest, AnAttemptWithoutAWelcomeIsAbandoned) {
  Connect();
  Reopen();
  const MonotonicTime opened = At(seconds(1)) + milliseconds(200);
  session_.MessageReceived(opened + seconds(9));
  const MonotonicTime until = *session_.NextDeadline();
  EXPECT_LE(until, opened + seconds(10));
  EXPECT_THAT(Text(session_.Tick(until)), ElementsAre("abandon"));
  EXPECT_EQ(session_.state(), ClientState::kReconnecting);
}

TEST_F(ClientSessionResumptionTest, WhatTheServiceHoldsIsNotAskedForAgain) {
  Connect();
  SubscribeLive("a");
  SubscribeLive("b", 2);
  Receive(1);
  EXPECT_THAT(Reopen(), ElementsAre("open", "hello s1-7-0-"));
  EXPECT_THAT(Welcome(Holding(7, Continuity::kComplete, 1, {"b", "a"})),
              IsEmpty());
  EXPECT_EQ(session_.reconnects(), 1u);
  EXPECT_TRUE(session_.IsLive("a"));
  EXPECT_TRUE(Receive(1).is_null());
  EXPECT_FALSE(Receive(2).is_null());
  EXPECT_EQ(session_.duplicates(), 1u);
}

TEST_F(ClientSessionResumptionTest, WhatWasProcessedIsAnnounced) {
  Connect();
  SubscribeLive("a");
  Receive(1);
  session_.ProcessedUpTo(Receive(2));
  Receive(3);
  EXPECT_THAT(Reopen(), ElementsAre("open", "hello s1-7-2-p1-1-2"));
}

TEST_F(ClientSessionResumptionTest, UnansweredRequestsAreAskedAgainAndNoOther) {
  Connect();
  SubscribeLive("live", 1);
  SubscribeLive("ended", 2);
  session_.Subscribe(SubscribeTicket(3), Request("asked"));
  ASSERT_TRUE(session_.Unsubscribe("ended", UnsubscribeTicket(4)).ok());
  // The service may have done both, either or none before the stream broke.
  using Ids = std::vector<std::string>;
  for (const Ids& held :
       {Ids{"live"}, Ids{"live", "ended"}, Ids{"live", "asked"},
        Ids{"live", "ended", "asked"}}) {
    Reopen();
    EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, held)),
                ElementsAre("unsubscribe ended", "subscribe asked true"));
  }
  EXPECT_THAT(Text(session_.UnsubscribeAnswered("ended")),
              ElementsAre("4 unsubscribed OK"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("asked", Accepted("asked"))),
              ElementsAre("3 answered asked"));
  Reopen();
  EXPECT_THAT(
      Welcome(Holding(7, Continuity::kNothingMissed, 1, {"live", "asked"})),
      IsEmpty());
}

TEST_F(ClientSessionResumptionTest, ADeliveryMayComeBeforeTheAnswerComesAgain) {
  Connect();
  SubscribeLive("other", 1);
  ASSERT_TRUE(session_.Unsubscribe("other").ok());
  session_.Subscribe(SubscribeTicket(2), Request("asked"));
  EXPECT_FALSE(session_.IsLive("asked"));
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {"asked"}));
  ASSERT_TRUE(session_.has_retired());
  EXPECT_TRUE(session_.IsLive("asked"));
  EXPECT_FALSE(session_.IsLive("other"));
}

TEST_F(ClientSessionResumptionTest, OtherSubscriptionsThanItsOwnAreAskedAgain) {
  Connect();
  SubscribeLive("a", 1, 5);
  SubscribeLive("b", 2, 6);
  Receive(1);
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {"a"})),
              ElementsAre("subscribe a true", "subscribe b true"));
  EXPECT_TRUE(session_.IsLive("b"));
  // The one it held all the time, the other it did not.
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", Accepted("a", 5))),
              IsEmpty());
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("b", Accepted("b", 9, "p1-1-30"))),
      ElementsAre("gap b: the service did not hold the subscription (p1-1-1, "
                  "p1-1-30]"));
}

TEST_F(ClientSessionResumptionTest, ARefusalOfWhatWasNotHeldEndsIt) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {}));
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", ResourceExhausted("full"))),
              ElementsAre("gap a: refused when asked for again: full"));
  EXPECT_FALSE(session_.IsLive("a"));
}

TEST_F(ClientSessionResumptionTest, ALostSessionIsAGapOfEverySubscription) {
  Connect();
  SubscribeLive("a", 1);
  SubscribeLive("b", 2);
  ASSERT_TRUE(session_.Unsubscribe("b", UnsubscribeTicket(3)).ok());
  Reopen();
  EXPECT_THAT(Welcome(Holding(8, Continuity::kLost, 1, {})),
              ElementsAre("3 unsubscribed OK", "subscribe a true"));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-25"))),
      ElementsAre("gap a: the service lost continuity of the session (p1-1-10, "
                  "p1-1-25]"));
  EXPECT_EQ(session_.place(), (SessionPlace{8, 0, "", true}));
}

TEST_F(ClientSessionResumptionTest, ALossOfOneThatCatchesUpBeginsWhereItIs) {
  Connect();
  SubscribeLive("a", 1);
  for (const char* id : {"b", "c", "d"}) {
    session_.Subscribe(SubscribeTicket(2), RequestAfter(id, "p1-1-3"));
    session_.SubscribeAnswered(id, Accepted(id, 2, "p1-1-3"));
  }
  ASSERT_TRUE(session_.has_behind());
  ReceiveFor("b", 1, "p1-1-5", true);
  ReceiveFor("c", 2, "p1-1-5", true);
  ReceiveFor("c", 3, "p1-1-9", false);
  EXPECT_EQ(FormatSessionPlace(*session_.place()), "s1-7-0--behind-p1-1-3");
  Reopen();
  Welcome(Holding(8, Continuity::kLost, 1, {}));
  const auto gap = [&](const std::string& id) {
    return Text(session_.SubscribeAnswered(id, Accepted(id, 5, "p1-1-25")));
  };
  const std::string lost = ": the service lost continuity of the session (";
  EXPECT_THAT(gap("a"), ElementsAre("gap a" + lost + "p1-1-10, p1-1-25]"));
  EXPECT_THAT(gap("b"), ElementsAre("gap b" + lost + "p1-1-5, p1-1-25]"));
  EXPECT_THAT(gap("c"), ElementsAre("gap c" + lost + "p1-1-10, p1-1-25]"));
  EXPECT_THAT(gap("d"), ElementsAre("gap d" + lost + "p1-1-3, p1-1-25]"));
}

TEST_F(ClientSessionResumptionTest, AnUnreadLossOfThePastIsBehind) {
  Connect();
  SubscribeLive("a");
  session_.ProcessedUpTo(
      session_
          .DeliveryReceived({.seq = 1, .progress = "p1-1-90"}, At(seconds(2)))
          .number);
  ReceivedGap gap = GapOf({"a"}, "trimmed");
  gap.from_progress = "p1-1-1";
  gap.to_progress = "p1-1-49";
  session_.ResyncReceived(2, gap, At(seconds(2)));
  EXPECT_EQ(FormatSessionPlace(*session_.place()),
            "s1-7-1-p1-1-90-behind-p1-1-1");
  session_.ProcessedUpTo({1, 2, 0});
  EXPECT_EQ(FormatSessionPlace(*session_.place()), "s1-7-2-p1-1-90");
}

TEST_F(ClientSessionResumptionTest, ALossThatBeganNobodyKnowsWhereStaysSo) {
  Connect();
  SubscribeLive("a");
  Reopen();
  SessionWelcome lost = Holding(7, Continuity::kLost, 5, {"a"});
  lost.from_progress.clear();
  Welcome(lost);
  Receive(5);
  Reopen();
  lost = Holding(8, Continuity::kLost, 1, {});
  lost.from_progress = "p1-1-15";
  Welcome(lost);
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-25"))),
      ElementsAre("gap a: the service lost continuity of the session (, "
                  "p1-1-25]"));
}

// The notice of its end waits behind deliveries, the answer does not.
TEST_F(ClientSessionResumptionTest, AnotherLifeIsAskedForAgainAsItWasAskedFor) {
  Connect();
  SubscribeLive("a", 1, 5);
  session_.Subscribe(SubscribeTicket(2), Request("a", "doc.other"));
  session_.SubscribeAnswered("a", Accepted("a", 6, "p1-1-8"));
  session_.EndReceived(1, SubscriptionHandle(5),
                       GapOf({"a"}, "expired", ReceivedGap::End::kExpired),
                       At(seconds(2)));
  Reopen();
  EXPECT_THAT(Welcome(Holding(8, Continuity::kLost, 1, {})),
              ElementsAre("subscribe a doc.other"));
}

TEST_F(ClientSessionResumptionTest, WhoEndedBeforeItWasLiveIsForgotten) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), RequestAfter("a", "p1-1-3"));
  session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-3"));
  ASSERT_TRUE(session_.has_behind());
  ASSERT_TRUE(session_.Unsubscribe("a", UnsubscribeTicket(2)).ok());
  EXPECT_FALSE(session_.has_behind());
}

TEST_F(ClientSessionResumptionTest, TheStateOfAClosedOneSaysWhoCaughtUp) {
  Connect();
  for (const char* id : {"ended", "a"}) {
    session_.Subscribe(SubscribeTicket(1), RequestAfter(id, "p1-1-3"));
  }
  session_.SubscribeAnswered("ended", Accepted("ended", 1, "p1-1-2"));
  session_.SubscribeAnswered("a", Accepted("a", 2, "p1-1-3"));
  ASSERT_TRUE(session_.Unsubscribe("ended", UnsubscribeTicket(3)).ok());
  session_.Close(At(seconds(3)));
  EXPECT_EQ(FormatSessionPlace(*session_.place()), "s1-7-0--behind-p1-1-3");
}

// The service took it on, and another process has had some of it.
TEST_F(ClientSessionResumptionTest, ALossBeforeTheAnswerIsAGapAfterIt) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("a"));
  Reopen();
  Welcome(Holding(7, Continuity::kLost, 44, {"a"}));
  EXPECT_TRUE(session_.place()->has_unread_loss);
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 44, {"a"}));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-5"))),
      ElementsAre("1 answered a",
                  "gap a: the service lost continuity of the session (p1-1-5, "
                  "p1-1-20]"));
}

TEST_F(ClientSessionResumptionTest, ALossBeforeTheBeginningIsNone) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("a"));
  session_.Subscribe(SubscribeTicket(2), RequestAfter("b", "p1-1-5"));
  Reopen();
  Welcome(Holding(7, Continuity::kLost, 44, {"a", "b"}));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-20"))),
      ElementsAre("1 answered a"));
  Reopen();
  // Of a session that holds nothing it brings all it asks for.
  Welcome(Holding(8, Continuity::kLost, 1, {}));
  EXPECT_THAT(Text(session_.SubscribeAnswered("b", Accepted("b", 2, "p1-1-5"))),
              ElementsAre("2 answered b"));
}

TEST_F(ClientSessionResumptionTest, ALifeIsNotLiveBeforeTheOneBeforeHasEnded) {
  Connect();
  SubscribeLive("a");
  ASSERT_TRUE(session_.Unsubscribe("a").ok());
  session_.Subscribe(SubscribeTicket(2), Request("a"));
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {"a"}));
  // The service holds the old one still, as far as anybody knows.
  EXPECT_FALSE(session_.IsLive("a"));
  session_.UnsubscribeAnswered("a");
  session_.SubscribeAnswered("a", Accepted("a", 2));
  EXPECT_TRUE(session_.IsLive("a"));
}

TEST_F(ClientSessionResumptionTest, NumbersLeftOutAreAGapWhateverIsSaid) {
  Connect();
  SubscribeLive("a", 1, 5);
  SubscribeLive("b", 2, 6);
  Receive(1);
  ASSERT_TRUE(session_.Unsubscribe("b").ok());
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 3, {"a", "b"})),
              ElementsAre("unsubscribe b", "subscribe a true"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", Accepted("a", 5))),
              ElementsAre("gap a: the service lost continuity of the session "
                          "(p1-1-10, p1-1-20]"));
  EXPECT_FALSE(session_.IsLive("b"));
}

TEST_F(ClientSessionResumptionTest, AGapThatIsOpenBeginsWhereItFirstDid) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(8, Continuity::kLost, 1, {}));
  Reopen();
  SessionWelcome later = Holding(9, Continuity::kLost, 1, {});
  later.from_progress = "p1-1-15";
  EXPECT_THAT(Welcome(later), ElementsAre("subscribe a true"));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-25"))),
      ElementsAre("gap a: the service lost continuity of the session (p1-1-10, "
                  "p1-1-25]"));
}

TEST_F(ClientSessionResumptionTest, ANewSessionInPlaceOfTheOldOneIsALoss) {
  Connect();
  SubscribeLive("a");
  Reopen();
  EXPECT_THAT(Welcome(Holding(8, Continuity::kNew, 1, {})),
              ElementsAre("subscribe a true"));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 1, "p1-1-25"))),
      ElementsAre("gap a: the service lost continuity of the session (p1-1-10, "
                  "p1-1-25]"));
}

TEST_F(ClientSessionResumptionTest, HandlesOfAnotherEpochSayNothing) {
  Connect();
  SubscribeLive("a", 1, 5);
  Reopen();
  Welcome(Holding(8, Continuity::kComplete, 1, {"b"}));
  // The same handle, by chance: but from elsewhere, so events are missing.
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("a", Accepted("a", 5, "p1-1-30"))),
      ElementsAre("gap a: the service did not hold the subscription (p1-1-0, "
                  "p1-1-30]"));
}

TEST_F(ClientSessionResumptionTest, AJumpAheadBreaksTheStream) {
  Connect();
  SubscribeLive("a");
  session_.ProcessedUpTo(Receive(1));
  auto admission = session_.DeliveryReceived({.seq = 3, .progress = "p1-1-3"},
                                             At(seconds(2)));
  EXPECT_TRUE(admission.number.is_null());
  EXPECT_THAT(Text(admission.actions), ElementsAre("abandon"));
  EXPECT_EQ(session_.state(), ClientState::kReconnecting);
  EXPECT_THAT(Text(session_.Tick(*session_.NextDeadline())),
              ElementsAre("open", "hello s1-7-1-p1-1-1"));
}

TEST_F(ClientSessionResumptionTest, WhatComesBeforeTheWelcomeBreaksTheStream) {
  Connect();
  Reopen();
  auto admission = session_.DeliveryReceived({.seq = 1}, At(seconds(2)));
  EXPECT_TRUE(admission.number.is_null());
  EXPECT_THAT(Text(admission.actions), ElementsAre("abandon"));
}

TEST_F(ClientSessionResumptionTest, ASecondWelcomeBreaksTheStream) {
  Connect();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {})),
              ElementsAre("abandon"));
}

TEST_F(ClientSessionResumptionTest, AWelcomeWithoutASessionBreaksTheStream) {
  session_.Start(At(seconds(0)));
  EXPECT_THAT(Welcome(Holding(0, Continuity::kNew, 1, {})),
              ElementsAre("abandon"));
  EXPECT_THAT(Text(session_.Tick(At(seconds(5)))),
              ElementsAre("closed UNAVAILABLE: cannot reach \"host:1\" within "
                          "5000 ms: the service broke the protocol: welcome: "
                          "expected a session and a next_seq, got session 0 "
                          "and next_seq 1"));
}

TEST_F(ClientSessionResumptionTest, WhatCannotBeMendedByTryingAgainIsFinal) {
  for (const Status& status :
       {absl::AbortedError("a newer stream has the session"),
        InvalidArgument("ack: expected at most 3, got 4"),
        absl::PermissionDeniedError("another credential"),
        AlreadyExists("taken")}) {
    ClientSession session(Options({}));
    session.Start(At(seconds(0)));
    session.Welcomed(Holding(7, Continuity::kNew, 1, {}), At(seconds(0)));
    EXPECT_THAT(Text(session.StreamBroken(status, At(seconds(1)))),
                ElementsAre("closed " + status.ToString()));
  }
}

}  // namespace
}  // namespace streamer
