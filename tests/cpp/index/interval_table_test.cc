#include "index/internal/interval_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "index/ids.h"
#include "index/internal/bounds.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

using NumberTable = IntervalTable<NumberBound, ConjunctionId>;
using TextTable = IntervalTable<TextBound, ConjunctionId>;

template <typename Bound>
struct Interval {
  Bound low;
  Bound high;
  ConjunctionId id;
};

template <typename Bound>
std::vector<std::uint32_t> Stabbed(
    const IntervalTable<Bound, ConjunctionId>& table, const Bound& point) {
  std::vector<std::uint32_t> ids;
  table.Stab(point, [&](ConjunctionId id) { ids.push_back(id.value()); });
  std::sort(ids.begin(), ids.end());
  return ids;
}

template <typename Bound>
std::vector<std::uint32_t> Expected(
    const std::vector<Interval<Bound>>& intervals, const Bound& point) {
  std::vector<std::uint32_t> ids;
  for (const Interval<Bound>& interval : intervals) {
    if (interval.low <= point && point <= interval.high) {
      ids.push_back(interval.id.value());
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Inserts, removes and stabs at random; `draw` makes a bound.
template <typename Bound, typename Draw>
void CheckAgainstAList(Random& random, Draw draw, int steps) {
  IntervalTable<Bound, ConjunctionId> table;
  std::vector<Interval<Bound>> intervals;
  std::uint32_t next = 0;
  for (int step = 0; step < steps; ++step) {
    const bool is_growing = (step / 500) % 2 == 0;
    if (intervals.empty() || random.Chance(is_growing ? 3 : 1, 4)) {
      Bound low = draw();
      Bound high = draw();
      if (high < low) std::swap(low, high);
      intervals.push_back({low, high, ConjunctionId(next++)});
      table.Insert(low, high, intervals.back().id);
    } else {
      const std::size_t place = random.Below(intervals.size());
      const Interval<Bound> removed = intervals[place];
      intervals[place] = intervals.back();
      intervals.pop_back();
      table.Erase(removed.low, removed.high, removed.id);
    }
    ASSERT_EQ(table.size(), intervals.size());
    const Bound point = draw();
    ASSERT_EQ(Stabbed(table, point), Expected(intervals, point));
  }
  for (const Interval<Bound>& interval : intervals) {
    table.Erase(interval.low, interval.high, interval.id);
  }
  EXPECT_TRUE(table.is_empty());
}

TEST(IntervalTableTest, NumbersAgreeWithAListUnderRandomChurn) {
  Random random(SeedOf("IntervalTableTest.Numbers"));
  SCOPED_TRACE(random.seed_note());
  const std::vector<double> notable = {
      0.0,
      -0.0,
      1.0,
      -1.0,
      0.5,
      1e-300,
      -1e-300,
      9007199254740992.0,
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::denorm_min()};
  CheckAgainstAList<NumberBound>(
      random,
      [&] {
        switch (random.Below(3)) {
          case 0:
            return NumberBound{random.Pick(notable)};
          case 1:
            return NumberBound{static_cast<double>(random.Between(-20, 20))};
          default:
            return NumberBound{
                static_cast<double>(random.Between(-1000, 1000)) / 64};
        }
      },
      6'000);
}

TEST(IntervalTableTest, TextsAgreeWithAListUnderRandomChurn) {
  Random random(SeedOf("IntervalTableTest.Texts"));
  SCOPED_TRACE(random.seed_note());
  // Short and long common prefixes, around the borders of 8-byte chunks.
  std::vector<std::string> texts = {""};
  for (const std::string stem : {"", "a", "abcdefg", "abcdefgh",
                                 "2013-01-01T00:00", "ünïcødé-ünïcødé"}) {
    for (const char* end : {"", "a", "b", "zz", "\x7f", "é", "😀"}) {
      texts.push_back(stem + end);
    }
  }
  CheckAgainstAList<TextBound>(
      random,
      [&] { return TextBound{random.Pick(texts), random.Chance(1, 5)}; },
      6'000);
}

TEST(IntervalTableTest, PrefixesHoldExactlyTheTextsThatBeginSo) {
  TextTable table;
  const std::vector<std::string> prefixes = {
      "", "a", "ab", "abcdefgh", "abcdefghi", std::string(600, 'x')};
  for (std::uint32_t i = 0; i < prefixes.size(); ++i) {
    table.Insert({prefixes[i], false}, {prefixes[i], true}, ConjunctionId(i));
  }
  auto stabbed = [&](const std::string& text) {
    return Stabbed(table, TextBound{text, false});
  };
  using Ids = std::vector<std::uint32_t>;
  EXPECT_EQ(stabbed(""), Ids({0}));
  EXPECT_EQ(stabbed("b"), Ids({0}));
  EXPECT_EQ(stabbed("a"), Ids({0, 1}));
  EXPECT_EQ(stabbed("abcdefgh"), Ids({0, 1, 2, 3}));
  EXPECT_EQ(stabbed("abcdefghi\xff"), Ids({0, 1, 2, 3, 4}));
  EXPECT_EQ(stabbed(std::string(601, 'x')), Ids({0, 5}));
  EXPECT_EQ(stabbed(std::string(599, 'x')), Ids({0}));
}

// All nested around one point, and all the same: the shapes that make an
// unbalanced or a bucketed structure slow. What is read must be what is found.
TEST(IntervalTableTest, NestedAndEqualIntervalsYieldOnlyWhatHoldsThePoint) {
  NumberTable table;
  constexpr std::uint32_t kCount = 2'000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const double width = i + 1;
    table.Insert({-width}, {width}, ConjunctionId(i));
    table.Insert({5000}, {6000}, ConjunctionId(kCount + i));
  }
  EXPECT_EQ(Stabbed(table, NumberBound{0}).size(), kCount);
  EXPECT_EQ(Stabbed(table, NumberBound{1990}).size(), 11u);
  EXPECT_EQ(Stabbed(table, NumberBound{-1999.5}).size(), 1u);
  EXPECT_EQ(Stabbed(table, NumberBound{5500}).size(), kCount);
  EXPECT_EQ(Stabbed(table, NumberBound{7000}).size(), 0u);
}

TEST(IntervalTableTest, MemoryFollowsTheContentsDownToNothing) {
  NumberTable table;
  const std::size_t empty = table.memory_bytes();
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    table.Insert({double(i)}, {double(i + 10)}, ConjunctionId(i));
  }
  EXPECT_GT(table.memory_bytes(), 10'000 * 32u);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    table.Erase({double(i)}, {double(i + 10)}, ConjunctionId(i));
  }
  EXPECT_LE(table.memory_bytes(), empty + 1'024);
}

TEST(TextBoundTest, APlaceAfterAPrefixFollowsAllThatBeginsSo) {
  const TextBound after_ab{"ab", true};
  EXPECT_LT((TextBound{"ab", false}), after_ab);
  EXPECT_LT((TextBound{"ab\xff\xff", false}), after_ab);
  EXPECT_GT((TextBound{"ac", false}), after_ab);
  EXPECT_LT((TextBound{"aa", true}), after_ab);
  EXPECT_LT((TextBound{"abc", true}), after_ab);
  EXPECT_GT((TextBound{"a", true}), after_ab);
  EXPECT_GT(TextBound::Highest(), (TextBound{"\xff\xff", true}));
  EXPECT_LE(TextBound::Lowest(), (TextBound{"", false}));
}

}  // namespace
}  // namespace streamer
