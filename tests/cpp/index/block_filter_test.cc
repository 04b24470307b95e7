#include "index/internal/block_filter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/hash.h"

namespace streamer {
namespace {

// By chance, which multiplying neighbours is not.
std::uint64_t KeyOf(std::uint64_t number) {
  return HashBytes(std::to_string(number));
}

TEST(BlockFilterTest, HoldsWhatWasInserted) {
  BlockFilter filter(100);
  for (std::uint64_t i = 0; i < 2000; ++i) filter.Insert(KeyOf(i));
  for (std::uint64_t i = 0; i < 2000; ++i)
    EXPECT_TRUE(filter.MayHold(KeyOf(i)));
}

TEST(BlockFilterTest, InsertingAgainChangesNothing) {
  BlockFilter filter(100);
  EXPECT_TRUE(filter.Insert(KeyOf(1)));
  EXPECT_FALSE(filter.Insert(KeyOf(1)));
}

TEST(BlockFilterTest, AnEmptyOneHoldsNothingAndAlmostNoMemory) {
  const BlockFilter filter(1'000'000);
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_FALSE(filter.MayHold(KeyOf(i)));
  EXPECT_LT(filter.memory_bytes(), 200'000u);
}

// The formula against the thing: at three loads, within a tenth.
TEST(BlockFilterTest, LetsThroughAsOftenAsTheFormulaSays) {
  for (const double load : {20.0, 40.0, 60.0}) {
    BlockFilter filter(5'000);
    const auto keys = static_cast<std::uint64_t>(load * 5'000);
    for (std::uint64_t i = 0; i < keys; ++i) filter.Insert(KeyOf(i));
    constexpr std::uint64_t kAsked = 2'000'000;
    std::uint64_t let_through = 0;
    for (std::uint64_t i = 0; i < kAsked; ++i) {
      let_through += filter.MayHold(KeyOf(keys + i)) ? 1 : 0;
    }
    const double rate = static_cast<double>(let_through) / kAsked;
    const double expected = BlockFilter::RateAt(load);
    EXPECT_NEAR(rate, expected, expected / 10) << load;
  }
}

TEST(BlockFilterTest, TheLoadForARateHasThatRate) {
  for (const double rate : {0.1, 0.01, 0.001, 0.000'1}) {
    EXPECT_NEAR(BlockFilter::RateAt(BlockFilter::KeysPerBlockAt(rate)), rate,
                rate / 1000);
  }
}

TEST(BlockFilterTest, BlocksCanBeCopiedToAnother) {
  BlockFilter from(70);
  for (std::uint64_t i = 0; i < 500; ++i) from.Insert(KeyOf(i));
  BlockFilter to(70);
  for (std::size_t i = 0; i < 70; ++i) to.SetBlock(i, from.block(i));
  for (std::uint64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(to.MayHold(KeyOf(i)), from.MayHold(KeyOf(i)));
  }
}

}  // namespace
}  // namespace streamer
