#include "runtime/internal/intake.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

class IntakeTest : public testing::Test {
 protected:
  void Log(int count) {
    ASSERT_TRUE(log_->Append(support::MakeEvents(1, count, "c"), {}).ok());
  }
  std::shared_ptr<MemoryEventLog> log_ = std::make_shared<MemoryEventLog>();
  Intake intake_{log_};
};

TEST_F(IntakeTest, ACommandKnowsTheEventsBeforeIt) {
  EXPECT_TRUE(intake_.Submit(Tick{}, nullptr));
  Log(3);
  EXPECT_TRUE(intake_.Submit(Tick{}, nullptr));
  intake_.SubmitInternal(Tick{});
  Log(1);
  EXPECT_TRUE(intake_.SubmitInOrder([] { return Tick{}; }));
  std::deque<QueuedCommand> commands;
  intake_.Take(commands);
  ASSERT_EQ(commands.size(), 4u);
  EXPECT_EQ(commands[0].after, 0u);
  EXPECT_EQ(commands[1].after, 3u);
  EXPECT_EQ(commands[2].after, 3u);
  EXPECT_EQ(commands[3].after, 4u);
}

TEST_F(IntakeTest, OnceClosedOnlyTheEngineItselfMaySubmit) {
  intake_.Close();
  EXPECT_FALSE(intake_.Submit(Tick{}, nullptr));
  EXPECT_FALSE(intake_.SubmitInOrder([]() -> Command {
    ADD_FAILURE() << "made in vain";
    return Tick{};
  }));
  intake_.SubmitInternal(DisconnectGateway{});
  std::deque<QueuedCommand> commands;
  intake_.Take(commands);
  EXPECT_EQ(commands.size(), 1u);
  EXPECT_FALSE(intake_.Wait(MonotonicTime::max()));
}

// Wait returns for a command, for news and for the end; were one of them
// missed, the wait for it would never end.
TEST_F(IntakeTest, WaitReturnsForWhateverComes) {
  std::thread sender([this] {
    intake_.Submit(Tick{}, nullptr);
    intake_.Notify();
  });
  EXPECT_TRUE(intake_.Wait(MonotonicTime::max()));
  sender.join();
  std::deque<QueuedCommand> commands;
  intake_.Take(commands);
  EXPECT_EQ(commands.size(), 1u);
  intake_.Notify();
  EXPECT_TRUE(intake_.Wait(MonotonicTime::max()));
  EXPECT_TRUE(intake_.Wait(MonotonicTime::min()));
}

}  // namespace
}  // namespace streamer::internal
