#include "index/internal/list_sample.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace streamer {
namespace {

Constraint Range(std::uint32_t path) {
  return {.path = PathId(path), .low = 0, .high = 1};
}

Key Cell(std::uint32_t path, std::uint64_t value) {
  return {{PathId(path), SpaceKind::kCell, 3}, value};
}

TEST(ListSampleTest, NarrowKeysOfOnePathAreDividedFromTheStart) {
  ListSample sample;
  const std::vector<Constraint> constraints = {Range(1)};
  for (std::uint64_t i = 0; !sample.is_full(); ++i) {
    const Key key = Cell(1, i);
    sample.Add(constraints, &key);
  }
  EXPECT_LT(2 * sample.CostOfDivision(64), sample.CostOfCrowd(64));
  EXPECT_LT(sample.CostOfDivision(64), ListSample::CostOf(64));
}

TEST(ListSampleTest, WideRangesOfManyPathsAreACrowdWhateverTheirNumber) {
  ListSample sample;
  for (std::uint32_t i = 0; !sample.is_full(); ++i) {
    std::vector<Constraint> constraints;
    for (std::uint32_t k = 0; k < 4; ++k) {
      constraints.push_back(Range((i + k * 5) % 20));
    }
    const Key key = Cell(i % 20, i / 20 % 3);
    sample.Add(constraints, &key);
  }
  for (const std::size_t size : {64u, 1'024u, 65'536u}) {
    EXPECT_LT(sample.CostOfCrowd(size), ListSample::CostOf(size)) << size;
    EXPECT_LT(sample.CostOfCrowd(size), 2 * sample.CostOfDivision(size))
        << size;
  }
}

TEST(ListSampleTest, ManyConstraintsUnderManyKeysAreACrowdUntilItIsLarge) {
  ListSample sample;
  for (std::uint32_t i = 0; !sample.is_full(); ++i) {
    const std::vector<Constraint> constraints = {Range(1), Range(2), Range(3)};
    const Key key = Cell(1 + i % 3, i);
    sample.Add(constraints, &key);
  }
  EXPECT_LT(sample.CostOfCrowd(64), 2 * sample.CostOfDivision(64));
  EXPECT_GT(sample.CostOfCrowd(65'536), 2 * sample.CostOfDivision(65'536));
}

TEST(ListSampleTest, WhatSaysNothingStaysAList) {
  ListSample sample;
  while (!sample.is_full()) sample.Add({}, nullptr);
  EXPECT_GT(sample.CostOfCrowd(64), ListSample::CostOf(64));
  EXPECT_GT(sample.CostOfDivision(64), ListSample::CostOf(64));
}

TEST(ListSampleTest, WhatHasNoKeySpeaksAgainstDividing) {
  ListSample sample;
  for (std::uint64_t i = 0; !sample.is_full(); ++i) {
    const Key key = Cell(1, i);
    sample.Add({}, i % 2 == 0 ? &key : nullptr);
  }
  EXPECT_GT(sample.CostOfDivision(1'024), ListSample::CostOf(1'024));
}

}  // namespace
}  // namespace streamer
