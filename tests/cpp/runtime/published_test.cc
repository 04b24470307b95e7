#include "runtime/internal/published.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "runtime/internal/histogram.h"

namespace streamer::internal {
namespace {

struct Pair {
  std::uint64_t first = 7;
  std::uint64_t second = 8;
};

TEST(PublishedTest, ReadGivesTheLastCopy) {
  Published<Pair> published;
  EXPECT_EQ(published.Read().first, 7u);
  published.Publish({1, 2});
  EXPECT_EQ(published.Read().first, 1u);
  EXPECT_EQ(published.Read().second, 2u);
}

// One thread publishes rising pairs while another reads. Words may come from
// two copies, but each only ever rises, and the last copy arrives.
TEST(PublishedTest, CountersNeverGoBackForAReader) {
  constexpr std::uint64_t kLast = 100'000;
  Published<Pair> published;
  published.Publish({0, 0});
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= kLast; ++i) published.Publish({i, i});
  });
  Pair seen{0, 0};
  while (seen.first < kLast || seen.second < kLast) {
    Pair next = published.Read();
    ASSERT_GE(next.first, seen.first);
    ASSERT_GE(next.second, seen.second);
    seen = next;
  }
  writer.join();
}

TEST(HistogramTest, ASampleCountsUnderTheFirstBoundItDoesNotExceed) {
  MatchCountHistogram histogram;
  for (double sample : {0.0, 1.0, 1.5, 2.0, 1e9}) histogram.Observe(sample);
  EngineStatistics::Histogram total;
  histogram.AddTo(total);
  histogram.AddTo(total);
  ASSERT_EQ(total.counts.size(), total.bounds.size() + 1);
  EXPECT_EQ(total.bounds[2], 2.0);
  EXPECT_EQ(total.counts[0], 2u);
  EXPECT_EQ(total.counts[1], 2u);
  EXPECT_EQ(total.counts[2], 4u);
  EXPECT_EQ(total.counts.back(), 2u);
  EXPECT_EQ(total.sum, 2 * (4.5 + 1e9));
}

}  // namespace
}  // namespace streamer::internal
