#include "index/scratch.h"

#include <gtest/gtest.h>

namespace streamer {
namespace {

TEST(IndexScratchTest, NothingOutlivesItsEvent) {
  IndexScratch scratch;
  const Value value = Value::Int(1);
  scratch.BeginEvent(4);
  scratch.SetPath(PathId(2), value);
  scratch.candidates.push_back({EntryId(0), 0, true});
  EXPECT_TRUE(scratch.Claim(EntryId(3)));
  EXPECT_TRUE(scratch.Memoized(SharedPredicateId(1), [] { return true; }));
  scratch.BeginEvent(4);
  EXPECT_EQ(scratch.FindPath(PathId(2)), nullptr);
  EXPECT_TRUE(scratch.visited().empty());
  EXPECT_TRUE(scratch.candidates.empty());
  EXPECT_FALSE(scratch.IsClaimed(EntryId(3)));
  EXPECT_FALSE(scratch.Memoized(SharedPredicateId(1), [] { return false; }));
}

TEST(IndexScratchTest, APredicateIsEvaluatedOnceAnEvent) {
  IndexScratch scratch;
  scratch.BeginEvent(0);
  int evaluations = 0;
  for (int i = 0; i < 3; ++i) {
    scratch.Memoized(SharedPredicateId(0), [&] {
      ++evaluations;
      return true;
    });
  }
  EXPECT_EQ(evaluations, 1);
}

TEST(IndexScratchTest, AnEntryIsClaimedOnceAnEvent) {
  IndexScratch scratch;
  scratch.BeginEvent(0);
  EXPECT_TRUE(scratch.Claim(EntryId(1)));
  EXPECT_FALSE(scratch.Claim(EntryId(1)));
  EXPECT_FALSE(scratch.IsClaimed(EntryId(0)));
}

TEST(IndexScratchTest, NumbersAreRoundedOnceForAllThatCompare) {
  IndexScratch scratch;
  scratch.BeginEvent(2);
  const Value number = Value::Uint(7);
  const Value text = Value::String("7");
  scratch.SetPath(PathId(0), number);
  scratch.SetPath(PathId(1), text);
  EXPECT_TRUE(scratch.FindPath(PathId(0))->is_number);
  EXPECT_EQ(scratch.FindPath(PathId(0))->number, 7.0);
  EXPECT_FALSE(scratch.FindPath(PathId(1))->is_number);
}

}  // namespace
}  // namespace streamer
