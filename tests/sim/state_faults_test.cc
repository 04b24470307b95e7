#include "sim/state_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/checker/checker.h"
#include "sim/simulated_state_store.h"

namespace streamer::sim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr Duration kSpan = std::chrono::seconds(40);
const StateKey kLog{StateKind::kLog, ""};
const StateKey kProgress{StateKind::kProgress, ""};

class StateFolderTest : public ::testing::TestWithParam<StateHarm> {
 protected:
  StateFolderTest() : store_(1'000) {
    Begin();
    Commit(kLog, "log");
    Commit(kProgress, "p1");
    store_.folder().Copy();
    Commit(kProgress, "p2");
  }

  void Begin() {
    ASSERT_EQ(store_.Open(), OkStatus());
    owner_ = store_.Claim().value();
  }
  void Commit(const StateKey& key, const std::string& value) {
    ASSERT_TRUE(
        store_.Commit({owner_, store_.state().revision, {{key, value}}}).ok());
  }
  // As a process does that starts.
  Status Start() {
    STREAMER_RETURN_IF_ERROR(store_.Open());
    if (!store_.state().records.contains(kLog)) return DataLoss("no log");
    return OkStatus();
  }

  SimulatedStateStore store_;
  std::uint64_t owner_ = 0;
};

TEST_P(StateFolderTest, HarmIsRefusedAndTheGoodCopyIsNot) {
  const auto before = store_.Load().value();
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    support::Random random(seed);
    const std::string harm = store_.folder().Harm(GetParam(), random);
    ASSERT_NE(harm, "");
    EXPECT_EQ(Start().code(), absl::StatusCode::kDataLoss) << harm;
    store_.folder().PutBack();
    ASSERT_EQ(Start(), OkStatus()) << harm;
    EXPECT_EQ(store_.Load()->records, before.records);
  }
  Begin();
  Commit(kProgress, "p3");
  EXPECT_EQ(store_.Load()->records.at(kProgress), "p3");
}

INSTANTIATE_TEST_SUITE_P(
    Every, StateFolderTest,
    ::testing::Values(StateHarm::kFlippedBit, StateHarm::kCutValue,
                      StateHarm::kLostRecord, StateHarm::kLostNote,
                      StateHarm::kLostCommits, StateHarm::kOlderCopy));

class StateFaultsTest : public ::testing::Test {
 protected:
  StateFaultsTest() {
    EXPECT_EQ(store_.Open(), OkStatus());
    for (std::uint64_t revision = 0; revision < 5; ++revision) {
      EXPECT_TRUE(
          store_.Commit({0, revision, {{kLog, "log"}, {kProgress, "p"}}}).ok());
    }
  }

  // Until something is harmed in a world of some seed.
  void Harm() {
    for (std::uint64_t seed = 1; store_.Open().ok(); ++seed) {
      faults_ = std::make_unique<StateFaults>(
          seed, schedule_, store_.folder(),
          StateFaults::Surroundings{
              .kill_streamer = [this] { ++kills_; },
              .note = [](const std::string&) {},
              .complain =
                  [this](const char* invariant, std::string text) {
                    complaints_.push_back({invariant, std::move(text)});
                  }});
      faults_->Draw(kSpan);
      schedule_.RunUntil(schedule_.now() + kSpan);
    }
  }

  SimulatedStateStore store_{1'000};
  Schedule schedule_;
  std::unique_ptr<StateFaults> faults_;
  int kills_ = 0;
  std::vector<Complaint> complaints_;
};

TEST_F(StateFaultsTest, ARefusalIsRightAndTheGoodCopyIsPutBackAfterIt) {
  Harm();
  EXPECT_GT(kills_, 0);
  for (int i = 0; i < 3; ++i) faults_->JudgeStart(store_.Open());
  EXPECT_FALSE(store_.Open().ok());
  schedule_.RunUntil(schedule_.now() + kSpan);
  EXPECT_EQ(store_.Open(), OkStatus());
  faults_->JudgeStart(OkStatus());
  EXPECT_EQ(faults_->refusals(), 1u);
  EXPECT_THAT(complaints_, IsEmpty());
}

TEST_F(StateFaultsTest, SeesAStartOnAHarmedState) {
  Harm();
  faults_->JudgeStart(OkStatus());
  EXPECT_THAT(
      complaints_,
      ElementsAre(AllOf(Field(&Complaint::invariant, "I1"),
                        Field(&Complaint::text,
                              StartsWith("the streamer started although ")))));
}

TEST_F(StateFaultsTest, SeesARefusalThatDoesNotSayOfWhat) {
  Harm();
  faults_->JudgeStart(DataLoss("it does not work"));
  EXPECT_THAT(
      complaints_,
      ElementsAre(Field(
          &Complaint::text,
          HasSubstr("the streamer says only: DATA_LOSS: it does not work"))));
}

TEST_F(StateFaultsTest, SeesARefusalOfTheGoodCopy) {
  Harm();
  faults_->PutBack();
  faults_->JudgeStart(DataLoss("state /state: expected one, got another"));
  EXPECT_THAT(complaints_,
              ElementsAre(Complaint{
                  "I8",
                  "the state is as it was, and is refused: DATA_LOSS: state "
                  "/state: expected one, got another"}));
}

TEST_F(StateFaultsTest, AStoreThatFailsIsNoRefusal) {
  Harm();
  faults_->JudgeStart(Unavailable("the state store fails"));
  EXPECT_EQ(faults_->refusals(), 0u);
  EXPECT_THAT(complaints_, IsEmpty());
}

}  // namespace
}  // namespace streamer::sim
