#include "runtime/internal/log_ages.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

using std::chrono::seconds;

// An event a second, from the first on.
class LogAgesTest : public ::testing::Test {
 protected:
  explicit LogAgesTest() {
    for (int i = 1; i <= 10; ++i) {
      log_.Append(support::MakeEvents(i, 1, "c"), start_.After(seconds(i)))
          .value();
    }
  }
  [[nodiscard]] WallTime At(int second) const {
    return start_.After(seconds(second)).wall;
  }

  const Instant start_ = Instant{}.After(seconds(1'000));
  MemoryEventLog log_{{.retained_events = 4}};
};

TEST_F(LogAgesTest, TheAgeIsThatOfTheNextEvent) {
  EXPECT_EQ(AgeAfter(log_, {1, 6}, At(12)), seconds(5));
  EXPECT_EQ(AgeAfter(log_, {1, 9}, At(12)), seconds(2));
}

TEST_F(LogAgesTest, AtTheHeadThereIsNone) {
  EXPECT_EQ(AgeAfter(log_, {1, 10}, At(12)), Duration::zero());
}

TEST_F(LogAgesTest, AClockThatWasSetBackMakesNothingYoungerThanNew) {
  EXPECT_EQ(AgeAfter(log_, {1, 6}, At(0)), Duration::zero());
}

TEST_F(LogAgesTest, HeadroomIsWithoutBoundUntilSomethingIsDropped) {
  EXPECT_EQ(HeadroomBefore(log_, {1, 6}, At(12)),
            std::numeric_limits<double>::infinity());
}

TEST_F(LogAgesTest, HeadroomIsWhatTheLogHoldsBeforeWhatIsNeeded) {
  log_.Release({1, 10});
  ASSERT_EQ(log_.first(), (Position{1, 7}));
  EXPECT_EQ(HeadroomBefore(log_, {1, 8}, At(12)), 2);
  EXPECT_EQ(HeadroomBefore(log_, {1, 10}, At(12)), 5);
  // Whoever needs what is gone has none.
  EXPECT_EQ(HeadroomBefore(log_, {1, 3}, At(12)), 0);
}

}  // namespace
}  // namespace streamer::internal
