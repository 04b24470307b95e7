#include "runtime/internal/loss_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace streamer::internal {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MonotonicTime kStart(std::chrono::hours(1));

class LossReportsTest : public ::testing::Test {
 protected:
  void Note(const std::string& reason, milliseconds since_start,
            LossCause cause = LossCause::kClusterTime) {
    reports_.Note({.cause = cause, .reason = reason}, kStart + since_start);
  }
  std::vector<std::string> Told() { return std::exchange(told_, {}); }

  std::vector<std::string> told_;
  LossReports reports_{
      [this](const LossReport& report, std::uint64_t left_out) {
        told_.push_back(absl::StrCat(report.reason, " ", left_out));
      }};
};

TEST_F(LossReportsTest, OneASecondIsToldAndTheOthersAreCounted) {
  for (int i = 0; i < 1'000; ++i) Note(absl::StrCat(i), milliseconds(i));
  EXPECT_THAT(Told(), ElementsAre("0 0"));
  Note("a", milliseconds(1'000));
  EXPECT_THAT(Told(), ElementsAre("a 999"));
}

TEST_F(LossReportsTest, TheLastOfABurstIsToldWhenItIsOver) {
  for (int i = 0; i < 10; ++i) Note(absl::StrCat(i), milliseconds(0));
  EXPECT_THAT(Told(), ElementsAre("0 0"));
  reports_.Flush(kStart + milliseconds(999));
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_TRUE(reports_.is_waiting());
  reports_.Flush(kStart + milliseconds(1'000));
  EXPECT_THAT(Told(), ElementsAre("9 8"));
  EXPECT_FALSE(reports_.is_waiting());
  reports_.Flush(kStart + milliseconds(5'000));
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LossReportsTest, EachCauseCountsForItself) {
  Note("a", milliseconds(0));
  Note("b", milliseconds(0), LossCause::kTrimmed);
  EXPECT_THAT(Told(), ElementsAre("a 0", "b 0"));
}

}  // namespace
}  // namespace streamer::internal
