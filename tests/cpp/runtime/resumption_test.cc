#include "runtime/internal/resumption.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

TEST(ResumptionTest, APlaceOfTheLogIsItself) {
  MemoryEventLog log;
  log.Append(support::MakeEvents(1, 3, "c"), Instant()).value();
  const ResumePoint point = ResolveProgress(log, "p1-1-2").value();
  EXPECT_EQ(point.after, (Position{1, 2}));
  EXPECT_EQ(point.reached, OkStatus());
}

TEST(ResumptionTest, APlaceThatIsNoLongerHeldIsSaidToBe) {
  MemoryEventLog log({.retained_events = 2});
  log.Append(support::MakeEvents(1, 5, "c"), Instant()).value();
  log.Release(log.head());
  const ResumePoint point = ResolveProgress(log, "p1-1-1").value();
  EXPECT_EQ(point.after, (Position{1, 1}));
  EXPECT_EQ(point.reached.code(), absl::StatusCode::kOutOfRange);
}

TEST(ResumptionTest, WhatIsNoPlaceIsRefusedByKind) {
  MemoryEventLog log;
  EXPECT_EQ(ResolveProgress(log, "2").status(),
            InvalidArgument("progress: expected a marker given by this "
                            "service, got \"2\""));
  EXPECT_EQ(ResolveProgress(log, "p1-7-2").status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ResolveProgress(log, "p1-1-2").status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(ResumptionTest, ASessionThatNamesAPlaceOfAnotherLogNamesNone) {
  MemoryEventLog log;
  log.Append(support::MakeEvents(1, 3, "c"), Instant()).value();
  SessionRequest request{
      .gateway_id = "g", .last_sequence = 4, .coalesces = true};
  request.last_progress = "p1-7-2";
  OpenSession command = CommandOf(log, GatewayHandle(5), request);
  EXPECT_EQ(command.stream, GatewayHandle(5));
  EXPECT_EQ(command.last_sequence, 4u);
  EXPECT_TRUE(command.coalesces);
  EXPECT_EQ(command.last_progress, std::nullopt);
  request.last_progress = "p1-1-3";
  command = CommandOf(log, GatewayHandle(5), request);
  EXPECT_EQ(command.last_progress, (Position{1, 3}));
}

// A log of one event at each of these times, in milliseconds.
void FillAt(MemoryEventLog& log, const std::vector<int>& times) {
  std::int64_t number = 0;
  for (const int at : times) {
    const Instant now = Instant().After(std::chrono::milliseconds(at));
    log.Append(support::MakeEvents(++number, 1, "c"), now).value();
  }
}

Position BrokenOff(const EventLog& log, Position written) {
  const DisconnectGateway command =
      BreakOf(log, GatewayHandle(3), {written}, std::chrono::seconds(30));
  EXPECT_EQ(command.gateway, GatewayHandle(3));
  return command.broke_after.value();
}

TEST(ResumptionTest, WhoWasBrokenOffGoesOnASecondBeforeTheNewestItWasGiven) {
  MemoryEventLog log;
  FillAt(log, {0, 8'999, 9'000, 10'000, 20'000});
  EXPECT_EQ(BrokenOff(log, {1, 4}), (Position{1, 2}));
  EXPECT_EQ(BrokenOff(log, {1, 3}), (Position{1, 1}));
}

TEST(ResumptionTest, WhoWasGivenNothingForLongGoesOnWhereItWouldHaveStalled) {
  MemoryEventLog log;
  FillAt(log, {0, 9'999, 10'000, 70'000});
  EXPECT_EQ(BrokenOff(log, {}), (Position{1, 2}));
  EXPECT_EQ(BrokenOff(log, {1, 1}), (Position{1, 2}));
  EXPECT_EQ(BrokenOff(log, {1, 2}), (Position{1, 2}));
}

TEST(ResumptionTest, TheMarginOfASecondReachesNoFurtherThanThat) {
  MemoryEventLog log;
  FillAt(log, {0, 9'500, 10'000, 70'000});
  EXPECT_EQ(BrokenOff(log, {1, 3}), (Position{1, 2}));
}

TEST(ResumptionTest, NobodyGoesOnBeforeWhatTheLogHolds) {
  MemoryEventLog log({.retained_events = 2});
  FillAt(log, {0, 1, 2, 3});
  log.Release(log.head());
  EXPECT_EQ(BrokenOff(log, {}), (Position{1, 2}));
  EXPECT_EQ(BrokenOff(log, {1, 1}), (Position{1, 2}));
}

TEST(ResumptionTest, NobodyIsStalledByEventsThatTheLogDroppedInTime) {
  MemoryEventLog log({.retained_events = 2});
  const auto stalled = [&log] {
    const Duration timeout = std::chrono::seconds(30);
    return StalledUpto(log, log.FindEarlier(log.head(), timeout).value());
  };
  const auto append = [&log](std::int64_t first, std::int64_t count, int at) {
    const Instant now = Instant().After(std::chrono::seconds(at));
    log.Append(support::MakeEvents(first, count, "c"), now).value();
    log.Release(log.head());
  };
  append(1, 5, 0);
  EXPECT_EQ(stalled(), Position{});
  append(6, 1, 31);
  EXPECT_EQ(stalled(), (Position{1, 5}));
}

}  // namespace
}  // namespace streamer::internal
