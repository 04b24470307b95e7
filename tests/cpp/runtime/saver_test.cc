// Saver: when progress is saved. The test is the router's thread and says what
// time it is; the saver's own thread is waited for, transaction by transaction.
#include "runtime/internal/saver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/restored_state.h"
#include "store/memory_state_store.h"
#include "support/describe_effect.h"

namespace streamer::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Counts what it is given; refuses all of it while it is told to.
class CountingStore final : public StateStore {
 public:
  Result<std::uint64_t> Claim() override { return store_.Claim(); }
  Result<StateSnapshot> Load() const override { return store_.Load(); }
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override {
    if (is_refusing) return Unavailable("the store is away");
    if (is_lost) return FailedPrecondition("its lease is over");
    for (const StateChange& change : transaction.changes) {
      if (change.key.kind == StateKind::kProgress) ++progress_records;
    }
    return store_.Commit(transaction);
  }
  Status Reclaim(std::uint64_t) override {
    return DataLoss("an older state is there");
  }
  std::size_t max_changes() const override { return store_.max_changes(); }
  // Not answered at first.
  Status KeepAlive(MonotonicTime) override {
    return ++renewals < kAnswered ? Unavailable("the store is away")
                                  : OkStatus();
  }
  Duration keep_alive_interval() const override {
    return std::chrono::hours(1);
  }

  static constexpr int kAnswered = 3;
  std::atomic<int> renewals = 0;
  std::atomic<bool> is_refusing = false;
  std::atomic<bool> is_lost = false;
  std::atomic<int> progress_records = 0;

 private:
  MemoryStateStore store_;
};

// What the saver's thread delivers, for the test to take.
class Outcomes {
 public:
  void Put(Saver::Outcome outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back(std::move(outcome));
    is_there_.notify_one();
  }
  Saver::Outcome Take() {
    std::unique_lock lock(mutex_);
    is_there_.wait(lock, [this] { return !outcomes_.empty(); });
    Saver::Outcome outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    return outcome;
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_there_;
  std::deque<Saver::Outcome> outcomes_;
};

class SaverTest : public ::testing::Test {
 protected:
  SaverTest() {
    saver_.emplace(
        Saver::Options{.interval = seconds(5),
                       .events = 1'000,
                       .deliver =
                           [this](Saver::Outcome outcome) {
                             outcomes_.Put(std::move(outcome));
                           },
                       .on_change =
                           [this](const Status& status) {
                             changes_.emplace_back(MessageOf(status));
                           }},
        store_, RestoredState{.owner = store_->Claim().value()},
        LogHistory("log", {{1, 1}}));
    Pass({});
    SaveAll();
    Look(seconds(0));
    SaveAll();
  }

  void Pass(std::vector<Effect> effects) {
    saver_->Pass(effects);
    for (const Effect& effect : effects) {
      told_.push_back(support::Describe(effect.what));
    }
  }
  // A change, and the answer that waits for it.
  void Change(const std::string& gateway_id) {
    Pass({{kStream,
           StateChanged{{SavedSession{.gateway_id = gateway_id,
                                      .number = SessionNumber(1)}}},
           true},
          {kStream, SubscribeResponse{.subscription_id = gateway_id}, true}});
  }
  void NoteOne() {
    saver_->NoteOutcome(outcomes_.Take());
    Pass({});
  }
  void SaveAll() {
    while (!saver_->is_clean()) NoteOne();
  }
  // The look of once a second.
  void Look(Duration at, bool must = false) {
    saver_->SaveIfDue(router_, {}, MonotonicTime(at), must);
    Pass({});
  }
  void RouteUpto(std::uint64_t offset) {
    std::vector<Effect> effects;
    while (routed_ < offset) {
      ++routed_;
      router_.Accept({Ordinal(routed_), RouteEvent{{1, routed_}}}, effects);
    }
  }
  std::string SavedWatermark() {
    return store_->Load().value().records.at({StateKind::kProgress, ""});
  }

  static constexpr GatewayHandle kStream{1};
  const std::shared_ptr<CountingStore> store_ =
      std::make_shared<CountingStore>();
  Outcomes outcomes_;
  std::vector<std::string> changes_;  // of the store, as reported
  std::vector<std::string> told_;
  Router router_;
  std::uint64_t routed_ = 0;
  std::optional<Saver> saver_;
};

TEST_F(SaverTest, ProgressIsSavedOnceTheIntervalIsOver) {
  RouteUpto(7);
  Look(milliseconds(4'999));
  EXPECT_TRUE(saver_->is_clean());
  Look(seconds(5));
  SaveAll();
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-7"})");
  RouteUpto(8);
  Look(milliseconds(9'999));
  EXPECT_TRUE(saver_->is_clean());
  Look(seconds(10));
  SaveAll();
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-8"})");
}

TEST_F(SaverTest, ProgressIsSavedAfterSoManyEvents) {
  RouteUpto(999);
  Look(seconds(1));
  EXPECT_TRUE(saver_->is_clean());
  RouteUpto(1'000);
  Look(seconds(2));
  SaveAll();
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-1000"})");
  RouteUpto(1'999);
  Look(seconds(3));
  EXPECT_TRUE(saver_->is_clean());
}

TEST_F(SaverTest, WhatMustBeSavedIsSavedAtOnce) {
  RouteUpto(1);
  Look(milliseconds(1), true);
  SaveAll();
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-1"})");
}

// Somebody subscribes and unsubscribes all the time: whenever it is looked,
// there is something that is not saved yet.
TEST_F(SaverTest, ChangesWithoutEndDoNotHoldProgressUp) {
  RouteUpto(2'000);
  Change("a");
  for (int second = 1; second <= 10; ++second) {
    Change("b");
    ASSERT_FALSE(saver_->is_clean());
    Look(seconds(second));
    NoteOne();
  }
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-2000"})");
}

TEST_F(SaverTest, WhileTheStoreFailsNoMoreThanOneProgressWaits) {
  store_->is_refusing = true;
  const int before = store_->progress_records;
  for (int second = 5; second <= 500; ++second) {
    RouteUpto(routed_ + 10);
    Look(seconds(second));
    NoteOne();
  }
  EXPECT_EQ(store_->progress_records, before);
  store_->is_refusing = false;
  Look(seconds(501));
  SaveAll();
  EXPECT_EQ(store_->progress_records, before + 1);
  Look(seconds(502));
  SaveAll();
  EXPECT_EQ(store_->progress_records, before + 2);
  EXPECT_EQ(SavedWatermark(), R"({"watermark":"p1-1-4960"})");
}

TEST_F(SaverTest, WhoWaitsIsClosedWhenTheStoreFailsAndItIsTriedAtTheNextLook) {
  store_->is_refusing = true;
  Change("a");
  NoteOne();
  EXPECT_THAT(told_, ElementsAre("closed the state cannot be saved: the store "
                                 "is away"));
  EXPECT_THAT(changes_, ElementsAre("the store is away"));
  EXPECT_EQ(saver_->status(), Unavailable("the store is away"));
  store_->is_refusing = false;
  Look(seconds(1));
  SaveAll();
  EXPECT_EQ(saver_->status(), OkStatus());
  EXPECT_THAT(changes_, ElementsAre("the store is away", ""));
  EXPECT_EQ(store_->Load().value().records.count({StateKind::kSession, "a"}),
            1u);
}

TEST_F(SaverTest, WhyAStateCannotBeTakenBackIsSaid) {
  store_->is_lost = true;
  Change("a");
  NoteOne();
  EXPECT_EQ(saver_->status(), DataLoss("an older state is there"));
}

TEST_F(SaverTest, AnAnswerGoesOutOnceItsChangeIsSaved) {
  Change("a");
  EXPECT_THAT(told_, IsEmpty());
  NoteOne();
  EXPECT_THAT(told_, ElementsAre("subscribed a after 0"));
}

// What is left of its time is less than the interval.
TEST_F(SaverTest, ALeaseThatWasNotRenewedIsTriedAgainSoon) {
  while (store_->renewals < CountingStore::kAnswered) {
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace streamer::internal
