#include "index/internal/posting_list.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <utility>

namespace streamer {
namespace {

constexpr PathId kPath{7};

std::set<std::uint32_t> IdsOf(const PostingList& list) {
  std::set<std::uint32_t> ids;
  list.ForEach([&](const Posting& posting) { ids.insert(posting.id.value()); });
  return ids;
}

Guard GuardOf(const PostingList& list, std::uint32_t id) {
  Guard guard;
  list.ForEach([&](const Posting& posting) {
    if (posting.id.value() == id) guard = posting.guard;
  });
  return guard;
}

TEST(GuardTest, BoundsAreRoundedOutward) {
  const Guard guard = Guard::Number(kPath, 0.1, 0.7);
  EXPECT_LE(static_cast<double>(guard.bounds.low), 0.1);
  EXPECT_GE(static_cast<double>(guard.bounds.high), 0.7);
  EXPECT_LT(static_cast<double>(guard.bounds.high), 0.7000001);
  EXPECT_EQ(guard.kind(), Guard::Kind::kNumber);
  EXPECT_EQ(guard.path(), kPath);
}

TEST(GuardTest, NumbersThatNoFloatHoldsStayInside) {
  const Guard guard = Guard::Number(kPath, 1e300, 1e300);
  EXPECT_EQ(guard.bounds.low, std::numeric_limits<float>::max());
  EXPECT_EQ(guard.bounds.high, std::numeric_limits<float>::infinity());
  const Guard all =
      Guard::Number(kPath, -std::numeric_limits<double>::infinity(), -1e300);
  EXPECT_EQ(all.bounds.low, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(all.bounds.high, -std::numeric_limits<float>::max());
}

TEST(PostingListTest, OnePostingTakesNoMemoryOfItsOwn) {
  PostingList list;
  EXPECT_TRUE(list.is_empty());
  list.Insert({ConjunctionId(5), Guard::OfTerm(kPath, TermId(3))});
  EXPECT_EQ(list.memory_bytes(), 0u);
  EXPECT_EQ(list.single(), ConjunctionId(5));
  EXPECT_FALSE(list.Erase(ConjunctionId(4)));
  EXPECT_TRUE(list.Erase(ConjunctionId(5)));
  EXPECT_TRUE(list.is_empty());
}

TEST(PostingListTest, TheFirstPostingGetsItsGuardBackFromTheSecond) {
  PostingList list;
  list.Insert({ConjunctionId(1), Guard::OfTerm(kPath, TermId(3))});
  EXPECT_EQ(GuardOf(list, 1).kind(), Guard::Kind::kNone);
  list.Insert({ConjunctionId(2), Guard::None()},
              Guard::OfTerm(kPath, TermId(3)));
  EXPECT_EQ(GuardOf(list, 1).term, 3u);
  EXPECT_EQ(GuardOf(list, 2).kind(), Guard::Kind::kNone);
}

TEST(PostingListTest, GrowsAndShrinksWithItsPostings) {
  PostingList list;
  std::set<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 100; ++i) {
    list.Insert({ConjunctionId(i), Guard::None()});
    expected.insert(i);
  }
  EXPECT_EQ(IdsOf(list), expected);
  const std::size_t full = list.memory_bytes();
  for (std::uint32_t i = 0; i < 98; ++i) {
    EXPECT_TRUE(list.Erase(ConjunctionId(i * 37 % 100)));
    expected.erase(i * 37 % 100);
    EXPECT_EQ(IdsOf(list), expected);
  }
  EXPECT_LT(list.memory_bytes() * 8, full);
  EXPECT_FALSE(list.Contains(ConjunctionId(0)));
}

TEST(PostingListTest, ADividedListIsTheNumberOfItsDivision) {
  PostingList list;
  list.Divide(DivisionId(9));
  const PostingList moved = std::move(list);
  EXPECT_TRUE(moved.is_divided());
  EXPECT_EQ(moved.division(), DivisionId(9));
  EXPECT_EQ(moved.size(), 0u);
  EXPECT_TRUE(list.is_empty());  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace streamer
