#include "transport/internal/control_plane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "transport/fake_engine.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

nlohmann::json Check(const std::string& question, unsigned status) {
  const HttpResponse response = CheckFilter({.body = question});
  EXPECT_EQ(response.status, status) << response.body;
  return nlohmann::json::parse(response.body);
}

TEST(FilterCheckTest, AFilterIsCompiledAndDescribed) {
  EXPECT_EQ(
      Check(R"({"filters":[{"field":"a","op":"in","value":[1,2]}]})", 200),
      nlohmann::json({{"filter", "doc.a in [1, 2]"},
                      {"matchAll", false},
                      {"conjunctions", 1},
                      {"exact", true},
                      {"indexable", true}}));
}

TEST(FilterCheckTest, WhatTheIndexCannotReachIsSaid) {
  const auto answer =
      Check(R"({"expression":"doc.a + 1 == 2 || doc.b == 3"})", 200);
  EXPECT_EQ(answer["indexable"], false);
}

TEST(FilterCheckTest, ADocumentIsExplained) {
  const auto answer =
      Check(R"({"expression":"doc.a > 1","document":{"a":2}})", 200);
  EXPECT_EQ(answer["explanation"]["matches"], true);
  EXPECT_EQ(answer["explanation"]["sentence"],
            "`doc.a > 1` is true: doc.a is 2");
  EXPECT_EQ(answer["explanation"]["tree"]["children"][0],
            nlohmann::json({{"text", "doc.a"}, {"value", 2}}));
}

TEST(FilterCheckTest, CostWarningsAndTheElementThatDecidedAreExplained) {
  const auto explanation =
      Check(R"json({"expression": "doc.l.all(x, x * 1.5 > 2.0)",
                    "document": {"l": [2.5, 1.0]}})json",
            200)["explanation"];
  EXPECT_EQ(explanation["tree"]["children"][1]["turn"], "x = 1.0 (2 of 2)");
  EXPECT_GT(explanation["measuredCost"], 5);
  EXPECT_GT(explanation["estimatedCost"], explanation["measuredCost"]);
  EXPECT_EQ(explanation["warnings"].size(), 1u);
}

TEST(FilterCheckTest, AnErrorOfTheEvaluationIsExplained) {
  const auto answer = Check(R"({"expression":"doc.a > 1","document":{}})", 200);
  EXPECT_EQ(answer["explanation"]["matches"], false);
  EXPECT_TRUE(answer["explanation"]["tree"].contains("error"));
}

TEST(FilterCheckTest, RefusalsNameTheField) {
  const std::vector<std::vector<std::string>> cases = {
      {"", "body", "body: expected a value, got end of text, at byte 0"},
      {"[]", "body", "body: expected an object, got list"},
      {R"({"x":1})", "body",
       "body: expected filters, expression or document, got \"x\""},
      {R"({"filters":{}})", "filters", "filters: expected a list, got map"},
      {R"({"filters":[1]})", "filters[0]",
       "filters[0]: expected an object {field, op, value}, got int"},
      {R"({"filters":[{"op":"==","value":1}]})", "filters[0].field",
       "filters[0].field: expected a value, got nothing"},
      {R"({"filters":[{"field":1,"op":"==","value":1}]})", "filters[0].field",
       "filters[0].field: expected a string, got int"},
      {R"({"expression":null})", "expression",
       "expression: expected a string, got null_type"},
  };
  for (const auto& one : cases) {
    const auto answer = Check(one[0], 400);
    EXPECT_EQ(answer["field"], one[1]) << one[0];
    EXPECT_EQ(answer["detail"], one[2]) << one[0];
  }
}

TEST(FilterCheckTest, ARefusalOfAnExpressionHasThePosition) {
  const auto answer = Check(R"({"expression":"1 +\n )"
                            R"("})",
                            400);
  EXPECT_EQ(answer["field"], "expression");
  EXPECT_EQ(answer["position"]["line"], 2);
}

class ListTest : public ::testing::Test {
 protected:
  void Add(std::uint64_t handle, const std::string& tenant) {
    SubscriptionInfo info;
    info.handle = SubscriptionHandle(handle);
    info.gateway_id = handle % 2 == 0 ? "even" : "odd";
    info.subscription_id = "s" + std::to_string(handle);
    info.tenant = tenant;
    info.collection = "c";
    info.filter = "true";
    engine_.listed.push_back(info);
  }
  nlohmann::json List(const std::string& query, unsigned status = 200) {
    const HttpResponse response = ListSubscriptions(
        engine_,
        {.target = *ParseTarget("/internal/v1/subscriptions" + query)});
    EXPECT_EQ(response.status, status) << response.body;
    return nlohmann::json::parse(response.body);
  }
  static std::vector<std::string> Ids(const nlohmann::json& page) {
    std::vector<std::string> ids;
    for (const auto& item : page["subscriptions"]) {
      ids.push_back(item["subscriptionId"]);
    }
    return ids;
  }

  FakeEngine engine_;
};

TEST_F(ListTest, ParametersNarrowTogether) {
  for (std::uint64_t handle = 1; handle <= 6; ++handle) {
    Add(handle, handle <= 3 ? "t" : "u");
  }
  EXPECT_THAT(Ids(List("?tenant=u&gateway=odd")), ElementsAre("s5"));
  EXPECT_THAT(Ids(List("?collection=d")), IsEmpty());
  EXPECT_THAT(Ids(List("?tenant=")), IsEmpty());
}

TEST_F(ListTest, TheFirstPageHoldsAHundred) {
  for (std::uint64_t handle = 1; handle <= 101; ++handle) Add(handle, "t");
  const auto page = List("");
  EXPECT_THAT(page["subscriptions"], SizeIs(100));
  EXPECT_EQ(page["nextCursor"], "100");
  EXPECT_THAT(Ids(List("?cursor=100")), ElementsAre("s101"));
  EXPECT_EQ(List("?cursor=100")["nextCursor"], nullptr);
}

TEST_F(ListTest, AFullLastPageHasNoCursor) {
  for (std::uint64_t handle = 1; handle <= 3; ++handle) Add(handle, "t");
  EXPECT_EQ(List("?limit=3")["nextCursor"], nullptr);
  EXPECT_EQ(List("?limit=2")["nextCursor"], "2");
}

// The engine is read a thousand at a time.
TEST_F(ListTest, WhatIsWantedIsFoundFarBehindWhatIsNot) {
  for (std::uint64_t handle = 1; handle <= 2'500; ++handle) Add(handle, "t");
  Add(2'501, "u");
  Add(2'502, "u");
  const auto page = List("?tenant=u&limit=1");
  EXPECT_THAT(Ids(page), ElementsAre("s2501"));
  EXPECT_EQ(page["nextCursor"], "2501");
  EXPECT_THAT(Ids(List("?tenant=u&cursor=2501")), ElementsAre("s2502"));
}

TEST_F(ListTest, AnExpiryIsATimestamp) {
  Add(1, "t");
  engine_.listed.front().expires_at =
      Instant{{}, WallTime(std::chrono::milliseconds(1'500))};
  EXPECT_EQ(List("")["subscriptions"][0]["expiresAt"],
            "1970-01-01T00:00:01.5Z");
}

class SummaryTest : public ::testing::Test {
 protected:
  nlohmann::json Ask(const std::string& query, unsigned status) {
    const HttpResponse response = SummarizeCollection(
        engine_,
        {.target = *ParseTarget("/internal/v1/collections/summary" + query)});
    EXPECT_EQ(response.status, status) << response.body;
    return nlohmann::json::parse(response.body);
  }

  FakeEngine engine_;
};

TEST_F(SummaryTest, TheSummaryOfEachShardIsGivenInBase64) {
  engine_.summaries = {std::string("\0\xff", 2), "ab"};
  EXPECT_EQ(Ask("?tenant=t&collection=c", 200)["summaries"],
            nlohmann::json({"AP8=", "YWI="}));
}

TEST_F(SummaryTest, ACollectionNobodySubscribesToIsNotFound) {
  engine_.summaries = {"ab"};
  EXPECT_EQ(Ask("?tenant=t&collection=d", 404)["detail"],
            "expected a collection with subscriptions, got \"d\" of tenant "
            "\"t\"");
}

TEST_F(SummaryTest, BothNamesAreNeededAndNothingElse) {
  EXPECT_EQ(Ask("?tenant=t", 400)["detail"],
            "collection: expected a name, got nothing");
  EXPECT_EQ(Ask("?tenant=&collection=c", 400)["detail"],
            "tenant: expected a name, got nothing");
  EXPECT_EQ(Ask("?tenant=t&collection=c&limit=1", 400)["detail"],
            "query: expected tenant and collection, got \"limit\"");
}

}  // namespace
}  // namespace streamer
