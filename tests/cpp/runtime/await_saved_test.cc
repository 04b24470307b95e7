// AwaitSaved: told when what a loss means to sessions is in the state store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/inline_engine.h"
#include "runtime/recording_sink.h"
#include "runtime/restored_state.h"
#include "runtime/threaded_engine.h"
#include "store/memory_event_log.h"
#include "store/memory_state_store.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using ::testing::SizeIs;

constexpr auto kDeadline = std::chrono::seconds(60);

// Refuses while it is told to, and counts what it refused.
class RefusingStore final : public StateStore {
 public:
  Result<std::uint64_t> Claim() override { return store_.Claim(); }
  Result<StateSnapshot> Load() const override { return store_.Load(); }
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override {
    if (!is_refusing) return store_.Commit(transaction);
    ++refused;
    refused.notify_all();
    return Unavailable("the store is away");
  }
  std::size_t max_changes() const override { return store_.max_changes(); }

  std::atomic<bool> is_refusing = false;
  std::atomic<int> refused = 0;

 private:
  MemoryStateStore store_;
};

class AwaitSavedTest : public ::testing::Test {
 protected:
  [[nodiscard]] RestoredState Restore() const {
    return RestoreState(*store_, *log_, {}).value();
  }
  // A session with a subscription that is saved.
  void Subscribe(Engine& engine) {
    auto sink = std::make_shared<RecordingSink>();
    const GatewayHandle stream =
        engine.OpenSession({.gateway_id = "g", .initial_credit = 1}, sink);
    ASSERT_TRUE(
        engine.Submit(support::MakeSubscribe(stream, "s", "c", "true"), nullptr)
            .ok());
    ASSERT_TRUE(sink->WaitForLine("subscribed s"));
  }

  const std::shared_ptr<MemoryEventLog> log_ =
      std::make_shared<MemoryEventLog>();
  const std::shared_ptr<RefusingStore> store_ =
      std::make_shared<RefusingStore>();
};

TEST_F(AwaitSavedTest, ALossIsSavedWhenTheStoreHasItsNotices) {
  for (const bool single_thread : {false, true}) {
    ThreadedEngineOptions options;
    options.single_thread = single_thread;
    options.trim_interval = std::chrono::milliseconds(1);
    options.state = store_;
    ThreadedEngine engine(options, log_, {.start = log_->head()}, Restore());
    Subscribe(engine);
    store_->is_refusing = true;
    const int refused = store_->refused;
    std::promise<void> saved;
    std::future<void> is_saved = saved.get_future();
    ASSERT_TRUE(engine.Submit(ReportSourceGap{"", "trimmed"}, nullptr).ok());
    ASSERT_TRUE(
        engine.Submit(AwaitSaved{[&saved] { saved.set_value(); }}, nullptr)
            .ok());
    store_->refused.wait(refused);
    EXPECT_EQ(is_saved.wait_for(std::chrono::seconds(0)),
              std::future_status::timeout);
    store_->is_refusing = false;
    ASSERT_EQ(is_saved.wait_for(kDeadline), std::future_status::ready);
    const RestoredState found = Restore();
    ASSERT_THAT(found.sessions, SizeIs(1));
    EXPECT_THAT(found.sessions[0].cursor.resyncs, SizeIs(1));
  }
}

TEST_F(AwaitSavedTest, InOneThreadItIsTheSame) {
  InlineEngine engine({}, log_, Instant(), {.start = log_->head()}, store_,
                      Restore());
  Subscribe(engine);
  store_->is_refusing = true;
  bool is_saved = false;
  engine.Submit(ReportUnreadable{"t", "c"}, nullptr).IgnoreError();
  engine.Submit(ReportSourceGap{"", "trimmed"}, nullptr).IgnoreError();
  engine.Submit(AwaitSaved{[&] { is_saved = true; }}, nullptr).IgnoreError();
  EXPECT_FALSE(is_saved);
  store_->is_refusing = false;
  engine.Advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(is_saved);
}

TEST_F(AwaitSavedTest, WithoutAStoreNothingIsWaitedFor) {
  ThreadedEngine engine({}, log_);
  std::promise<void> saved;
  ASSERT_TRUE(
      engine.Submit(AwaitSaved{[&saved] { saved.set_value(); }}, nullptr).ok());
  EXPECT_EQ(saved.get_future().wait_for(kDeadline), std::future_status::ready);
}

}  // namespace
}  // namespace streamer
