#include "runtime/threaded_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "index/bloom_summary.h"
#include "match/match_input.h"
#include "runtime/inline_engine.h"
#include "runtime/recording_sink.h"
#include "store/fault_file_system.h"
#include "store/memory_event_log.h"
#include "store/rocksdb_event_log.h"
#include "store/temporary_folder.h"
#include "support/core_events.h"
#include "support/random.h"
#include "value/document.h"

namespace streamer {
namespace {

using support::MakeEvent;
using support::MakeEvents;
using support::MakeSubscribe;

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr std::size_t kPlenty = 1'000'000;
constexpr auto kDeadline = std::chrono::seconds(60);

GatewayOptions Gateway(std::size_t credit = kPlenty) {
  return {"g", GatewayKind::kSoftState, OutboxLimits(), credit};
}

// Waits until the sequencer has taken the command, so that what follows comes
// after it.
void SubmitAndWait(Engine& engine, Command command) {
  std::promise<void> taken;
  ASSERT_TRUE(
      engine.Submit(std::move(command), [&] { taken.set_value(); }).ok());
  ASSERT_EQ(taken.get_future().wait_for(kDeadline), std::future_status::ready);
}

// The same random steps for every engine: three gateways subscribe, renew and
// unsubscribe, and events of four collections arrive in between. Nothing is
// waited for: that the caller did it in this order must be enough. What each
// gateway saw.
std::vector<std::vector<std::string>> RunScenario(Engine& engine) {
  support::Random random(support::SeedOf("ThreadedEngineTest"));
  std::vector<std::shared_ptr<RecordingSink>> sinks;
  std::vector<GatewayHandle> gateways;
  for (int i = 0; i < 3; ++i) {
    sinks.push_back(std::make_shared<RecordingSink>());
    gateways.push_back(engine.Connect(Gateway(), sinks.back()));
  }
  auto submit = [&engine](Command command) {
    EXPECT_EQ(engine.Submit(std::move(command), nullptr), OkStatus());
  };
  std::int64_t next_event = 1;
  for (int step = 0; step < 1000; ++step) {
    GatewayHandle gateway = random.Pick(gateways);
    std::string id = absl::StrCat("s", random.Below(12));
    std::string collection = absl::StrCat("c", random.Below(4));
    if (random.Chance(1, 20)) {
      // Suspended sooner or later: an id for each, because when it is free
      // again is not a matter of order.
      submit(MakeSubscribe(
          gateway, absl::StrCat("costly", step), collection,
          absl::StrCat("lists.range(doc.n % ", 100 + random.Below(2000),
                       ").all(x, x >= 0)")));
    } else if (random.Chance(1, 3)) {
      submit(MakeSubscribe(
          gateway, id, collection,
          absl::StrCat("doc.n % ", 1 + random.Below(5), " == 0")));
    } else if (random.Chance(1, 4)) {
      submit(Unsubscribe{gateway, id});
    } else if (random.Chance(1, 8)) {
      submit(Renew{gateway, id, std::nullopt});
    } else {
      std::vector<SourceEvent> events;
      for (std::size_t i = 0; i < 1 + random.Below(20); ++i) {
        events.push_back(
            MakeEvent(next_event++, absl::StrCat("c", random.Below(4))));
        if (random.Chance(1, 30)) events.back().document = "7";
      }
      EXPECT_TRUE(engine.Ingest(std::move(events)).ok());
    }
  }
  // A last answer to each gateway shows that all before it was handed over.
  std::vector<std::vector<std::string>> seen;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    submit(Unsubscribe{gateways[i], "last"});
    EXPECT_TRUE(sinks[i]->WaitForLine("unsubscribed last"));
    seen.push_back(sinks[i]->lines());
  }
  return seen;
}

constexpr std::size_t kNever = 1'000'000;

struct Threads {
  std::size_t shards;
  bool single_thread;
  std::size_t split_above = kNever;
};

class ThreadedEngineOrderTest : public testing::TestWithParam<Threads> {};

TEST_P(ThreadedEngineOrderTest, GivesTheEffectsOfOneThread) {
  ThreadedEngineOptions options;
  options.core.evaluation_budget = support::kLowBudget;
  InlineEngine one_thread(options.core, std::make_shared<MemoryEventLog>(),
                          Instant{});
  options.shards = GetParam().shards;
  options.single_thread = GetParam().single_thread;
  options.core.split = {GetParam().split_above, 1};
  ThreadedEngine threaded(options, std::make_shared<MemoryEventLog>());
  const auto expected = RunScenario(one_thread);
  EXPECT_GT(expected[0].size(), 500u);
  EXPECT_THAT(expected[0], Contains(StartsWith("suspended costly")));
  EXPECT_GT(one_thread.Statistics().events_skipped_malformed, 50u);
  InlineEngine all_shards(options.core, std::make_shared<MemoryEventLog>(),
                          Instant{}, options.shards);
  EXPECT_EQ(RunScenario(all_shards), expected);
  EXPECT_EQ(RunScenario(threaded), expected);
  EXPECT_TRUE(threaded.Stop(kDeadline));
  EXPECT_EQ(threaded.Statistics().subscriptions_moved > 0,
            GetParam().split_above != kNever && GetParam().shards > 1);
}

// A gateway may subscribe again as soon as it hears of the suspension, under
// the same id and with the quota full.
TEST(ThreadedEngineTest,
     ASuspendedSubscriptionIsGoneBeforeItsGatewayHearsOfIt) {
  for (bool single_thread : {false, true}) {
    ThreadedEngineOptions options;
    options.single_thread = single_thread;
    options.core.evaluation_budget = support::kLowBudget;
    options.core.quota.total = 1;
    ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
    GatewayHandle gateway;
    int suspensions = 0;
    auto sink = std::make_shared<RecordingSink>();
    sink->on_line = [&](const std::string& line) {
      if (line != "suspended s") return;
      ++suspensions;
      EXPECT_EQ(engine.Submit(
                    MakeSubscribe(gateway, "s", "c",
                                  absl::StrCat(support::CostlyExpression(),
                                               " || doc.n == ", suspensions)),
                    nullptr),
                OkStatus());
    };
    gateway = engine.Connect(Gateway(), sink);
    SubmitAndWait(
        engine, MakeSubscribe(gateway, "s", "c", support::CostlyExpression()));
    for (std::int64_t round = 1; round <= 20; ++round) {
      ASSERT_TRUE(engine.Ingest(MakeEvents(1000 + round, 1, "c")).ok());
      ASSERT_TRUE(
          sink->WaitForLine(absl::StrCat("subscribed s after ", round)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Threads, ThreadedEngineOrderTest,
    testing::Values(Threads{1, false}, Threads{2, false}, Threads{3, false},
                    Threads{1, true}, Threads{2, true}, Threads{1, false, 3},
                    Threads{2, false, 3}, Threads{3, false, 6},
                    Threads{4, false, 3}, Threads{4, true, 6}),
    [](const auto& test) {
      return absl::StrCat(test.param.shards, "Shards",
                          test.param.single_thread ? "OneThread" : "",
                          test.param.split_above != kNever ? "Split" : "");
    });

// The sequencer is held inside `taken`; so events pile up in the log.
TEST(ThreadedEngineTest, RefusesEventsWhileItsReaderIsFarBehind) {
  ThreadedEngineOptions options;
  options.ingest_backlog = 10;
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.Connect(Gateway(), sink);
  std::promise<void> entered;
  std::promise<void> release;
  ASSERT_TRUE(engine
                  .Submit(MakeSubscribe(gateway, "s", "c", "true"),
                          [&] {
                            entered.set_value();
                            release.get_future().wait();
                          })
                  .ok());
  entered.get_future().wait();
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 10, "c")).ok());
  const Result<Position> refused = engine.Ingest(MakeEvents(11, 1, "c"));
  EXPECT_EQ(refused.status(),
            ResourceExhausted("expected a backlog below 10 events, got 10"));
  std::promise<void> ready;
  engine.WhenIngestible([&] { ready.set_value(); });
  release.set_value();
  ASSERT_EQ(ready.get_future().wait_for(kDeadline), std::future_status::ready);
  EXPECT_TRUE(engine.Ingest(MakeEvents(11, 1, "c")).ok());
  ASSERT_TRUE(sink->WaitFor(12));
  EXPECT_EQ(sink->lines().back(), "delivery 11 e11 [s]");
}

// A real log on a disk that is full and then is not.
class ThreadedEngineDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    log_ = RocksDbEventLog::Open({.path = folder_ / "log",
                                  .identity = "0123456789abcdef",
                                  .env = env_.get()},
                                 Instant())
               .value();
  }

  ThreadedEngineOptions Options() {
    ThreadedEngineOptions options;
    options.on_log_change = [this](const Status& status) {
      std::lock_guard lock(mutex_);
      changes_.push_back(status.code());
      changed_.notify_all();
    };
    return options;
  }

  // Waits for so many changes; the codes of all.
  std::vector<absl::StatusCode> WaitForChanges(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kDeadline,
                                  [&] { return changes_.size() >= count; }));
    return changes_;
  }

  TemporaryFolder folder_;
  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::shared_ptr<RocksDbEventLog> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<absl::StatusCode> changes_;
};

TEST_F(ThreadedEngineDiskTest, AFullDiskRefusesEventsAndIsGotOver) {
  ThreadedEngine engine(Options(), log_);
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.Connect(Gateway(), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 1, "c")).ok());
  disk_->SetRoom(0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(engine.Ingest(MakeEvents(2, 1, "c")).status().code(),
              absl::StatusCode::kUnavailable);
    // It names the head, and says nothing of the disk.
    EXPECT_TRUE(engine.Ingest({}).ok());
  }
  EXPECT_EQ(WaitForChanges(1).at(0), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine.Submit(MakeSubscribe(gateway, "late", "c", "true"), nullptr)
                .code(),
            absl::StatusCode::kUnavailable);
  disk_->SetRoom(1u << 30);
  ASSERT_TRUE(engine.Ingest(MakeEvents(3, 1, "c")).ok());
  EXPECT_THAT(WaitForChanges(2), ElementsAre(absl::StatusCode::kUnavailable,
                                             absl::StatusCode::kOk));
  ASSERT_TRUE(sink->WaitFor(3));
  EXPECT_THAT(sink->lines(),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]",
                          "delivery 2 e3 [s]"));
}

// A source that only says how far it is shows it too.
TEST_F(ThreadedEngineDiskTest, AFullDiskRefusesMarkersAndIsGotOver) {
  ThreadedEngine engine(Options(), log_);
  disk_->SetRoom(0);
  EXPECT_EQ(engine.RecordMarker("", "m1").code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(WaitForChanges(1).at(0), absl::StatusCode::kUnavailable);
  disk_->SetRoom(1u << 30);
  EXPECT_EQ(engine.RecordMarker("", "m1"), OkStatus());
  EXPECT_EQ(WaitForChanges(2).at(1), absl::StatusCode::kOk);
  EXPECT_EQ(log_->markers().last, "m1");
}

TEST_F(ThreadedEngineDiskTest, ALogThatMayBeWellAgainIsTried) {
  ThreadedEngine engine(Options(), log_);
  disk_->SetRoom(0);
  EXPECT_FALSE(engine.Ingest(MakeEvents(1, 1, "c")).ok());
  EXPECT_THAT(WaitForChanges(2), ElementsAre(absl::StatusCode::kUnavailable,
                                             absl::StatusCode::kOk));
}

TEST(ThreadedEngineTest, StopLetsWhatIsLoggedPass) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.Connect(Gateway(), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 5000, "c")).ok());
  EXPECT_TRUE(engine.Stop(kDeadline));
  EXPECT_EQ(sink->lines().size(), 5001u);
  EXPECT_EQ(sink->lines().back(), "delivery 5000 e5000 [s]");
  EXPECT_EQ(engine.Ingest(MakeEvents(1, 1, "c")).status(),
            Unavailable("the engine is stopping"));
  EXPECT_EQ(engine.Submit(Tick{}, nullptr),
            Unavailable("the engine is stopping"));
}

TEST(ThreadedEngineTest, StopSaysWhenAGatewayDidNotTakeItsDeliveries) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.Connect(Gateway(0), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 1, "c")).ok());
  EXPECT_FALSE(engine.Stop(std::chrono::milliseconds(1)));
}

TEST(ThreadedEngineTest, ExpiresByItsOwnClock) {
  ThreadedEngineOptions options;
  options.tick = std::chrono::milliseconds(1);
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.Connect(Gateway(), sink);
  Subscribe command = MakeSubscribe(gateway, "s", "c", "true");
  command.ttl = std::chrono::milliseconds(1);
  SubmitAndWait(engine, command);
  ASSERT_TRUE(sink->WaitFor(2));
  EXPECT_THAT(sink->lines(), ElementsAre("subscribed s after 0", "ended s"));
}

TEST(ThreadedEngineTest, ClosesAGatewayThatDoesNotRead) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayOptions options = Gateway(0);
  options.limits.deliveries = 3;
  const GatewayHandle gateway = engine.Connect(options, sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 4, "c")).ok());
  ASSERT_TRUE(sink->WaitFor(2));
  EXPECT_THAT(sink->lines()[1], StartsWith("closed outbox full"));
}

// Whoever waits for it may end the stream then, and must know how.
TEST(ThreadedEngineTest, WhatAnAcknowledgementLedToComesBeforeItIsTaken) {
  ThreadedEngine engine({}, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  const GatewayHandle gateway = engine.OpenSession({.gateway_id = "g"}, sink);
  ASSERT_TRUE(sink->WaitForLine("opened new"));
  std::promise<std::vector<std::string>> seen;
  engine.Acknowledge(gateway, 9, [&] { seen.set_value(sink->lines()); });
  EXPECT_THAT(seen.get_future().get(), Contains(StartsWith("closed ")));
}

TEST(ThreadedEngineTest, StopReleasesThoseWhoWaitToIngest) {
  ThreadedEngineOptions options;
  options.ingest_backlog = 1;
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayHandle gateway = engine.Connect(Gateway(), sink);
  std::promise<void> entered;
  std::promise<void> release;
  ASSERT_TRUE(engine
                  .Submit(MakeSubscribe(gateway, "s", "c", "true"),
                          [&] {
                            entered.set_value();
                            release.get_future().wait();
                          })
                  .ok());
  entered.get_future().wait();
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 1, "c")).ok());
  std::promise<void> released;
  engine.WhenIngestible([&] { released.set_value(); });
  std::thread stopper([&] { EXPECT_TRUE(engine.Stop(kDeadline)); });
  ASSERT_EQ(released.get_future().wait_for(kDeadline),
            std::future_status::ready);
  EXPECT_EQ(engine.Ingest(MakeEvents(2, 1, "c")).status(),
            Unavailable("the engine is stopping"));
  release.set_value();
  stopper.join();
  EXPECT_EQ(sink->lines().back(), "delivery 1 e1 [s]");
  EXPECT_TRUE(engine.Stop(kDeadline));
}

TEST(ThreadedEngineTest, StopGivesUpWhatItsTimeoutDoesNotReach) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayHandle gateway = engine.Connect(Gateway(), sink);
  std::promise<void> entered;
  std::promise<void> release;
  ASSERT_TRUE(engine
                  .Submit(MakeSubscribe(gateway, "s", "c", "true"),
                          [&] {
                            entered.set_value();
                            release.get_future().wait();
                          })
                  .ok());
  entered.get_future().wait();
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 5000, "c")).ok());
  std::thread releaser([&] {
    while (engine.Submit(Tick{}, nullptr).ok()) std::this_thread::yield();
    release.set_value();
  });
  // Nothing could pass before Stop was called, so nearly always something is
  // given up. Whatever it was, Stop returns, and says all only of all.
  bool was_all = engine.Stop(Duration::zero());
  releaser.join();
  EXPECT_TRUE(!was_all || sink->lines().size() == 5001u);
}

TEST(ThreadedEngineTest, ConnectAfterStopGivesTheNullHandle) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  EXPECT_TRUE(engine.Stop(kDeadline));
  EXPECT_EQ(engine.Connect(Gateway(), std::make_shared<RecordingSink>()),
            GatewayHandle());
}

TEST(ThreadedEngineTest, ADisconnectedGatewayReleasesItsSink) {
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayHandle gateway = engine.Connect(Gateway(), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  ASSERT_TRUE(sink->WaitFor(1));
  engine.Disconnect(gateway);
  engine.Disconnect(gateway);
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 3, "c")).ok());
  EXPECT_TRUE(engine.Stop(kDeadline));
  EXPECT_EQ(sink.use_count(), 1);
  EXPECT_THAT(sink->lines(), ElementsAre("subscribed s after 0"));
  EXPECT_EQ(engine.Statistics().subscriptions_active_filter, 0u);
}

TEST(ThreadedEngineTest, MalformedBodiesAreReportedAndSkipped) {
  std::promise<std::string> reported;
  ThreadedEngineOptions options;
  options.on_malformed = [&](const MalformedEvent& event) {
    reported.set_value(absl::StrCat(event.event.source->event_id, ": ",
                                    std::string(MessageOf(event.problem))));
  };
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayHandle gateway = engine.Connect(Gateway(), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  std::vector<SourceEvent> events = MakeEvents(1, 2, "c");
  events[0].document = "7";
  ASSERT_TRUE(engine.Ingest(std::move(events)).ok());
  EXPECT_TRUE(engine.Stop(kDeadline));
  EXPECT_EQ(reported.get_future().get(),
            "e1: document: expected an object, got a number");
  EXPECT_THAT(sink->lines(),
              ElementsAre("subscribed s after 0", "delivery 1 e2 [s]"));
  EXPECT_EQ(engine.Statistics().events_skipped_malformed, 1u);
}

TEST(ThreadedEngineTest, CountsWhatItDid) {
  ThreadedEngineOptions options;
  options.shards = 2;
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  GatewayHandle gateway = engine.Connect(Gateway(), sink);
  SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "doc.n > 1"));
  SubmitAndWait(engine, MakeSubscribe(gateway, "r", "d", "doc.n > 1"));
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 3, "c")).ok());
  ASSERT_TRUE(engine.Ingest(MakeEvents(1, 1, "c")).ok());
  EXPECT_TRUE(engine.Stop(kDeadline));
  EngineStatistics statistics = engine.Statistics();
  EXPECT_EQ(statistics.events_ingested, 4u);
  EXPECT_EQ(statistics.events_processed, 4u);
  EXPECT_EQ(statistics.duplicate_events, 1u);
  EXPECT_EQ(statistics.subscriptions_active_filter, 2u);
  EXPECT_EQ(statistics.deliveries, 2u);
  EXPECT_EQ(statistics.log_backlog, 0u);
  EXPECT_EQ(statistics.routed, statistics.head);
  EXPECT_EQ(statistics.head, (Position{1, 4}));
  // Three events were matched, two of them by one subscription.
  EXPECT_EQ(statistics.matches_per_event.counts[0], 1u);
  EXPECT_EQ(statistics.matches_per_event.counts[1], 2u);
  EXPECT_EQ(statistics.matches_per_event.sum, 2.0);
}

// Whether an event with this `n` could concern somebody, as another process
// sees it.
bool MayConcern(const std::vector<std::string>& summaries, std::int64_t n) {
  const auto document =
      Document::Parse(absl::StrCat(R"({"n":)", n, "}")).value();
  const FilterInput input = MakeTrialInput(document->root());
  return std::any_of(
      summaries.begin(), summaries.end(), [&](const std::string& bytes) {
        return ReceivedSummary::FromBytes(bytes)->MayMatch(input);
      });
}

TEST(ThreadedEngineTest, TheSummariesOfASplitCollectionCoverItTogether) {
  for (bool single_thread : {false, true}) {
    ThreadedEngineOptions options;
    options.shards = 3;
    options.single_thread = single_thread;
    options.core.split = {5, 10};
    ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
    auto sink = std::make_shared<RecordingSink>();
    const GatewayHandle gateway = engine.Connect(Gateway(), sink);
    for (int i = 0; i < 60; ++i) {
      SubmitAndWait(engine, MakeSubscribe(gateway, absl::StrCat("s", i), "c",
                                          absl::StrCat("doc.n == ", i)));
    }
    const std::vector<std::string> summaries = engine.Summaries("t", "c");
    EXPECT_EQ(summaries.size(), 3u);
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(MayConcern(summaries, i)) << i;
    EXPECT_FALSE(MayConcern(summaries, 1'000));
    EXPECT_TRUE(engine.Summaries("t", "d").empty());
    EXPECT_TRUE(engine.Stop(kDeadline));
    EXPECT_TRUE(engine.Summaries("t", "c").empty());
  }
}

// The router may answer before each shard has its part of the command; who saw
// the answer asks at once.
TEST(ThreadedEngineTest, ASubscriptionThatWasAnsweredIsInTheSummary) {
  ThreadedEngineOptions options;
  options.shards = 4;
  ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
  auto sink = std::make_shared<RecordingSink>();
  std::atomic<int> answered{0};
  sink->on_line = [&](const std::string&) { ++answered; };
  const GatewayHandle gateway = engine.Connect(Gateway(), sink);
  for (int i = 1; i <= 2'000; ++i) {
    const std::string name = absl::StrCat("c", i);
    ASSERT_EQ(engine.Submit(MakeSubscribe(gateway, name, name, "doc.n == 1"),
                            nullptr),
              OkStatus());
    while (answered < i) std::this_thread::yield();
    ASSERT_EQ(engine.Summaries("t", name).size(), 1u) << i;
  }
  EXPECT_TRUE(engine.Stop(kDeadline));
}

// Questions that cross the end of the engine are answered, with something or
// with nothing.
TEST(ThreadedEngineTest, NoQuestionOutlivesTheEngineUnanswered) {
  for (bool single_thread : {false, true}) {
    ThreadedEngineOptions options;
    options.single_thread = single_thread;
    ThreadedEngine engine(options, std::make_shared<MemoryEventLog>());
    auto sink = std::make_shared<RecordingSink>();
    const GatewayHandle gateway = engine.Connect(Gateway(), sink);
    SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "doc.n == 1"));
    std::promise<void> asked;
    std::thread asker([&] {
      asked.set_value();
      while (!engine.Summaries("t", "c").empty()) {
      }
    });
    asked.get_future().wait();
    EXPECT_TRUE(engine.Stop(kDeadline));
    asker.join();
  }
}

// The argument: every event matches every subscription that was acknowledged
// before ingestion began, callers share nothing but the engine, so each
// gateway must see all events of each ingesting thread in that thread's
// order, whatever the threads do. Run under the thread sanitizer, this visits
// every lock of the engine.
TEST(ThreadedEngineTest, ServesManyCallersAtOnce) {
  constexpr int kCallers = 4;
  constexpr int kEvents = 500;
  ThreadedEngine engine(ThreadedEngineOptions(),
                        std::make_shared<MemoryEventLog>());
  std::vector<std::shared_ptr<RecordingSink>> sinks;
  for (int i = 0; i < kCallers; ++i) {
    sinks.push_back(std::make_shared<RecordingSink>());
    const GatewayHandle gateway = engine.Connect(Gateway(0), sinks.back());
    engine.Grant(gateway, kPlenty);
    SubmitAndWait(engine, MakeSubscribe(gateway, "s", "c", "true"));
  }
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&engine, caller] {
      auto sink = std::make_shared<RecordingSink>();
      GatewayHandle gateway = engine.Connect(Gateway(), sink);
      for (int i = 0; i < kEvents; ++i) {
        ASSERT_TRUE(
            engine.Ingest(MakeEvents(caller * kEvents + i, 1, "c")).ok());
        ASSERT_TRUE(engine
                        .Submit(MakeSubscribe(gateway, absl::StrCat("x", i),
                                              "other", "true"),
                                nullptr)
                        .ok());
        (void)engine.Statistics();
      }
      (void)engine.List(SubscriptionHandle(0), 100);
      engine.Disconnect(gateway);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(engine.Stop(kDeadline));
  for (const auto& sink : sinks) {
    EXPECT_EQ(sink->lines(), sinks[0]->lines());
    EXPECT_EQ(sink->lines().size(), 1u + kCallers * kEvents);
  }
}

}  // namespace
}  // namespace streamer
