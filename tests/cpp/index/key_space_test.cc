#include "index/internal/key_space.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "filter/filter.h"

namespace streamer {
namespace {

class KeySpaceTest : public testing::Test {
 protected:
  // The keys of the first predicate of the only conjunction of `expression`.
  const KeySet& Keys(const std::string& expression) {
    filter_ =
        Filter::Compile({.conditions = {}, .expression = expression}).value();
    const Conjunction& conjunction = filter_->conjunctions().front();
    const AccessKind kind = AccessKindOf(conjunction, 0);
    if (kind == AccessKind::kEquality || kind == AccessKind::kMember) {
      for (const Value& constant : ConstantsOf(conjunction.predicates[0])) {
        terms_.Acquire(path_, constant);
      }
    }
    set_ = KeysOf(conjunction, {kind, 0, 1}, path_, terms_);
    return set_;
  }
  bool IsUnder(double number) const {
    for (const Key& key : set_.keys) {
      if (CellOf(number, key.space.width) == key.value) return true;
    }
    return false;
  }

  const PathId path_{3};
  TermTable terms_;
  std::shared_ptr<const Filter> filter_;
  KeySet set_;
};

TEST_F(KeySpaceTest, ConstantsThatShareATermAreOneKey) {
  EXPECT_EQ(Keys("doc.a in [1, 1.0, 'x']").keys.size(), 2u);
  EXPECT_EQ(Keys("doc.a == 5").keys.front().space,
            (KeySpace{path_, SpaceKind::kTerm, 0}));
  EXPECT_EQ(Keys("5 in doc.a").keys.front().space.kind, SpaceKind::kMember);
}

TEST_F(KeySpaceTest, ARangeIsTwoAdjacentCellsAtMost) {
  for (const char* range :
       {"doc.a >= 3 && doc.a <= 5", "doc.a >= -1 && doc.a <= 1",
        "doc.a >= 0.1 && doc.a < 0.2", "doc.a > 7", "doc.a < -2.5",
        "doc.a >= 4 && doc.a <= 4"}) {
    const KeySet& set = Keys(range);
    ASSERT_LE(set.keys.size(), 2u) << range;
    if (set.keys.size() == 2) {
      EXPECT_EQ(set.keys[0].value + 1, set.keys[1].value) << range;
    }
    const NumberInterval interval = NumberIntervalOf(
        filter_->conjunctions().front(), {AccessKind::kNumbers, 0, 1});
    for (double number : {interval.low.number, interval.high.number,
                          interval.low.number / 2 + interval.high.number / 2}) {
      EXPECT_TRUE(IsUnder(number)) << range << " " << number;
    }
  }
}

TEST_F(KeySpaceTest, ACellIsHardlyLargerThanItsRange) {
  Keys("doc.a >= 0.50 && doc.a < 0.60");
  EXPECT_TRUE(IsUnder(0.55));
  EXPECT_FALSE(IsUnder(0.3));
  EXPECT_FALSE(IsUnder(0.8));
  EXPECT_FALSE(IsUnder(-0.55));
}

TEST_F(KeySpaceTest, TheZerosAreOneNumber) {
  Keys("doc.a >= 0.0 && doc.a <= 0.0");
  EXPECT_TRUE(IsUnder(-0.0));
  EXPECT_EQ(CellOf(std::numeric_limits<double>::infinity(), 64), 0u);
}

TEST_F(KeySpaceTest, ASubstringHangsOnOneOfItsGrams) {
  const KeySet& set = Keys("doc.a.contains('abcdefghij')");
  EXPECT_TRUE(set.is_choice);
  ASSERT_EQ(set.keys.size(), 3u);
  EXPECT_EQ(set.keys[1].space, (KeySpace{path_, SpaceKind::kGram, 8}));
  EXPECT_EQ(set.keys[1].value, GramOf("bcdefghi", 8));
  EXPECT_EQ(Keys("doc.a.contains('abcde')").keys.size(), 2u);
  EXPECT_EQ(Keys("doc.a.contains('abc')").keys.front().space.width, 2);
  EXPECT_EQ(Keys("doc.a.contains('a')").keys.front().space.width, 1);
  EXPECT_EQ(Keys("doc.a.contains('" + std::string(500, 'a') + "')").keys.size(),
            16u);
}

TEST_F(KeySpaceTest, EndsOfTextsAreKeysByTheirLength) {
  const KeySet& prefix = Keys("doc.a.startsWith('ab')");
  EXPECT_FALSE(prefix.is_choice);
  EXPECT_EQ(prefix.keys.front(),
            (Key{{path_, SpaceKind::kPrefix, 2}, LiteralKeyOf("ab")}));
  EXPECT_EQ(Keys("doc.a.endsWith('b')").keys.front(),
            (Key{{path_, SpaceKind::kSuffix, 1}, LiteralKeyOf("b")}));
}

TEST_F(KeySpaceTest, OfALongEndThePartAtTheEndCounts) {
  const std::string middle(100, 'x');
  EXPECT_EQ(Keys("doc.a.startsWith('ab" + middle + "')").keys.front().value,
            LiteralKeyOf("ab" + std::string(62, 'x')));
  EXPECT_EQ(Keys("doc.a.endsWith('" + middle + "ab')").keys.front().value,
            LiteralKeyOf(std::string(62, 'x') + "ab"));
}

}  // namespace
}  // namespace streamer
