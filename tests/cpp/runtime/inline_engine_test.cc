#include "runtime/inline_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "runtime/recording_sink.h"
#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using support::MakeEvents;
using support::MakeSubscribe;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kPlenty = 1'000'000;

class InlineEngineTest : public testing::Test {
 protected:
  GatewayHandle Connect(std::shared_ptr<GatewaySink> sink,
                        std::size_t credit = kPlenty,
                        OutboxLimits limits = {}) {
    return engine_.Connect({"g", GatewayKind::kSoftState, limits, credit},
                           std::move(sink));
  }
  void Subscribe(GatewayHandle gateway, const std::string& id,
                 const std::string& expression) {
    ASSERT_TRUE(
        engine_.Submit(MakeSubscribe(gateway, id, "c", expression), nullptr)
            .ok());
  }
  void Ingest(std::int64_t first, std::int64_t count) {
    ASSERT_TRUE(engine_.Ingest(MakeEvents(first, count, "c")).ok());
  }

  InlineEngine engine_{CoreOptions(), std::make_shared<MemoryEventLog>(),
                       Instant{}};
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST_F(InlineEngineTest, AnswersThenDeliversWhatMatches) {
  const GatewayHandle gateway = Connect(sink_);
  Ingest(1, 1);
  Subscribe(gateway, "s", "doc.n != 2");
  Ingest(2, 2);
  EXPECT_THAT(sink_->lines(),
              ElementsAre("subscribed s after 1", "delivery 1 e3 [s]"));
}

// As it does with threads: the sink hears of it first.
TEST_F(InlineEngineTest, WhoIsClosedMayComeBackAndGoOn) {
  const GatewayHandle gateway = Connect(sink_, 0, {.deliveries = 2});
  sink_->on_line = [&](const std::string& line) {
    if (line.starts_with("closed")) engine_.Break(gateway, {});
  };
  Subscribe(gateway, "s", "true");
  Ingest(1, 4);
  const auto again = std::make_shared<RecordingSink>();
  Subscribe(Connect(again, 1), "s", "true");
  EXPECT_THAT(again->lines(),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]"));
}

TEST_F(InlineEngineTest, GivesNothingWithoutCredit) {
  const GatewayHandle gateway = Connect(sink_, 0);
  Subscribe(gateway, "s", "true");
  Ingest(1, 3);
  EXPECT_THAT(sink_->lines(), ElementsAre("subscribed s after 0"));
  EXPECT_EQ(engine_.Statistics().outbox_depth, 3u);
  engine_.Grant(gateway, 2);
  EXPECT_THAT(sink_->lines(),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]",
                          "delivery 2 e2 [s]"));
}

TEST_F(InlineEngineTest, ClosesAGatewayThatDoesNotReadAndServesTheOther) {
  auto slow_sink = std::make_shared<RecordingSink>();
  const GatewayHandle slow = Connect(slow_sink, 0, {.deliveries = 2});
  const GatewayHandle quick = Connect(sink_);
  Subscribe(slow, "slow", "true");
  Subscribe(quick, "quick", "true");
  Ingest(1, 4);
  EXPECT_THAT(sink_->lines(),
              ElementsAre("subscribed quick after 0", "delivery 1 e1 [quick]",
                          "delivery 2 e2 [quick]", "delivery 3 e3 [quick]",
                          "delivery 4 e4 [quick]"));
  ASSERT_EQ(slow_sink->lines().size(), 2u);
  EXPECT_THAT(slow_sink->lines()[1], testing::StartsWith("closed outbox full"));
  // Its subscriptions have gone with it.
  EXPECT_EQ(engine_.List(SubscriptionHandle(0), 10).size(), 1u);
}

TEST_F(InlineEngineTest, EndsSubscriptionsWithTheirGateway) {
  const GatewayHandle gateway = Connect(sink_);
  Subscribe(gateway, "s", "true");
  engine_.Disconnect(gateway);
  Ingest(1, 1);
  EXPECT_THAT(sink_->lines(), ElementsAre("subscribed s after 0"));
  EXPECT_THAT(engine_.List(SubscriptionHandle(0), 10), IsEmpty());
}

TEST_F(InlineEngineTest, ExpiresWhenTimeHasPassed) {
  const GatewayHandle gateway = Connect(sink_);
  streamer::Subscribe command = MakeSubscribe(gateway, "s", "c", "true");
  command.ttl = std::chrono::seconds(60);
  ASSERT_TRUE(engine_.Submit(command, nullptr).ok());
  engine_.Advance(std::chrono::seconds(59));
  Ingest(1, 1);
  engine_.Advance(std::chrono::seconds(1));
  Ingest(2, 1);
  EXPECT_THAT(sink_->lines(), ElementsAre("subscribed s after 0",
                                          "delivery 1 e1 [s]", "ended s"));
}

TEST_F(InlineEngineTest, RunsTakenOnceTheCommandIsDone) {
  const GatewayHandle gateway = Connect(sink_);
  std::size_t lines_when_taken = 0;
  ASSERT_TRUE(engine_
                  .Submit(MakeSubscribe(gateway, "s", "c", "true"),
                          [&] { lines_when_taken = sink_->lines().size(); })
                  .ok());
  EXPECT_EQ(lines_when_taken, 1u);
}

// A gateway that asks for the next delivery when it gets one.
class OneAtATimeSink : public RecordingSink {
 public:
  void OnEffects(std::vector<GatewayEffect> effects) override {
    std::size_t deliveries = 0;
    for (const GatewayEffect& effect : effects) {
      deliveries += std::holds_alternative<SharedDelivery>(effect) ? 1 : 0;
    }
    RecordingSink::OnEffects(std::move(effects));
    if (deliveries > 0) engine->Grant(gateway, deliveries);
  }
  Engine* engine = nullptr;
  GatewayHandle gateway;
};

TEST_F(InlineEngineTest, LetsASinkGrantWhileItIsGivenEffects) {
  auto sink = std::make_shared<OneAtATimeSink>();
  sink->engine = &engine_;
  sink->gateway = Connect(sink, 1);
  Subscribe(sink->gateway, "s", "true");
  Ingest(1, 3);
  EXPECT_THAT(sink->lines(),
              ElementsAre("subscribed s after 0", "delivery 1 e1 [s]",
                          "delivery 2 e2 [s]", "delivery 3 e3 [s]"));
}

TEST_F(InlineEngineTest, CountsWhatItDid) {
  const GatewayHandle gateway = Connect(sink_);
  Subscribe(gateway, "s", "doc.n > 1");
  Ingest(1, 3);
  Ingest(1, 1);
  const EngineStatistics statistics = engine_.Statistics();
  EXPECT_EQ(statistics.events_ingested, 4u);
  EXPECT_EQ(statistics.events_processed, 4u);
  EXPECT_EQ(statistics.duplicate_events, 1u);
  EXPECT_EQ(statistics.subscriptions_active_filter, 1u);
  EXPECT_EQ(statistics.deliveries, 2u);
  EXPECT_EQ(statistics.log_backlog, 0u);
  EXPECT_EQ(statistics.routed, statistics.head);
}

}  // namespace
}  // namespace streamer
