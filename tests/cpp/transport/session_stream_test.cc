// A GatewayStream that keeps a session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>

#include "transport/gateway_stream_fixture.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionStreamTest : public GatewayStreamTest {
 protected:
  // Opens a session, which the engine answers.
  void Hello(const std::string& fields = "") {
    Receive("hello {gateway_id: 'g' " + fields + "}");
    Effects({SessionOpened{.session = SessionNumber(7)}});
    WriteEverything();
    connection_.written.clear();
  }
};

TEST_F(SessionStreamTest, AHelloMakesTheStreamOneOfASession) {
  Receive(
      "hello {gateway_id: 'g' session: 5 last_seq: 2 last_progress: 'p1-1-3'}");
  EXPECT_THAT(engine_.disconnected, ElementsAre(GatewayHandle(1)));
  ASSERT_THAT(engine_.sessions, SizeIs(1));
  EXPECT_EQ(engine_.sessions[0].gateway_id, "g");
  EXPECT_EQ(engine_.sessions[0].session, SessionNumber(5));
  EXPECT_EQ(engine_.sessions[0].last_sequence, 2u);
  EXPECT_EQ(engine_.sessions[0].last_progress, "p1-1-3");
  EXPECT_EQ(engine_.sessions[0].initial_credit, GatewayStreamOptions().window);
  EXPECT_EQ(connection_.reads, 2);
  Effects({SessionOpened{.session = SessionNumber(7)}});
  ASSERT_THAT(connection_.written, SizeIs(1));
  EXPECT_EQ(connection_.written[0].welcome().session(), 7u);
}

TEST_F(SessionStreamTest, AHelloThatCannotBeEndsTheStream) {
  Receive("hello {gateway_id: ''}");
  EXPECT_EQ(connection_.finished,
            InvalidArgument("hello.gateway_id: expected 1 to 128 of "
                            "[A-Za-z0-9_.:-], got \"\""));
  EXPECT_THAT(engine_.sessions, IsEmpty());
}

TEST_F(SessionStreamTest, AHelloComesFirstOrNever) {
  Receive("heartbeat {}");
  WriteEverything();
  Receive("hello {gateway_id: 'g'}");
  EXPECT_EQ(connection_.finished,
            InvalidArgument("hello: expected it as the first message of a "
                            "stream, got another before it"));
}

TEST_F(SessionStreamTest, AcksOfThisSessionReachTheEngineAndNoOthers) {
  Receive("hello {gateway_id: 'g'}");
  Receive("ack {seq: 1}");
  Effects({SessionOpened{.session = SessionNumber(7)}});
  Receive("ack {session: 6 seq: 2}");
  Receive("ack {session: 7 seq: 3}");
  EXPECT_THAT(engine_.acknowledged, ElementsAre(3u));
  WriteEverything();
}

TEST_F(SessionStreamTest, OfAcksThatWaitTheNewestSaysAll) {
  Hello();
  const auto receive = [this](int sequence) {
    Receive("ack {session: 7 seq: " + std::to_string(sequence) + "}");
  };
  for (const int sequence : {3, 4, 4, 6, 5}) receive(sequence);
  EXPECT_THAT(engine_.acknowledged, ElementsAre(3u));
  EXPECT_EQ(connection_.reads, 7);
  engine_.acknowledgement_taken();
  EXPECT_THAT(engine_.acknowledged, ElementsAre(3u, 6u));
  engine_.acknowledgement_taken();
  for (const int sequence : {6, 2}) receive(sequence);
  EXPECT_THAT(engine_.acknowledged, ElementsAre(3u, 6u));
  receive(8);
  EXPECT_THAT(engine_.acknowledged, ElementsAre(3u, 6u, 8u));
}

TEST_F(SessionStreamTest, AcksBeforeTheEndAreTaken) {
  Hello();
  Receive("ack {session: 7 seq: 1}");
  Receive("ack {session: 7 seq: 2}");
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_FALSE(connection_.is_finished());
  engine_.acknowledgement_taken();
  EXPECT_FALSE(connection_.is_finished());
  engine_.acknowledgement_taken();
  EXPECT_EQ(connection_.finished, OkStatus());
  EXPECT_THAT(engine_.acknowledged, ElementsAre(1u, 2u));
}

TEST_F(SessionStreamTest, DeliveriesThatWaitGoTogether) {
  Hello();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto delivery = MakeDelivery("e" + std::to_string(i));
    delivery->sequence = i;
    Effects({delivery});
  }
  Effects({ResyncRequired{.reason = "why", .sequence = 4}});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(3));
  EXPECT_EQ(connection_.written[0].delivery_batch().deliveries_size(), 1);
  EXPECT_EQ(connection_.written[1].delivery_batch().deliveries_size(), 2);
  EXPECT_EQ(connection_.written[2].resync_required().seq(), 4u);
}

// The router may be faster than whoever asked for the session.
TEST_F(SessionStreamTest, WhatIsWrittenBeforeTheHandleIsKnownIsGrantedForToo) {
  engine_.during_open_session = [this] {
    Effects({SessionOpened{.session = SessionNumber(7)}});
    for (std::size_t i = 1; i <= kGrantStep; ++i) {
      const auto delivery = MakeDelivery("e" + std::to_string(i));
      delivery->sequence = i;
      Effects({delivery});
    }
    WriteEverything();
    EXPECT_THAT(engine_.granted_to, IsEmpty());
  };
  Receive("hello {gateway_id: 'g'}");
  EXPECT_THAT(engine_.granted_to, ElementsAre(GatewayHandle(101)));
  EXPECT_EQ(engine_.granted, kGrantStep);
}

TEST_F(SessionStreamTest, EverythingIsAnsweredAndTold) {
  Hello();
  ReceiveSubscribe("s");
  Receive("unsubscribe {subscription_id: 's'}");
  Effects({Answer("s"), UnsubscribeResponse{.subscription_id = "s"},
           SubscriptionClosed{.subscription_id = "r", .sequence = 9}});
  Receive("heartbeat {timestamp: 5}");
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(4));
  EXPECT_TRUE(connection_.written[0].has_subscribe_response());
  // An ack never waits behind anything.
  EXPECT_EQ(connection_.written[1].heartbeat_ack().last_seq(), 9u);
  EXPECT_EQ(connection_.written[1].heartbeat_ack().session(), 7u);
  EXPECT_TRUE(connection_.written[2].unsubscribe_response().success());
  EXPECT_EQ(connection_.written[3].subscription_closed().seq(), 9u);
}

TEST_F(SessionStreamTest, ATimeToLiveIsMeant) {
  Hello();
  Receive(
      "subscribe {subscription_id: 's' tenant: 't' collection: 'c' "
      "ttl_seconds: 60}");
  ASSERT_THAT(engine_.commands, SizeIs(1));
  EXPECT_EQ(std::get<Subscribe>(engine_.commands[0]).ttl,
            std::chrono::seconds(60));
  EXPECT_EQ(std::get<Subscribe>(engine_.commands[0]).gateway,
            GatewayHandle(101));
}

TEST_F(SessionStreamTest, APlaceThatIsNoLongerHeldIsForAResyncToTell) {
  Hello();
  engine_.first_held = 10;
  Receive(
      "subscribe {subscription_id: 's' tenant: 't' collection: 'c' "
      "resume_after: 'p1-1-4'}");
  ASSERT_THAT(engine_.commands, SizeIs(1));
  EXPECT_EQ(std::get<Subscribe>(engine_.commands[0]).resume_after,
            (Position{1, 4}));
}

TEST_F(SessionStreamTest, ADocumentThatIsTooLargeCostsTheStreamNothing) {
  Hello("max_message_bytes: 65536");
  const auto delivery = MakeDelivery("e1", 100'000);
  delivery->sequence = 1;
  Effects({delivery});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(1));
  EXPECT_TRUE(
      connection_.written[0].delivery_batch().deliveries(0).document_omitted());
  EXPECT_FALSE(connection_.is_finished());
}

// An id is repeated in its answer, and answers may wait.
TEST_F(SessionStreamTest, AnUnsubscribeOfWhatIsNoIdIsRefusedInItsTurn) {
  Hello();
  ReceiveSubscribe("s");
  Receive("unsubscribe {subscription_id: '" + std::string(100'000, 'x') + "'}");
  EXPECT_THAT(engine_.commands, SizeIs(1));
  EXPECT_THAT(connection_.written, IsEmpty());
  Effects({Answer("s")});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(2));
  EXPECT_TRUE(connection_.written[0].has_subscribe_response());
  const pb::UnsubscribeResponse& answer =
      connection_.written[1].unsubscribe_response();
  EXPECT_EQ(answer.subscription_id(), std::string(1'024, 'x'));
  EXPECT_FALSE(answer.success());
  EXPECT_EQ(answer.error(),
            "subscription_id: expected at most 1024 bytes, got 100000");
}

// The engine answers once it is saved, which may take long.
TEST_F(SessionStreamTest, OnlySoManyUnsubscribesWaitForTheirAnswers) {
  Hello();
  const auto limit = static_cast<int>(GatewayStream::kMaxAnswers);
  const int before = connection_.reads;
  for (int i = 0; i < limit; ++i) {
    Receive("unsubscribe {subscription_id: 's'}");
    engine_.taken.back()();
  }
  EXPECT_EQ(connection_.reads, before + limit - 1);
  Effects({UnsubscribeResponse{.subscription_id = "s"}});
  WriteEverything();
  EXPECT_EQ(connection_.reads, before + limit);
}

TEST_F(SessionStreamTest, AnUnsubscribeBeforeTheEndIsAnswered) {
  Hello();
  Receive("unsubscribe {subscription_id: 's'}");
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_FALSE(connection_.is_finished());
  Effects({UnsubscribeResponse{.subscription_id = "s"}});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(1));
  EXPECT_TRUE(connection_.written[0].has_unsubscribe_response());
  EXPECT_EQ(connection_.finished, OkStatus());
}

TEST_F(SessionStreamTest, AHelloBeforeTheEndIsAnswered) {
  Receive("hello {gateway_id: 'g'}");
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_FALSE(connection_.is_finished());
  Effects({SessionOpened{.session = SessionNumber(7)}});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(1));
  EXPECT_EQ(connection_.written[0].welcome().session(), 7u);
  EXPECT_EQ(connection_.finished, OkStatus());
}

TEST_F(SessionStreamTest, AHelloThatIsRefusedEndsWithWhy) {
  Receive("hello {gateway_id: 'g'}");
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  Effects({GatewayClosed{Unavailable("the disk is full")}});
  EXPECT_EQ(connection_.finished, Unavailable("the disk is full"));
}

// Else it would end each stream that the gateway opens.
TEST_F(SessionStreamTest, ANoticeThatIsTooLargeIsForAll) {
  Hello("max_message_bytes: 65536");
  ResyncRequired notice{.reason = "why", .sequence = 1};
  notice.subscription_ids.assign(64, std::string(1'000, 's'));
  Effects({notice});
  notice.subscription_ids.emplace_back(2'000, 's');
  notice.sequence = 2;
  Effects({notice});
  WriteEverything();
  ASSERT_THAT(connection_.written, SizeIs(2));
  EXPECT_THAT(connection_.written[0].resync_required().subscription_ids(),
              SizeIs(64));
  const pb::ResyncRequired& second = connection_.written[1].resync_required();
  EXPECT_THAT(second.subscription_ids(), IsEmpty());
  EXPECT_EQ(second.seq(), 2u);
  EXPECT_EQ(second.reason(), "why");
}

}  // namespace
}  // namespace streamer
