#include "index/hash_index.h"

#include <gtest/gtest.h>
#include <map>
#include <vector>

#include "base/hash.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

std::uint64_t HashOf(std::uint64_t number) { return MixHash(7, number); }

HashIndex::Number FindNumber(const HashIndex& index, std::uint64_t hash,
                             HashIndex::Number wanted) {
  return index.Find(hash,
                    [&](HashIndex::Number number) { return number == wanted; });
}

TEST(HashIndexTest, FindsWhatWasInsertedAndNothingElse) {
  HashIndex index;
  EXPECT_EQ(FindNumber(index, HashOf(1), 1), HashIndex::kNone);
  index.Insert(HashOf(1), 1);
  EXPECT_EQ(FindNumber(index, HashOf(1), 1), 1u);
  EXPECT_EQ(FindNumber(index, HashOf(2), 2), HashIndex::kNone);
  EXPECT_EQ(FindNumber(index, HashOf(1), 2), HashIndex::kNone);
}

TEST(HashIndexTest, TheCallerTellsApartNumbersOfOneHash) {
  HashIndex index;
  for (HashIndex::Number i = 0; i < 50; ++i) index.Insert(5, i);
  for (HashIndex::Number i = 0; i < 50; ++i) {
    EXPECT_EQ(FindNumber(index, 5, i), i);
  }
  index.Erase(5, 20);
  EXPECT_EQ(FindNumber(index, 5, 20), HashIndex::kNone);
  EXPECT_EQ(FindNumber(index, 5, 49), 49u);
}

// Enough entries for several splits and directory doublings, and all ways
// back.
void CheckUnderChurn(HashIndex::Bits bits) {
  Random random(SeedOf("HashIndexTest.Churn"));
  SCOPED_TRACE(random.seed_note());
  HashIndex index(bits);
  std::map<HashIndex::Number, std::uint64_t> model;
  HashIndex::Number next = 0;
  for (int step = 0; step < 400'000; ++step) {
    const bool is_growing = step < 200'000;
    if (model.empty() || random.Chance(is_growing ? 7 : 1, 8)) {
      // Every fourth hash comes twice.
      const std::uint64_t hash = HashOf(next / 4 * 3 + next % 4 / 2);
      index.Insert(hash, next);
      model.emplace(next++, hash);
    } else {
      auto place =
          model.lower_bound(static_cast<HashIndex::Number>(random.Below(next)));
      if (place == model.end()) place = model.begin();
      ASSERT_EQ(FindNumber(index, place->second, place->first), place->first);
      index.Erase(place->second, place->first);
      ASSERT_EQ(FindNumber(index, place->second, place->first),
                HashIndex::kNone);
      model.erase(place);
    }
    ASSERT_EQ(index.size(), model.size());
    if (step % 50'000 == 0) {
      for (const auto& [number, hash] : model) {
        ASSERT_EQ(FindNumber(index, hash, number), number);
        ASSERT_TRUE(index.MayHold(hash));
      }
    }
  }
}

TEST(HashIndexTest, AgreesWithAMapUnderRandomChurn) {
  CheckUnderChurn(HashIndex::Bits::kNone);
}

TEST(HashIndexTest, WithBitsAgreesWithAMapUnderRandomChurn) {
  CheckUnderChurn(HashIndex::Bits::kInFront);
}

// Of 100,000 hashes that are not in it, how many an index may hold.
int CountTakenForHeld(const HashIndex& index) {
  int taken = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    taken += index.MayHold(HashOf(1'000'000 + i)) ? 1 : 0;
  }
  return taken;
}

TEST(HashIndexTest, BitsSayNoOfNearlyAllThatIsNotThereAlsoAfterRemoval) {
  HashIndex index(HashIndex::Bits::kInFront);
  EXPECT_EQ(CountTakenForHeld(index), 0);
  constexpr HashIndex::Number kCount = 100'000;
  for (HashIndex::Number i = 0; i < kCount; ++i) index.Insert(HashOf(i), i);
  EXPECT_LT(CountTakenForHeld(index), 11'000);
  EXPECT_GT(CountTakenForHeld(index), 1'000);
  // Few enough that no segment shrinks, which would set all bits anew.
  for (HashIndex::Number i = 0; i < kCount / 4; ++i) {
    index.Erase(HashOf(i), i);
    ASSERT_EQ(FindNumber(index, HashOf(i), i), HashIndex::kNone);
  }
  EXPECT_LT(CountTakenForHeld(index), 8'500);
  int still_held = 0;
  for (HashIndex::Number i = 0; i < kCount / 4; ++i) {
    still_held += index.MayHold(HashOf(i)) ? 1 : 0;
  }
  EXPECT_LT(still_held, 25'000 * 85 / 1'000);
}

TEST(HashIndexTest, WithoutBitsAnythingMayBeHeld) {
  HashIndex index;
  EXPECT_FALSE(index.MayHold(HashOf(1)));
  index.Insert(HashOf(1), 1);
  EXPECT_TRUE(index.MayHold(HashOf(2)));
}

TEST(HashIndexTest, MemoryFollowsTheContentsDownToNothing) {
  HashIndex index;
  EXPECT_EQ(index.memory_bytes(), 0u);
  constexpr HashIndex::Number kCount = 200'000;
  for (HashIndex::Number i = 0; i < kCount; ++i) index.Insert(HashOf(i), i);
  const std::size_t full = index.memory_bytes();
  EXPECT_LT(full, kCount * 20);
  for (HashIndex::Number i = 0; i < kCount - 100; ++i) {
    index.Erase(HashOf(i), i);
  }
  EXPECT_LT(index.memory_bytes(), full / 20);
  for (HashIndex::Number i = kCount - 100; i < kCount; ++i) {
    index.Erase(HashOf(i), i);
  }
  EXPECT_EQ(index.memory_bytes(), 0u);
}

}  // namespace
}  // namespace streamer
