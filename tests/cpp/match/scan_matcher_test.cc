#include "match/scan_matcher.h"

#include <gtest/gtest.h>

#include "match/matched.h"

namespace streamer {
namespace {

TEST(ScanMatcherTest, EvaluatesEveryFilterOfTheTenantAndCollection) {
  ScanMatcher matcher;
  matcher.Add(SubscriptionHandle(3), "acme", "rooms", CompileText("doc.a > 1"));
  matcher.Add(SubscriptionHandle(1), "acme", "rooms",
              CompileText("doc.a * 2 > 3"));
  matcher.Add(SubscriptionHandle(2), "acme", "rooms", CompileText("doc.a < 1"));
  matcher.Add(SubscriptionHandle(4), "acme", "halls", CompileText("true"));
  matcher.Add(SubscriptionHandle(5), "other", "rooms", CompileText("true"));
  EXPECT_EQ(MatchedBy(matcher, R"({"a": 2})"), Handles({1, 3}));
  EXPECT_EQ(MatchedBy(matcher, R"({"a": "x"})"), Handles({}));
  EXPECT_EQ(matcher.size(), 5u);
}

TEST(ScanMatcherTest, ARemovedSubscriptionIsGone) {
  ScanMatcher matcher;
  matcher.Add(SubscriptionHandle(1), "acme", "rooms", CompileText("true"));
  matcher.Remove(SubscriptionHandle(1));
  matcher.Remove(SubscriptionHandle(1));
  EXPECT_EQ(MatchedBy(matcher, "{}"), Handles({}));
  EXPECT_EQ(matcher.size(), 0u);
}

}  // namespace
}  // namespace streamer
