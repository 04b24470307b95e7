// Merging over random histories, against what each event was by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::MakeSubscribe;

constexpr std::size_t kPlenty = 1'000'000;

// A subscription of documents whose `n` can be divided; of all of them by 1.
struct Asked {
  std::int64_t divisor = 1;
  bool membership = false;
};

// What one event was to one subscription: nothing, if it did not concern it.
struct Concern {
  bool was_in = false;
  bool is_in = false;
};

// An event, and what was to be told of it.
struct Told {
  std::string document_id;
  Operation operation = Operation::kInsert;
  std::string document;
  std::map<std::string, Concern> subscriptions;
};

struct Gateway {
  std::string id;
  bool coalesces = false;
  std::map<std::string, Asked> asked;
  GatewayHandle stream;  // null: none
  bool is_open = false;  // and the stream was answered
  SessionNumber session;
  std::uint64_t last_sequence = 0;
  std::uint64_t acknowledged = 0;
  std::optional<Position> progress;  // of what came live
  std::optional<Position> floor;     // what is up to here came already
  std::set<std::uint64_t> covered;   // offsets of what it was told of
};

bool IsIn(const Asked& asked, std::optional<std::int64_t> n) {
  return n.has_value() && *n % asked.divisor == 0;
}

class MergingRandomTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void Run(int round);
  void Begin(int round);
  void Happen();
  void Open(Gateway& gateway);
  void Act(Gateway& gateway);
  void Read(Gateway& gateway);
  void Deliver(Gateway& gateway, const Delivery& delivery);
  void CheckMerged(Gateway& gateway, const Delivery& delivery,
                   const std::vector<std::uint64_t>& events);
  void CheckTold(const Gateway& gateway, const Delivery& delivery,
                 const std::vector<std::uint64_t>& events);
  void Restart();
  void End(Gateway& gateway);

  // Those of `gateway` that the event at `offset` concerned.
  std::map<std::string, Concern> Concerned(const Gateway& gateway,
                                           std::uint64_t offset) const {
    std::map<std::string, Concern> found;
    for (const auto& [id, concern] : events_[offset - 1].subscriptions) {
      if (gateway.asked.contains(id)) found[id] = concern;
    }
    return found;
  }

  std::unique_ptr<support::Random> random_;
  std::unique_ptr<CoreHarness> core_;
  OutboxLimits limits_;
  std::uint64_t last_stream_ = 0;
  std::uint64_t crash_head_ = 0;
  std::uint64_t received_ = 0;
  std::vector<Gateway> gateways_;
  std::vector<Told> events_;  // by offset, from 1
  std::map<std::string, std::optional<std::int64_t>> documents_;
  // What the rounds together came to.
  std::uint64_t merged_ = 0;
  std::uint64_t held_back_ = 0;  // deliveries whose progress was
  std::uint64_t again_ = 0;
  std::map<Membership, std::uint64_t> composed_;
};

// A document comes, changes or goes.
void MergingRandomTest::Happen() {
  Told told{.document_id = absl::StrCat("d", random_->Below(4))};
  std::optional<std::int64_t>& n = documents_[told.document_id];
  const std::optional<std::int64_t> before = n;
  SourceEvent event =
      support::MakeEvent(static_cast<std::int64_t>(events_.size()) + 1, "c");
  event.document_id = told.document_id;
  if (before) {
    event.before = absl::StrCat(R"({"n":)", *before, "}");
    event.operation = SourceOperation::kUpdate;
    told.operation = Operation::kUpdate;
  }
  if (before && random_->Chance(1, 8)) {
    n.reset();
    event.operation = SourceOperation::kDelete;
    event.document.clear();
    told.operation = Operation::kDelete;
  } else {
    n = static_cast<std::int64_t>(random_->Below(12));
    event.document = absl::StrCat(R"({"n":)", *n, "}");
    told.document = absl::StrCat(R"({"n":)", *n, R"(,"id":")", told.document_id,
                                 R"(","collection":"c"})");
  }
  for (const Gateway& gateway : gateways_) {
    for (const auto& [id, asked] : gateway.asked) {
      const Concern concern{IsIn(asked, before), IsIn(asked, n)};
      const bool is_for = asked.membership
                              ? concern.was_in || concern.is_in
                              : concern.is_in || (asked.divisor == 1 && !n);
      if (is_for) told.subscriptions[id] = concern;
    }
  }
  events_.push_back(std::move(told));
  core_->Sequence(std::move(event));
}

void MergingRandomTest::Open(Gateway& gateway) {
  OpenSession command{.stream = GatewayHandle(++last_stream_),
                      .gateway_id = gateway.id,
                      .session = gateway.session,
                      .last_sequence = gateway.last_sequence,
                      .last_progress = gateway.progress,
                      .limits = limits_,
                      .initial_credit = random_->Below(3),
                      .coalesces = gateway.coalesces};
  gateway.stream = command.stream;
  gateway.is_open = false;
  core_->Sequence(command);
}

void MergingRandomTest::Read(Gateway& gateway) {
  for (GatewayEffect& effect : core_->TakeEffects(gateway.stream)) {
    if (const auto* opened = std::get_if<SessionOpened>(&effect)) {
      ASSERT_NE(opened->continuity, Continuity::kLost) << gateway.id;
      gateway.is_open = true;
      if (opened->session == gateway.session) continue;
      gateway.session = opened->session;
      gateway.last_sequence = opened->next_sequence - 1;
      gateway.acknowledged = gateway.last_sequence;
      gateway.floor = gateway.progress;
    } else if (const auto* delivery = std::get_if<SharedDelivery>(&effect)) {
      ASSERT_NO_FATAL_FAILURE(Deliver(gateway, **delivery));
    } else {
      ASSERT_TRUE(std::holds_alternative<SubscribeResponse>(effect))
          << support::Describe(effect);
    }
  }
}

// As the clients do: what comes live and is not behind the floor came already.
void MergingRandomTest::Deliver(Gateway& gateway, const Delivery& delivery) {
  ASSERT_EQ(delivery.sequence, gateway.last_sequence + 1) << gateway.id;
  gateway.last_sequence = delivery.sequence;
  ++received_;
  const Position position = delivery.event->event.position;
  if (!delivery.is_catching_up) {
    if (gateway.floor && delivery.progress <= *gateway.floor) return;
    gateway.floor.reset();
    ASSERT_LE(gateway.progress.value_or(Position{}), delivery.progress);
    gateway.progress = delivery.progress;
  }
  ASSERT_LE(delivery.progress, position);
  if (delivery.progress != position) ++held_back_;
  merged_ += delivery.coalesced;
  // The last ones of the document that concerned the gateway.
  const std::string& document = delivery.event->event.document_id();
  std::vector<std::uint64_t> events = {position.offset};
  for (std::uint64_t i = position.offset - 1;
       i > 0 && events.size() <= delivery.coalesced; --i) {
    if (events_[i - 1].document_id == document &&
        !Concerned(gateway, i).empty()) {
      events.push_back(i);
    }
  }
  ASSERT_EQ(events.size(), delivery.coalesced + 1);
  std::reverse(events.begin(), events.end());
  ASSERT_NO_FATAL_FAILURE(CheckMerged(gateway, delivery, events));
  CheckTold(gateway, delivery, events);
}

// `events` were one after the other, and come to what was delivered.
void MergingRandomTest::CheckMerged(Gateway& gateway, const Delivery& delivery,
                                    const std::vector<std::uint64_t>& events) {
  if (!gateway.coalesces) {
    ASSERT_EQ(delivery.coalesced, 0u);
  }
  if (delivery.is_redelivered) {
    ASSERT_LE(events.front(), crash_head_);
    ++again_;
  }
  bool is_new = false;
  for (const std::uint64_t one : events) {
    const bool is_first =
        Concerned(gateway, one).empty() || gateway.covered.insert(one).second;
    ASSERT_TRUE(is_first || delivery.is_redelivered)
        << gateway.id << " was told of " << one << " twice";
    const Operation operation = events_[one - 1].operation;
    if (one == events.front()) is_new = operation == Operation::kInsert;
    if (one != events.back()) {
      ASSERT_NE(operation, Operation::kDelete);
    }
  }
  const Told& last = events_[events.back() - 1];
  const Operation expected = is_new && last.operation == Operation::kUpdate
                                 ? Operation::kInsert
                                 : last.operation;
  ASSERT_EQ(delivery.event->event.operation, expected);
  ASSERT_EQ(delivery.event->document, last.document);
}

// Each subscription is told where the document was before all of `events` and
// where it is after them; what entered and left was told apart.
void MergingRandomTest::CheckTold(const Gateway& gateway,
                                  const Delivery& delivery,
                                  const std::vector<std::uint64_t>& events) {
  std::map<std::string, Concern> concerned = Concerned(gateway, events.back());
  for (const std::uint64_t one : events) {
    for (const auto& [id, concern] : Concerned(gateway, one)) {
      ASSERT_TRUE(concerned.contains(id)) << id << " was not told of " << one;
    }
  }
  for (std::size_t i = 0; i < delivery.subscription_ids.size(); ++i) {
    const std::string& id = delivery.subscription_ids[i];
    const Membership membership = delivery.memberships.empty()
                                      ? Membership::kNone
                                      : delivery.memberships[i];
    // Of an insert that is read again nothing says what was before.
    if (delivery.is_catching_up && membership == Membership::kUnknownOut) {
      ASSERT_FALSE(concerned.contains(id));
      continue;
    }
    ASSERT_TRUE(concerned.contains(id)) << id;
    const bool has_asked = gateway.asked.at(id).membership;
    ASSERT_EQ(has_asked, membership != Membership::kNone);
    Concern all = concerned.at(id);
    for (const std::uint64_t one : events) {
      const auto told = Concerned(gateway, one);
      if (!told.contains(id)) continue;
      all.was_in = told.at(id).was_in;
      break;
    }
    if (!has_asked) continue;
    if (delivery.is_catching_up && membership == Membership::kUnknownIn) {
      ASSERT_TRUE(all.is_in);
      continue;
    }
    ASSERT_TRUE(all.was_in || all.is_in) << id << " entered and left unsaid";
    const Membership expected = !all.is_in   ? Membership::kLeft
                                : all.was_in ? Membership::kChanged
                                             : Membership::kEntered;
    ASSERT_EQ(membership, expected) << gateway.id << " " << id;
    if (delivery.coalesced > 0) ++composed_[membership];
  }
  // Who catches up on its own is told apart.
  if (!delivery.is_catching_up) {
    EXPECT_EQ(delivery.subscription_ids.size(), concerned.size());
  }
}

void MergingRandomTest::Act(Gateway& gateway) {
  if (gateway.stream == GatewayHandle()) {
    if (random_->Chance(1, 3)) Open(gateway);
    return;
  }
  switch (random_->Below(8)) {
    case 0:
      if (random_->Chance(1, 2)) return Open(gateway);
      if (random_->Chance(1, 2)) return;
      core_->TakeEffects(gateway.stream);
      core_->Sequence(DisconnectGateway{gateway.stream});
      gateway.stream = GatewayHandle();
      return;
    case 1:
    case 2:
      return core_->Grant(gateway.stream, random_->Below(4));
    case 3:
    case 4:
      if (!gateway.is_open) return;  // it would be of another session
      gateway.acknowledged +=
          random_->Below(gateway.last_sequence - gateway.acknowledged + 1);
      return core_->Acknowledge(gateway.stream, gateway.acknowledged);
    default:
      return Read(gateway);
  }
}

void MergingRandomTest::Restart() {
  crash_head_ = events_.size();
  for (Gateway& gateway : gateways_) {
    gateway.stream = GatewayHandle();
    gateway.is_open = false;
  }
  core_ = std::make_unique<CoreHarness>(GetParam(), *core_, core_->saved(),
                                        last_stream_ + 1, limits_);
  last_stream_ += 10;
}

// Every gateway has its subscriptions before the first event.
void MergingRandomTest::Begin(int round) {
  random_ = std::make_unique<support::Random>(
      support::SeedOf(absl::StrCat("MergingRandomTest", round)));
  core_ = std::make_unique<CoreHarness>(GetParam());
  limits_ = {.deliveries = 3 + random_->Below(12)};
  last_stream_ = 0;
  crash_head_ = 0;
  events_.clear();
  documents_.clear();
  gateways_ = std::vector<Gateway>(3);
  for (std::size_t i = 0; i < 3; ++i) {
    Gateway& gateway = gateways_[i];
    gateway.id = std::string(1, "abc"[i]);
    gateway.coalesces = i < 2;
    Open(gateway);
    for (std::uint64_t n = 1 + random_->Below(3); n > 0; --n) {
      const std::string id = absl::StrCat(gateway.id, n);
      const Asked asked{static_cast<std::int64_t>(1 + random_->Below(3)),
                        random_->Chance(1, 2)};
      gateway.asked[id] = asked;
      Subscribe command =
          MakeSubscribe(gateway.stream, id, "c",
                        asked.divisor == 1
                            ? "true"
                            : absl::StrCat("doc.n % ", asked.divisor, " == 0"));
      command.membership = asked.membership;
      core_->Sequence(command);
    }
  }
  core_->Settle();
  for (Gateway& gateway : gateways_) Read(gateway);
}

void MergingRandomTest::Run(int round) {
  Begin(round);
  for (int step = 0; step < 500; ++step) {
    if (random_->Chance(1, 3)) {
      Happen();
    } else if (random_->Chance(1, 30)) {
      core_->SaveProgress(random_->Below(events_.size() + 1));
    } else if (random_->Chance(1, 150)) {
      Restart();
    } else {
      ASSERT_NO_FATAL_FAILURE(Act(gateways_[random_->Below(3)]));
      for (std::uint64_t i = random_->Below(8); i > 0; --i) {
        core_->Advance(*random_);
      }
    }
  }
  for (Gateway& gateway : gateways_) {
    ASSERT_NO_FATAL_FAILURE(End(gateway));
  }
}

// All is well again: the gateway gets what is left, and was told everything.
void MergingRandomTest::End(Gateway& gateway) {
  Open(gateway);
  while (core_->Advance(*random_)) {
  }
  core_->Grant(gateway.stream, kPlenty);
  for (std::uint64_t before = received_ + 1; before != received_;) {
    before = received_;
    while (core_->Advance(*random_)) {
    }
    ASSERT_NO_FATAL_FAILURE(Read(gateway));
    core_->Acknowledge(gateway.stream, gateway.last_sequence);
  }
  for (std::uint64_t i = 1; i <= events_.size(); ++i) {
    EXPECT_EQ(gateway.covered.contains(i), !Concerned(gateway, i).empty())
        << gateway.id << " and event " << i;
  }
}

TEST_P(MergingRandomTest, EverySubscriptionIsToldWhatAllItsEventsComeTo) {
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Run(round);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_GT(merged_, 1'000u);
  EXPECT_GT(held_back_, 500u);
  EXPECT_GT(again_, 100u);
  EXPECT_GT(composed_[Membership::kEntered], 10u);
  EXPECT_GT(composed_[Membership::kChanged], 10u);
  EXPECT_GT(composed_[Membership::kLeft], 10u);
}

INSTANTIATE_TEST_SUITE_P(Shards, MergingRandomTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace streamer
