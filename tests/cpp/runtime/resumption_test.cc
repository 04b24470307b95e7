#include "runtime/internal/resumption.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

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
