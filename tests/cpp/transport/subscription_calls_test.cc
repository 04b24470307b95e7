#include "transport/internal/subscription_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "transport/fake_engine.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Management Register(const std::string& body) {
  return RegisterSubscription({.method = "POST", .body = body},
                              {.deliveries = 7}, seconds(300));
}

// A registration with `members` beside what it must have.
std::string Body(const std::string& members = "") {
  return R"({"gatewayId":"g","subscriptionId":"s","tenant":"t",)"
         R"("collection":"c")" +
         members + "}";
}

nlohmann::json Refused(const Management& management, unsigned status) {
  const auto& response = std::get<HttpResponse>(management);
  EXPECT_EQ(response.status, status) << response.body;
  return nlohmann::json::parse(response.body);
}

HttpRequest On(const std::string& path) {
  return {.target = ParseTarget(path).value()};
}

class SubscriptionCallsTest : public ::testing::Test {
 protected:
  void Hold(const std::string& id, const std::string& gateway_id,
            GatewayKind kind = GatewayKind::kSession) {
    SubscriptionInfo info;
    info.gateway_id = gateway_id;
    info.kind = kind;
    info.subscription_id = id;
    engine_.listed.push_back(std::move(info));
  }
  Management Renew(const std::string& query = "") {
    return RenewSubscription(
        engine_, On("/internal/v1/subscriptions/s/heartbeat" + query));
  }
  Management Unregister(const std::string& query = "") {
    return UnregisterSubscription(engine_,
                                  On("/internal/v1/subscriptions/s" + query));
  }

  FakeEngine engine_;
};

TEST_F(SubscriptionCallsTest, ARegistrationIsACommandForTheSession) {
  const auto call = std::get<ManagementCall>(
      Register(Body(R"(,"expression":"doc.n > 1","ttl":60,)"
                    R"("filters":[{"field":"a","op":"==","value":1}])")));
  EXPECT_EQ(call.command.gateway_id, "g");
  EXPECT_EQ(call.command.limits.deliveries, 7u);
  const auto& subscribe = std::get<Subscribe>(call.command.what);
  EXPECT_EQ(subscribe.subscription_id, "s");
  EXPECT_EQ(subscribe.tenant, "t");
  EXPECT_EQ(subscribe.collection, "c");
  EXPECT_EQ(subscribe.filter->text(), "doc.a == 1 && doc.n > 1");
  EXPECT_EQ(subscribe.ttl, seconds(60));
}

TEST_F(SubscriptionCallsTest, WhoSaysNoTimeToLiveGetsTheDefault) {
  const auto call = std::get<ManagementCall>(Register(Body()));
  EXPECT_EQ(std::get<Subscribe>(call.command.what).ttl, seconds(300));
}

TEST_F(SubscriptionCallsTest, WhatIsRegisteredIsDescribed) {
  const auto call = std::get<ManagementCall>(Register(Body()));
  const HttpResponse response = call.answer(SubscribeResponse{
      .subscription_id = "s",
      .from = {3, 9},
      .expires_at = Instant{{}, WallTime(std::chrono::milliseconds(400'250))},
      .session = SessionNumber(77)});
  EXPECT_EQ(response.status, 201u);
  EXPECT_EQ(nlohmann::json::parse(response.body),
            nlohmann::json({{"subscriptionId", "s"},
                            {"gatewayId", "g"},
                            {"tenant", "t"},
                            {"collection", "c"},
                            {"filter", "true"},
                            {"createdAt", "1970-01-01T00:01:40.25Z"},
                            {"expiresAt", "1970-01-01T00:06:40.25Z"},
                            {"fromProgress", "p1-3-9"},
                            {"session", "77"}}));
}

TEST_F(SubscriptionCallsTest, ABadRegistrationNamesItsMember) {
  const struct {
    std::string body, field, detail;
  } kBad[] = {
      {"[]", "body", "body: expected an object, got list"},
      {Body(R"(,"x":1)"), "body", "collection, filters, expression or ttl, "},
      {R"({"gatewayId":"g g"})", "gatewayId", "got \"g g\""},
      {R"({"gatewayId":1})", "gatewayId", "expected a string, got int"},
      {R"({"gatewayId":"g"})", "subscriptionId", "expected 1 to 128 of"},
      {R"({"gatewayId":"g","subscriptionId":"s"})", "tenant", "non-empty name"},
      {R"({"gatewayId":"g","subscriptionId":"s","tenant":"t",)"
       R"("collection":"a//b"})",
       "collection", "without empty segments"},
      {Body(R"(,"ttl":59)"), "ttl",
       "ttl: expected 60 to 3600 whole seconds, got 59"},
      {Body(R"(,"ttl":3601)"), "ttl", "got 3601"},
      {Body(R"(,"ttl":60.5)"), "ttl", "got 60.5"},
      {Body(R"(,"ttl":"60")"), "ttl", "got \"60\""},
      {Body(R"(,"filters":[{"field":"a","op":"=","value":1}])"),
       "filters[0].op", "filters[0].op: "},
      {Body(R"(,"expression":"doc.a ==")"), "expression", ""},
  };
  for (const auto& bad : kBad) {
    const nlohmann::json problem = Refused(Register(bad.body), 400);
    EXPECT_EQ(problem["field"], bad.field) << bad.body;
    EXPECT_THAT(problem["detail"].get<std::string>(), HasSubstr(bad.detail));
  }
  EXPECT_EQ(Refused(Register(Body(R"(,"expression":"doc.a ==")")),
                    400)["position"]["column"],
            9);
}

TEST_F(SubscriptionCallsTest, ARefusalHasItsStatus) {
  const auto call = std::get<ManagementCall>(Register(Body()));
  const auto refused = [&](const Status& status,
                           std::optional<QuotaScope> quota = std::nullopt) {
    return call.answer(SubscribeResponse{.status = status, .quota = quota});
  };
  EXPECT_EQ(refused(AlreadyExists("it exists")).status, 409u);
  const HttpResponse full =
      refused(ResourceExhausted("quota"), QuotaScope::kTenant);
  EXPECT_EQ(full.status, 429u);
  EXPECT_EQ(nlohmann::json::parse(full.body)["quota"], "tenant");
  EXPECT_EQ(
      nlohmann::json::parse(refused(ResourceExhausted("quota")).body)["quota"],
      "sessions");
  const HttpResponse unsaved =
      call.answer(GatewayClosed{Unavailable("the state cannot be saved")});
  EXPECT_EQ(unsaved.status, 503u);
  EXPECT_THAT(unsaved.body, HasSubstr("the state cannot be saved"));
}

TEST_F(SubscriptionCallsTest, TheOnlyHolderNeedNotBeNamed) {
  Hold("s", "g");
  Hold("other", "h");
  const auto renew = std::get<ManagementCall>(Renew());
  EXPECT_EQ(renew.command.gateway_id, "g");
  EXPECT_EQ(std::get<streamer::Renew>(renew.command.what).subscription_id, "s");
  const auto end = std::get<ManagementCall>(Unregister());
  EXPECT_EQ(std::get<Unsubscribe>(end.command.what).subscription_id, "s");
}

TEST_F(SubscriptionCallsTest, OneOfSeveralHoldersMustBeNamed) {
  Hold("s", "g");
  Hold("s", "h");
  for (const Management& call : {Renew(), Unregister()}) {
    EXPECT_EQ(Refused(call, 409)["gateways"], nlohmann::json({"g", "h"}));
  }
  EXPECT_EQ(std::get<ManagementCall>(Renew("?gateway=h")).command.gateway_id,
            "h");
  EXPECT_THAT(Refused(Renew("?gateways=h"), 400)["detail"],
              "query: expected gateway, got \"gateways\"");
  EXPECT_EQ(std::get<HttpResponse>(Renew("?gateway=")).status, 400u);
}

// The engine says so, once what ended it is saved.
TEST_F(SubscriptionCallsTest, WhatIsNobodysIsNotThereOrGoneAlready) {
  const auto gone = std::get<ManagementCall>(Unregister());
  EXPECT_EQ(gone.command.gateway_id, "");
  const HttpResponse answer =
      gone.answer(UnsubscribeResponse{.status = NotFound("no")});
  EXPECT_EQ(answer.status, 204u);
  EXPECT_THAT(answer.body, IsEmpty());
  EXPECT_EQ(
      std::get<ManagementCall>(Unregister("?gateway=g")).command.gateway_id,
      "g");
  const auto renewed = std::get<ManagementCall>(Renew());
  EXPECT_EQ(renewed.answer(RenewResponse{.status = NotFound("no")}).status,
            404u);
}

TEST_F(SubscriptionCallsTest, WhatEndsWithItsStreamIsNobodyElses) {
  Hold("s", "uuid", GatewayKind::kSoftState);
  for (const char* query : {"", "?gateway=uuid"}) {
    EXPECT_THAT(Refused(Unregister(query), 409)["detail"].get<std::string>(),
                HasSubstr("a stream without one"));
  }
}

TEST_F(SubscriptionCallsTest, AllOfAGatewayEndAtOnce) {
  const auto call = std::get<ManagementCall>(
      UnregisterGateway(On("/internal/v1/gateways/g/subscriptions")));
  EXPECT_EQ(call.command.gateway_id, "g");
  EXPECT_EQ(call.answer(UnsubscribeResponse{.ended = 2}).body,
            "{\"removed\":2}\n");
  EXPECT_EQ(
      std::get<HttpResponse>(UnregisterGateway(On("/internal/v1/gateways/%20/"
                                                  "subscriptions")))
          .status,
      400u);
}

}  // namespace
}  // namespace streamer
