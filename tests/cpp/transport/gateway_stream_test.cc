#include "transport/internal/gateway_stream.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syntrix/streamer/v1/streamer.pb.h"
#include "transport/gateway_stream_fixture.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(GatewayStreamTest, ItIsASoftStateGatewayOfItsOwn) {
  ASSERT_THAT(engine_.connected, SizeIs(1));
  const GatewayOptions& options = engine_.connected.front();
  EXPECT_THAT(options.gateway_id, SizeIs(36));
  EXPECT_EQ(options.kind, GatewayKind::kSoftState);
  EXPECT_EQ(options.limits.deliveries, 10u);
  EXPECT_EQ(options.initial_credit, GatewayStreamOptions().window);
  EXPECT_EQ(connection_.reads, 1);
}

TEST_F(GatewayStreamTest, TheNextReadStartsWhenTheCommandWasTaken) {
  ReceiveSubscribe("s");
  ASSERT_THAT(engine_.commands, SizeIs(1));
  EXPECT_EQ(connection_.reads, 1);
  engine_.taken.front()();
  EXPECT_EQ(connection_.reads, 2);
  Receive("unsubscribe {subscription_id: 's'}");
  EXPECT_EQ(std::get<Unsubscribe>(engine_.commands.back()).subscription_id,
            "s");
  EXPECT_EQ(connection_.reads, 2);
  engine_.taken.back()();
  EXPECT_EQ(connection_.reads, 3);
}

TEST_F(GatewayStreamTest, ARefusedSubscribeIsAnsweredAndReadingGoesOn) {
  Receive("subscribe {subscription_id: 's' tenant: 't'}");
  EXPECT_THAT(engine_.commands, IsEmpty());
  EXPECT_EQ(connection_.reads, 2);
  ASSERT_THAT(connection_.written, SizeIs(1));
  const pb::SubscribeResponse& answer =
      connection_.written.front().subscribe_response();
  EXPECT_FALSE(answer.success());
  EXPECT_EQ(answer.code(), 3);
  EXPECT_EQ(answer.error(),
            "collection: expected a path without empty segments, got \"\"");
  EXPECT_FALSE(connection_.is_finished());
}

// The engine may take its time, and the gateway tells answers by their order.
TEST_F(GatewayStreamTest, ARefusalDoesNotOvertakeAnEarlierAnswer) {
  ReceiveSubscribe("s");
  Receive("subscribe {subscription_id: 's' tenant: 't'}");
  ReceiveSubscribe("s");
  EXPECT_THAT(connection_.written, IsEmpty());
  Effects({SubscribeResponse{.subscription_id = "s",
                             .handle = SubscriptionHandle(7)}});
  Written();
  ASSERT_THAT(connection_.written, SizeIs(2));
  EXPECT_EQ(connection_.written[0].subscribe_response().handle(), 7u);
  EXPECT_EQ(connection_.written[1].subscribe_response().code(), 3);
}

TEST_F(GatewayStreamTest, APlaceToResumeAtIsWhatTheLogSaysItIs) {
  Receive(
      "subscribe {subscription_id: 's' tenant: 't' collection: 'c' "
      "resume_after: 'p1-7-9'}");
  ASSERT_THAT(engine_.commands, SizeIs(1));
  EXPECT_EQ(std::get<Subscribe>(engine_.commands[0]).resume_after,
            (Position{7, 9}));
}

TEST_F(GatewayStreamTest, APlaceThatIsNoneIsRefusedAndReadingGoesOn) {
  engine_.first_held = 10;
  Receive(
      "subscribe {subscription_id: 's' tenant: 't' collection: 'c' "
      "resume_after: 'p1-7-9'}");
  EXPECT_THAT(engine_.commands, IsEmpty());
  EXPECT_EQ(connection_.reads, 2);
  ASSERT_THAT(connection_.written, SizeIs(1));
  const pb::SubscribeResponse& answer =
      connection_.written.front().subscribe_response();
  EXPECT_EQ(answer.code(), 11);
  EXPECT_EQ(answer.error(), "resume_after: too early");
}

TEST_F(GatewayStreamTest, AnEngineThatIsStoppingRefusesButEndsNothing) {
  engine_.submit_status = Unavailable("the engine is stopping");
  ReceiveSubscribe("s");
  EXPECT_EQ(connection_.reads, 2);
  ASSERT_THAT(connection_.written, SizeIs(1));
  EXPECT_EQ(connection_.written.front().subscribe_response().code(), 14);
  Receive("unsubscribe {subscription_id: 's'}");
  EXPECT_EQ(connection_.reads, 3);
  EXPECT_FALSE(connection_.is_finished());
}

TEST_F(GatewayStreamTest, AnUnsubscribeOfWhatIsNoIdIsPassedOver) {
  Receive("unsubscribe {subscription_id: '" + std::string(2'000, 'x') + "'}");
  EXPECT_THAT(engine_.commands, IsEmpty());
  EXPECT_THAT(connection_.written, IsEmpty());
  EXPECT_EQ(connection_.reads, 2);
}

TEST_F(GatewayStreamTest, UnknownPayloadsAreIgnored) {
  Receive("");
  Receive("ack {seq: 5}");
  EXPECT_EQ(connection_.reads, 3);
  EXPECT_THAT(engine_.commands, IsEmpty());
  EXPECT_THAT(connection_.written, IsEmpty());
}

TEST_F(GatewayStreamTest, AStreamThatBreaksSaysHowFarItWasWritten) {
  Effects({MakeDeliveryAt(4, "e1"), MakeDeliveryAt(5, "e2")});
  Written();
  connection_.is_writing = false;
  stream_->OnWritten(false);
  ASSERT_THAT(engine_.broken, SizeIs(1));
  EXPECT_EQ(engine_.broken[0].written, (Position{1, 4}));
  EXPECT_THAT(engine_.broken[0].too_large_for, IsEmpty());
}

TEST_F(GatewayStreamTest, AGatewayThatSaysGoodbyeDoesNotLinger) {
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_THAT(engine_.broken, IsEmpty());
  EXPECT_THAT(engine_.disconnected, SizeIs(1));
}

// gRPC says that the read failed, and that the stream was cancelled, in any
// order.
TEST_F(GatewayStreamTest, AGatewayWhoseReadBreaksLingers) {
  stream_->OnReadEnd(ReadEnd::kBroken);
  stream_->OnCancelled();
  ASSERT_THAT(engine_.broken, SizeIs(1));
  EXPECT_EQ(engine_.broken[0].written, Position{});
  EXPECT_TRUE(connection_.is_finished());
}

// gRPC may hand over what was read before the call that started the read has
// returned, and with it comes the next read. The first call to return must
// not take the other for returned.
TEST_F(GatewayStreamTest, TheStreamIsNotFinishedWhileAReadIsBeingStarted) {
  connection_.during_read = [this] {
    Receive("heartbeat {timestamp: 1}");  // starts, and ends, another read
    Written();
    stream_->Close(Unavailable("shutting down"));
    EXPECT_FALSE(connection_.is_finished());
  };
  Receive("");
  EXPECT_EQ(connection_.finished, Unavailable("shutting down"));
}

TEST_F(GatewayStreamTest, PlainGatewaysAreNotToldOfTheRest) {
  Effects({UnsubscribeResponse{.subscription_id = "s"},
           RenewResponse{.subscription_id = "s"},
           SubscriptionClosed{.subscription_id = "s",
                              .reason = CloseReason::kExpired}});
  EXPECT_THAT(connection_.written, IsEmpty());
  EXPECT_FALSE(connection_.is_finished());
}

TEST_F(GatewayStreamTest, ASuspensionIsARefusalAfterTheFact) {
  Effects({MakeDelivery("e1"),
           SubscriptionClosed{.subscription_id = "s",
                              .handle = SubscriptionHandle(7),
                              .reason = CloseReason::kSuspended,
                              .detail = "it cost too much"},
           MakeDelivery("e2")});
  WriteEverything();
  ASSERT_THAT(Words(), ElementsAre("e1", "answer s", "e2"));
  const pb::SubscribeResponse& answer =
      connection_.written[1].subscribe_response();
  EXPECT_FALSE(answer.success());
  EXPECT_EQ(answer.code(), 8);
  EXPECT_EQ(answer.error(), "suspended: it cost too much");
}

TEST_F(GatewayStreamTest, AHeartbeatIsAcknowledgedAheadOfDeliveries) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2"), MakeDelivery("e3")});
  Receive("heartbeat {timestamp: 42}");
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("e1", "ack 42", "e2", "e3"));
}

TEST_F(GatewayStreamTest, AnswersKeepTheirPlaceAmongDeliveries) {
  ReceiveSubscribe("s");
  Effects({MakeDelivery("e1"), Answer("s"), MakeDelivery("e2")});
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("e1", "answer s", "e2"));
}

TEST_F(GatewayStreamTest, OnlyTheLastOfWhatWaitsIsFlushed) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2"), MakeDelivery("e3")});
  WriteEverything();
  EXPECT_THAT(connection_.flushes,
              ElementsAre(Flush::kWithNext, Flush::kWithNext, Flush::kNow));
}

TEST_F(GatewayStreamTest, CreditIsAskedForAsDeliveriesAreWritten) {
  std::vector<GatewayEffect> effects;
  for (std::size_t i = 0; i < kGrantStep; ++i) {
    effects.emplace_back(MakeDelivery("e"));
  }
  Effects(std::move(effects));
  for (std::size_t i = 1; i < kGrantStep; ++i) Written();
  EXPECT_EQ(engine_.granted, 0u);
  Written();
  EXPECT_EQ(engine_.granted, kGrantStep);
  EXPECT_EQ(counters_.deliveries, kGrantStep);
}

// Else a window of large documents would be more than an outbox may hold.
TEST_F(GatewayStreamTest, CreditIsAskedForOnceMuchIsWritten) {
  Effects({MakeDelivery("e1", GatewayStream::kGrantBytes / 2),
           MakeDelivery("e2", GatewayStream::kGrantBytes / 2),
           MakeDelivery("e3")});
  Written();
  EXPECT_EQ(engine_.granted, 0u);
  Written();
  EXPECT_EQ(engine_.granted, 2u);
  Written();
  EXPECT_EQ(engine_.granted, 2u);
}

// Else an idle peer would hold up the low-watermark with what it has.
TEST_F(GatewayStreamTest, CreditForLessThanAStepIsAskedForAtASweep) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  WriteEverything();
  EXPECT_EQ(engine_.granted, 0u);
  stream_->Sweep();
  EXPECT_EQ(engine_.granted, 2u);
  stream_->Sweep();
  EXPECT_EQ(engine_.granted, 2u);
}

// The low-watermark passes what is granted for.
TEST_F(GatewayStreamTest, WhatIsNotWrittenOutIsNotGrantedForAtASweep) {
  const auto in_parts = MakeDelivery("e2");
  in_parts->subscription_ids.assign(2, std::string(1'100'000, 'i'));
  Effects({MakeDelivery("e1"), in_parts});
  stream_->Sweep();
  EXPECT_EQ(engine_.granted, 0u);
  Written();
  Written();  // the first part
  EXPECT_EQ(engine_.granted, 0u);
  stream_->Sweep();
  EXPECT_EQ(engine_.granted, 1u);
  Written();
  stream_->Sweep();
  EXPECT_EQ(engine_.granted, 2u);
}

TEST_F(GatewayStreamTest, APeerThatOnlySendsHeartbeatsStopsBeingRead) {
  Effects({MakeDelivery("e1")});
  for (std::size_t i = 0; i < GatewayStream::kMaxAcks; ++i) {
    Receive("heartbeat {}");
  }
  EXPECT_EQ(connection_.reads,
            1 + static_cast<int>(GatewayStream::kMaxAcks) - 1);
  Written();
  EXPECT_EQ(connection_.reads, 1 + static_cast<int>(GatewayStream::kMaxAcks));
}

TEST_F(GatewayStreamTest, APeerThatDoesNotTakeItsAnswersStopsBeingRead) {
  const auto limit = static_cast<int>(GatewayStream::kMaxAnswers);
  int messages = 0;
  while (connection_.reads > messages && messages < 2 * limit) {
    Receive("subscribe {}");
    ++messages;
  }
  // One is being written, the limit waits.
  EXPECT_EQ(messages, limit + 1);
  Written();
  EXPECT_EQ(connection_.reads, messages + 1);
}

TEST_F(GatewayStreamTest, AHalfCloseEndsTheStreamWithOk) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_THAT(engine_.disconnected, ElementsAre(GatewayHandle(1)));
  EXPECT_FALSE(connection_.is_finished());
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("e1", "e2"));
  EXPECT_EQ(connection_.finished, OkStatus());
}

TEST_F(GatewayStreamTest, WhatWasAskedBeforeAHalfCloseIsStillAnswered) {
  ReceiveSubscribe("s");
  engine_.taken.front()();
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  EXPECT_FALSE(connection_.is_finished());
  EXPECT_THAT(engine_.disconnected, IsEmpty());
  Effects({Answer("s")});
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("answer s"));
  EXPECT_EQ(connection_.finished, OkStatus());
  EXPECT_THAT(engine_.disconnected, SizeIs(1));
}

TEST_F(GatewayStreamTest, AClosedGatewayEndsWithItsStatusAndDropsTheRest) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2"),
           GatewayClosed{ResourceExhausted("the outbox is full")}});
  // Nothing was being written yet, so nothing is written.
  EXPECT_THAT(Words(), IsEmpty());
  EXPECT_EQ(connection_.finished, ResourceExhausted("the outbox is full"));
}

TEST_F(GatewayStreamTest, AResyncEndsAPlainStreamWithDataLoss) {
  Effects({ResyncRequired{.reason = "a gap of the source"}});
  EXPECT_EQ(connection_.finished, DataLoss("a gap of the source"));
}

TEST_F(GatewayStreamTest, AWriteUnderWayIsWaitedForBeforeTheEnd) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  Effects({GatewayClosed{ResourceExhausted("full")}});
  EXPECT_FALSE(connection_.is_finished());
  Written();
  EXPECT_THAT(Words(), ElementsAre("e1"));
  EXPECT_EQ(connection_.finished, ResourceExhausted("full"));
}

TEST_F(GatewayStreamTest, ClosingWritesWhatIsQueuedFirst) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  stream_->Close(Unavailable("shutting down"));
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("e1", "e2"));
  EXPECT_EQ(connection_.finished, Unavailable("shutting down"));
}

TEST_F(GatewayStreamTest, TheFirstReasonToEndCounts) {
  Effects({MakeDelivery("e1")});
  stream_->Close(Unavailable("shutting down"));
  stream_->OnCancelled();
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  Written();
  EXPECT_EQ(connection_.finished, Unavailable("shutting down"));
  EXPECT_THAT(engine_.disconnected, SizeIs(1));
}

TEST_F(GatewayStreamTest, NothingIsReadOrWrittenAfterTheEnd) {
  ReceiveSubscribe("s");
  stream_->OnCancelled();
  ASSERT_TRUE(connection_.is_finished());
  // The fake connection fails the test if it is used now.
  engine_.taken.front()();
  Receive("heartbeat {}");
  stream_->Close(Unavailable("late"));
  EXPECT_EQ(connection_.reads, 1);
}

TEST_F(GatewayStreamTest, ABrokenWriteEndsTheGateway) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  connection_.is_writing = false;
  stream_->OnWritten(false);
  EXPECT_THAT(engine_.disconnected, SizeIs(1));
  EXPECT_TRUE(connection_.is_finished());
}

TEST_F(GatewayStreamTest, BytesThatAreNoMessageEndTheStream) {
  stream_->OnMalformed(17);
  EXPECT_EQ(connection_.finished,
            InvalidArgument("expected a syntrix.streamer.v1.GatewayMessage, "
                            "got 17 bytes that are none"));
}

TEST_F(GatewayStreamTest, ADocumentOverTheMessageLimitEndsWithDataLoss) {
  Effects({MakeDelivery("small"), MakeDelivery("large", 4u << 20),
           MakeDelivery("next")});
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("small"));
  EXPECT_EQ(connection_.finished,
            DataLoss("event \"large\": expected a message of at most 4194304 "
                     "bytes, got 4194331"));
}

TEST_F(GatewayStreamTest, WhoseDocumentIsTooLargeGoesOnAfterIt) {
  const auto past = MakeDeliveryAt(3, "large", 4u << 20);
  past->is_catching_up = true;
  past->handles = {SubscriptionHandle(5), SubscriptionHandle(7)};
  past->subscription_ids = {"a", "b"};
  Effects({MakeDeliveryAt(8, "live"), past, MakeDeliveryAt(9, "next")});
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("live"));
  ASSERT_THAT(engine_.broken, SizeIs(1));
  EXPECT_EQ(engine_.broken[0].written, (Position{1, 8}));
  EXPECT_EQ(engine_.broken[0].too_large, (Position{1, 3}));
  EXPECT_EQ(engine_.broken[0].too_large_for, past->handles);
}

// The parts are as long as their ids, and only the second is too long.
TEST_F(GatewayStreamTest, NoPartIsWrittenWhenOneIsTooLarge) {
  const auto delivery = MakeDeliveryAt(3, "e1", (4u << 20) - 800'000);
  delivery->subscription_ids = {std::string(500'000, 'a'),
                                std::string(900'000, 'b')};
  delivery->handles = {SubscriptionHandle(5), SubscriptionHandle(7)};
  Effects({delivery});
  EXPECT_THAT(Words(), IsEmpty());
  ASSERT_TRUE(connection_.is_finished());
  EXPECT_EQ(connection_.finished->code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(counters_.deliveries, 0u);
}

TEST_F(GatewayStreamTest, ADeliveryInPartsIsCountedAndGrantedOnce) {
  const auto delivery = MakeDelivery("e1");
  delivery->subscription_ids.assign(3, std::string(600'000, 'i'));
  Effects({delivery, MakeDelivery("e2")});
  Receive("heartbeat {timestamp: 1}");
  WriteEverything();
  EXPECT_THAT(Words(), ElementsAre("e1", "ack 1", "e1", "e1", "e2"));
  EXPECT_EQ(counters_.deliveries, 2u);
}

TEST_F(GatewayStreamTest, AStalledPeerIsCutOff) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  for (int i = 0; i < GatewayStream::kStalledSweeps; ++i) {
    EXPECT_EQ(connection_.cancels, 0);
    stream_->Sweep();
  }
  EXPECT_EQ(connection_.cancels, 1);
  EXPECT_EQ(connection_.cancelled_with,
            ResourceExhausted("expected the gateway to read, got nothing "
                              "taken for gateway.stall_timeout"));
  EXPECT_THAT(engine_.disconnected, SizeIs(1));
  connection_.is_writing = false;
  stream_->OnWritten(false);
  EXPECT_EQ(connection_.finished,
            ResourceExhausted("expected the gateway to read, got nothing "
                              "taken for gateway.stall_timeout"));
}

TEST_F(GatewayStreamTest, ASlowPeerThatReadsIsNotStalled) {
  std::vector<GatewayEffect> effects;
  for (int i = 0; i < 20; ++i) effects.emplace_back(MakeDelivery("e"));
  Effects(std::move(effects));
  for (int i = 0; i < 19; ++i) {
    stream_->Sweep();
    stream_->Sweep();
    Written();
  }
  EXPECT_EQ(connection_.cancels, 0);
}

TEST_F(GatewayStreamTest, AnIdlePeerIsNotStalled) {
  for (int i = 0; i < 10; ++i) stream_->Sweep();
  EXPECT_EQ(connection_.cancels, 0);
  EXPECT_FALSE(connection_.is_finished());
}

TEST_F(GatewayStreamTest, APeerThatDoesNotTakeTheEndIsCutOff) {
  stream_->Close(Unavailable("shutting down"));
  ASSERT_TRUE(connection_.is_finished());
  for (int i = 0; i < GatewayStream::kStalledSweeps; ++i) stream_->Sweep();
  EXPECT_EQ(connection_.cancels, 1);
  EXPECT_EQ(connection_.cancelled_with, Unavailable("shutting down"));
}

TEST_F(GatewayStreamTest, WhatIsCutOffWhileEndingWellEndsWithWhy) {
  Effects({MakeDelivery("e1"), MakeDelivery("e2")});
  stream_->OnReadEnd(ReadEnd::kHalfClosed);
  stream_->CutOff(Unavailable("shutting down"));
  EXPECT_EQ(connection_.cancelled_with, Unavailable("shutting down"));
  connection_.is_writing = false;
  stream_->OnWritten(false);
  EXPECT_THAT(Words(), ElementsAre("e1"));
}

}  // namespace
}  // namespace streamer
