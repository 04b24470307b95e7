// ClientSession with a session: what comes numbered, and acknowledging it.
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/session_fixture.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ClientSessionEntriesTest = SessionFixture;

TEST_F(ClientSessionEntriesTest, WhatIsProcessedIsAcknowledgedOnceIdle) {
  Connect();
  SubscribeLive("a");
  const EntryNumber first = Receive(1);
  const EntryNumber second = Receive(2);
  EXPECT_THAT(Text(session_.ProcessedUpTo(first)), IsEmpty());
  EXPECT_THAT(Text(session_.ProcessedUpTo(second)), ElementsAre("ack 7/2"));
}

TEST_F(ClientSessionEntriesTest, ABusyReaderAcknowledgesManyTogether) {
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

TEST_F(ClientSessionEntriesTest, AResyncIsAGapInItsPlaceAndAcknowledged) {
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

TEST_F(ClientSessionEntriesTest, AResyncOfAllConcernsWhatOthersRegisteredToo) {
  Connect();
  SubscribeLive("a", 1);
  SubscribeLive("b", 2);
  session_.Subscribe(SubscribeTicket(3), Request("c"));
  EXPECT_THAT(
      Text(session_.ResyncReceived(1, GapOf({}, "cut"), At(seconds(2)))),
      ElementsAre("gap: cut"));
}

TEST_F(ClientSessionEntriesTest, AResyncOfWhatIsGoneIsAcknowledgedOnly) {
  Connect();
  SubscribeLive("a");
  ASSERT_TRUE(session_.Unsubscribe("a").ok());
  EXPECT_THAT(
      Text(session_.ResyncReceived(1, GapOf({"a"}, "cut"), At(seconds(2)))),
      ElementsAre("ack 7/1"));
}

TEST_F(ClientSessionEntriesTest, AClosedSubscriptionIsNotLiveAnyMore) {
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

TEST_F(ClientSessionEntriesTest, ANoticeOfAnEarlierLifeEndsNothing) {
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

TEST_F(ClientSessionEntriesTest, AnEndWhileItIsAskedForAgainBeginsAnother) {
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

TEST_F(ClientSessionEntriesTest, AnotherLifeMayHaveBegunBeforeTheBreak) {
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

TEST_F(ClientSessionEntriesTest, ASecondRequestIsAskedAgainLikeAnyOther) {
  Connect();
  SubscribeLive("a", 1);
  session_.Subscribe(SubscribeTicket(2), Request("a", "(true)"));
  Reopen();
  EXPECT_THAT(Welcome(Holding(7, Continuity::kNothingMissed, 1, {"a"})),
              ElementsAre("subscribe a (true)"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("a", Accepted("a"))),
              ElementsAre("2 answered a"));
}

TEST_F(ClientSessionEntriesTest, ANewLifeOfAnIdIsNotTakenForTheOld) {
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

TEST_F(ClientSessionEntriesTest, WhatWasNeverSentNeedsNoUnsubscribe) {
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

TEST_F(ClientSessionEntriesTest, ASubscriptionThatNobodyWantsIsEnded) {
  Connect();
  EXPECT_THAT(Text(session_.SubscribeAnswered("stray", Accepted("stray"))),
              ElementsAre("unsubscribe stray"));
}

TEST_F(ClientSessionEntriesTest, AnAckMayOvertakeWhatItSpeaksOf) {
  Connect();
  session_.HeartbeatAcknowledged(At(seconds(10)), 7, 2);
  EXPECT_THAT(Text(session_.Tick(At(seconds(39)))), ElementsAre("heartbeat"));
  Receive(1);
  Receive(2);
  session_.HeartbeatAcknowledged(At(seconds(40)), 7, 2);
  EXPECT_THAT(Text(session_.Tick(At(seconds(49)))), ElementsAre("heartbeat 2"));
}

TEST_F(ClientSessionEntriesTest, WhatWasSentAndNeverComesIsABrokenStream) {
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

TEST_F(ClientSessionEntriesTest, AnAckOfAnotherSessionSaysNothing) {
  Connect();
  session_.HeartbeatAcknowledged(At(seconds(10)), 6, 99);
  session_.Tick(At(seconds(10)));
  session_.HeartbeatAcknowledged(At(seconds(11)), 0, 0);
  EXPECT_THAT(Text(session_.Tick(At(seconds(41)))), ElementsAre("heartbeat"));
}

TEST_F(ClientSessionEntriesTest, ClosingAcknowledgesAndLeavesTheSession) {
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

TEST_F(ClientSessionEntriesTest, AServiceThatEndsAFinishedStreamIsNotCut) {
  Connect();
  session_.Close(At(seconds(5)));
  EXPECT_THAT(Text(session_.StreamBroken(OkStatus(), At(seconds(5)))),
              IsEmpty());
  EXPECT_FALSE(session_.NextDeadline().has_value());
}

}  // namespace
}  // namespace streamer
