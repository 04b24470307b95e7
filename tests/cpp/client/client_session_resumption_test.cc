// ClientSession with a session: what it asks again, and what it believes.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_actions.h"
#include "client/client_session.h"
#include "client/internal/subscription_book.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Continuity = SessionWelcome::Continuity;

// What a service says that holds the subscriptions of these ids, each with the
// filter "true".
SessionWelcome Holding(std::uint64_t session, Continuity continuity,
                       std::uint64_t next_seq,
                       const std::vector<std::string>& ids) {
  SessionWelcome welcome{.session = session,
                         .continuity = continuity,
                         .next_seq = next_seq,
                         .from_progress = "p1-1-10",
                         .to_progress = "p1-1-20"};
  for (const std::string& id : ids) {
    welcome.subscription_count += 1;
    welcome.subscription_digest += *client_internal::DigestOf(Request(id));
  }
  return welcome;
}

class ClientSessionResumptionTest : public ::testing::Test {
 protected:
  ClientSessionResumptionTest() : session_(Options({})) {}

  static ClientSessionOptions Options(const SessionPlace& place) {
    ClientSessionOptions options;
    options.target = "host:1";
    options.session = place;
    return options;
  }

  void Connect() {
    session_.Start(At(seconds(0)));
    session_.Welcomed(Holding(7, Continuity::kNew, 1, {}), At(seconds(0)));
    ASSERT_EQ(session_.state(), ClientState::kConnected);
  }

  void SubscribeLive(const std::string& id, std::uint64_t ticket = 1,
                     std::uint64_t handle = 1) {
    session_.Subscribe(SubscribeTicket(ticket), Request(id));
    session_.SubscribeAnswered(id, Accepted(id, handle));
    ASSERT_TRUE(session_.IsLive(id));
  }

  EntryNumber Receive(std::uint64_t seq) {
    const std::string progress = "p1-1-" + std::to_string(seq);
    return session_
        .DeliveryReceived({.seq = seq, .progress = progress}, At(seconds(2)))
        .number;
  }

  // Breaks the stream and opens the next; returns what opening did.
  std::vector<std::string> Reopen() {
    session_.StreamBroken(Unavailable("gone"), At(seconds(1)));
    return Text(session_.Tick(*session_.NextDeadline()));
  }

  std::vector<std::string> Welcome(const SessionWelcome& welcome) {
    return Text(session_.Welcomed(welcome, At(seconds(2))));
  }

  static ReceivedGap GapOf(const std::vector<std::string>& ids,
                           const std::string& reason,
                           ReceivedGap::End end = ReceivedGap::End::kNone) {
    ReceivedGap gap;
    gap.subscription_ids = ids;
    gap.reason = reason;
    gap.end = end;
    return gap;
  }

  ClientSession session_;
};

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
  const MonotonicTime opened = At(seconds(1)) + milliseconds(100);
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
  EXPECT_EQ(session_.place(), (SessionPlace{8, 0, ""}));
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

TEST_F(ClientSessionResumptionTest, WhatIsProcessedIsAcknowledgedOnceIdle) {
  Connect();
  SubscribeLive("a");
  const EntryNumber first = Receive(1);
  const EntryNumber second = Receive(2);
  EXPECT_THAT(Text(session_.ProcessedUpTo(first)), IsEmpty());
  EXPECT_THAT(Text(session_.ProcessedUpTo(second)), ElementsAre("ack 7/2"));
}

TEST_F(ClientSessionResumptionTest, ABusyReaderAcknowledgesManyTogether) {
  Connect();
  SubscribeLive("a");
  std::vector<EntryNumber> numbers;
  for (std::uint64_t seq = 1; seq <= 600; ++seq)
    numbers.push_back(Receive(seq));
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 599; ++i) {
    for (auto& text : Text(session_.ProcessedUpTo(numbers[i]))) {
      sent.push_back(text);
    }
  }
  EXPECT_THAT(sent, ElementsAre("ack 7/256", "ack 7/512"));
  EXPECT_THAT(Text(session_.Tick(At(seconds(10)))),
              ElementsAre("ack 7/599", "heartbeat 600"));
}

TEST_F(ClientSessionResumptionTest, AResyncIsAGapInItsPlaceAndAcknowledged) {
  Connect();
  SubscribeLive("a", 1);
  SubscribeLive("b", 2);
  Receive(1);
  ReceivedGap resync = GapOf({"b"}, "the source was cut");
  resync.from_progress = "p1-1-3";
  resync.to_progress = "p1-1-5";
  EXPECT_THAT(Text(session_.ResyncReceived(2, resync, At(seconds(2)))),
              ElementsAre("gap b: the source was cut (p1-1-3, p1-1-5]"));
  EXPECT_THAT(Text(session_.ResyncReceived(2, resync, At(seconds(2)))),
              IsEmpty());
  session_.ProcessedUpTo({1, 1, 0});
  EXPECT_THAT(Text(session_.Processed({1, 2, 0})), ElementsAre("ack 7/2"));
}

TEST_F(ClientSessionResumptionTest, AResyncOfAllNamesWhatIsLive) {
  Connect();
  SubscribeLive("a", 1);
  SubscribeLive("b", 2);
  session_.Subscribe(SubscribeTicket(3), Request("c"));
  EXPECT_THAT(
      Text(session_.ResyncReceived(1, GapOf({}, "cut"), At(seconds(2)))),
      ElementsAre("gap a b: cut"));
}

TEST_F(ClientSessionResumptionTest, AResyncOfWhatIsGoneIsAcknowledgedOnly) {
  Connect();
  SubscribeLive("a");
  ASSERT_TRUE(session_.Unsubscribe("a").ok());
  EXPECT_THAT(
      Text(session_.ResyncReceived(1, GapOf({"a"}, "cut"), At(seconds(2)))),
      ElementsAre("ack 7/1"));
}

TEST_F(ClientSessionResumptionTest, AClosedSubscriptionIsNotLiveAnyMore) {
  Connect();
  SubscribeLive("a", 1, 5);
  EXPECT_THAT(Text(session_.EndReceived(
                  1, SubscriptionHandle(5),
                  GapOf({"a"}, "its time passed", ReceivedGap::End::kExpired),
                  At(seconds(2)))),
              ElementsAre("gap a: its time passed"));
  EXPECT_FALSE(session_.IsLive("a"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 2, {})),
              IsEmpty());
}

TEST_F(ClientSessionResumptionTest, ANoticeOfAnEarlierLifeEndsNothing) {
  Connect();
  SubscribeLive("a", 1, 5);
  session_.Subscribe(SubscribeTicket(2), Request("a"));
  // The service had ended it, and the response overtook the notice of that.
  session_.SubscribeAnswered("a", Accepted("a", 6, "p1-1-8"));
  const ClientActions actions = session_.EndReceived(
      1, SubscriptionHandle(5),
      GapOf({"a"}, "its time passed", ReceivedGap::End::kExpired),
      At(seconds(2)));
  EXPECT_THAT(Text(actions), ElementsAre("gap a: its time passed"));
  EXPECT_EQ(std::get<client_action::ReportGap>(actions[0]).gap.end,
            ReceivedGap::End::kNone);
  EXPECT_TRUE(session_.IsLive("a"));
}

TEST_F(ClientSessionResumptionTest, AnEndWhileItIsAskedForAgainBeginsAnother) {
  Connect();
  SubscribeLive("a", 1, 5);
  session_.Subscribe(SubscribeTicket(2), Request("a", "doc.other"));
  session_.EndReceived(
      1, SubscriptionHandle(5),
      GapOf({"a"}, "its time passed", ReceivedGap::End::kExpired),
      At(seconds(2)));
  EXPECT_FALSE(session_.IsLive("a"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", Accepted("a", 6))),
              ElementsAre("2 answered a"));
  EXPECT_TRUE(session_.IsLive("a"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(8, Continuity::kLost, 1, {})),
              ElementsAre("subscribe a doc.other"));
}

TEST_F(ClientSessionResumptionTest, AnotherLifeMayHaveBegunBeforeTheBreak) {
  Connect();
  SubscribeLive("other", 1);
  SubscribeLive("a", 2, 5);
  ASSERT_TRUE(session_.Unsubscribe("other").ok());
  session_.Subscribe(SubscribeTicket(3), Request("a"));
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {"a"}));
  session_.EndReceived(
      1, SubscriptionHandle(5),
      GapOf({"a"}, "its time passed", ReceivedGap::End::kExpired),
      At(seconds(2)));
  // Its answer went down with the stream, its deliveries come.
  EXPECT_TRUE(session_.IsLive("a"));
}

TEST_F(ClientSessionResumptionTest, ASecondRequestIsAskedAgainLikeAnyOther) {
  Connect();
  SubscribeLive("a", 1);
  session_.Subscribe(SubscribeTicket(2), Request("a", "(true)"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {"a"})),
              ElementsAre("subscribe a (true)"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", Accepted("a"))),
              ElementsAre("2 answered a"));
}

TEST_F(ClientSessionResumptionTest, ANewLifeOfAnIdIsNotTakenForTheOld) {
  Connect();
  SubscribeLive("a", 1);
  ASSERT_TRUE(session_.Unsubscribe("a").ok());
  session_.Subscribe(SubscribeTicket(2), Request("a"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {"a"})),
              ElementsAre("unsubscribe a", "subscribe a true"));
  session_.UnsubscribeAnswered("a");
  session_.SubscribeAnswered("a", Accepted("a", 2));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {"a"})),
              IsEmpty());
}

TEST_F(ClientSessionResumptionTest, WhatWasNeverSentNeedsNoUnsubscribe) {
  Connect();
  session_.StreamBroken(Unavailable("gone"), At(seconds(1)));
  session_.Subscribe(SubscribeTicket(1), Request("a"));
  auto actions = session_.Unsubscribe("a", UnsubscribeTicket(2));
  ASSERT_TRUE(actions.ok());
  EXPECT_THAT(Text(*actions),
              ElementsAre("1 refused FAILED_PRECONDITION: subscription \"a\" "
                          "was unsubscribed before it was answered",
                          "2 unsubscribed OK"));
}

TEST_F(ClientSessionResumptionTest, ASubscriptionThatNobodyWantsIsEnded) {
  Connect();
  EXPECT_THAT(Text(session_.SubscribeAnswered("stray", Accepted("stray"))),
              ElementsAre("unsubscribe stray"));
}

TEST_F(ClientSessionResumptionTest, AnAckMayOvertakeWhatItSpeaksOf) {
  Connect();
  session_.HeartbeatAcknowledged(At(seconds(10)), 7, 2);
  EXPECT_THAT(Text(session_.Tick(At(seconds(39)))), ElementsAre("heartbeat"));
  Receive(1);
  Receive(2);
  session_.HeartbeatAcknowledged(At(seconds(40)), 7, 2);
  EXPECT_THAT(Text(session_.Tick(At(seconds(49)))), ElementsAre("heartbeat 2"));
}

TEST_F(ClientSessionResumptionTest, WhatWasSentAndNeverComesIsABrokenStream) {
  Connect();
  session_.HeartbeatAcknowledged(At(seconds(10)), 7, 2);
  session_.Tick(At(seconds(10)));
  session_.HeartbeatAcknowledged(At(seconds(11)), 7, 2);
  session_.Tick(At(seconds(20)));
  session_.HeartbeatAcknowledged(At(seconds(21)), 7, 2);
  session_.Tick(At(seconds(30)));
  session_.HeartbeatAcknowledged(At(seconds(31)), 7, 2);
  EXPECT_THAT(Text(session_.Tick(At(seconds(40)))), ElementsAre("abandon"));
}

TEST_F(ClientSessionResumptionTest, AnAckOfAnotherSessionSaysNothing) {
  Connect();
  session_.HeartbeatAcknowledged(At(seconds(10)), 6, 99);
  session_.Tick(At(seconds(10)));
  session_.HeartbeatAcknowledged(At(seconds(11)), 0, 0);
  EXPECT_THAT(Text(session_.Tick(At(seconds(41)))), ElementsAre("heartbeat"));
}

TEST_F(ClientSessionResumptionTest, ClosingAcknowledgesAndLeavesTheSession) {
  Connect();
  SubscribeLive("a");
  session_.ProcessedUpTo(Receive(1));
  const EntryNumber second = Receive(2);
  Receive(3);
  EXPECT_THAT(Text(session_.ProcessedUpTo(second)), IsEmpty());
  ASSERT_TRUE(session_.Unsubscribe("a", UnsubscribeTicket(9)).ok());
  EXPECT_THAT(Text(session_.Close(At(seconds(5)))),
              ElementsAre("ack 7/2", "finish",
                          "9 unsubscribed CANCELLED: the client is closed",
                          "closed OK"));
  EXPECT_EQ(session_.place(), (SessionPlace{7, 2, "p1-1-2"}));
  EXPECT_EQ(session_.NextDeadline(), At(seconds(6)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(6)))), ElementsAre("abandon"));
  EXPECT_FALSE(session_.NextDeadline().has_value());
}

TEST_F(ClientSessionResumptionTest, AServiceThatEndsAFinishedStreamIsNotCut) {
  Connect();
  session_.Close(At(seconds(5)));
  EXPECT_THAT(Text(session_.StreamBroken(OkStatus(), At(seconds(5)))),
              IsEmpty());
  EXPECT_FALSE(session_.NextDeadline().has_value());
}

TEST_F(ClientSessionResumptionTest, AnotherProcessGoesOnWhereOneStopped) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  EXPECT_THAT(Text(session.Start(At(seconds(0)))),
              ElementsAre("open", "hello s1-7-41-p1-1-41"));
  EXPECT_THAT(
      Text(session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a", "b"}),
                            At(seconds(0)))),
      ElementsAre("connected"));
  // It has not asked for them, and must not pass them over.
  EXPECT_TRUE(session.IsLive("a"));
  EXPECT_EQ(
      session
          .DeliveryReceived({.seq = 42, .progress = "p1-1-42"}, At(seconds(1)))
          .number,
      (EntryNumber{1, 42, 0}));
  auto ended = session.Unsubscribe("b", UnsubscribeTicket(1));
  ASSERT_TRUE(ended.ok());
  EXPECT_THAT(Text(*ended), ElementsAre("unsubscribe b"));
  EXPECT_FALSE(session.IsLive("b"));
  EXPECT_TRUE(session.IsLive("a"));
  EXPECT_THAT(
      Text(session.ResyncReceived(43, GapOf({}, "cut"), At(seconds(1)))),
      ElementsAre("gap: cut"));
}

TEST_F(ClientSessionResumptionTest, NothingIsPromisedThatTheOtherProcessHad) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a"}),
                   At(seconds(0)));
  for (const auto& [said, promised] :
       {std::pair("p1-1-9", "p1-1-41"), std::pair("p1-1-50", "p1-1-50")}) {
    session.Subscribe(SubscribeTicket(1), Request(said));
    const ClientActions actions =
        session.SubscribeAnswered(said, Accepted(said, 1, said));
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(
        std::get<client_action::CompleteSubscribe>(actions[0]).answer->progress,
        promised);
  }
}

TEST_F(ClientSessionResumptionTest, AnotherProcessMayAskForThePast) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a"}),
                   At(seconds(0)));
  session.Subscribe(SubscribeTicket(1), RequestAfter("past", "p1-1-9"));
  const ClientActions actions =
      session.SubscribeAnswered("past", Accepted("past", 1, "p1-1-9"));
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(
      std::get<client_action::CompleteSubscribe>(actions[0]).answer->progress,
      "p1-1-9");
}

TEST_F(ClientSessionResumptionTest, AskingForWhatIsHeldPassesNothingOver) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a", "b"}),
                   At(seconds(0)));
  ASSERT_TRUE(session.Unsubscribe("b").ok());
  session.Subscribe(SubscribeTicket(1), Request("a"));
  session.Subscribe(SubscribeTicket(2), Request("b"));
  EXPECT_TRUE(session.IsLive("a"));
  EXPECT_FALSE(session.IsLive("b"));
}

// Another process acknowledged what this one did not have; what both asked for
// goes on, and may come before this one's request is answered.
TEST_F(ClientSessionResumptionTest, ALossLeavesWhatTheSessionHolds) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Subscribe(SubscribeTicket(1), Request("a"));
  session.Welcomed(Holding(7, Continuity::kLost, 44, {"a", "b"}),
                   At(seconds(0)));
  EXPECT_TRUE(session.IsLive("a"));
  EXPECT_TRUE(session.IsLive("b"));
}

TEST_F(ClientSessionResumptionTest, AnotherProcessIsToldOfALostSession) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  EXPECT_THAT(Text(session.Welcomed(Holding(9, Continuity::kLost, 1, {}),
                                    At(seconds(0)))),
              ElementsAre("connected",
                          "gap: the service lost continuity of the session "
                          "(p1-1-10, p1-1-20]"));
  EXPECT_FALSE(session.IsLive("a"));
  EXPECT_EQ(session.Unsubscribe("a").status(),
            NotFound("no subscription \"a\" on this client"));
}

}  // namespace
}  // namespace streamer
