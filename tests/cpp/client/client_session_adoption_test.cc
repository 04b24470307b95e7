// ClientSession that goes on with the session of another process.
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/session_fixture.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

using ClientSessionAdoptionTest = SessionFixture;

TEST_F(ClientSessionAdoptionTest, AnotherProcessGoesOnWhereOneStopped) {
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

TEST_F(ClientSessionAdoptionTest, ALossBeginsWhereTheLastOfThemWas) {
  ClientSession session(
      Options(ParseSessionPlace("s1-7-41-p1-1-41-behind-p1-1-4").value()));
  EXPECT_THAT(Text(session.Start(At(seconds(0)))),
              ElementsAre("open", "hello s1-7-41-p1-1-41"));
  EXPECT_THAT(Text(session.Welcomed(Holding(7, Continuity::kLost, 44, {"a"}),
                                    At(seconds(0)))),
              ElementsAre("connected",
                          "gap: the service lost continuity of the session "
                          "(p1-1-4, p1-1-20]"));
}

// Another may have had nothing at all, since before who was behind began.
TEST_F(ClientSessionAdoptionTest, ALossBeginsNobodyKnowsWhereWithoutProgress) {
  ClientSession session(
      Options(ParseSessionPlace("s1-7-0--behind-p1-1-4").value()));
  session.Start(At(seconds(0)));
  SessionWelcome welcome = Holding(8, Continuity::kLost, 1, {});
  welcome.from_progress.clear();
  EXPECT_THAT(Text(session.Welcomed(welcome, At(seconds(0)))),
              ElementsAre("connected",
                          "gap: the service lost continuity of the session "
                          "(, p1-1-20]"));
}

TEST_F(ClientSessionAdoptionTest, WhoWasBehindStaysSoForTheNextProcess) {
  ClientSession session(
      Options(ParseSessionPlace("s1-7-41-p1-1-41-behind-p1-1-4").value()));
  session.Start(At(seconds(0)));
  session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a"}),
                   At(seconds(0)));
  EXPECT_EQ(FormatSessionPlace(*session.place()),
            "s1-7-41-p1-1-41-behind-p1-1-4");
}

TEST_F(ClientSessionAdoptionTest, NothingIsPromisedThatTheOtherProcessHad) {
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

TEST_F(ClientSessionAdoptionTest, AnotherProcessMayAskForThePast) {
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

TEST_F(ClientSessionAdoptionTest, AskingForWhatIsHeldPassesNothingOver) {
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
TEST_F(ClientSessionAdoptionTest, ALossLeavesWhatTheSessionHolds) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Subscribe(SubscribeTicket(1), Request("a"));
  session.Welcomed(Holding(7, Continuity::kLost, 44, {"a", "b"}),
                   At(seconds(0)));
  EXPECT_TRUE(session.IsLive("a"));
  EXPECT_TRUE(session.IsLive("b"));
}

// A third one may have had it, if the one before had asked already.
TEST_F(ClientSessionAdoptionTest, ALossOfThePastIsToldWithTheAnswer) {
  ClientSession session(Options({7, 41, "p1-1-41"}));
  session.Start(At(seconds(0)));
  session.Subscribe(SubscribeTicket(1), RequestAfter("a", "p1-1-5"));
  session.Welcomed(Holding(7, Continuity::kLost, 44, {"a"}), At(seconds(0)));
  EXPECT_THAT(
      Text(session.SubscribeAnswered("a", Accepted("a", 1, "p1-1-5"))),
      ElementsAre("1 answered a",
                  "gap a: the service lost continuity of the session (p1-1-5, "
                  "p1-1-20]"));
}

TEST_F(ClientSessionAdoptionTest, AnotherProcessIsToldOfALostSession) {
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

// The process is killed between two of them: the next one must be told.
TEST_F(ClientSessionAdoptionTest, ALossIsUnreadUntilEachOfItsGapsIsProcessed) {
  Connect();
  SubscribeLive("a", 1);
  SubscribeLive("b", 2);
  EXPECT_FALSE(session_.place()->has_unread_loss);
  Reopen();
  Welcome(Holding(9, Continuity::kLost, 1, {}));
  EXPECT_TRUE(session_.place()->has_unread_loss);
  const EntryNumber of_a = AnswerWithGap("a");
  session_.Processed(of_a);
  // That of b is not even reported.
  const EntryNumber delivery = Receive(1);
  session_.ProcessedUpTo(delivery);
  EXPECT_TRUE(session_.place()->has_unread_loss);
  const EntryNumber of_b = AnswerWithGap("b");
  EXPECT_LT(delivery, of_b);
  EXPECT_LT(of_b, Receive(2));
  EXPECT_TRUE(session_.place(delivery)->has_unread_loss);
  EXPECT_FALSE(session_.place(of_b)->has_unread_loss);
  EXPECT_TRUE(session_.place()->has_unread_loss);
  session_.Processed(of_b);
  EXPECT_EQ(session_.place(), (SessionPlace{9, 1, "p1-1-1", false}));
}

// No answer comes any more that would let it be told here.
TEST_F(ClientSessionAdoptionTest, ALossIsUnreadWhenTheClientIsClosedBefore) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(9, Continuity::kLost, 1, {}));
  session_.Close(At(seconds(3)));
  EXPECT_TRUE(session_.place()->has_unread_loss);
}

TEST_F(ClientSessionAdoptionTest, WhoeverUnsubscribesNeedNotReadOfALoss) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(9, Continuity::kLost, 1, {}));
  EXPECT_TRUE(session_.place()->has_unread_loss);
  ASSERT_TRUE(session_.Unsubscribe("a").ok());
  EXPECT_FALSE(session_.place()->has_unread_loss);
}

TEST_F(ClientSessionAdoptionTest, WhatMayBeHeldIsNoLossBeforeTheAnswerSaysSo) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {"a", "stray"}));
  EXPECT_FALSE(session_.place()->has_unread_loss);
  session_.Processed(AnswerWithGap("a"));
  EXPECT_FALSE(session_.place()->has_unread_loss);
  Reopen();
  Welcome(Holding(7, Continuity::kComplete, 1, {"a", "stray"}));
  session_.SubscribeAnswered("a", Accepted("a", 3, "p1-1-30"));
  EXPECT_TRUE(session_.place()->has_unread_loss);
}

TEST_F(ClientSessionAdoptionTest, ARefusalIsUnreadUntilItIsProcessed) {
  Connect();
  SubscribeLive("a");
  Reopen();
  Welcome(Holding(9, Continuity::kLost, 1, {}));
  const ClientActions actions =
      session_.SubscribeAnswered("a", InvalidArgument("too costly"));
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_TRUE(session_.place()->has_unread_loss);
  session_.Processed(std::get<client_action::ReportGap>(actions[0]).gap.number);
  EXPECT_FALSE(session_.place()->has_unread_loss);
}

TEST_F(ClientSessionAdoptionTest, AnotherProcessIsToldOfALossThatWasNotRead) {
  ClientSession session(Options({7, 41, "p1-1-41", true}));
  EXPECT_THAT(Text(session.Start(At(seconds(0)))),
              ElementsAre("open", "hello s1-7-41-p1-1-41"));
  EXPECT_TRUE(session.place()->has_unread_loss);
  const ClientActions actions = session.Welcomed(
      Holding(7, Continuity::kComplete, 42, {"a"}), At(seconds(0)));
  EXPECT_THAT(Text(actions),
              ElementsAre("connected",
                          "gap: the process before was told of a loss and did "
                          "not read of it"));
  EXPECT_TRUE(session.place()->has_unread_loss);
  session.Processed(std::get<client_action::ReportGap>(actions[1]).gap.number);
  EXPECT_EQ(session.place(), (SessionPlace{7, 41, "p1-1-41", false}));
  // It is told once.
  session.StreamBroken(Unavailable("gone"), At(seconds(1)));
  session.Tick(*session.NextDeadline());
  EXPECT_THAT(
      Text(session.Welcomed(Holding(7, Continuity::kComplete, 42, {"a"}),
                            At(seconds(2)))),
      ::testing::IsEmpty());
}

}  // namespace
}  // namespace streamer
