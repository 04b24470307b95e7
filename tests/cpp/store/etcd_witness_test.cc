// EtcdStateStore beside a witness: whether a state is older than it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/etcd_fixture.h"
#include "store/etcd_front.h"
#include "store/temporary_folder.h"

namespace streamer {
namespace {

using ::testing::StartsWith;

class EtcdWitnessTest : public EtcdFixture {
 protected:
  // Of one state: key and value.
  using Copy = std::map<std::string, std::string>;

  EtcdWitnessTest() {
    options_.identity = 0xab;
    options_.witness = folder_ / "STATE";
  }

  // Owned by the next owner, with that many commits more.
  std::unique_ptr<EtcdStateStore> ClaimAndCommit(int commits) {
    auto store = Open();
    const std::uint64_t owner = store->Claim().value();
    std::uint64_t revision = store->Load()->revision;
    for (int i = 0; i < commits; ++i) {
      const std::string value = "p" + std::to_string(revision + 1);
      revision = store->Commit({owner, revision, {{kProgress, value}}}).value();
    }
    return store;
  }
  [[nodiscard]] Copy CopyState() const {
    Copy copy;
    for (const std::string& key : Keys()) {
      if (auto found = Etcd().Find(key)) copy[key] = found->value;
    }
    return copy;
  }
  void Remove() {
    for (const std::string& key : Keys()) Etcd().Remove(key);
  }
  // Nothing else is left.
  void PutBack(const Copy& copy) {
    Remove();
    for (const auto& [key, value] : copy) Etcd().Put(key, value);
  }
  [[nodiscard]] Status Older(std::uint64_t noted, std::uint64_t revision,
                             const std::string& identity) const {
    return DataLoss("etcd " + options_.prefix + "/h: expected revision " +
                    std::to_string(noted) + " or later (" + options_.witness +
                    "-" + identity + "), got " + std::to_string(revision) +
                    ": put back the newer state, or remove all keys of this "
                    "one to begin anew");
  }

  TemporaryFolder folder_;

 private:
  [[nodiscard]] std::vector<std::string> Keys() const {
    return {Key("h"), Key("o"), Key("t"), KeyOf(kProgress)};
  }
};

TEST_F(EtcdWitnessTest, AnOlderStateIsRefusedHoweverOftenAndLeftAsItIs) {
  ClaimAndCommit(2);
  const Copy older = CopyState();
  ClaimAndCommit(3);
  const Copy newer = CopyState();
  PutBack(older);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Open()->Claim().status(), Older(5, 2, "00000000000000ab"));
    EXPECT_EQ(CopyState(), older);
  }
  PutBack(newer);
  EXPECT_EQ(ClaimAndCommit(1)->Load()->revision, 6u);
}

TEST_F(EtcdWitnessTest, AStateThatWasRemovedAndBegunAnewIsNoOlderOne) {
  ClaimAndCommit(3);
  const Copy first = CopyState();
  ClaimAndCommit(1);
  Remove();
  options_.identity = 0xcd;
  ClaimAndCommit(2);
  const Copy second = CopyState();
  ClaimAndCommit(3);
  // Of each is known how far it had come.
  PutBack(first);
  EXPECT_EQ(Open()->Claim().status(), Older(4, 3, "00000000000000ab"));
  PutBack(second);
  EXPECT_EQ(Open()->Claim().status(), Older(5, 2, "00000000000000cd"));
}

// Whoever it is that makes a state: what is drawn counts for no other.
TEST_F(EtcdWitnessTest, AStateKeepsTheIdentityThatItWasMadeWith) {
  ClaimAndCommit(2);
  const Copy older = CopyState();
  options_.identity = 0xcd;
  ClaimAndCommit(1);
  PutBack(older);
  EXPECT_EQ(Open()->Claim().status(), Older(3, 2, "00000000000000ab"));
  EXPECT_FALSE(std::filesystem::exists(options_.witness + "-00000000000000cd"));
}

TEST_F(EtcdWitnessTest, WhatAnotherOwnerAddedIsNotedWhenItIsClaimed) {
  ClaimAndCommit(2);
  const std::string mine = options_.witness;
  options_.witness = folder_ / "OTHER";
  ClaimAndCommit(2);
  const Copy older = CopyState();
  ClaimAndCommit(2);
  options_.witness = mine;
  ASSERT_EQ(Open()->Claim().value(), 4u);
  PutBack(older);
  EXPECT_EQ(Open()->Claim().status(), Older(6, 4, "00000000000000ab"));
}

TEST_F(EtcdWitnessTest, WithoutIdentitiesTheRevisionTells) {
  options_.identity = 0;
  ClaimAndCommit(2);
  const Copy older = CopyState();
  options_.identity = 0xab;
  ClaimAndCommit(1);
  PutBack(older);
  EXPECT_EQ(Open()->Claim().status(), Older(3, 2, "0000000000000000"));
  // What is made now has one.
  Remove();
  EXPECT_EQ(ClaimAndCommit(1)->Load()->revision, 1u);
}

TEST_F(EtcdWitnessTest, WithoutAWitnessNobodyLooks) {
  options_.witness.clear();
  ClaimAndCommit(2);
  const Copy older = CopyState();
  ClaimAndCommit(1);
  PutBack(older);
  EXPECT_EQ(ClaimAndCommit(1)->Load()->revision, 3u);
}

// An answer that is lost hides no commit, and what is not acknowledged is not
// noted.
TEST_F(EtcdWitnessTest, WhatWasCommittedIsNotedOnceThatIsKnown) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = ClaimAndCommit(1);
  const Copy older = CopyState();
  const StateTransaction transaction{1, 1, {{kProgress, "q"}}};
  front.LoseAnswers(2);
  ASSERT_TRUE(absl::IsUnavailable(store->Commit(transaction).status()));
  const Copy newer = CopyState();
  PutBack(older);
  EXPECT_EQ(store->Reclaim(1), OkStatus());
  PutBack(newer);
  EXPECT_EQ(store->Commit(transaction).value(), 2u);
  PutBack(older);
  EXPECT_EQ(Open()->Claim().status(), Older(2, 1, "00000000000000ab"));
}

TEST_F(EtcdWitnessTest, AnOlderStateOfTheSameOwnerIsNotTakenBack) {
  auto store = ClaimAndCommit(1);
  const Copy older = CopyState();
  ASSERT_EQ(store->Commit({1, 1, {{kProgress, "q"}}}).value(), 2u);
  const Copy newer = CopyState();
  PutBack(older);
  EXPECT_EQ(store->Reclaim(1), Older(2, 1, "00000000000000ab"));
  EXPECT_EQ(CopyState(), older);
  PutBack(newer);
  EXPECT_EQ(store->Reclaim(1), OkStatus());
  EXPECT_EQ(store->Commit({1, 2, {{kProgress, "r"}}}).value(), 3u);
}

// Between the look and the claim.
TEST_F(EtcdWitnessTest, AnOlderStateThatComesDuringAClaimIsRefused) {
  ClaimAndCommit(1);
  const Copy older = CopyState();
  ClaimAndCommit(1);
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  front.BeforeNextTransaction([&] { PutBack(older); });
  EXPECT_EQ(store->Claim().status(), Older(2, 1, "00000000000000ab"));
  EXPECT_EQ(CopyState(), older);
}

TEST_F(EtcdWitnessTest, AWitnessThatCannotBeReadOrMadeIsNamed) {
  ClaimAndCommit(1);
  const Copy before = CopyState();
  const std::string file = options_.witness + "-00000000000000ab";
  std::filesystem::resize_file(file, 7);
  EXPECT_EQ(Open()->Claim().status(),
            DataLoss(file + ": expected a revision, got other bytes"));
  options_.witness = folder_ / "nowhere/STATE";
  const Status refused = Open()->Claim().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()),
              StartsWith(options_.witness +
                         "-00000000000000ab: expected to write it, got "));
  EXPECT_EQ(CopyState(), before);
}

}  // namespace
}  // namespace streamer
