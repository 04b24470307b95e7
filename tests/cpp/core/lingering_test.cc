#include "core/internal/lingering.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/core_events.h"

namespace streamer::internal {
namespace {

using std::chrono::seconds;

constexpr MonotonicTime At(int second) {
  return MonotonicTime(seconds(second));
}

Subscribe Asked(const std::string& id, const std::string& expression = "true") {
  return support::MakeSubscribe(GatewayHandle(9), id, "c", expression);
}
Subscription Ended(const std::string& id) {
  Subscribe asked = Asked(id);
  return {.subscription_id = asked.subscription_id,
          .tenant = asked.tenant,
          .collection = asked.collection,
          .filter = asked.filter};
}

TEST(LingeringTest, TheVerySameGoesOnUntilItDoes) {
  Lingering lingering({});
  lingering.Keep(Ended("s"), {1, 7}, At(0));
  EXPECT_EQ(lingering.Find(Asked("s", "doc.n > 1"), At(1)), std::nullopt);
  EXPECT_EQ(lingering.Find(Asked("r"), At(1)), std::nullopt);
  EXPECT_EQ(lingering.Find(Asked("s"), At(29)), (Position{1, 7}));
  EXPECT_EQ(lingering.Find(Asked("s"), At(29)), (Position{1, 7}));
  lingering.Forget(Asked("s"));
  EXPECT_EQ(lingering.Find(Asked("s"), At(29)), std::nullopt);
}

TEST(LingeringTest, AfterItsTimeItIsGone) {
  Lingering lingering({.linger = seconds(30)});
  lingering.Keep(Ended("a"), {1, 7}, At(0));
  lingering.Keep(Ended("b"), {1, 8}, At(10));
  EXPECT_EQ(lingering.Find(Asked("a"), At(30)), std::nullopt);
  lingering.Keep(Ended("a"), {1, 9}, At(31));
  lingering.Expire(At(40));
  EXPECT_EQ(lingering.size(), 1u);
  EXPECT_EQ(lingering.Find(Asked("a"), At(40)), (Position{1, 9}));
}

TEST(LingeringTest, TheOldestAreForgottenWhenThereAreTooMany) {
  Lingering lingering({.remembered = 2});
  for (const char* id : {"a", "b", "c"}) {
    lingering.Keep(Ended(id), {1, 1}, At(0));
  }
  EXPECT_EQ(lingering.size(), 2u);
  EXPECT_EQ(lingering.Find(Asked("a"), At(1)), std::nullopt);
  EXPECT_EQ(lingering.Find(Asked("c"), At(1)), (Position{1, 1}));
}

TEST(LingeringTest, WithoutALingeringTimeNothingIsKept) {
  Lingering lingering({.linger = Duration::zero()});
  lingering.Keep(Ended("a"), {1, 1}, At(0));
  EXPECT_EQ(lingering.size(), 0u);
}

}  // namespace
}  // namespace streamer::internal
