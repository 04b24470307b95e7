#include "transport/internal/wire.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syntrix/streamer/v1/streamer.pb.h"
#include "value/json.h"

namespace streamer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

// The message of the refusal of a request that is right but for `fields`.
std::string RefusalOf(const std::string& fields) {
  auto request = FromText<pb::SubscribeRequest>(
      R"(subscription_id: "s" tenant: "t" collection: "c")");
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(fields, &request));
  const SubscribeReading reading = ReadSubscribe(request, GatewayHandle(1));
  return reading.command.ok()
             ? "accepted"
             : std::string(MessageOf(reading.command.status()));
}

TEST(WireTest, ARefusalIsSmallWhateverWasAsked) {
  pb::SubscribeRequest request;
  // Two bytes each: the limit falls between two characters.
  for (int i = 0; i < 100'000; ++i)
    request.mutable_subscription_id()->append("ü");
  SubscribeReading reading = ReadSubscribe(request, GatewayHandle(1));
  EXPECT_THAT(reading.subscription_id, SizeIs(1024));
  EXPECT_EQ(reading.command.status(),
            InvalidArgument("subscription_id: expected at most 1024 bytes, "
                            "got 200000"));

  request = FromText<pb::SubscribeRequest>(
      R"(subscription_id: "s" tenant: "t" collection: "c")");
  request.add_filters()->set_op(std::string(5'000, 'p'));
  reading = ReadSubscribe(request, GatewayHandle(1));
  EXPECT_THAT(
      std::string(MessageOf(reading.command.status())),
      AllOf(SizeIs(4'096 + std::string("…").size()),
            StartsWith("filters[0].op: expected one of "), EndsWith("p…")));
}

TEST(WireTest, RefusalsSayWhatWasExpectedWhatWasGotAndWhere) {
  struct Case {
    std::string fields;
    std::string refusal;
  };
  const std::vector<Case> cases = {
      {R"(filters {field: "a" op: "==" value {int_value: 1}})", "accepted"},
      {R"(filters {field: "a" op: "==" value {int_value: 1}}
          filters {field: "b" op: "==" value {}})",
       "filters[1].value: expected one of string_value, int_value, "
       "double_value, bool_value, list_value, got nothing"},
      {R"(filters {field: "a" op: "=="})",
       "filters[0].value: expected one of string_value, int_value, "
       "double_value, bool_value, list_value, got nothing"},
      {R"(filters {field: "a" op: "in" value {list_value {
            values {int_value: 1} values {}}}})",
       "filters[0].value.list_value[1]: expected one of string_value, "
       "int_value, double_value, bool_value, list_value, got nothing"},
      {R"(filters {field: "a" op: "in" value {list_value {
            values {list_value {values {}}}}}})",
       "filters[0].value.list_value[0].list_value[0]: expected one of "
       "string_value, int_value, double_value, bool_value, list_value, got "
       "nothing"},
      {R"(filters {field: "a" op: "=~" value {int_value: 1}})",
       R"(filters[0].op: expected one of "==", "eq", "!=", "ne", ">", "gt", )"
       R"(">=", "gte", "<", "lt", "<=", "lte", "in", "contains", )"
       R"("array-contains", got "=~")"},
      {"membership: true",
       "membership: expected false, got true; only a session, which is opened "
       "with Hello, can be told"},
      {"ttl_seconds: 59", "ttl_seconds: expected 0 or 60 to 3600, got 59"},
      {"ttl_seconds: 3601", "ttl_seconds: expected 0 or 60 to 3600, got 3601"},
      {"ttl_seconds: -1", "ttl_seconds: expected 0 or 60 to 3600, got -1"},
      {"ttl_seconds: 60", "accepted"},
      {R"(tenant: "")", R"(tenant: expected a non-empty name, got "")"},
      {R"(collection: "")",
       R"(collection: expected a path without empty segments, got "")"},
      {R"(collection: "a//b")",
       R"(collection: expected a path without empty segments, got "a//b")"},
      {R"(subscription_id: "a\nb")",
       R"(subscription_id: expected a name without control characters, )"
       R"(got "a\nb")"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(RefusalOf(test.fields), test.refusal) << test.fields;
  }
}

TEST(WireTest, AnExpressionIsRefusedWithItsPlace) {
  EXPECT_EQ(RefusalOf(R"(expression: "doc.price >=")"),
            "ERROR: 1:13: expected an expression, got end of text\n"
            " | doc.price >=\n"
            " | ............^");
}

TEST(WireTest, WhatAPlainGatewayLacksIsAPreconditionAndTheRestIsInvalid) {
  auto code = [](const std::string& fields) {
    const auto request = FromText<pb::SubscribeRequest>(
        R"(subscription_id: "s" tenant: "t" collection: "c" )" + fields);
    return ReadSubscribe(request, GatewayHandle(1)).command.status().code();
  };
  EXPECT_EQ(code("membership: true"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code("ttl_seconds: 1"), absl::StatusCode::kInvalidArgument);
}

TEST(WireTest, ASessionMayAskForMembership) {
  for (const char* asked : {"true", "false"}) {
    const auto request = FromText<pb::SubscribeRequest>(
        absl::StrCat(R"(subscription_id: "s" tenant: "t" collection: "c" )",
                     "membership: ", asked));
    const SubscribeReading reading =
        ReadSubscribe(request, GatewayHandle(1), GatewayKind::kSession);
    ASSERT_TRUE(reading.command.ok()) << reading.command.status();
    EXPECT_EQ(reading.command->membership, asked == std::string("true"));
  }
}

TEST(WireTest, ConditionsAndExpressionBecomeOneFilter) {
  const auto request = FromText<pb::SubscribeRequest>(R"(
      subscription_id: "s" tenant: "t" collection: "rooms/1/messages"
      filters {field: "_id" op: "eq" value {string_value: "x"}}
      filters {field: "price" op: "gte" value {double_value: 1.5}}
      expression: "doc.a == 1" ttl_seconds: 300)");
  const SubscribeReading reading = ReadSubscribe(request, GatewayHandle(7));
  ASSERT_TRUE(reading.command.ok()) << reading.command.status();
  const Subscribe& command = *reading.command;
  EXPECT_EQ(command.gateway, GatewayHandle(7));
  EXPECT_EQ(command.subscription_id, "s");
  EXPECT_EQ(command.tenant, "t");
  EXPECT_EQ(command.collection, "rooms/1/messages");
  EXPECT_EQ(command.filter->text(),
            R"(doc.id == "x" && doc.price >= 1.5 && doc.a == 1)");
  // It lives as long as the stream, whatever was asked for.
  EXPECT_EQ(command.ttl, std::nullopt);
}

TEST(WireTest, AnEmptyIdBecomesAUuidEachTimeAnother) {
  const auto request =
      FromText<pb::SubscribeRequest>(R"(tenant: "t" collection: "c")");
  const std::regex uuid(
      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const SubscribeReading first = ReadSubscribe(request, GatewayHandle(1));
  const SubscribeReading second = ReadSubscribe(request, GatewayHandle(1));
  ASSERT_TRUE(first.command.ok());
  EXPECT_TRUE(std::regex_match(first.subscription_id, uuid))
      << first.subscription_id;
  EXPECT_EQ(first.command->subscription_id, first.subscription_id);
  EXPECT_NE(first.subscription_id, second.subscription_id);
}

TEST(WireTest, ARefusedRequestStillHasAnId) {
  const auto request = FromText<pb::SubscribeRequest>(R"(collection: "c")");
  const SubscribeReading reading = ReadSubscribe(request, GatewayHandle(1));
  EXPECT_FALSE(reading.command.ok());
  EXPECT_THAT(reading.subscription_id, SizeIs(36));
}

TEST(WireTest, EveryKindOfConstantKeepsItsValue) {
  struct Case {
    std::string wire;
    std::string json;
  };
  const std::vector<Case> cases = {
      {R"(string_value: "é\"")", R"("é\"")"},
      {R"(string_value: "")", R"("")"},
      {"int_value: -9223372036854775808", "-9223372036854775808"},
      {"int_value: 0", "0"},
      {"double_value: 2", "2.0"},
      {"double_value: 0.1", "0.1"},
      {"bool_value: false", "false"},
      {"list_value {}", "[]"},
      {R"(list_value {values {int_value: 1} values {string_value: "a"}
          values {list_value {values {bool_value: true}}}})",
       R"([1,"a",[true]])"},
  };
  for (const Case& test : cases) {
    const auto value =
        ReadWireValue(FromText<pb::Value>(test.wire), "filters[0].value");
    ASSERT_TRUE(value.ok()) << test.wire;
    EXPECT_EQ(FormatJson(value->value()), test.json);
  }
}

TEST(WireTest, ASubscribeThatHeldIsAnsweredInFull) {
  const std::string bytes = EncodeSubscribeResponse(
      {.subscription_id = "s",
       .status = OkStatus(),
       .handle = SubscriptionHandle(9),
       .from = {.epoch = 7, .offset = 3},
       .expires_at = Instant{{}, FromUnixMillis(1'234)}});
  EXPECT_EQ(FromText<pb::StreamerMessage>(R"(subscribe_response {
                subscription_id: "s" success: true handle: 9
                expires_at_ms: 1234 from_progress: "p1-7-3"})")
                .SerializeAsString(),
            bytes);
}

TEST(WireTest, ARefusalCarriesTextAndCodeOnly) {
  const std::string bytes = EncodeSubscribeResponse(
      {.subscription_id = "s",
       .status = ResourceExhausted("quota of the tenant"),
       .from = {.epoch = 7, .offset = 3}});
  EXPECT_EQ(FromText<pb::StreamerMessage>(R"(subscribe_response {
                subscription_id: "s" error: "quota of the tenant" code: 8})")
                .SerializeAsString(),
            bytes);
}

TEST(WireTest, AHeartbeatIsEchoed) {
  EXPECT_EQ(FromText<pb::StreamerMessage>("heartbeat_ack {timestamp: 123}")
                .SerializeAsString(),
            EncodeHeartbeatAck(123));
  EXPECT_EQ(
      FromText<pb::StreamerMessage>("heartbeat_ack {}").SerializeAsString(),
      EncodeHeartbeatAck(0));
}

template <typename Message>
std::string Text(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
}

TEST(WireTest, AHelloIsRead) {
  const Result<SessionRequest> request = ReadHello(FromText<pb::Hello>(
      "gateway_id: 'gw-1' session: 7 last_seq: 3 last_progress: 'p1-1-4' "
      "coalesce: true"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->gateway_id, "gw-1");
  EXPECT_EQ(request->session, SessionNumber(7));
  EXPECT_EQ(request->last_sequence, 3u);
  EXPECT_EQ(request->last_progress, "p1-1-4");
  EXPECT_TRUE(request->coalesces);
}

TEST(WireTest, AHelloThatCannotBeSaysWhere) {
  const auto problem = [](const std::string& text) {
    return std::string(
        MessageOf(ReadHello(FromText<pb::Hello>(text)).status()));
  };
  EXPECT_EQ(problem(""),
            "hello.gateway_id: expected 1 to 128 of [A-Za-z0-9_.:-], got \"\"");
  EXPECT_EQ(
      problem("gateway_id: 'a b'"),
      "hello.gateway_id: expected 1 to 128 of [A-Za-z0-9_.:-], got \"a b\"");
  EXPECT_EQ(problem("gateway_id: 'g' last_progress: '7'"),
            "hello.last_progress: progress: expected a marker given by this "
            "service, got \"7\"");
  EXPECT_EQ(problem("gateway_id: 'g' max_message_bytes: 100"),
            "hello.max_message_bytes: expected 0 or at least 65536, got 100");
}

TEST(WireTest, AGatewayGetsMessagesAsLargeAsItSays) {
  EXPECT_EQ(MaxMessageBytes(pb::Hello()), kDefaultMessage);
  EXPECT_EQ(MaxMessageBytes(FromText<pb::Hello>("max_message_bytes: 70000")),
            70'000u);
  EXPECT_EQ(MaxMessageBytes(FromText<pb::Hello>("max_message_bytes: 9000000")),
            9'000'000u);
  EXPECT_EQ(
      MaxMessageBytes(FromText<pb::Hello>("max_message_bytes: 4000000000")),
      kLargestMessage);
}

TEST(WireTest, WhatSessionsAreTold) {
  EXPECT_EQ(Text<pb::StreamerMessage>(
                EncodeWelcome({.session = SessionNumber(9),
                               .continuity = Continuity::kComplete,
                               .next_sequence = 4,
                               .from = {1, 2},
                               .to = {1, 8},
                               .subscription_count = 3,
                               .subscription_digest = 5})),
            "welcome { session: 9 continuity: CONTINUITY_COMPLETE next_seq: 4 "
            "from_progress: \"p1-1-2\" to_progress: \"p1-1-8\" "
            "subscription_count: 3 subscription_digest: 5 } ");
  EXPECT_EQ(Text<pb::StreamerMessage>(EncodeUnsubscribeResponse(
                {"s", NotFound("no such thing"), SubscriptionHandle(2)})),
            "unsubscribe_response { subscription_id: \"s\" handle: 2 error: "
            "\"no such thing\" } ");
  EXPECT_EQ(Text<pb::StreamerMessage>(
                EncodeSubscriptionClosed({.subscription_id = "s",
                                          .handle = SubscriptionHandle(2),
                                          .reason = CloseReason::kExpired,
                                          .sequence = 6})),
            "subscription_closed { seq: 6 subscription_id: \"s\" handle: 2 "
            "reason: CLOSE_REASON_EXPIRED } ");
  EXPECT_EQ(Text<pb::StreamerMessage>(
                EncodeResyncRequired({.subscription_ids = {"a", "b"},
                                      .from = {1, 2},
                                      .to = {1, 3},
                                      .reason = "why",
                                      .sequence = 7})),
            "resync_required { seq: 7 subscription_ids: \"a\" "
            "subscription_ids: \"b\" from_progress: \"p1-1-2\" to_progress: "
            "\"p1-1-3\" reason: \"why\" } ");
  EXPECT_EQ(
      Text<pb::StreamerMessage>(EncodeHeartbeatAck(1, 5, SessionNumber(9))),
      "heartbeat_ack { timestamp: 1 last_seq: 5 session: 9 } ");
}

}  // namespace
}  // namespace streamer
