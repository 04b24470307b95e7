#include "base/time.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace streamer {
namespace {

static_assert(!std::is_convertible_v<WallTime, MonotonicTime> &&
                  !std::is_convertible_v<MonotonicTime, WallTime>,
              "a timer must never run on wall time");

TEST(TimeTest, UnixMillisecondsSurviveTheRoundTrip) {
  for (std::int64_t millis : {std::int64_t{0}, std::int64_t{1357034400123},
                              std::int64_t{-62135596800000}}) {
    EXPECT_EQ(ToUnixMillis(FromUnixMillis(millis)), millis);
  }
}

TEST(TimeTest, AfterMovesBothViewsOfAnInstant) {
  Instant start{MonotonicTime(std::chrono::seconds(5)), FromUnixMillis(1000)};
  Instant later = start.After(std::chrono::milliseconds(1500));
  EXPECT_EQ(later.monotonic - start.monotonic, std::chrono::milliseconds(1500));
  EXPECT_EQ(ToUnixMillis(later.wall), 2500);
}

}  // namespace
}  // namespace streamer
