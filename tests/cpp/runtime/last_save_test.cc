// What Stop says of the state: whether all of it is saved.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "runtime/recording_sink.h"
#include "runtime/restored_state.h"
#include "runtime/threaded_engine.h"
#include "store/memory_event_log.h"
#include "store/memory_state_store.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SlowStore final : public StateStore {
 public:
  Result<std::uint64_t> Claim() override { return store_.Claim(); }
  Result<StateSnapshot> Load() const override { return store_.Load(); }
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override {
    if (is_slow) std::this_thread::sleep_for(milliseconds(50));
    if (is_followed) return FailedPrecondition("followed by another");
    return store_.Commit(transaction);
  }
  std::size_t max_changes() const override { return store_.max_changes(); }

  std::atomic<bool> is_slow = false;
  std::atomic<bool> is_followed = false;

 private:
  MemoryStateStore store_;
};

class LastSaveTest : public ::testing::Test {
 protected:
  LastSaveTest() {
    ThreadedEngineOptions options;
    options.trim_interval = milliseconds(1);
    options.state = store_;
    options.on_state_change = [this](const Status& status) {
      is_lost_ = !status.ok();
    };
    engine_ = std::make_unique<ThreadedEngine>(
        options, log_, Recollection{.start = log_->head()},
        RestoreState(*store_, *log_, {}).value());
  }

  std::atomic<bool> is_lost_ = false;
  const std::shared_ptr<MemoryEventLog> log_ =
      std::make_shared<MemoryEventLog>();
  const std::shared_ptr<SlowStore> store_ = std::make_shared<SlowStore>();
  std::unique_ptr<ThreadedEngine> engine_;
};

// The engine looks at the time many times while the last commit is under way.
TEST_F(LastSaveTest, IsKnownThoughTimePassesMeanwhile) {
  store_->is_slow = true;
  EXPECT_TRUE(engine_->Stop(seconds(10)));
}

TEST_F(LastSaveTest, OfAStateThatBelongsToAnotherNeverComes) {
  store_->is_followed = true;
  auto sink = std::make_shared<RecordingSink>();
  engine_->OpenSession({.gateway_id = "g"}, sink);
  ASSERT_TRUE(sink->WaitFor(1));
  while (!is_lost_) std::this_thread::yield();
  EXPECT_FALSE(engine_->Stop(milliseconds(100)));
}

}  // namespace
}  // namespace streamer
