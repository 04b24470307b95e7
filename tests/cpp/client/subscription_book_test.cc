#include "client/internal/subscription_book.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client/client_actions.h"

namespace streamer::client_internal {
namespace {

std::uint64_t Sum(const std::vector<std::string>& ids) {
  std::uint64_t sum = 0;
  for (const std::string& id : ids) sum += *DigestOf(Request(id));
  return sum;
}

void AddLive(AskedById& asked, const std::string& id) {
  asked[id].request = Request(id);
  asked[id].is_live = true;
  asked[id].digest = DigestOf(asked[id].request);
}

TEST(SubscriptionBookTest, FiltersThatMeanTheSameHaveOneDigest) {
  EXPECT_EQ(DigestOf(Request("a", "doc.x == 1")),
            DigestOf(Request("a", "(doc.x == 1)")));
  EXPECT_NE(DigestOf(Request("a", "doc.x == 1")),
            DigestOf(Request("a", "doc.x == 2")));
  EXPECT_NE(DigestOf(Request("a")), DigestOf(Request("b")));
  EXPECT_EQ(DigestOf(Request("a", "doc.x ==")), std::nullopt);
}

TEST(SubscriptionBookTest, TheLaterProgressIsThatOfTheLaterPosition) {
  EXPECT_EQ(LaterOf("p1-1-9", "p1-1-10"), "p1-1-10");
  EXPECT_EQ(LaterOf("p1-2-1", "p1-1-10"), "p1-2-1");
  EXPECT_EQ(LaterOf("", "p1-1-10"), "p1-1-10");
  EXPECT_EQ(LaterOf("p1-1-10", ""), "p1-1-10");
  EXPECT_EQ(LaterOf("", ""), "");
}

TEST(SubscriptionBookTest, WhatIsLiveMustBeHeldAndNothingElse) {
  AskedById asked;
  AddLive(asked, "a");
  AddLive(asked, "b");
  EXPECT_TRUE(MayHold(asked, {}, 2, Sum({"a", "b"})));
  EXPECT_FALSE(MayHold(asked, {}, 1, Sum({"a"})));
  EXPECT_FALSE(MayHold(asked, {}, 3, Sum({"a", "b", "c"})));
  EXPECT_FALSE(MayHold(asked, {}, 2, Sum({"a", "c"})));
  EXPECT_FALSE(MayHold(asked, {}, 3, Sum({"a", "b"})));
}

TEST(SubscriptionBookTest, AFilterThatIsNotUnderstoodIsNeverSureToBeHeld) {
  AskedById asked;
  AddLive(asked, "a");
  asked["a"].digest.reset();
  EXPECT_FALSE(MayHold(asked, {}, 1, Sum({"a"})));
}

TEST(SubscriptionBookTest, UnansweredRequestsMayBeDoneOrNot) {
  AskedById asked;
  AddLive(asked, "a");
  asked["new"].request = Request("new");
  asked["new"].is_answer_lost = true;
  RetiredById retired;
  retired["old"].digest = DigestOf(Request("old"));
  EXPECT_TRUE(MayHold(asked, retired, 1, Sum({"a"})));
  EXPECT_TRUE(MayHold(asked, retired, 2, Sum({"a", "new"})));
  EXPECT_TRUE(MayHold(asked, retired, 2, Sum({"a", "old"})));
  EXPECT_TRUE(MayHold(asked, retired, 3, Sum({"a", "new", "old"})));
  EXPECT_FALSE(MayHold(asked, retired, 2, Sum({"new", "old"})));
}

TEST(SubscriptionBookTest, OfManyUnansweredRequestsNothingIsSaid) {
  AskedById asked;
  AddLive(asked, "a");
  RetiredById retired;
  for (int i = 0; i < 8; ++i) {
    retired[std::to_string(i)].digest = DigestOf(Request(std::to_string(i)));
  }
  EXPECT_TRUE(MayHold(asked, retired, 1, Sum({"a"})));
  retired["one more"].digest = DigestOf(Request("one more"));
  EXPECT_FALSE(MayHold(asked, retired, 1, Sum({"a"})));
}

}  // namespace
}  // namespace streamer::client_internal
