// Sessions over random histories: streams that break, small outboxes, restarts.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/core_harness.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::MakeEvent;
using support::MakeSubscribe;

constexpr std::size_t kPlenty = 1'000'000;

// A gateway as the protocol wants it, and what it got: offsets by subscription.
struct Gateway {
  std::string id;
  GatewayHandle stream;  // null: none
  bool is_open = false;  // and the stream was answered
  SessionNumber session;
  std::uint64_t last_sequence = 0;
  std::uint64_t last_progress = 0;
  std::uint64_t acknowledged = 0;
  struct Subscribed {
    std::int64_t divisor = 1;
    bool membership = false;
    std::optional<std::uint64_t> from;  // once it is answered
    bool is_ending = false;
    std::uint64_t newest = 0;  // in this epoch
    std::set<std::uint64_t> got;
  };
  std::map<std::string, Subscribed> subscribed;
};

// Streams break, gateways read and acknowledge as they like, outboxes are
// small, the process restarts: each subscription gets every event that is its
// own, in order in each epoch, and twice only what says so.
class SessionRandomTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void Run(int round);

  void Open(Gateway& gateway) {
    OpenSession command{.stream = GatewayHandle(++last_stream_),
                        .gateway_id = gateway.id,
                        .session = gateway.session,
                        .last_sequence = gateway.last_sequence,
                        .limits = limits_,
                        .initial_credit = random_->Below(5)};
    if (gateway.last_progress > 0) {
      command.last_progress = Position{1, gateway.last_progress};
    }
    gateway.stream = command.stream;
    gateway.is_open = false;
    core_->Sequence(command);
  }
  void Break(Gateway& gateway) {
    if (gateway.stream == GatewayHandle()) return;
    core_->TakeEffects(gateway.stream);
    core_->Sequence(DisconnectGateway{gateway.stream});
    gateway.stream = GatewayHandle();
  }
  void Read(Gateway& gateway);
  void Deliver(Gateway& gateway, const Delivery& delivery);
  void Act(Gateway& gateway);
  void Restart();

  std::unique_ptr<support::Random> random_;
  std::unique_ptr<CoreHarness> core_;
  std::uint64_t last_stream_ = 0;
  OutboxLimits limits_;
  std::int64_t offset_ = 0;
  std::uint64_t crash_head_ = 0;
  std::uint64_t received_ = 0;  // deliveries
  std::map<Membership, std::uint64_t> memberships_;
  std::vector<Gateway> gateways_;
};

void SessionRandomTest::Read(Gateway& gateway) {
  for (GatewayEffect& effect : core_->TakeEffects(gateway.stream)) {
    if (const auto* opened = std::get_if<SessionOpened>(&effect)) {
      ASSERT_NE(opened->continuity, Continuity::kLost) << gateway.id;
      gateway.is_open = true;
      if (opened->session != gateway.session) {
        gateway.session = opened->session;
        gateway.last_sequence = opened->next_sequence - 1;
        gateway.acknowledged = gateway.last_sequence;
        for (auto& [id, one] : gateway.subscribed) one.newest = 0;
      }
    } else if (const auto* answer = std::get_if<SubscribeResponse>(&effect)) {
      ASSERT_TRUE(answer->status.ok()) << answer->status;
      gateway.subscribed[answer->subscription_id].from = answer->from.offset;
    } else if (const auto* ended = std::get_if<UnsubscribeResponse>(&effect)) {
      gateway.subscribed.erase(ended->subscription_id);
    } else if (const auto* delivery = std::get_if<SharedDelivery>(&effect)) {
      ASSERT_NO_FATAL_FAILURE(Deliver(gateway, **delivery));
    } else {
      FAIL() << support::Describe(effect);
    }
  }
}

void SessionRandomTest::Deliver(Gateway& gateway, const Delivery& delivery) {
  ASSERT_EQ(delivery.sequence, gateway.last_sequence + 1) << gateway.id;
  gateway.last_sequence = delivery.sequence;
  ++received_;
  const std::uint64_t offset = delivery.event->event.position.offset;
  if (!delivery.is_catching_up) {
    if (offset <= gateway.last_progress) return;
    gateway.last_progress = offset;
  }
  for (std::size_t i = 0; i < delivery.subscription_ids.size(); ++i) {
    const std::string& id = delivery.subscription_ids[i];
    Gateway::Subscribed& one = gateway.subscribed.at(id);
    const Membership membership = delivery.memberships.empty()
                                      ? Membership::kNone
                                      : delivery.memberships[i];
    ASSERT_EQ(one.membership, membership != Membership::kNone);
    ++memberships_[membership];
    if (membership == Membership::kUnknownOut) {
      ASSERT_GT(offset, one.newest) << gateway.id << " " << id;
      one.newest = offset;
      continue;
    }
    const bool is_new = one.got.insert(offset).second;
    ASSERT_TRUE(is_new || delivery.is_redelivered)
        << gateway.id << " " << id << " got " << offset << " twice";
    ASSERT_GT(offset, one.newest) << gateway.id << " " << id;
    one.newest = offset;
    ASSERT_EQ(offset % static_cast<std::uint64_t>(one.divisor), 0u);
    if (delivery.is_redelivered) {
      ASSERT_LE(offset, crash_head_);
    }
  }
}

void SessionRandomTest::Act(Gateway& gateway) {
  if (gateway.stream == GatewayHandle()) {
    if (random_->Chance(1, 3)) Open(gateway);
    return;
  }
  switch (random_->Below(9)) {
    case 0:
      return random_->Chance(1, 2) ? Break(gateway) : Open(gateway);
    case 1:
    case 2: {
      const std::string id = absl::StrCat(gateway.id, gateway.subscribed.size(),
                                          "-", random_->Below(1'000'000));
      Gateway::Subscribed one{
          .divisor = static_cast<std::int64_t>(1 + random_->Below(3))};
      Subscribe command =
          MakeSubscribe(gateway.stream, id, "c",
                        absl::StrCat("doc.n % ", one.divisor, " == 0"));
      if (random_->Chance(1, 2)) {
        command.resume_after = Position{
            1, random_->Below(static_cast<std::uint64_t>(offset_) + 1)};
      }
      command.membership = one.membership = random_->Chance(1, 3);
      gateway.subscribed[id] = one;
      core_->Sequence(command);
      return;
    }
    case 3: {
      if (gateway.subscribed.empty() || random_->Chance(1, 2)) return;
      auto& [id, one] = *gateway.subscribed.begin();
      if (!one.from) return;
      one.is_ending = true;
      core_->Sequence(Unsubscribe{gateway.stream, id});
      return;
    }
    case 4:
    case 5:
      return core_->Grant(gateway.stream, random_->Below(8));
    case 6:
      if (!gateway.is_open) return;  // it would be of another session
      gateway.acknowledged +=
          random_->Below(gateway.last_sequence - gateway.acknowledged + 1);
      return core_->Acknowledge(gateway.stream, gateway.acknowledged);
    default:
      return Read(gateway);
  }
}

// What was told and not read is gone with the streams; what was not answered
// may have been saved or not.
void SessionRandomTest::Restart() {
  crash_head_ = static_cast<std::uint64_t>(offset_);
  for (Gateway& gateway : gateways_) gateway.stream = GatewayHandle();
  core_ = std::make_unique<CoreHarness>(GetParam(), *core_, core_->saved(),
                                        last_stream_ + 1, limits_);
  last_stream_ += 10;
}

void SessionRandomTest::Run(int round) {
  random_ = std::make_unique<support::Random>(
      support::SeedOf(absl::StrCat("SessionRandomTest", round)));
  core_ = std::make_unique<CoreHarness>(
      GetParam(), CoreOptions{.split = {.above = 4, .slice = 2}});
  last_stream_ = 0;
  limits_ = {.deliveries = 2 + random_->Below(12)};
  offset_ = 0;
  crash_head_ = 0;
  gateways_ = std::vector<Gateway>(3);
  for (std::size_t i = 0; i < 3; ++i)
    gateways_[i].id = std::string(1, "abc"[i]);
  for (int step = 0; step < 400; ++step) {
    if (random_->Chance(1, 3)) {
      core_->Sequence(MakeEvent(++offset_, "c"));
    } else if (random_->Chance(1, 40)) {
      core_->SaveProgress(
          random_->Below(static_cast<std::uint64_t>(offset_) + 1));
    } else if (random_->Chance(1, 150)) {
      Restart();
    } else {
      ASSERT_NO_FATAL_FAILURE(Act(gateways_[random_->Below(3)]));
      for (std::uint64_t i = random_->Below(6); i > 0; --i) {
        core_->Advance(*random_);
      }
    }
  }
  // All is well again.
  for (Gateway& gateway : gateways_) {
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
    for (auto& [id, one] : gateway.subscribed) {
      if (!one.from || one.is_ending) continue;
      std::set<std::uint64_t> all;
      for (std::uint64_t n = *one.from + 1;
           n <= static_cast<std::uint64_t>(offset_); ++n) {
        if (n % static_cast<std::uint64_t>(one.divisor) == 0) all.insert(n);
      }
      EXPECT_EQ(one.got, all) << id;
    }
  }
}

TEST_P(SessionRandomTest, NothingIsLostAndNothingDoubledUnsaid) {
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Run(round);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  // Every document is new: it enters, or it is read again.
  EXPECT_EQ(memberships_[Membership::kChanged], 0u);
  EXPECT_EQ(memberships_[Membership::kLeft], 0u);
}

INSTANTIATE_TEST_SUITE_P(Shards, SessionRandomTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace streamer
