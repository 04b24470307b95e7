#include "base/backoff.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BackoffTest, EachWaitLiesInTheUpperHalfOfADoublingBound) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff({.minimum = milliseconds(100), .maximum = seconds(30)},
                    seed);
    Duration bound = milliseconds(200);
    for (int attempt = 0; attempt < 20; ++attempt) {
      const Duration wait = backoff.Next();
      EXPECT_GE(wait, bound / 2) << "seed " << seed;
      EXPECT_LE(wait, bound) << "seed " << seed;
      bound = std::min<Duration>(bound * 2, seconds(30));
    }
  }
}

TEST(BackoffTest, NoWaitIsShorterThanTheMinimumOrLongerThanTheMaximum) {
  for (const int minimum : {20, 35, 60}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Backoff backoff(
          {.minimum = milliseconds(minimum), .maximum = milliseconds(60)},
          seed);
      for (int attempt = 0; attempt < 6; ++attempt) {
        const Duration wait = backoff.Next();
        EXPECT_GE(wait, milliseconds(minimum)) << "seed " << seed;
        EXPECT_LE(wait, milliseconds(60)) << "seed " << seed;
      }
    }
  }
}

TEST(BackoffTest, AMinimumAboveTheMaximumIsTheMaximum) {
  Backoff backoff({.minimum = Duration::max(), .maximum = seconds(1)}, 7);
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_EQ(backoff.Next(), seconds(1));
  }
}

TEST(BackoffTest, ResetStartsFromTheShortestWait) {
  Backoff backoff({.minimum = milliseconds(100), .maximum = seconds(30)}, 7);
  for (int attempt = 0; attempt < 10; ++attempt) backoff.Next();
  EXPECT_GT(backoff.Next(), milliseconds(200));
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(200));
}

TEST(BackoffTest, EqualSeedsWaitEquallyAndOtherSeedsDoNot) {
  Backoff first({}, 1);
  Backoff same({}, 1);
  Backoff other({}, 2);
  std::vector<Duration> waits[3];
  for (int attempt = 0; attempt < 8; ++attempt) {
    waits[0].push_back(first.Next());
    waits[1].push_back(same.Next());
    waits[2].push_back(other.Next());
  }
  EXPECT_EQ(waits[0], waits[1]);
  EXPECT_NE(waits[0], waits[2]);
}

TEST(BackoffTest, AMinimumThatIsTheMaximumIsEveryWait) {
  Backoff backoff({.minimum = Duration(1), .maximum = Duration(1)}, 3);
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_EQ(backoff.Next(), Duration(1));
  }
}

}  // namespace
}  // namespace streamer
