#include "transport/internal/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(HttpMessageTest, ATargetIsDecodedIntoPathAndParameters) {
  const auto target = ParseTarget("/a%20b/c?x=1&y=%26%3d&x=2&flag&=v&z=");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/a b/c");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("x", "1"), Pair("y", "&="), Pair("x", "2"),
                          Pair("flag", ""), Pair("", "v"), Pair("z", "")));
  EXPECT_EQ(target->Parameter("x"), "1");
  EXPECT_EQ(target->Parameter("flag"), "");
  EXPECT_EQ(target->Parameter("absent"), std::nullopt);
}

TEST(HttpMessageTest, AQuestionMarkAloneAsksForNothing) {
  const auto target = ParseTarget("/a?");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/a");
  EXPECT_THAT(target->query, IsEmpty());
}

TEST(HttpMessageTest, WhatIsNoTargetIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "target: expected \"/…\", got \"\""},
      {"*", "target: expected \"/…\", got \"*\""},
      {"/%", "target: expected two hexadecimal digits after \"%\", got \"\""},
      {"/%4", "target: expected two hexadecimal digits after \"%\", got \"4\""},
      {"/%+1",
       "target: expected two hexadecimal digits after \"%\", got \"+1\""},
      {"/?a=%zz",
       "target: expected two hexadecimal digits after \"%\", got \"zz\""},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(ParseTarget(text).status(), InvalidArgument(message));
  }
}

TEST(HttpMessageTest, AProblemIsOneOfRfc7807) {
  const HttpResponse response =
      ProblemResponse(404, "expected this, got that", {{"field", "x"}});
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"about:blank","title":"Not Found","status":404,)"
            R"("detail":"expected this, got that","field":"x"})"
            "\n");
}

TEST(HttpMessageTest, BytesThatAreNoTextLeaveTheBodyJson) {
  const HttpResponse response = ProblemResponse(400, "got \xff");
  EXPECT_EQ(nlohmann::json::parse(response.body)["detail"], "got \uFFFD");
}

TEST(HttpMessageTest, AMediaTypeHasNoParametersAndNoCase) {
  EXPECT_EQ(MediaTypeOf("Application/JSON; charset=utf-8"), "application/json");
  EXPECT_EQ(MediaTypeOf("text/plain  "), "text/plain");
  EXPECT_EQ(MediaTypeOf(""), "");
}

TEST(HttpMessageTest, EveryStatusThatIsSentHasAReason) {
  for (const unsigned status : {200u, 202u, 400u, 404u, 405u, 411u, 413u, 415u,
                                417u, 431u, 500u, 501u, 503u}) {
    EXPECT_NE(ReasonOf(status), "Unknown") << status;
  }
  EXPECT_EQ(ReasonOf(299), "Unknown");
}

}  // namespace
}  // namespace streamer
