#include "index/id_set.h"

#include <gtest/gtest.h>
#include <array>
#include <set>
#include <vector>

#include "base/ids.h"
#include "index/ids.h"
#include "support/random.h"

namespace streamer {
namespace {

using Ids = IdSet<ConjunctionId>;

std::vector<std::uint32_t> ContentsOf(const Ids& ids) {
  std::vector<std::uint32_t> contents;
  ids.ForEach([&](ConjunctionId id) { contents.push_back(id.value()); });
  return contents;
}

TEST(IdSetTest, IsEightBytesWhileItIsSmall) {
  EXPECT_EQ(sizeof(Ids), 8u);
  Ids ids;
  EXPECT_TRUE(ids.is_empty());
  ids.Insert(ConjunctionId(0));
  EXPECT_FALSE(ids.is_empty());
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(ids.memory_bytes(), 0u);
}

TEST(IdSetTest, AgreesWithASetUnderRandomChurn) {
  support::Random random(support::SeedOf("IdSetTest.Churn"));
  SCOPED_TRACE(random.seed_note());
  Ids ids;
  std::set<std::uint32_t> model;
  for (int step = 0; step < 20'000; ++step) {
    // Around no ids and one the form of the set changes; be there often.
    const std::size_t room = std::array{3, 30, 60, 200}[step / 500 % 4];
    const auto id = static_cast<std::uint32_t>(random.Below(room));
    if (random.Chance(1, 2)) {
      ASSERT_EQ(ids.Insert(ConjunctionId(id)), model.insert(id).second);
    } else {
      ASSERT_EQ(ids.Erase(ConjunctionId(id)), model.erase(id) == 1);
    }
    ASSERT_EQ(ids.size(), model.size());
    ASSERT_EQ(ids.is_empty(), model.empty());
    ASSERT_EQ(ContentsOf(ids),
              std::vector<std::uint32_t>(model.begin(), model.end()));
  }
}

TEST(IdSetTest, ShrinksThroughAllItsForms) {
  Ids ids;
  for (std::uint32_t id = 0; id < 100; ++id) ids.Insert(ConjunctionId(id));
  for (std::uint32_t left = 99; left > 0; --left) {
    // From both ends in turn.
    const std::uint32_t erased = left % 2 == 0 ? left / 2 : 99 - left / 2;
    ASSERT_TRUE(ids.Erase(ConjunctionId(erased))) << left;
    ASSERT_FALSE(ids.Contains(ConjunctionId(erased)));
    ASSERT_EQ(ids.size(), left);
    ASSERT_EQ(ContentsOf(ids).size(), left);
  }
  EXPECT_EQ(ids.memory_bytes(), 0u);
}

TEST(IdSetTest, FindsTheNextIdAndBeginsAnewAfterTheLast) {
  for (const std::uint32_t count : {1, 5, 32, 33, 90}) {
    Ids ids;
    for (std::uint32_t i = 0; i < count; ++i) ids.Insert(ConjunctionId(10 * i));
    EXPECT_EQ(ids.CyclicLowerBound(ConjunctionId(10 * count)),
              ConjunctionId(0));
    EXPECT_EQ(ids.CyclicLowerBound(ConjunctionId(10 * count - 19)),
              ConjunctionId(count == 1 ? 0 : 10 * count - 10));
  }
}

TEST(IdSetTest, HoldsHandlesOfSixtyTwoBits) {
  IdSet<SubscriptionHandle> handles;
  const SubscriptionHandle large((std::uint64_t{1} << 62) + 1);
  handles.Insert(large);
  handles.ForEach([&](SubscriptionHandle handle) { EXPECT_EQ(handle, large); });
  EXPECT_TRUE(handles.Erase(large));
}

TEST(IdSetTest, MovingLeavesNothingBehind) {
  Ids ids;
  for (std::uint32_t i = 0; i < 10; ++i) ids.Insert(ConjunctionId(i));
  Ids taken = std::move(ids);
  EXPECT_EQ(taken.size(), 10u);
  taken = Ids();
  EXPECT_TRUE(taken.is_empty());
}

}  // namespace
}  // namespace streamer
