#include "client/internal/wire.h"

#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cel/parser.h"

namespace streamer {
namespace {

namespace wire = syntrix::streamer::v1;

TEST(WireTest, ASubscribeSaysEveryConditionAsTheServiceReadsIt) {
  const Value items[] = {Value::String("a"), Value::Int(2)};
  const ListValue list(items);
  SubscriptionRequest request{.id = "s1",
                              .tenant = "t",
                              .collection = "rooms",
                              .conditions = {},
                              .expression = "doc.a == 1"};
  request.conditions = {
      {"b", Operator::kGreaterEqual, OwnedValue(Value::Double(1.5))},
      {"c", Operator::kContains, OwnedValue(Value::Bool(true))},
      {"d", Operator::kIn, OwnedValue(Value::List(&list))},
      {"e", Operator::kNotEqual, OwnedValue(Value::Uint(7))},
  };
  const auto message = client_wire::EncodeSubscribe(request);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->ShortDebugString(),
            "subscribe { subscription_id: \"s1\" collection: \"rooms\" "
            "filters { field: \"b\" op: \">=\" value { double_value: 1.5 } } "
            "filters { field: \"c\" op: \"contains\" value { bool_value: true "
            "} } "
            "filters { field: \"d\" op: \"in\" value { list_value { values { "
            "string_value: \"a\" } values { int_value: 2 } } } } "
            "filters { field: \"e\" op: \"!=\" value { int_value: 7 } } "
            "tenant: \"t\" expression: \"doc.a == 1\" }");
}

TEST(WireTest, ASubscribeSaysWhatOnlySomeAskFor) {
  SubscriptionRequest request{.id = "s1",
                              .tenant = "t",
                              .collection = "rooms",
                              .conditions = {},
                              .expression = "",
                              .membership = true,
                              .resume_after = "p1-1-4",
                              .ttl = std::chrono::seconds(90)};
  EXPECT_EQ(client_wire::EncodeSubscribe(request)->ShortDebugString(),
            "subscribe { subscription_id: \"s1\" collection: \"rooms\" "
            "tenant: \"t\" ttl_seconds: 90 membership: true resume_after: "
            "\"p1-1-4\" }");
}

// The wire has 32 bits for it, and 0 says that there is none.
TEST(WireTest, ATimeToLiveThatTheWireCannotSayIsRefused) {
  for (const std::int64_t seconds : {-1ll, 0ll, 1ll << 31}) {
    SubscriptionRequest request{.id = "s1",
                                .tenant = "t",
                                .collection = "rooms",
                                .conditions = {},
                                .expression = ""};
    request.ttl = std::chrono::seconds(seconds);
    EXPECT_EQ(client_wire::EncodeSubscribe(request).status(),
              InvalidArgument("ttl: expected 60 to 3600 seconds, got " +
                              std::to_string(seconds)));
  }
}

TEST(WireTest, AnAcceptedAnswerIsReadWhole) {
  wire::SubscribeResponse response;
  response.set_subscription_id("s1");
  response.set_success(true);
  response.set_handle(9);
  response.set_from_progress("p1-1-4");
  response.set_expires_at_ms(1'700'000'000'000);
  const auto answer = client_wire::DecodeAnswer(response);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->id, "s1");
  EXPECT_EQ(answer->handle, SubscriptionHandle(9));
  EXPECT_EQ(answer->progress, "p1-1-4");
  EXPECT_EQ(answer->expires_at, FromUnixMillis(1'700'000'000'000));
}

TEST(WireTest, AnAnswerWithoutAdditionsHasNone) {
  wire::SubscribeResponse response;
  response.set_subscription_id("s1");
  response.set_success(true);
  const auto answer = client_wire::DecodeAnswer(response);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->handle, SubscriptionHandle(0));
  EXPECT_EQ(answer->progress, "");
  EXPECT_FALSE(answer->expires_at.has_value());
}

TEST(WireTest, HelloSaysWhereTheGatewayIs) {
  EXPECT_EQ(client_wire::EncodeHello(
                "g1", {7, 42, "p1-1-40"},
                {.allows_coalescing = true, .max_message_bytes = 1u << 20})
                .ShortDebugString(),
            "hello { gateway_id: \"g1\" session: 7 last_seq: 42 "
            "last_progress: \"p1-1-40\" coalesce: true max_message_bytes: "
            "1048576 }");
  EXPECT_EQ(client_wire::EncodeHello("g1", {}, {.max_message_bytes = ~0ull})
                .hello()
                .max_message_bytes(),
            ~0u);
}

TEST(WireTest, HeartbeatsAndAcksCarryTheirNumbers) {
  EXPECT_EQ(client_wire::EncodeHeartbeat("g1", 5, 42).ShortDebugString(),
            "heartbeat { gateway_id: \"g1\" timestamp: 5 last_seq: 42 }");
  EXPECT_EQ(client_wire::EncodeHeartbeat("", 5, 0).ShortDebugString(),
            "heartbeat { timestamp: 5 }");
  EXPECT_EQ(client_wire::EncodeAck({7, 42}).ShortDebugString(),
            "ack { session: 7 seq: 42 }");
}

TEST(WireTest, AWelcomeIsReadWhole) {
  wire::Welcome welcome;
  welcome.set_session(7);
  welcome.set_continuity(wire::CONTINUITY_COMPLETE);
  welcome.set_next_seq(43);
  welcome.set_from_progress("p1-1-40");
  welcome.set_to_progress("p1-1-50");
  welcome.set_subscription_count(2);
  welcome.set_subscription_digest(99);
  const SessionWelcome read = client_wire::DecodeWelcome(welcome);
  EXPECT_EQ(read.session, 7u);
  EXPECT_EQ(read.continuity, SessionWelcome::Continuity::kComplete);
  EXPECT_EQ(read.next_seq, 43u);
  EXPECT_EQ(read.from_progress, "p1-1-40");
  EXPECT_EQ(read.to_progress, "p1-1-50");
  EXPECT_EQ(read.subscription_count, 2u);
  EXPECT_EQ(read.subscription_digest, 99u);
}

TEST(WireTest, AContinuityThatIsNotKnownIsTheWorst) {
  using Continuity = SessionWelcome::Continuity;
  const std::pair<int, Continuity> cases[] = {
      {wire::CONTINUITY_UNSPECIFIED, Continuity::kLost},
      {wire::CONTINUITY_NEW, Continuity::kNew},
      {wire::CONTINUITY_NOTHING_MISSED, Continuity::kNothingMissed},
      {wire::CONTINUITY_COMPLETE, Continuity::kComplete},
      {wire::CONTINUITY_LOST, Continuity::kLost},
      {99, Continuity::kLost},
  };
  for (const auto& [on_wire, expected] : cases) {
    wire::Welcome welcome;
    welcome.set_continuity(static_cast<wire::Continuity>(on_wire));
    EXPECT_EQ(client_wire::DecodeWelcome(welcome).continuity, expected)
        << on_wire;
  }
}

TEST(WireTest, ADeliverySaysItsPlaceInTheSession) {
  wire::EventDelivery delivery;
  delivery.set_seq(4);
  delivery.set_part(2);
  delivery.set_parts(3);
  delivery.set_progress("p1-1-3");
  delivery.set_catching_up(true);
  const SessionEntry entry = client_wire::DecodeEntry(delivery);
  EXPECT_EQ(entry.seq, 4u);
  EXPECT_EQ(entry.part, 2u);
  EXPECT_EQ(entry.parts, 3u);
  EXPECT_EQ(entry.progress, "p1-1-3");
  EXPECT_TRUE(entry.is_catching_up);
}

TEST(WireTest, ANoticeIsAGap) {
  wire::ResyncRequired resync;
  resync.add_subscription_ids("a");
  resync.add_subscription_ids("b");
  resync.set_reason("the source was cut");
  resync.set_from_progress("p1-1-3");
  resync.set_to_progress("p1-1-5");
  const ReceivedGap missed = client_wire::DecodeResync(resync);
  EXPECT_EQ(missed.subscription_ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(missed.reason, "the source was cut");
  EXPECT_EQ(missed.from_progress, "p1-1-3");
  EXPECT_EQ(missed.to_progress, "p1-1-5");
  EXPECT_EQ(missed.end, ReceivedGap::End::kNone);

  using End = ReceivedGap::End;
  const std::tuple<int, End, std::string> cases[] = {
      {wire::CLOSE_REASON_EXPIRED, End::kExpired,
       "ended by the service: its time to live passed"},
      {wire::CLOSE_REASON_SUSPENDED, End::kSuspended,
       "ended by the service: its filter cost too much"},
      {wire::CLOSE_REASON_REVOKED, End::kRevoked,
       "ended by the service: it was taken away"},
      {99, End::kRevoked, "ended by the service: it was taken away"},
  };
  for (const auto& [on_wire, end, reason] : cases) {
    wire::SubscriptionClosed closed;
    closed.set_subscription_id("a");
    closed.set_reason(static_cast<wire::CloseReason>(on_wire));
    const ReceivedGap gap = client_wire::DecodeClosed(closed);
    EXPECT_EQ(gap.subscription_ids, std::vector<std::string>{"a"});
    EXPECT_EQ(gap.end, end);
    EXPECT_EQ(gap.reason, reason);
  }
}

TEST(WireTest, ARefusalIsTheStatusOfItsCode) {
  const std::pair<int, absl::StatusCode> cases[] = {
      {0, absl::StatusCode::kInvalidArgument},
      {-1, absl::StatusCode::kInvalidArgument},
      {3, absl::StatusCode::kInvalidArgument},
      {6, absl::StatusCode::kAlreadyExists},
      {8, absl::StatusCode::kResourceExhausted},
      {14, absl::StatusCode::kUnavailable},
      {99, absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [code, expected] : cases) {
    wire::SubscribeResponse response;
    response.set_code(code);
    response.set_error("why");
    EXPECT_EQ(client_wire::DecodeAnswer(response).status(),
              Status(expected, "why"))
        << code;
  }
}

TEST(WireTest, ARefusalOfAnExpressionSaysWhereAsIfItWereCompiledHere) {
  for (const char* expression :
       {"doc.price >=", "doc.a ==\n  'é' + +", "(", "doc.a ==\n\n== 1"}) {
    const Status here = cel::Parse(expression).status();
    ASSERT_FALSE(here.ok()) << expression;
    const Status received(here.code(), here.message());
    const Status there = client_wire::WithPosition(received, expression);
    EXPECT_EQ(there, here);
    EXPECT_EQ(cel::PositionOf(there)->offset, cel::PositionOf(here)->offset)
        << expression;
  }
}

TEST(WireTest, WhatIsNoReportOnTheExpressionIsLeftAlone) {
  const Status cases[] = {
      InvalidArgument("filters[0].op: expected an operator"),
      InvalidArgument("ERROR: 1:1: of another text\n | x\n | ^"),
      InvalidArgument("ERROR: one"),
      InvalidArgument(""),
      ResourceExhausted("ERROR: 1:1: expected less\n | doc.a\n | ^"),
  };
  for (const Status& refusal : cases) {
    const Status same = client_wire::WithPosition(refusal, "doc.a");
    EXPECT_EQ(same, refusal);
    EXPECT_FALSE(cel::PositionOf(same).has_value()) << refusal;
  }
}

}  // namespace
}  // namespace streamer
