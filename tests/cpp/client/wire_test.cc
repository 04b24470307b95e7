#include "client/internal/wire.h"

#include <string>
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
