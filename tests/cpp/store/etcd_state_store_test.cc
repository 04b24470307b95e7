#include "store/etcd_state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/etcd_fixture.h"
#include "store/state_store_contract.h"

namespace streamer {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<StateStore> MakeStore() {
  return EtcdStateStore::Open({{Etcd().endpoint()}, NewPrefix()}).value();
}

INSTANTIATE_TEST_SUITE_P(EtcdStateStore, StateStoreContract,
                         ::testing::Values(MakeStore));

using EtcdStateStoreTest = EtcdFixture;

TEST_F(EtcdStateStoreTest, OptionsThatCannotBeAreRefused) {
  const auto refusal = [](const EtcdStateStoreOptions& options) {
    return EtcdStateStore::Open(options).status();
  };
  EXPECT_EQ(refusal({{}, "p"}),
            InvalidArgument("etcd: expected an endpoint, got none"));
  EXPECT_EQ(refusal({{"e"}, ""}),
            InvalidArgument("etcd: expected a prefix of the keys, got none"));
  EXPECT_EQ(refusal({.endpoints = {"e"},
                     .prefix = "p",
                     .lease_ttl = std::chrono::seconds(0)}),
            InvalidArgument(
                "etcd: expected a lease of at least 1 s, got one of 0 s"));
  EXPECT_EQ(refusal({.endpoints = {"e"},
                     .prefix = "p",
                     .call_timeout = std::chrono::milliseconds(0)}),
            InvalidArgument(
                "etcd: expected a timeout of at least 1 ms, got one of 0 ms"));
  EXPECT_EQ(
      refusal({.endpoints = {"e"}, .prefix = "p", .records_per_page = 0}),
      InvalidArgument("etcd: expected pages of at least 1 record, got 0"));
}

// Only of a state that is made: one that is there has its own.
TEST_F(EtcdStateStoreTest, TheFirstOwnerOfANewStateIsAsToldSo) {
  options_.first_owner = 70;
  EXPECT_EQ(Open()->Claim().value(), 70u);
  options_.first_owner = 900;
  EXPECT_EQ(Open()->Claim().value(), 71u);
}

TEST_F(EtcdStateStoreTest, WhoNeverClaimedOwnsNothing) {
  auto store = Open();
  EXPECT_FALSE(store->is_owner(kNow));
  EXPECT_EQ(store->KeepAlive(kNow), NotOwner("never claimed it"));
  EXPECT_EQ(store->Commit({0, 0, {{kProgress, "p"}}}).status(),
            NotOwner("never claimed it"));
  EXPECT_EQ(Load().records, Records());
}

TEST_F(EtcdStateStoreTest, OwnersAreNumberedThroughStores) {
  for (std::uint64_t owner : {1u, 2u, 3u}) {
    EXPECT_EQ(Open()->Claim().value(), owner);
  }
}

TEST_F(EtcdStateStoreTest, StatesOfOtherPrefixesAreOfNobodysConcern) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  for (const std::string& prefix :
       {options_.prefix + "x", options_.prefix.substr(1)}) {
    auto other = EtcdStateStore::Open({options_.endpoints, prefix}).value();
    EXPECT_EQ(other->Load()->records, Records());
    EXPECT_EQ(other->Claim().value(), 1u);
  }
  EXPECT_EQ(store->Commit({1, 1, {}}).value(), 2u);
}

TEST_F(EtcdStateStoreTest, OfTwoOwnersOnlyTheLaterOneCommits) {
  auto earlier = Open();
  ASSERT_EQ(earlier->Claim().value(), 1u);
  ASSERT_EQ(earlier->Commit({1, 0, {{kProgress, "p1"}}}).value(), 1u);
  auto later = Open();
  ASSERT_EQ(later->Claim().value(), 2u);

  EXPECT_EQ(earlier->Commit({1, 1, {{kProgress, "lost"}}}).status(),
            Overtaken(1, 2, 1, 1));
  EXPECT_FALSE(earlier->is_owner(kNow));
  EXPECT_EQ(earlier->Commit({1, 1, {{kProgress, "lost"}}}).status(),
            NotOwner("was followed by owner 2"));
  EXPECT_EQ(earlier->KeepAlive(kNow), NotOwner("was followed by owner 2"));
  EXPECT_EQ(Load().records, (Records{{kProgress, "p1"}}));

  EXPECT_TRUE(later->is_owner(kNow));
  EXPECT_EQ(later->KeepAlive(kNow), OkStatus());
  EXPECT_EQ(later->Commit({2, 1, {{kProgress, "p2"}}}).value(), 2u);
  EXPECT_EQ(Load().records, (Records{{kProgress, "p2"}}));
}

TEST_F(EtcdStateStoreTest, AnOwnerLearnsOfTheNextOneWhenItRenewsItsLease) {
  auto earlier = Open();
  ASSERT_EQ(earlier->Claim().value(), 1u);
  ASSERT_EQ(earlier->KeepAlive(kNow), OkStatus());
  ASSERT_EQ(Open()->Claim().value(), 2u);
  EXPECT_TRUE(earlier->is_owner(kNow));
  EXPECT_EQ(earlier->KeepAlive(kNow), NotOwner("was followed by owner 2"));
  EXPECT_FALSE(earlier->is_owner(kNow));
}

// Both claim, load and commit as fast as they can, and so take the state from
// each other at any moment. A commit that was acknowledged is one revision, and
// leaves one record; one that was refused leaves nothing.
TEST_F(EtcdStateStoreTest, OwnersThatFightNeverOverwriteEachOther) {
  constexpr int kRounds = 40;
  std::vector<int> commits(2);
  const auto fight = [&](int who) {
    auto store = Open();
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t owner = store->Claim().value();
      const std::uint64_t revision = store->Load()->revision;
      const StateKey mine = Session(who * kRounds + round);
      auto done = store->Commit({owner, revision, {{mine, "won"}}});
      if (done.ok()) {
        EXPECT_EQ(*done, revision + 1);
        ++commits[who];
      } else {
        EXPECT_EQ(done.status().code(), absl::StatusCode::kFailedPrecondition)
            << done.status();
      }
    }
  };
  std::thread other([&] { fight(1); });
  fight(0);
  other.join();
  const StateSnapshot state = Load();
  const std::size_t sum = commits[0] + commits[1];
  EXPECT_GT(sum, 0u);
  EXPECT_EQ(state.revision, sum);
  EXPECT_EQ(state.records.size(), sum);
}

TEST_F(EtcdStateStoreTest, ALeaseNotRenewedInTimeIsLostAndCommitsAreNotSent) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->KeepAlive(kNow), OkStatus());
  ASSERT_EQ(store->KeepAlive(kNow + kTtl / 2), OkStatus());
  const MonotonicTime end = kNow + kTtl / 2 + kTtl;
  EXPECT_TRUE(store->is_owner(end - Duration(1)));
  EXPECT_FALSE(store->is_owner(end));
  EXPECT_EQ(store->KeepAlive(end), NotOwner("did not renew the lease in time"));
  EXPECT_FALSE(store->is_owner(kNow));
  // With the lease in good order there, only the store itself can refuse.
  ASSERT_TRUE(Etcd().Find(Key("o")).has_value());
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "lost"}}}).status(),
            NotOwner("did not renew the lease in time"));
  EXPECT_EQ(Load().records, Records());
  EXPECT_EQ(store->Claim().value(), 2u);
  EXPECT_TRUE(store->is_owner(end));
  EXPECT_EQ(store->Commit({2, 0, {{kProgress, "p"}}}).value(), 1u);
}

TEST_F(EtcdStateStoreTest, WhatWasLostToTimeIsTakenBackUnlessSomebodyFollowed) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  Etcd().RevokeLease(Etcd().Find(Key("o"))->lease);
  ASSERT_EQ(store->KeepAlive(kNow), NotOwner("lost the lease"));
  ASSERT_EQ(store->Reclaim(1), OkStatus());
  EXPECT_EQ(store->KeepAlive(kNow), OkStatus());
  EXPECT_TRUE(store->is_owner(kNow));
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);

  auto later = Open();
  ASSERT_EQ(later->Claim().value(), 2u);
  EXPECT_EQ(store->Reclaim(1), NotOwner("was followed by owner 2"));
  EXPECT_EQ(later->KeepAlive(kNow), OkStatus());
  EXPECT_EQ(later->Commit({2, 1, {{kProgress, "q"}}}).value(), 2u);
}

TEST_F(EtcdStateStoreTest, ALeaseThatEtcdEndedIsLostAtTheNextRenewal) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->KeepAlive(kNow), OkStatus());
  Etcd().RevokeLease(Etcd().Find(Key("o"))->lease);
  EXPECT_EQ(store->KeepAlive(kNow), NotOwner("lost the lease"));
  EXPECT_FALSE(store->is_owner(kNow));
}

TEST_F(EtcdStateStoreTest, ALeaseThatEtcdEndedIsLostAtTheNextCommit) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  Etcd().RevokeLease(Etcd().Find(Key("o"))->lease);
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "lost"}}}).status(),
            NotOwner("lost the lease"));
  EXPECT_FALSE(store->is_owner(kNow));
  EXPECT_EQ(Load().records, Records());
}

// The lease that is renewed was granted first, so it would also end first.
TEST_F(EtcdStateStoreTest, OnlyARenewedLeaseOutlivesItsTime) {
  options_.lease_ttl = std::chrono::seconds(1);
  auto renewed = Open();
  ASSERT_EQ(renewed->Claim().value(), 1u);
  const std::string renewed_key = Key("o");
  options_.prefix = NewPrefix();
  auto left = Open();
  ASSERT_EQ(left->Claim().value(), 1u);
  const auto is_gone = [&]() -> Status {
    EXPECT_EQ(renewed->KeepAlive(kNow), OkStatus());
    if (Etcd().Find(Key("o"))) return Unavailable("the lease still lives");
    return OkStatus();
  };
  ASSERT_EQ(Await(is_gone), OkStatus());
  EXPECT_EQ(left->Commit({1, 0, {{kProgress, "lost"}}}).status(),
            NotOwner("lost the lease"));
  EXPECT_EQ(Load().records, Records());
  EXPECT_TRUE(Etcd().Find(renewed_key).has_value());
  EXPECT_EQ(renewed->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
}

TEST_F(EtcdStateStoreTest, ADamagedValueIsNamedWhicheverByteItIs) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  const StateKey key{StateKind::kSession, "g\n"};
  ASSERT_EQ(store->Commit({1, 0, {{key, "v"}, {kProgress, "p"}}}).value(), 1u);
  const Status damaged =
      DataLoss("etcd " + options_.prefix +
               "/r\\003g\\n: expected the value of a record, got other bytes");
  const std::string bytes = Etcd().Find(KeyOf(key))->value;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    Etcd().Put(KeyOf(key), flipped);
    EXPECT_EQ(store->Load().status(), damaged) << "byte " << i;
  }
  // A right value in the wrong place.
  Etcd().Put(KeyOf(key), Etcd().Find(KeyOf(kProgress))->value);
  EXPECT_EQ(store->Load().status(), damaged);
  Etcd().Put(KeyOf(key), bytes);
  EXPECT_EQ(store->Load()->records, (Records{{key, "v"}, {kProgress, "p"}}));
}

TEST_F(EtcdStateStoreTest, ARecordOfAnotherNodeIsDamage) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  const std::string bytes = Etcd().Find(KeyOf(kProgress))->value;
  options_.prefix = NewPrefix();
  ASSERT_EQ(Open()->Claim().value(), 1u);
  Etcd().Put(KeyOf(kProgress), bytes);
  EXPECT_EQ(Open()->Load().status(),
            DataLoss("etcd " + options_.prefix +
                     "/r\\002: expected the value of a record, got other "
                     "bytes"));
}

TEST_F(EtcdStateStoreTest, AForeignKeyAmongTheRecordsIsNamed) {
  ASSERT_EQ(Open()->Claim().value(), 1u);
  Etcd().Put(Key("i\003g"), "of somebody");
  EXPECT_EQ(
      Open()->Load().status(),
      DataLoss("etcd " + options_.prefix +
               "/i\\003g: expected the key of a record, got other bytes"));
}

TEST_F(EtcdStateStoreTest, ADamagedOrMissingHeadIsDamageToAllWhoNeedIt) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  const std::string head = "etcd " + options_.prefix +
                           "/h: expected owner and "
                           "revision, got ";
  const auto expect_all = [&](const Status& damage) {
    EXPECT_EQ(store->Load().status(), damage);
    EXPECT_EQ(store->Commit({1, 1, {{kProgress, "lost"}}}).status(), damage);
    EXPECT_EQ(Open()->Claim().status(), damage);
  };
  Etcd().Put(Key("h"), "other");
  expect_all(DataLoss(head + "other bytes"));
  Etcd().Remove(Key("h"));
  expect_all(DataLoss(head + "a state without them"));
}

TEST_F(EtcdStateStoreTest, ACommitTakesAsManyChangesAsItSaysAndNoMore) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  std::vector<StateChange> changes;
  for (std::size_t i = 0; i < store->max_changes(); ++i) {
    changes.push_back({Session(static_cast<int>(i)), "v"});
  }
  EXPECT_EQ(store->Commit({1, 0, changes}).value(), 1u);
  EXPECT_EQ(Load().records.size(), store->max_changes());
  changes.push_back({kProgress, "p"});
  EXPECT_EQ(store->Commit({1, 1, changes}).status(),
            InvalidArgument("state: expected at most 126 changes, got 127"));
  EXPECT_EQ(Load().revision, 1u);
}

// Of which two are the head and the tag of a commit.
TEST_F(EtcdStateStoreTest, EtcdItselfTakes128OperationsAndNoMore) {
  etcdserverpb::TxnRequest transaction;
  const auto add = [&](int i) {
    transaction.add_success()->mutable_request_put()->set_key(
        Key(std::to_string(i)));
  };
  for (int i = 0; i < 128; ++i) add(i);
  etcdserverpb::TxnResponse response;
  grpc::ClientContext taken;
  EXPECT_TRUE(Etcd().keys().Txn(&taken, transaction, &response).ok());
  add(128);
  grpc::ClientContext refused;
  EXPECT_EQ(Etcd().keys().Txn(&refused, transaction, &response).error_message(),
            "etcdserver: too many operations in txn request");
}

TEST_F(EtcdStateStoreTest, ACommitTakesAsManyNamesAndValuesAsItSays) {
  options_.prefix += std::string(100, 'p');
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  StateTransaction transaction{1, 0, {}};
  const std::size_t each = store->max_bytes() / store->max_changes();
  for (std::size_t i = 0; i < store->max_changes(); ++i) {
    const std::string name = std::to_string(i) + std::string(250, 'n');
    transaction.changes.push_back({{StateKind::kSubscription, name},
                                   std::string(each - name.size(), 'v')});
  }
  EXPECT_EQ(store->Commit(transaction).value(), 1u);
}

TEST_F(EtcdStateStoreTest, ACommitTakesAsManyBytesAsItSaysAndNoMore) {
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  // What surrounds one value in a commit is less than 1,000 bytes.
  const std::string longest(options_.max_commit_bytes - 1000, 'v');
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, longest}}}).value(), 1u);
  const Status refused =
      store->Commit({1, 1, {{kProgress, longest + std::string(1000, 'v')}}})
          .status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(MessageOf(refused)),
      HasSubstr("etcd " + options_.prefix +
                ": expected a commit of at most 1500000 bytes, got one of "));
  EXPECT_EQ(Load().records, (Records{{kProgress, longest}}));
}

}  // namespace
}  // namespace streamer
