// Tests of the generators in tests/cpp/support: a random test is worth what
// its generator reaches.
#include "support/random_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "value/json.h"
#include "value/ordering.h"

namespace streamer::support {
namespace {

TEST(RandomTest, OneSeedMakesOneSequence) {
  Random first(7);
  Random second(7);
  Random other(8);
  EXPECT_EQ(first.Bits(), second.Bits());
  EXPECT_NE(first.Bits(), other.Bits());
  EXPECT_EQ(first.seed_note(), "replay with STREAMER_TEST_SEED=7");
}

TEST(RandomTest, BetweenReachesBothEnds) {
  Random random(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.Between(-2, 3));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2, 3}));
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_NE(random.Between(least, -(least + 1)),
            random.Between(least, -(least + 1)));
}

TEST(RandomValuesTest, CelReachesEveryKind) {
  Random random(1);
  Arena arena;
  RandomValues values(random, arena, ValueRange::kCel);
  std::set<ValueKind> kinds;
  bool saw_nan = false;
  for (int i = 0; i < 5000; ++i) {
    Value value = values.Any(2);
    kinds.insert(value.kind());
    saw_nan |= value.is(ValueKind::kDouble) && std::isnan(value.double_value());
  }
  EXPECT_EQ(kinds.size(), 12u) << "every kind but error";
  EXPECT_TRUE(saw_nan);
}

TEST(RandomValuesTest, JsonDrawsOnlyWhatJsonCanSay) {
  Random random(2);
  Arena arena;
  RandomValues values(random, arena, ValueRange::kJson);
  for (int i = 0; i < 5000; ++i) {
    Value value = values.Any(3);
    std::string before;
    AppendIdentity(value, before);
    std::string after;
    AppendIdentity(ParseJson(FormatJson(value), arena).value(), after);
    ASSERT_EQ(before, after) << FormatJson(value);
  }
}

TEST(RandomValuesTest, DocumentsAreMapsThatShareFieldNames) {
  Random random(3);
  Arena arena;
  RandomValues values(random, arena, ValueRange::kJson);
  int with_price = 0;
  int large = 0;
  for (int i = 0; i < 1000; ++i) {
    Value document = values.Document(2);
    ASSERT_TRUE(document.is(ValueKind::kMap));
    if (document.map().Find("price") != nullptr) ++with_price;
    if (document.map().size() > 8) ++large;
  }
  EXPECT_GT(with_price, 500);
  EXPECT_LT(with_price, 900);
  EXPECT_GT(large, 100) << "hashed maps must be met";
}

TEST(RandomValuesTest, DepthIsBounded) {
  Random random(4);
  Arena arena;
  RandomValues values(random, arena, ValueRange::kJson);
  for (int i = 0; i < 1000; ++i) {
    Value value = values.Any(0);
    EXPECT_FALSE(value.is(ValueKind::kList) || value.is(ValueKind::kMap));
  }
}

TEST(DamageTextTest, ChangesMostTexts) {
  Random random(5);
  int changed = 0;
  for (int i = 0; i < 100; ++i) {
    if (DamageText(R"({"a":[1,2,3]})", random) != R"({"a":[1,2,3]})") {
      ++changed;
    }
  }
  EXPECT_GT(changed, 90);
}

}  // namespace
}  // namespace streamer::support
