#include "core/internal/membership_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace streamer::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kFirst = 1;
constexpr std::uint64_t kSecond = 2;
constexpr SubscriptionHandle kNewest{7};

class MembershipMemoryTest : public testing::Test {
 protected:
  void Put(const std::string& document, std::uint64_t number,
           const std::vector<std::uint32_t>& slots,
           std::uint64_t collection = kFirst) {
    memory_.Put(collection, document, number, kNewest, slots);
  }
  std::vector<std::uint32_t> SlotsOf(const std::string& document,
                                     std::uint64_t number) {
    std::vector<std::uint32_t> slots;
    const auto* found = memory_.Find(kFirst, document, number, 0);
    if (found == nullptr) return {9999};
    found->ForEachSlot([&](std::uint32_t slot) { slots.push_back(slot); });
    return slots;
  }
  [[nodiscard]] bool Knows(const std::string& document, std::uint64_t number,
                           std::uint64_t valid_from = 0,
                           std::uint64_t collection = kFirst) {
    return memory_.Find(collection, document, number, valid_from) != nullptr;
  }

  MembershipMemory memory_{3};
};

TEST_F(MembershipMemoryTest, TheLastEventOfADocumentIsWhatIsRemembered) {
  Put("d", 1, {0, 63, 64, 200});
  EXPECT_THAT(SlotsOf("d", 2), ElementsAre(0, 63, 64, 200));
  Put("d", 2, {1});
  EXPECT_THAT(SlotsOf("d", 3), ElementsAre(1));
  Put("d", 3, {});
  EXPECT_THAT(SlotsOf("d", 4), IsEmpty());
  EXPECT_EQ(memory_.Find(kFirst, "d", 4, 0)->newest, kNewest);
  EXPECT_EQ(memory_.size(), 1u);
}

TEST_F(MembershipMemoryTest, AnEventIsForgottenAfterSoManyLaterOnes) {
  Put("a", 1, {});
  EXPECT_TRUE(Knows("a", 3));
  EXPECT_FALSE(Knows("a", 4));
}

// Whoever asks: numbers of another shard count as well.
TEST_F(MembershipMemoryTest, WhatIsOverIsDroppedWhereverTheNumbersWent) {
  Put("a", 1, {});
  Put("b", 2, {});
  Put("c", 100, {});
  EXPECT_EQ(memory_.size(), 1u);
  for (std::uint64_t i = 101; i < 200; ++i) Put(absl::StrCat("d", i), i, {});
  EXPECT_EQ(memory_.size(), 3u);
}

TEST_F(MembershipMemoryTest, WhatIsVoidIsNotFound) {
  Put("a", 5, {});
  EXPECT_TRUE(Knows("a", 6, 5));
  EXPECT_FALSE(Knows("a", 6, 6));
}

TEST_F(MembershipMemoryTest, DocumentsOfTwoCollectionsAreTwo) {
  Put("a", 1, {}, kFirst);
  EXPECT_FALSE(Knows("a", 2, 0, kSecond));
  Put("a", 2, {}, kSecond);
  memory_.Forget(kFirst, "a");
  EXPECT_FALSE(Knows("a", 3, 0, kFirst));
  EXPECT_TRUE(Knows("a", 3, 0, kSecond));
}

TEST_F(MembershipMemoryTest, AClearedMemoryIsANewOne) {
  Put("a", 1, {});
  memory_.Clear();
  EXPECT_EQ(memory_.size(), 0u);
  EXPECT_FALSE(Knows("a", 2));
  Put("a", 2, {});
  EXPECT_TRUE(Knows("a", 3));
}

TEST(MembershipMemoryBoundTest, OfNoDocumentsNothingIsRemembered) {
  MembershipMemory memory(0);
  memory.Put(kFirst, "a", 1, kNewest, {});
  EXPECT_EQ(memory.size(), 0u);
  EXPECT_EQ(memory.Find(kFirst, "a", 2, 0), nullptr);
}

}  // namespace
}  // namespace streamer::internal
