#include "store/state_store.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "store/state_store_contract.h"

namespace streamer {
namespace {

const StateKey kProgress{StateKind::kProgress, ""};
const StateKey kSession{StateKind::kSession, "g"};

StateKey Subscription(std::string name) {
  return {StateKind::kSubscription, std::move(name)};
}

using Records = std::map<StateKey, std::string>;

TEST(StateStoreTest, StateBelongsToTheLogThatItWasKeptWith) {
  const LogHistory log("log", {{7, 1}, {8, 91}});
  StateSnapshot state;
  EXPECT_EQ(CheckLog(state, log), OkStatus());
  state.records[kProgress] = "p1-7-3";
  EXPECT_EQ(
      CheckLog(state, log),
      FailedPrecondition("state: expected the log that it is of, got none"));
  const StateChange kept = KeepHistory(LogHistory("log", {{7, 1}}));
  state.records[kept.key] = *kept.value;
  EXPECT_EQ(CheckLog(state, log), OkStatus());
  EXPECT_EQ(CheckLog(state, LogHistory("new", {{9, 1}})),
            FailedPrecondition("state: expected that of log \"new\", got that "
                               "of log \"log\""));
}

}  // namespace

TEST_P(StateStoreContract, ANewStoreIsEmpty) {
  const StateSnapshot state = store_->Load().value();
  EXPECT_EQ(state.revision, 0u);
  EXPECT_EQ(state.records, Records());
}

TEST_P(StateStoreContract, WhatIsCommittedIsLoaded) {
  const std::string bytes("\0\xff value", 8);
  EXPECT_EQ(Commit({{kProgress, "p1"}, {kSession, bytes}}).value(), 1u);
  EXPECT_EQ(Commit({{kProgress, "p2"}, {Subscription("g/s"), ""}}).value(), 2u);
  const StateSnapshot state = store_->Load().value();
  EXPECT_EQ(state.revision, 2u);
  EXPECT_EQ(state.records, (Records{{kProgress, "p2"},
                                    {kSession, bytes},
                                    {Subscription("g/s"), ""}}));
}

TEST_P(StateStoreContract, RecordsOfEveryKindAreLoaded) {
  Records every;
  for (int kind = 1; kind <= static_cast<int>(kLastStateKind); ++kind) {
    every[{static_cast<StateKind>(kind), "g"}] = "v";
  }
  for (const auto& [key, value] : every) {
    ASSERT_TRUE(Commit({{key, value}}).ok());
  }
  EXPECT_EQ(store_->Load()->records, every);
}

TEST_P(StateStoreContract, RemovedRecordsAreGoneAndRemovingTwiceIsNoError) {
  ASSERT_TRUE(
      Commit({{Subscription("a"), "1"}, {Subscription("b"), "2"}}).ok());
  EXPECT_EQ(Commit({{Subscription("a"), std::nullopt}}).value(), 2u);
  EXPECT_EQ(Commit({{Subscription("a"), std::nullopt}}).value(), 3u);
  EXPECT_EQ(store_->Load()->records, (Records{{Subscription("b"), "2"}}));
}

TEST_P(StateStoreContract, TheLaterChangeOfOneTransactionHolds) {
  ASSERT_TRUE(Commit({{kProgress, "p1"}, {kProgress, "p2"}}).ok());
  EXPECT_EQ(store_->Load()->records, (Records{{kProgress, "p2"}}));
  ASSERT_TRUE(Commit({{kProgress, std::nullopt}, {kProgress, "p3"}}).ok());
  EXPECT_EQ(store_->Load()->records, (Records{{kProgress, "p3"}}));
}

TEST_P(StateStoreContract, ATransactionOfAnotherRevisionChangesNothing) {
  ASSERT_TRUE(Commit({{kProgress, "p1"}}).ok());
  for (std::uint64_t revision : {0u, 2u}) {
    EXPECT_EQ(
        store_->Commit({owner_, revision, {{kProgress, "lost"}}}).status(),
        FailedPrecondition("state: expected a change of revision 1 by owner " +
                           std::to_string(owner_) + ", got one of revision " +
                           std::to_string(revision) + " by owner " +
                           std::to_string(owner_)));
  }
  EXPECT_EQ(store_->Load()->records, (Records{{kProgress, "p1"}}));
}

TEST_P(StateStoreContract, WhoClaimsFencesTheOwnerBefore) {
  ASSERT_TRUE(Commit({{kProgress, "p1"}}).ok());
  const std::uint64_t later = store_->Claim().value();
  EXPECT_GT(later, owner_);
  EXPECT_EQ(Commit({{kProgress, "lost"}}).status(),
            FailedPrecondition("state: expected a change of revision 1 by "
                               "owner " +
                               std::to_string(later) +
                               ", got one of revision 1 by owner " +
                               std::to_string(owner_)));
  EXPECT_EQ(store_->Load()->records, (Records{{kProgress, "p1"}}));
  EXPECT_EQ(store_->Commit({later, 1, {{kProgress, "p2"}}}).value(), 2u);
  EXPECT_EQ(store_->Load()->records, (Records{{kProgress, "p2"}}));
}

}  // namespace streamer
