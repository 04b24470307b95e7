// EtcdStateStore where things go wrong between it and etcd, or with etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/etcd_fixture.h"
#include "store/etcd_front.h"

namespace streamer {
namespace {

using ::testing::HasSubstr;

// A port that takes connections and never says anything.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, any, size), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    EXPECT_EQ(getsockname(socket_, any, &size), 0);
    endpoint_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

 private:
  int socket_;
  std::string endpoint_;
};

using EtcdStateStoreFaultTest = EtcdFixture;

TEST_F(EtcdStateStoreFaultTest, AClaimThatIsOvertakenTakesTheNextNumber) {
  EtcdFront front(Etcd());
  auto other = Open();
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  front.BeforeNextTransaction([&] { ASSERT_EQ(other->Claim().value(), 1u); });
  EXPECT_EQ(store->Claim().value(), 2u);
  EXPECT_EQ(front.transactions(), 2);
  EXPECT_EQ(other->Commit({1, 0, {}}).status(), Overtaken(0, 2, 0, 1));
}

TEST_F(EtcdStateStoreFaultTest, ACommitThatIsOvertakenOnItsWayChangesNothing) {
  EtcdFront front(Etcd());
  auto other = Open();
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  front.BeforeNextTransaction([&] { ASSERT_EQ(other->Claim().value(), 2u); });
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "lost"}}}).status(),
            Overtaken(0, 2, 0, 1));
  EXPECT_EQ(Load().records, Records());
}

TEST_F(EtcdStateStoreFaultTest, AnEtcdThatGoesAfterAClaimLeavesOneLeaseOfTime) {
  auto front = std::make_unique<EtcdFront>(Etcd());
  options_.endpoints = {front->endpoint()};
  options_.call_timeout = std::chrono::seconds(1);
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  front.reset();
  for (const Duration passed : {Duration(0), Duration(kTtl) - Duration(1)}) {
    EXPECT_EQ(store->KeepAlive(kNow + passed).code(),
              absl::StatusCode::kUnavailable);
    EXPECT_TRUE(store->is_owner(kNow + passed));
  }
  EXPECT_FALSE(store->is_owner(kNow + kTtl));
  EXPECT_EQ(store->KeepAlive(kNow + kTtl),
            NotOwner("did not renew the lease in time"));
}

TEST_F(EtcdStateStoreFaultTest, ALostAnswerDoesNotHideACommit) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  front.LoseAnswers(1);
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  EXPECT_EQ(front.transactions(), 3);
  const StateSnapshot state = Load();
  EXPECT_EQ(state.revision, 1u);
  EXPECT_EQ(state.records, (Records{{kProgress, "p"}}));
}

TEST_F(EtcdStateStoreFaultTest,
       AnUnknownOutcomeIsKnownOnceTheSameIsTriedAgain) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  const StateTransaction transaction{1, 0, {{kProgress, "p1"}}};
  front.LoseAnswers(2);
  EXPECT_EQ(store->Commit(transaction).status(),
            Unavailable("etcd " + front.endpoint() + ": the answer was lost"));
  EXPECT_EQ(store->Commit(transaction).value(), 1u);
  EXPECT_EQ(Load().revision, 1u);
}

// The lease is another one then.
TEST_F(EtcdStateStoreFaultTest,
       AnUnknownOutcomeIsKnownAlsoOnceTheStateWasTakenBack) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  const StateTransaction transaction{1, 0, {{kProgress, "p1"}}};
  front.LoseAnswers(2);
  ASSERT_TRUE(absl::IsUnavailable(store->Commit(transaction).status()));
  Etcd().RevokeLease(Etcd().Find(Key("o"))->lease);
  ASSERT_EQ(store->Reclaim(1), OkStatus());
  EXPECT_EQ(store->Commit(transaction).value(), 1u);
  EXPECT_EQ(Load().revision, 1u);
  EXPECT_EQ(store->Commit({1, 1, {{kProgress, "p2"}}}).value(), 2u);
}

// Two that differ in nothing but the value: one must not pass for the other.
TEST_F(EtcdStateStoreFaultTest,
       AnotherCommitDoesNotPassForOneOfUnknownOutcome) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  front.LoseAnswers(2);
  ASSERT_EQ(store->Commit({1, 0, {{kProgress, "p1"}}}).status().code(),
            absl::StatusCode::kUnavailable);
  front.LoseAnswers(1);
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p2"}}}).status(),
            Overtaken(1, 1, 0, 1));
  EXPECT_TRUE(store->is_owner(kNow));
  const StateSnapshot state = Load();
  EXPECT_EQ(state.revision, 1u);
  EXPECT_EQ(state.records, (Records{{kProgress, "p1"}}));
  EXPECT_EQ(store->Commit({1, 1, {{kProgress, "p2"}}}).value(), 2u);
}

TEST_F(EtcdStateStoreFaultTest, ALostAnswerDoesNotHideAClaim) {
  EtcdFront front(Etcd());
  options_.endpoints = {front.endpoint(), Etcd().endpoint()};
  auto store = Open();
  front.LoseAnswers(1);
  EXPECT_EQ(store->Claim().value(), 1u);
  EXPECT_EQ(front.transactions(), 1);
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
}

TEST_F(EtcdStateStoreFaultTest, AllPagesAreOfOneRevision) {
  EtcdFront front(Etcd());
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  std::vector<StateChange> changes;
  for (int i = 0; i < 7; ++i) changes.push_back({Session(i), "old"});
  ASSERT_EQ(store->Commit({1, 0, changes}).value(), 1u);

  options_.endpoints = {front.endpoint()};
  options_.records_per_page = 2;
  front.BeforeNextRead([&] {
    front.BeforeNextRead([&] {
      for (StateChange& change : changes) change.value = "new";
      ASSERT_EQ(store->Commit({1, 1, changes}).value(), 2u);
    });
  });
  const StateSnapshot before = Load();
  EXPECT_EQ(before.revision, 1u);
  Records expected;
  for (int i = 0; i < 7; ++i) expected[Session(i)] = "old";
  EXPECT_EQ(before.records, expected);
  // Head and owner are keys too: 9 in pages of 2.
  EXPECT_EQ(front.reads(), 5);
  for (auto& [key, value] : expected) value = "new";
  EXPECT_EQ(Load().records, expected);
}

TEST_F(EtcdStateStoreFaultTest, ALoadWhoseRevisionIsForgottenStartsAgain) {
  EtcdFront front(Etcd());
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->Commit({1, 0, {{Session(1), "1"}}}).value(), 1u);
  options_.endpoints = {front.endpoint()};
  options_.records_per_page = 1;
  front.BeforeNextRead([&] {
    front.BeforeNextRead([&] {
      ASSERT_EQ(store->Commit({1, 1, {{Session(2), "2"}}}).value(), 2u);
      Etcd().Compact();
    });
  });
  const StateSnapshot state = Load();
  EXPECT_EQ(state.revision, 2u);
  EXPECT_EQ(state.records, (Records{{Session(1), "1"}, {Session(2), "2"}}));
}

TEST_F(EtcdStateStoreFaultTest, AnEtcdThatHangsIsUnavailableUntilItGoesOn) {
  auto patient = Open();
  ASSERT_EQ(patient->Claim().value(), 1u);
  options_.call_timeout = std::chrono::milliseconds(100);
  auto store = Open();
  const std::uint64_t owner = Await([&] { return store->Claim(); }).value();
  ASSERT_EQ(Await([&] { return store->KeepAlive(kNow); }), OkStatus());
  const StateTransaction transaction{owner, 0, {{kProgress, "p"}}};

  Etcd().Suspend();
  const Status hanging =
      Unavailable("etcd " + Etcd().endpoint() +
                  ": expected an answer within 100 ms, got none");
  EXPECT_EQ(store->Load().status(), hanging);
  EXPECT_EQ(store->Commit(transaction).status(), hanging);
  EXPECT_EQ(store->KeepAlive(kNow), hanging);
  EXPECT_EQ(Open()->Claim().status(), hanging);
  EXPECT_TRUE(store->is_owner(kNow));
  Etcd().Resume();

  EXPECT_EQ(Await([&] { return store->Commit(transaction); }).value(), 1u);
  EXPECT_EQ(Await([&] { return store->KeepAlive(kNow); }), OkStatus());
  const StateSnapshot state = patient->Load().value();
  EXPECT_EQ(state.revision, 1u);
  EXPECT_EQ(state.records, (Records{{kProgress, "p"}}));
}

TEST_F(EtcdStateStoreFaultTest, WhoEndsDoesNotWaitForAnEtcdThatHangs) {
  const SilentPort silent;
  options_.endpoints = {silent.endpoint(), silent.endpoint()};
  options_.call_timeout = std::chrono::hours(1);
  auto store = Open();
  std::thread call(
      [&] { EXPECT_TRUE(absl::IsUnavailable(store->Claim().status())); });
  store->Interrupt();
  call.join();
  EXPECT_TRUE(absl::IsUnavailable(store->Load().status()));
}

TEST_F(EtcdStateStoreFaultTest, WhatWasCommittedSurvivesAKilledEtcd) {
  options_.call_timeout = std::chrono::seconds(1);
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(store->KeepAlive(kNow), OkStatus());
  ASSERT_EQ(store->Commit({1, 0, {{kProgress, "p1"}}}).value(), 1u);
  Etcd().Kill();
  const Status gone = store->Commit({1, 1, {{kProgress, "p2"}}}).status();
  EXPECT_EQ(gone.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(gone)),
              HasSubstr("etcd " + Etcd().endpoint() + ": "));
  EXPECT_EQ(store->KeepAlive(kNow).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(store->is_owner(kNow));
  Etcd().StartAgain();
  ASSERT_EQ(Await([&] { return store->KeepAlive(kNow); }), OkStatus());
  EXPECT_EQ(store->Load()->records, (Records{{kProgress, "p1"}}));
  EXPECT_EQ(store->Commit({1, 1, {{kProgress, "p3"}}}).value(), 2u);
  EXPECT_EQ(store->Load()->records, (Records{{kProgress, "p3"}}));
}

TEST_F(EtcdStateStoreFaultTest, WhereNobodyAnswersTheNextEndpointIsAsked) {
  const SilentPort silent;
  // Port 1 is nobody's.
  options_.endpoints = {"127.0.0.1:1", silent.endpoint(), Etcd().endpoint()};
  options_.call_timeout = std::chrono::seconds(1);
  auto store = Open();
  EXPECT_EQ(store->Claim().value(), 1u);
  EXPECT_EQ(store->KeepAlive(kNow), OkStatus());
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  EXPECT_EQ(store->Load()->records, (Records{{kProgress, "p"}}));
}

TEST_F(EtcdStateStoreFaultTest, AnEndpointThatGoesIsLeftForTheNextOne) {
  auto front = std::make_unique<EtcdFront>(Etcd());
  options_.endpoints = {front->endpoint(), Etcd().endpoint()};
  auto store = Open();
  ASSERT_EQ(store->Claim().value(), 1u);
  ASSERT_EQ(front->transactions(), 1);
  front.reset();
  EXPECT_EQ(store->Commit({1, 0, {{kProgress, "p"}}}).value(), 1u);
  EXPECT_EQ(store->KeepAlive(kNow), OkStatus());
}

TEST_F(EtcdStateStoreFaultTest, WithoutAnEndpointThatAnswersTheLastOneIsNamed) {
  options_.endpoints = {"127.0.0.1:1", "127.0.0.1:2"};
  options_.call_timeout = std::chrono::milliseconds(100);
  const Status status = Open()->Claim().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("etcd 127.0.0.1:2: "));
}

}  // namespace
}  // namespace streamer
