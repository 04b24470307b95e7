#include "client/client_session.h"

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_actions.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClientSessionTest : public ::testing::Test {
 protected:
  ClientSessionTest() : session_(Options()) {}

  static ClientSessionOptions Options() {
    ClientSessionOptions options;
    options.target = "host:1";
    return options;
  }

  void Connect(Duration when = Duration(0)) {
    session_.Start(At(when));
    session_.MessageReceived(At(when));
    session_.HeartbeatAcknowledged(At(when));
  }

  void SubscribeLive(const std::string& id, std::uint64_t ticket) {
    session_.Subscribe(SubscribeTicket(ticket), Request(id));
    session_.SubscribeAnswered(id, Accepted(id));
    ASSERT_TRUE(session_.IsLive(id));
  }

  // Breaks the stream and opens the next; returns what opening did.
  std::vector<std::string> Reopen(Duration when) {
    session_.StreamBroken(Unavailable("gone"), At(when));
    return Text(session_.Tick(*session_.NextDeadline()));
  }

  ClientSession session_;
};

TEST_F(ClientSessionTest, FirstMessageOfTheFirstStreamConnects) {
  EXPECT_THAT(Text(session_.Start(At(seconds(0)))),
              ElementsAre("open", "heartbeat"));
  EXPECT_EQ(session_.state(), ClientState::kConnecting);
  EXPECT_THAT(Text(session_.MessageReceived(At(milliseconds(2)))),
              ElementsAre("connected"));
  EXPECT_EQ(session_.state(), ClientState::kConnected);
  EXPECT_THAT(Text(session_.MessageReceived(At(milliseconds(3)))), IsEmpty());
  EXPECT_EQ(session_.reconnects(), 0u);
}

TEST_F(ClientSessionTest, WhatWasAnsweredIsNotResumedAfterItsOldPlaceAgain) {
  Connect();
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(1),
                                      RequestAfter("s1", "p1-1-4"))),
              ElementsAre("subscribe s1 true after p1-1-4"));
  // Nothing of it came yet, so its place is still the one to begin after.
  EXPECT_THAT(
      Reopen(seconds(1)),
      ElementsAre("open", "subscribe s1 true after p1-1-4", "heartbeat"));
  session_.MessageReceived(At(seconds(2)));
  session_.SubscribeAnswered("s1", Accepted("s1"));
  EXPECT_THAT(Reopen(seconds(3)),
              ElementsAre("open", "subscribe s1 true", "heartbeat"));
}

TEST_F(ClientSessionTest, GivesUpOnceTheFirstConnectionTookTooLong) {
  session_.Start(At(seconds(0)));
  MonotonicTime now = At(seconds(0));
  std::vector<std::string> last;
  int attempts = 1;
  while (session_.state() != ClientState::kClosed) {
    session_.StreamBroken(Unavailable("connection refused"), now);
    now = *session_.NextDeadline();
    last = Text(session_.Tick(now));
    attempts += last.front() == "open" ? 1 : 0;
  }
  EXPECT_EQ(now, At(seconds(5)));
  EXPECT_GT(attempts, 4);
  EXPECT_THAT(last,
              ElementsAre("closed UNAVAILABLE: cannot reach \"host:1\" within "
                          "5000 ms: connection refused"));
  EXPECT_FALSE(session_.NextDeadline().has_value());
}

TEST_F(ClientSessionTest, AServiceThatRefusesForGoodIsNotAskedAgain) {
  session_.Start(At(seconds(0)));
  EXPECT_THAT(Text(session_.StreamBroken(Unimplemented("unknown service"),
                                         At(seconds(1)))),
              ElementsAre("closed UNIMPLEMENTED: unknown service"));
}

TEST_F(ClientSessionTest, AnAttemptWithoutAnyAnswerIsAbandoned) {
  ClientSessionOptions options = Options();
  options.connect_timeout = seconds(60);
  ClientSession session(options);
  session.Start(At(seconds(0)));
  EXPECT_EQ(session.NextDeadline(), At(seconds(10)));
  EXPECT_THAT(Text(session.Tick(At(seconds(10)))), ElementsAre("abandon"));
  EXPECT_GT(*session.NextDeadline(), At(seconds(10)));
}

TEST_F(ClientSessionTest, SubscribeIsSentAtOnceAndCompletedByItsAnswer) {
  Connect();
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(7), Request("s1"))),
              ElementsAre("subscribe s1 true"));
  EXPECT_FALSE(session_.IsLive("s1"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              ElementsAre("7 answered s1"));
  EXPECT_TRUE(session_.IsLive("s1"));
}

TEST_F(ClientSessionTest, ARefusedSubscriptionLeavesNothing) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("s1"));
  EXPECT_THAT(Text(session_.SubscribeAnswered(
                  "s1", ResourceExhausted("quota of the gateway"))),
              ElementsAre("1 refused RESOURCE_EXHAUSTED: quota of the "
                          "gateway"));
  EXPECT_EQ(session_.subscription_count(), 0u);
  EXPECT_THAT(Reopen(seconds(1)), ElementsAre("open", "heartbeat"));
}

TEST_F(ClientSessionTest, SubscriptionsMadeWhileDisconnectedAreSentOnOpening) {
  Connect();
  session_.StreamBroken(Unavailable("gone"), At(seconds(1)));
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(1), Request("s1"))),
              IsEmpty());
  EXPECT_THAT(Text(session_.Tick(*session_.NextDeadline())),
              ElementsAre("open", "subscribe s1 true", "heartbeat"));
}

TEST_F(ClientSessionTest, LiveSubscriptionsAreAskedForAgainBeforeAllElse) {
  Connect();
  SubscribeLive("b", 1);
  SubscribeLive("a", 2);
  EXPECT_THAT(Reopen(seconds(9)), ElementsAre("open", "subscribe a true",
                                              "subscribe b true", "heartbeat"));
  EXPECT_EQ(session_.state(), ClientState::kReconnecting);
  session_.MessageReceived(At(seconds(10)));
  EXPECT_EQ(session_.state(), ClientState::kConnected);
  EXPECT_EQ(session_.reconnects(), 1u);
}

TEST_F(ClientSessionTest, TheAnswerAfterABreakIsAGapAndNoneBefore) {
  Connect();
  SubscribeLive("s1", 1);
  Reopen(seconds(9));
  EXPECT_TRUE(session_.IsLive("s1"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              ElementsAre("gap s1: the stream broke: gone"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              IsEmpty());
}

TEST_F(ClientSessionTest, AGapNamesTheFirstOfSeveralBreaks) {
  Connect();
  SubscribeLive("s1", 1);
  session_.StreamBroken(OkStatus(), At(seconds(1)));
  session_.Tick(*session_.NextDeadline());
  Reopen(seconds(2));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              ElementsAre("gap s1: the stream broke: the service closed it"));
}

TEST_F(ClientSessionTest, ARefusalAfterABreakEndsTheSubscription) {
  Connect();
  SubscribeLive("s1", 1);
  Reopen(seconds(9));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", ResourceExhausted("full"))),
              ElementsAre("gap s1: refused when asked for again: full"));
  EXPECT_FALSE(session_.IsLive("s1"));
}

TEST_F(ClientSessionTest, ARefusalThatNobodyAskedForEndsTheSubscription) {
  Connect();
  SubscribeLive("s1", 1);
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("s1", InvalidArgument("over budget"))),
      ElementsAre("gap s1: ended by the service: over budget"));
  EXPECT_FALSE(session_.IsLive("s1"));
}

TEST_F(ClientSessionTest, AskingAgainForALiveOneLeavesTheDecisionToTheService) {
  Connect();
  SubscribeLive("s1", 1);
  EXPECT_THAT(
      Text(session_.Subscribe(SubscribeTicket(2), Request("s1", "false"))),
      ElementsAre("subscribe s1 false"));
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("s1", AlreadyExists("another filter"))),
      ElementsAre("2 refused ALREADY_EXISTS: another filter"));
  EXPECT_TRUE(session_.IsLive("s1"));
  EXPECT_THAT(Reopen(seconds(9)),
              ElementsAre("open", "subscribe s1 true", "heartbeat"));
}

TEST_F(ClientSessionTest, ASecondRequestIsUnavailableWhenTheStreamBreaks) {
  Connect();
  SubscribeLive("s1", 1);
  session_.Subscribe(SubscribeTicket(2), Request("s1"));
  EXPECT_THAT(Text(session_.StreamBroken(Unavailable("gone"), At(seconds(1)))),
              ElementsAre("2 refused UNAVAILABLE: the stream broke before "
                          "subscription \"s1\" was answered again; it stays "
                          "as it was"));
}

TEST_F(ClientSessionTest, AnIdThatIsBeingAskedForIsRefusedLocally) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("s1"));
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(2), Request("s1"))),
              ElementsAre("2 refused ALREADY_EXISTS: subscription \"s1\" is "
                          "being asked for already"));
}

TEST_F(ClientSessionTest, UnsubscribeEndsTheSubscriptionAtOnce) {
  Connect();
  SubscribeLive("s1", 1);
  EXPECT_FALSE(session_.has_retired());
  auto actions = session_.Unsubscribe("s1");
  ASSERT_TRUE(actions.ok());
  EXPECT_THAT(Text(*actions), ElementsAre("unsubscribe s1"));
  EXPECT_FALSE(session_.IsLive("s1"));
  EXPECT_TRUE(session_.has_retired());
  EXPECT_EQ(session_.Unsubscribe("s1").status(),
            NotFound("no subscription \"s1\" on this client"));
}

TEST_F(ClientSessionTest, UnsubscribeWhileDisconnectedSendsNothing) {
  Connect();
  SubscribeLive("s1", 1);
  session_.StreamBroken(Unavailable("gone"), At(seconds(1)));
  auto actions = session_.Unsubscribe("s1");
  ASSERT_TRUE(actions.ok());
  EXPECT_THAT(*actions, IsEmpty());
  EXPECT_THAT(Text(session_.Tick(*session_.NextDeadline())),
              ElementsAre("open", "heartbeat"));
  EXPECT_FALSE(session_.has_retired());
}

TEST_F(ClientSessionTest, UnsubscribeOfAnUnansweredOneTellsWhoWaits) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("s1"));
  auto actions = session_.Unsubscribe("s1");
  ASSERT_TRUE(actions.ok());
  EXPECT_THAT(Text(*actions),
              ElementsAre("1 refused FAILED_PRECONDITION: subscription \"s1\" "
                          "was unsubscribed before it was answered",
                          "unsubscribe s1"));
}

TEST_F(ClientSessionTest, TheAnswerToACancelledRequestIsNotTheNextOnes) {
  Connect();
  session_.Subscribe(SubscribeTicket(1), Request("s1"));
  EXPECT_THAT(Text(session_.CancelSubscribe(SubscribeTicket(1))),
              ElementsAre("unsubscribe s1"));
  session_.Subscribe(SubscribeTicket(2), Request("s1", "false"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              IsEmpty());
  EXPECT_FALSE(session_.IsLive("s1"));
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", InvalidArgument("bad"))),
              ElementsAre("2 refused INVALID_ARGUMENT: bad"));
}

TEST_F(ClientSessionTest, CancellingASecondRequestKeepsTheSubscription) {
  Connect();
  SubscribeLive("s1", 1);
  session_.Subscribe(SubscribeTicket(2), Request("s1", "false"));
  EXPECT_THAT(Text(session_.CancelSubscribe(SubscribeTicket(2))), IsEmpty());
  EXPECT_THAT(
      Text(session_.SubscribeAnswered("s1", AlreadyExists("another filter"))),
      IsEmpty());
  EXPECT_TRUE(session_.IsLive("s1"));
}

TEST_F(ClientSessionTest, CancellingAnUnknownTicketDoesNothing) {
  Connect();
  EXPECT_THAT(Text(session_.CancelSubscribe(SubscribeTicket(99))), IsEmpty());
}

TEST_F(ClientSessionTest, AHeartbeatGoesOutInEachInterval) {
  Connect();
  EXPECT_EQ(session_.NextDeadline(), At(seconds(10)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(9)))), IsEmpty());
  EXPECT_THAT(Text(session_.Tick(At(seconds(10)))), ElementsAre("heartbeat"));
  session_.HeartbeatAcknowledged(At(seconds(11)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(20)))), ElementsAre("heartbeat"));
}

TEST_F(ClientSessionTest, SilenceAfterAHeartbeatIsABrokenStream) {
  Connect();
  SubscribeLive("s1", 1);
  session_.Tick(At(seconds(10)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(39)))), IsEmpty());
  EXPECT_THAT(Text(session_.Tick(At(seconds(40)))), ElementsAre("abandon"));
  EXPECT_EQ(session_.state(), ClientState::kReconnecting);
  session_.Tick(*session_.NextDeadline());
  EXPECT_THAT(Text(session_.SubscribeAnswered("s1", Accepted("s1"))),
              ElementsAre("gap s1: the stream broke: no answer to a heartbeat "
                          "within 30000 ms"));
}

TEST_F(ClientSessionTest, AnyMessageIsAsGoodAsAnAcknowledgement) {
  Connect();
  session_.Tick(At(seconds(10)));
  session_.MessageReceived(At(seconds(35)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(64)))), IsEmpty());
  EXPECT_THAT(Text(session_.Tick(At(seconds(65)))), ElementsAre("abandon"));
}

TEST_F(ClientSessionTest, SilenceProvesNothingWhileNobodyReads) {
  Connect();
  session_.Tick(At(seconds(10)));
  session_.ReadingPaused();
  EXPECT_THAT(Text(session_.Tick(At(seconds(500)))), IsEmpty());
  session_.ReadingResumed(At(seconds(500)));
  EXPECT_THAT(Text(session_.Tick(At(seconds(529)))), IsEmpty());
  EXPECT_THAT(Text(session_.Tick(At(seconds(530)))), ElementsAre("abandon"));
}

TEST_F(ClientSessionTest, AServiceThatBreaksAtOnceIsAskedEverMoreSlowly) {
  Connect();
  MonotonicTime now = At(seconds(0));
  Duration wait{};
  for (int broken = 0; broken < 12; ++broken) {
    session_.StreamBroken(Unavailable("gone"), now);
    wait = *session_.NextDeadline() - now;
    now = *session_.NextDeadline();
    session_.Tick(now);
    session_.MessageReceived(now);
  }
  EXPECT_GE(wait, seconds(15));
  session_.StreamBroken(Unavailable("gone"), now + seconds(6));
  EXPECT_LE(*session_.NextDeadline(), now + seconds(6) + milliseconds(200));
}

TEST_F(ClientSessionTest, CloseEndsEverythingOnce) {
  Connect();
  SubscribeLive("s1", 1);
  session_.Subscribe(SubscribeTicket(2), Request("s2"));
  EXPECT_THAT(
      Text(session_.Close(At(seconds(1)))),
      ElementsAre("abandon", "2 refused CANCELLED: the client is closed",
                  "closed OK"));
  EXPECT_THAT(Text(session_.Close(At(seconds(1)))), IsEmpty());
  EXPECT_THAT(Text(session_.Tick(At(seconds(100)))), IsEmpty());
  EXPECT_THAT(Text(session_.Subscribe(SubscribeTicket(3), Request("s3"))),
              ElementsAre("3 refused CANCELLED: the client is "
                          "closed"));
  EXPECT_THAT(Text(session_.StreamBroken(Unavailable("late"), At(seconds(1)))),
              IsEmpty());
}

TEST(ClientStateTest, EveryStateHasItsName) {
  EXPECT_EQ(NameOf(ClientState::kConnecting), "connecting");
  EXPECT_EQ(NameOf(ClientState::kConnected), "connected");
  EXPECT_EQ(NameOf(ClientState::kReconnecting), "reconnecting");
  EXPECT_EQ(NameOf(ClientState::kClosed), "closed");
}

// A service that answers in order, and a session, driven at random. Whatever
// happens, once the stream stands and every answer came, the service holds
// exactly the subscriptions that the session calls live, and every ticket was
// completed exactly once unless it was cancelled.
class RandomSession {
 public:
  explicit RandomSession(std::uint64_t seed)
      : random_(seed), session_(ClientSessionOptions{}) {
    Do(session_.Start(now_));
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) Step();
    while (!stream_open_) Tick();
    while (!to_service_.empty()) ServiceReads();
    for (const auto& [id, expression] : held_) {
      EXPECT_TRUE(session_.IsLive(id)) << id;
    }
    EXPECT_EQ(session_.subscription_count(), held_.size());
    EXPECT_THAT(open_tickets_, IsEmpty());
  }

 private:
  void Step() {
    const std::string id(1, static_cast<char>('a' + random_() % 4));
    switch (random_() % 8) {
      case 0:
      case 1: {
        const std::uint64_t ticket = ++last_ticket_;
        open_tickets_.insert(ticket);
        Do(session_.Subscribe(SubscribeTicket(ticket),
                              Request(id, random_() % 2 ? "x" : "y")));
        break;
      }
      case 2: {
        auto actions = session_.Unsubscribe(id);
        if (actions.ok()) Do(*std::move(actions));
        break;
      }
      case 3:
        if (!open_tickets_.empty()) {
          const std::uint64_t ticket = *open_tickets_.begin();
          open_tickets_.erase(ticket);
          Do(session_.CancelSubscribe(SubscribeTicket(ticket)));
        }
        break;
      case 4:
        if (stream_open_ && random_() % 4 == 0) Break();
        break;
      case 5:
        Tick();
        break;
      default:
        ServiceReads();
    }
  }

  void Break() {
    stream_open_ = false;
    to_service_.clear();
    held_.clear();
    Do(session_.StreamBroken(Unavailable("gone"), now_));
  }

  void Tick() {
    now_ += milliseconds(500);
    Do(session_.Tick(now_));
  }

  void ServiceReads() {
    if (!stream_open_ || to_service_.empty()) return;
    const ClientAction message = to_service_.front();
    to_service_.erase(to_service_.begin());
    Do(session_.MessageReceived(now_));
    if (const auto* ask = std::get_if<client_action::SendSubscribe>(&message)) {
      Answer(ask->request);
    } else if (const auto* end =
                   std::get_if<client_action::SendUnsubscribe>(&message)) {
      held_.erase(end->subscription_id);
    } else {
      session_.HeartbeatAcknowledged(now_);
    }
  }

  void Answer(const SubscriptionRequest& request) {
    auto [held, is_new] = held_.try_emplace(request.id, request.expression);
    if (held->second != request.expression) {
      Do(session_.SubscribeAnswered(request.id, AlreadyExists("other")));
    } else if (is_new && random_() % 8 == 0) {
      held_.erase(held);
      Do(session_.SubscribeAnswered(request.id, ResourceExhausted("full")));
    } else {
      Do(session_.SubscribeAnswered(request.id, Accepted(request.id)));
    }
  }

  void Do(ClientActions actions) {
    for (ClientAction& action : actions) {
      if (std::holds_alternative<client_action::OpenStream>(action)) {
        ASSERT_FALSE(stream_open_);
        stream_open_ = true;
      } else if (std::holds_alternative<client_action::AbandonStream>(action)) {
        stream_open_ = false;
        to_service_.clear();
        held_.clear();
      } else if (auto* done =
                     std::get_if<client_action::CompleteSubscribe>(&action)) {
        EXPECT_EQ(open_tickets_.erase(done->ticket.value()), 1u);
      } else if (!std::holds_alternative<client_action::ReportGap>(action) &&
                 !std::holds_alternative<client_action::ReportConnected>(
                     action)) {
        to_service_.push_back(std::move(action));
      }
    }
  }

  std::mt19937_64 random_;
  ClientSession session_;
  MonotonicTime now_ = At(seconds(0));
  bool stream_open_ = false;
  std::vector<ClientAction> to_service_;
  std::map<std::string, std::string> held_;
  std::set<std::uint64_t> open_tickets_;
  std::uint64_t last_ticket_ = 0;
};

TEST(ClientSessionModelTest, ClientAndServiceAgreeOnWhatIsLive) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSession(seed).Run(60);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace streamer
