// Subscriptions of a session that end by themselves: suspended, or expired.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/session_fixture.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SessionSuspensionTest : public SessionFixture {
 protected:
  SessionSuspensionTest() {
    core_ = std::make_unique<CoreHarness>(
        2, CoreOptions{.evaluation_budget = support::kLowBudget});
    stream_ = Open();
    core_->Sequence(
        support::MakeSubscribe(stream_, "s", "c", support::CostlyExpression()));
    core_->Settle();
  }
  void Suspend() {
    core_->Sequence(support::MakeEvent(1'000, "c"));
    core_->Settle();
  }

  GatewayHandle stream_;
};

// It let go of the subscription when nobody was there to be told.
TEST_F(SessionSuspensionTest, WithoutAStreamItIsToldAfterARestart) {
  Leave(stream_);
  Suspend();
  Events(2, 4);
  core_->SaveProgress();
  EXPECT_TRUE(core_->saved().subscriptions.empty());
  Restart();
  const GatewayHandle stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 0",
                                        StartsWith("suspended s")));
}

TEST_F(SessionSuspensionTest, WhatWasNotSavedAsEndedEndsAtTheRestart) {
  const SavedSessions before = core_->saved();
  Leave(stream_);
  Suspend();
  Events(2, 4);
  core_->SaveProgress();
  SavedSessions saved = core_->saved();
  saved.subscriptions = before.subscriptions;
  core_ = std::make_unique<CoreHarness>(2, *core_, saved, 50);
  core_->Settle();
  EXPECT_TRUE(core_->saved().subscriptions.empty());
  last_stream_ = 60;
  const GatewayHandle stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 0",
                                        StartsWith("suspended s")));
}

TEST_F(SessionSuspensionTest, AnotherOfTheSameIdStays) {
  Suspend();
  Events(2, 2);
  Subscribe(stream_, "s");
  core_->SaveProgress();
  Restart();
  Open({.session = opened_.session});
  EXPECT_EQ(opened_.subscription_count, 1u);
  EXPECT_EQ(core_->saved().subscriptions.size(), 1u);
}

TEST_F(SessionSuspensionTest, WhatWasAcknowledgedIsNotToldAgain) {
  Suspend();
  Seen(stream_);
  core_->Acknowledge(stream_, 1);
  core_->SaveProgress();
  Restart();
  const GatewayHandle stream =
      Open({.session = opened_.session, .last_sequence = 1});
  EXPECT_THAT(Seen(stream), ElementsAre(HasSubstr("has 0")));
}

TEST_F(SessionSuspensionTest, WhoAcknowledgesNoneOfVeryManyLosesItsStream) {
  constexpr int kAtOnce = 1'000;
  for (int round = 0; round < 17; ++round) {
    const Instant now{MonotonicTime(seconds(round * 100)), {}};
    for (int i = 0; i < kAtOnce; ++i) {
      core_->Sequence(support::MakeSubscribe(stream_, absl::StrCat("e", i), "c",
                                             "true", seconds(60)),
                      now);
    }
    core_->Settle();
    core_->Sequence(Tick{}, {MonotonicTime(seconds(round * 100 + 60)), {}});
    core_->Settle();
  }
  EXPECT_THAT(Seen(stream_).back(),
              StartsWith("closed expected the gateway to acknowledge notices"));
  core_->SaveProgress();
  EXPECT_EQ(core_->saved().cursors.at("g").closed.size(), 1'024u);
}

}  // namespace
}  // namespace streamer
