#include "transport/internal/wire.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <regex>
#include <string>
#include <vector>

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
       "membership: expected false, got true; not offered by this version"},
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

TEST(WireTest, WhatThisVersionLacksIsUnimplementedAndTheRestIsInvalid) {
  auto code = [](const std::string& fields) {
    const auto request = FromText<pb::SubscribeRequest>(
        R"(subscription_id: "s" tenant: "t" collection: "c" )" + fields);
    return ReadSubscribe(request, GatewayHandle(1)).command.status().code();
  };
  EXPECT_EQ(code("membership: true"), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(code("ttl_seconds: 1"), absl::StatusCode::kInvalidArgument);
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

Delivery MakeDelivery(SourceEvent source, Operation operation,
                      std::string document, std::vector<std::string> ids) {
  auto outgoing = std::make_shared<OutgoingEvent>();
  outgoing->event.operation = operation;
  outgoing->event.source =
      std::make_shared<const SourceEvent>(std::move(source));
  outgoing->document = std::move(document);
  Delivery delivery;
  delivery.sequence = 5;
  delivery.event = std::move(outgoing);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    delivery.handles.emplace_back(i + 1);
  }
  delivery.subscription_ids = std::move(ids);
  return delivery;
}

SourceEvent MakeSource() {
  SourceEvent source;
  source.event_id = "e1";
  source.tenant = "t";
  source.collection = "rooms";
  source.document_id = "d1";
  source.timestamp = FromUnixMillis(1'357'035'300'000);
  return source;
}

TEST(WireTest, ADeliveryIsWhatProtobufWouldHaveWritten) {
  struct Case {
    Operation operation;
    std::string wire_operation;
  };
  for (const Case& test :
       std::vector<Case>{{Operation::kInsert, "OPERATION_TYPE_INSERT"},
                         {Operation::kUpdate, "OPERATION_TYPE_UPDATE"},
                         {Operation::kDelete, "OPERATION_TYPE_DELETE"}}) {
    const auto messages = EncodeDelivery(
        MakeDelivery(MakeSource(), test.operation, R"({"a":1})", {"s1", "s2"}));
    const auto expected = FromText<pb::StreamerMessage>(
        R"(delivery {subscription_ids: "s1" subscription_ids: "s2" event {
             event_id: "e1" tenant: "t" collection: "rooms" document_id: "d1"
             document_data: "{\"a\":1}" timestamp: 1357035300000
             operation: )" +
        test.wire_operation + "}}");
    EXPECT_THAT(messages, ElementsAre(expected.SerializeAsString()));
  }
}

TEST(WireTest, EmptyFieldsAreNotWritten) {
  SourceEvent source;
  source.timestamp = FromUnixMillis(0);
  const auto messages = EncodeDelivery(
      MakeDelivery(std::move(source), Operation::kDelete, "", {"s"}));
  const auto expected = FromText<pb::StreamerMessage>(
      R"(delivery {subscription_ids: "s"
           event {operation: OPERATION_TYPE_DELETE}})");
  EXPECT_THAT(messages, ElementsAre(expected.SerializeAsString()));
}

// Sizes at which a length takes one more byte are where encoders go wrong.
TEST(WireTest, DocumentsOfAnySizeArriveWhole) {
  for (const std::size_t size :
       {1u, 60u, 100u, 127u, 128u, 129u, 16'383u, 16'384u, 3'000'000u}) {
    SourceEvent source = MakeSource();
    source.timestamp = FromUnixMillis(-1);
    const auto messages = EncodeDelivery(MakeDelivery(
        std::move(source), Operation::kUpdate, std::string(size, 'x'), {"s"}));
    ASSERT_THAT(messages, SizeIs(1));
    pb::StreamerMessage message;
    ASSERT_TRUE(message.ParseFromString(messages.front())) << size;
    EXPECT_EQ(message.SerializeAsString(), messages.front()) << size;
    EXPECT_EQ(message.delivery().event().document_data().size(), size);
    EXPECT_EQ(message.delivery().event().timestamp(), -1);
  }
}

TEST(WireTest, IdsThatDoNotFitAreSplitWithNoneLostAndTheOrderKept) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i)
    ids.push_back("subscription-" + std::to_string(i));
  const Delivery delivery =
      MakeDelivery(MakeSource(), Operation::kInsert, "{}", ids);
  const auto messages = EncodeDelivery(delivery, 1'000);
  EXPECT_GT(messages.size(), 10u);
  std::vector<std::string> got;
  for (const std::string& bytes : messages) {
    pb::StreamerMessage message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_LT(bytes.size(), 1'100u);
    EXPECT_EQ(message.delivery().event().event_id(), "e1");
    for (const std::string& id : message.delivery().subscription_ids()) {
      got.push_back(id);
    }
  }
  EXPECT_EQ(got, ids);
}

TEST(WireTest, AnIdLargerThanTheLimitGoesAlone) {
  const Delivery delivery = MakeDelivery(MakeSource(), Operation::kInsert, "{}",
                                         {"a", std::string(100, 'b'), "c"});
  EXPECT_THAT(EncodeDelivery(delivery, 10), SizeIs(3));
}

}  // namespace
}  // namespace streamer
