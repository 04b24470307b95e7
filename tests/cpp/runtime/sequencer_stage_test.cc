#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <variant>

#include "runtime/internal/stages.h"
#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

constexpr GatewayHandle kGateway(1);
constexpr std::uint64_t kStart = 1000;
constexpr std::uint64_t kHead = 2000;

// How many events a stage has read, of the past and live ones, when it has
// taken up to `turns` turns while a gateway catches up from the beginning.
struct Taken {
  std::size_t past = 0;
  std::size_t live = 0;
};
Taken TakeTurns(double past_share, int turns, Position head) {
  auto log = std::make_shared<MemoryEventLog>();
  log->Append(support::MakeEvents(1, kHead, "c"), Instant()).value();
  SequencerStage stage(
      {}, 1, log, {.start = {1, kStart}}, MonotonicTime(), past_share,
      [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
  std::deque<QueuedCommand> commands;
  const auto enqueue = [&commands](Command command) {
    commands.push_back({std::move(command), kStart, nullptr});
  };
  enqueue(ConnectGateway{kGateway, "g"});
  Subscribe subscribe = support::MakeSubscribe(kGateway, "s", "c", "true");
  subscribe.resume_after = Position{1, 0};
  enqueue(subscribe);
  Taken taken;
  for (int turn = 0; turn < turns; ++turn) {
    // The router has room at once.
    enqueue(ContinueHistory{kGateway, 10 * kHead});
    stage.Enqueue(commands);
    SequencerOutput output(1);
    stage.RunTurn(head, Instant(), output);
    for (const RouterStep& step : output.steps) {
      taken.past += std::holds_alternative<RoutePastEvent>(step.work) ? 1 : 0;
      taken.live += std::holds_alternative<RouteEvent>(step.work) ? 1 : 0;
    }
  }
  return taken;
}

TEST(SequencerStageTest, PastEventsTakeTheirShareBesideLiveOnes) {
  for (const double share : {0.1, 0.3, 0.5}) {
    const Taken taken = TakeTurns(share, 3, {1, kHead});
    const auto all = static_cast<double>(taken.past + taken.live);
    EXPECT_GT(taken.live, 700u);
    EXPECT_LE(static_cast<double>(taken.past), share * all);
    EXPECT_GE(static_cast<double>(taken.past), share * all - 3);
  }
}

TEST(SequencerStageTest, WhereNothingIsLivePastEventsTakeAll) {
  const Taken taken = TakeTurns(0.01, 3, {1, kStart});
  EXPECT_EQ(taken.live, 0u);
  EXPECT_GT(taken.past, 700u);
}

}  // namespace
}  // namespace streamer::internal
