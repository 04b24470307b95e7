#include "index/pool.h"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

#include "support/random.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

TEST(PoolTest, ObjectsStayWhereTheyAre) {
  Pool<std::string> pool;
  const auto first = pool.Add("first");
  const std::string* address = &pool[first];
  for (int i = 0; i < 20'000; ++i) pool.Add("other");
  EXPECT_EQ(&pool[first], address);
  EXPECT_EQ(*address, "first");
}

TEST(PoolTest, NumbersAreUsedAgainAndStayBelowTheBound) {
  Pool<int> pool;
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t added = pool.Add(i);
    EXPECT_LT(added, pool.bound());
  }
  const std::size_t bound = pool.bound();
  std::uint32_t number = 50;
  for (int round = 0; round < 1000; ++round) {
    pool.Remove(number);
    number = pool.Add(round);
  }
  EXPECT_EQ(pool.bound(), bound);
}

TEST(PoolTest, AgreesWithAMapUnderRandomChurn) {
  Random random(SeedOf("PoolTest.Churn"));
  SCOPED_TRACE(random.seed_note());
  Pool<std::string> pool;
  std::map<std::uint32_t, std::string> model;
  for (int step = 0; step < 60'000; ++step) {
    // Grows for a while, then shrinks, several times.
    const bool is_growing = (step / 10'000) % 2 == 0;
    if (model.empty() || random.Chance(is_growing ? 3 : 1, 4)) {
      const std::string text = std::to_string(step);
      const std::uint32_t number = pool.Add(text);
      ASSERT_TRUE(model.emplace(number, text).second);
    } else {
      auto place = model.lower_bound(
          static_cast<std::uint32_t>(random.Below(pool.bound())));
      if (place == model.end()) place = model.begin();
      ASSERT_EQ(pool[place->first], place->second);
      pool.Remove(place->first);
      model.erase(place);
    }
    ASSERT_EQ(pool.size(), model.size());
  }
  for (const auto& [number, text] : model) EXPECT_EQ(pool[number], text);
}

TEST(PoolTest, RemoveDestroysTheObjectAtOnce) {
  Pool<std::shared_ptr<int>> pool;
  auto object = std::make_shared<int>(1);
  const auto number = pool.Add(object);
  pool.Add(nullptr);
  EXPECT_EQ(object.use_count(), 2);
  pool.Remove(number);
  EXPECT_EQ(object.use_count(), 1);
}

TEST(PoolTest, MemoryFollowsTheContentsDownToNothing) {
  Pool<std::uint64_t> pool;
  for (std::uint64_t i = 0; i < 100'000; ++i) pool.Add(i);
  const std::size_t full = pool.memory_bytes();
  EXPECT_GE(full, 100'000 * sizeof(std::uint64_t));
  for (std::uint32_t i = 0; i < 90'000; ++i) pool.Remove(i);
  EXPECT_LT(pool.memory_bytes(), full / 5);
  for (std::uint32_t i = 90'000; i < 100'000; ++i) pool.Remove(i);
  EXPECT_EQ(pool.memory_bytes(), 0u);
  EXPECT_EQ(pool.bound(), 0u);
}

TEST(PoolTest, PeekTellsAFreeNumberFromOneInUse) {
  Pool<int> pool;
  pool.Add(7);
  pool.Add(8);
  pool.Remove(0);
  ASSERT_NE(pool.Peek(0), nullptr);
  EXPECT_EQ(*pool.Peek(0), 0);
  EXPECT_EQ(*pool.Peek(1), 8);
  EXPECT_EQ(pool.Peek(100'000), nullptr);
  pool.Remove(1);
  EXPECT_EQ(pool.Peek(0), nullptr);
}

TEST(PoolTest, AMovedPoolTakesItsObjectsAlong) {
  Pool<std::string> pool;
  const auto number = pool.Add("x");
  Pool<std::string> taken = std::move(pool);
  EXPECT_EQ(taken[number], "x");
  pool = Pool<std::string>();
  EXPECT_EQ(pool.size(), 0u);
}

}  // namespace
}  // namespace streamer
