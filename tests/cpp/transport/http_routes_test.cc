#include "transport/internal/http_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "transport/fake_engine.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class HttpRoutesTest : public ::testing::Test {
 protected:
  const HttpRoute* Find(std::string_view method, std::string_view path) {
    const auto found = routes_.Find(method, path);
    const auto* route = std::get_if<const HttpRoute*>(&found);
    return route == nullptr ? nullptr : *route;
  }
  HttpResponse Refusal(std::string_view method, std::string_view path) {
    auto found = routes_.Find(method, path);
    auto* response = std::get_if<HttpResponse>(&found);
    EXPECT_NE(response, nullptr);
    return response == nullptr ? HttpResponse{} : *response;
  }
  std::string DetailOf(const HttpRoute& route, const BodyHeader& header) {
    const auto refusal = HttpRoutes::CheckBody(route, header);
    if (!refusal.has_value()) return "accepted";
    return std::to_string(refusal->status) + " " +
           nlohmann::json::parse(refusal->body)["detail"].get<std::string>();
  }

  FakeEngine engine_;
  Metrics metrics_{engine_, [] { return TransportStatistics{}; }, "1.2.3"};
  std::atomic<ServicePhase> phase_ = ServicePhase::kStarting;
  HttpServerOptions options_{.version = "1.2.3"};
  HttpRoutes routes_{options_, engine_, metrics_, phase_};
};

TEST_F(HttpRoutesTest, ANameInBracesStandsForOneSegment) {
  const HttpRoute* route = Find("DELETE", "/internal/v1/subscriptions/a.b:c");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->path, "/internal/v1/subscriptions/{id}");
  EXPECT_EQ(Find("DELETE", "/internal/v1/subscriptions/"), nullptr);
  EXPECT_EQ(Find("DELETE", "/internal/v1/subscriptions/a/b"), nullptr);
  EXPECT_EQ(Find("GET", "/health/"), nullptr);
  EXPECT_EQ(Find("GET", "/health/live/x"), nullptr);
}

TEST_F(HttpRoutesTest, HeadGoesWhereGetDoes) {
  ASSERT_NE(Find("HEAD", "/health"), nullptr);
  EXPECT_EQ(Find("HEAD", "/health"), Find("GET", "/health"));
  EXPECT_EQ(Find("HEAD", "/v1/events"), nullptr);
}

TEST_F(HttpRoutesTest, AWrongMethodIsToldTheRightOnes) {
  const HttpResponse response = Refusal("PATCH", "/internal/v1/subscriptions");
  EXPECT_EQ(response.status, 405u);
  EXPECT_THAT(response.fields, ElementsAre(Pair("Allow", "GET, HEAD, POST")));
}

TEST_F(HttpRoutesTest, ABodyIsJudgedByItsHeader) {
  const HttpRoute& events = *Find("POST", "/v1/events");
  const HttpRoute& check = *Find("POST", "/internal/v1/filters/check");
  EXPECT_EQ(DetailOf(events, {.has_length = true}), "accepted");
  EXPECT_EQ(
      DetailOf(events, {.content_encoding = "identity", .has_length = true}),
      "accepted");
  EXPECT_EQ(DetailOf(events, {}),
            "411 expected Content-Length or Transfer-Encoding: chunked, got "
            "neither");
  EXPECT_EQ(DetailOf(events, {.content_encoding = "br", .has_length = true}),
            "415 Content-Encoding: expected identity, got \"br\"");
  EXPECT_EQ(DetailOf(check, {.content_type = "application/x-ndjson",
                             .has_length = true}),
            "415 Content-Type: expected application/json, got "
            "\"application/x-ndjson\"");
  EXPECT_EQ(DetailOf(*Find("GET", "/health"), {}), "accepted");
}

TEST_F(HttpRoutesTest, ReadinessFollowsThePhase) {
  const HttpRoute& ready = *Find("GET", "/health/ready");
  EXPECT_EQ(ready.answer({}).status, 503u);
  phase_ = ServicePhase::kReady;
  EXPECT_EQ(ready.answer({}).status, 200u);
  EXPECT_EQ(ready.answer({}).body, "{\"status\":\"ready\"}\n");
  phase_ = ServicePhase::kDraining;
  const nlohmann::json problem = nlohmann::json::parse(ready.answer({}).body);
  EXPECT_EQ(problem["detail"],
            "expected the service to be ready, got draining");
}

// The document is written by hand: here it is held to the table.
TEST_F(HttpRoutesTest, TheDescriptionHasExactlyTheRoutes) {
  std::set<std::string> routed;
  for (const HttpRoute& route : routes_.routes()) {
    std::string method(route.method);
    for (char& letter : method) {
      letter = static_cast<char>(std::tolower(letter));
    }
    routed.insert(method + " " + std::string(route.path));
  }
  std::set<std::string> described;
  const nlohmann::json document = nlohmann::json::parse(OpenApiDocument());
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string name = method;
      name.append(" ").append(path);
      EXPECT_FALSE(operation["responses"].empty()) << name;
      described.insert(std::move(name));
    }
  }
  EXPECT_EQ(described, routed);
}

}  // namespace
}  // namespace streamer
