#include "index/id_set.h"

#include <gtest/gtest.h>
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
    const std::size_t room = step % 2'000 < 1'000 ? 3 : 200;
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
