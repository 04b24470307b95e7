// Sessions that are asked for while the state cannot be saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "runtime/recording_sink.h"
#include "runtime/restored_state.h"
#include "runtime/threaded_engine.h"
#include "store/memory_event_log.h"
#include "store/memory_state_store.h"

namespace streamer {
namespace {

// Refuses while it is told to; counts the changes that it takes.
class RefusingStore final : public StateStore {
 public:
  Result<std::uint64_t> Claim() override { return store_.Claim(); }
  Result<StateSnapshot> Load() const override { return store_.Load(); }
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override {
    if (is_refusing) return Unavailable("the store is away");
    changes += transaction.changes.size();
    return store_.Commit(transaction);
  }
  std::size_t max_changes() const override { return store_.max_changes(); }

  std::atomic<bool> is_refusing = false;
  std::atomic<std::size_t> changes = 0;

 private:
  MemoryStateStore store_;
};

class UnsavedSessionsTest : public ::testing::Test {
 protected:
  UnsavedSessionsTest() {
    ThreadedEngineOptions options;
    options.trim_interval = std::chrono::milliseconds(1);
    options.state = store_;
    engine_ = std::make_unique<ThreadedEngine>(
        options, log_, Recollection{.start = log_->head()},
        RestoreState(*store_, *log_, {}).value());
  }
  // Asks for a new session; the first line of the answer.
  std::string Hello(const std::string& gateway_id) {
    auto sink = std::make_shared<RecordingSink>();
    const GatewayHandle stream =
        engine_->OpenSession({.gateway_id = gateway_id}, sink);
    EXPECT_TRUE(sink->WaitFor(1));
    engine_->Disconnect(stream);
    return sink->lines().at(0);
  }

  const std::shared_ptr<MemoryEventLog> log_ =
      std::make_shared<MemoryEventLog>();
  const std::shared_ptr<RefusingStore> store_ =
      std::make_shared<RefusingStore>();
  std::unique_ptr<ThreadedEngine> engine_;
};

// Clients ask again for as long as the store is away. Each new session would
// leave what is to be saved of it, and of the end of the one before.
TEST_F(UnsavedSessionsTest, HowOftenTheyAreAskedForDoesNotMatter) {
  const std::string kRefused =
      "closed the state cannot be saved: the store is away";
  ASSERT_EQ(Hello("g"), "opened new, next 1, has 0");
  store_->is_refusing = true;
  // Until the first of them has found out.
  ASSERT_EQ(Hello("g"), kRefused);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(Hello("g"), kRefused);
  const std::size_t before = store_->changes;
  store_->is_refusing = false;
  std::string answer = kRefused;
  while (answer == kRefused) answer = Hello("g");
  EXPECT_EQ(answer, "opened new, next 1, has 0");
  EXPECT_LE(store_->changes - before, 20u);
}

}  // namespace
}  // namespace streamer
