#include "core/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/core_events.h"
#include "support/describe_effect.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const OutgoingEvent> Event(std::uint64_t number,
                                           std::size_t size = 10) {
  ChangeEvent event;
  event.position = {1, number};
  event.source = std::make_shared<SourceEvent>(
      support::MakeEvent(static_cast<std::int64_t>(number), "c"));
  return std::make_shared<const OutgoingEvent>(
      OutgoingEvent{std::move(event), std::string(size, 'x')});
}

class OutboxTest : public testing::Test {
 protected:
  static Outbox::Waiting Matched(std::uint64_t number,
                                 const std::vector<std::uint64_t>& handles = {
                                     1}) {
    Outbox::Waiting delivery{.event = Event(number)};
    for (std::uint64_t handle : handles) {
      delivery.handles.push_back(SubscriptionHandle(handle));
    }
    return delivery;
  }

  // So many that a resync names no more, ascending.
  static std::vector<std::string> MostNames() {
    constexpr std::size_t kSize = 28;
    std::vector<std::string> names;
    for (std::size_t i = 0;
         i < Outbox::kMostNamedBytes / (kSize + Outbox::kNameFrame); ++i) {
      names.push_back(absl::StrCat(std::string(kSize - 6, 's'), 100'000 + i));
    }
    return names;
  }

  // Everything that may go, as text.
  std::vector<std::string> HandOver(Outbox& outbox) {
    std::vector<std::string> lines;
    auto find_id = [this](SubscriptionHandle handle) -> const std::string* {
      return handle.value() < ids_.size() && !ids_[handle.value()].empty()
                 ? &ids_[handle.value()]
                 : nullptr;
    };
    while (auto effect = outbox.HandOver(find_id)) {
      lines.push_back(support::Describe(*effect));
    }
    return lines;
  }

  // By handle; an empty one has ended.
  std::vector<std::string> ids_{"", "s1", "s2", "s3"};
};

TEST_F(OutboxTest, DeliveriesGoInOrderAsFarAsCreditReaches) {
  Outbox outbox(GatewayKind::kSoftState, {});
  for (std::uint64_t i : {1, 2, 3}) outbox.Append(Matched(i));
  EXPECT_THAT(HandOver(outbox), IsEmpty());
  outbox.AddCredit(2);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s1]", "delivery 2 e2 [s1]"));
  EXPECT_EQ(outbox.waiting(), 1u);
  outbox.AddCredit(9);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 3 e3 [s1]"));
}

TEST_F(OutboxTest, IdsOfEndedSubscriptionsAreLeftOut) {
  Outbox outbox(GatewayKind::kSoftState, {});
  outbox.Append(Matched(1, {1, 2, 3}));
  ids_[2] = "";
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 1 e1 [s1,s3]"));
}

TEST_F(OutboxTest, ADeliveryWithoutIdsTakesNeitherCreditNorNumber) {
  Outbox outbox(GatewayKind::kSoftState, {});
  outbox.Append(Matched(1, {2}));
  outbox.Append(Matched(2, {1}));
  ids_[2] = "";
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 1 e2 [s1]"));
  EXPECT_EQ(outbox.waiting(), 0u);
}

TEST_F(OutboxTest, NoticesKeepTheirPlaceAndNeedNoCredit) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.Append(SubscriptionClosed{.subscription_id = "a"}, {});
  outbox.Append(Matched(1));
  outbox.Append(SubscriptionClosed{.subscription_id = "b"}, {});
  EXPECT_THAT(HandOver(outbox), ElementsAre("ended a"));
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 2 e1 [s1]", "ended b"));
  EXPECT_EQ(outbox.last_sequence(), 3u);
}

TEST_F(OutboxTest, ASessionKeepsWhatItSentUntilItIsAcknowledged) {
  Outbox outbox(GatewayKind::kSession, {.deliveries = 3});
  outbox.AddCredit(9);
  for (std::uint64_t i : {1, 2, 3}) outbox.Append(Matched(i));
  HandOver(outbox);
  EXPECT_EQ(outbox.pressure(), Pressure::kHard);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 1}));
  EXPECT_EQ(outbox.Acknowledge(2), OkStatus());
  EXPECT_EQ(outbox.pressure(), Pressure::kNone);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 3}));
  EXPECT_EQ(outbox.Acknowledge(1), OkStatus());
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 3}));
  EXPECT_EQ(outbox.Acknowledge(3), OkStatus());
  EXPECT_TRUE(outbox.is_empty());
}

TEST_F(OutboxTest, AnAcknowledgementOfTheFutureIsRefused) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(1);
  outbox.Append(Matched(1));
  outbox.Append(Matched(2));
  HandOver(outbox);
  EXPECT_EQ(outbox.Acknowledge(2),
            InvalidArgument("ack: expected at most 1, got 2"));
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 1}));
}

TEST_F(OutboxTest, ASoftStateGatewayKeepsNothing) {
  Outbox outbox(GatewayKind::kSoftState, {.deliveries = 1});
  outbox.AddCredit(1);
  outbox.Append(Matched(1));
  HandOver(outbox);
  EXPECT_TRUE(outbox.is_empty());
  EXPECT_EQ(outbox.pressure(), Pressure::kNone);
}

TEST_F(OutboxTest, ASoftStateGatewayHasHadWhatItGrantedFor) {
  Outbox outbox(GatewayKind::kSoftState, {});
  outbox.AddCredit(2);
  for (std::uint64_t i : {1, 2, 3}) outbox.Append(Matched(i));
  HandOver(outbox);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 1}));
  outbox.AddCredit(1);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 2}));
  HandOver(outbox);
  outbox.AddCredit(2);
  EXPECT_EQ(outbox.oldest_held(), std::nullopt);
}

TEST_F(OutboxTest, AnotherStreamGetsWhatWasNotAcknowledgedUnderItsNumbers) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(3);
  for (std::uint64_t i : {1, 2, 3, 4}) outbox.Append(Matched(i));
  outbox.Append(SubscriptionClosed{.subscription_id = "s3"}, {});
  HandOver(outbox);
  EXPECT_EQ(outbox.Acknowledge(1), OkStatus());
  outbox.Detach();
  EXPECT_THAT(HandOver(outbox), IsEmpty());
  outbox.Attach(0);
  EXPECT_THAT(HandOver(outbox), IsEmpty());
  outbox.AddCredit(9);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 2 e2 [s1]", "delivery 3 e3 [s1]",
                          "delivery 4 e4 [s1]", "ended s3"));
}

TEST_F(OutboxTest, NoticesWaitForAStreamToo) {
  Outbox outbox(GatewayKind::kSession, {}, false);
  outbox.Append(SubscriptionClosed{.subscription_id = "s3"}, {});
  EXPECT_THAT(HandOver(outbox), IsEmpty());
  outbox.Attach(0);
  EXPECT_THAT(HandOver(outbox), ElementsAre("ended s3"));
}

TEST_F(OutboxTest, AnAcknowledgementEndsSendingAgain) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(9);
  for (std::uint64_t i : {1, 2, 3}) outbox.Append(Matched(i));
  HandOver(outbox);
  outbox.Attach(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 1 e1 [s1]"));
  EXPECT_EQ(outbox.Acknowledge(2), OkStatus());
  outbox.AddCredit(9);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 3 e3 [s1]"));
}

TEST_F(OutboxTest, WhatIsSentAgainKeepsItsNumberWithoutSubscriptionsToo) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(9);
  outbox.Append(Matched(1, {1, 2}));
  outbox.Append(Matched(2, {1}));
  HandOver(outbox);
  ids_[1].clear();
  outbox.Attach(9);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s2]", "delivery 2 e2 []"));
}

TEST_F(OutboxTest, WhatHoldsIsForgottenByPosition) {
  Outbox outbox(GatewayKind::kSession, {}, false);
  outbox.Append(Matched(1));
  Outbox::Waiting past = Matched(1, {2});
  past.holds = false;
  past.is_catching_up = true;
  outbox.Append(std::move(past));
  outbox.Append(Matched(2));
  outbox.Append(Matched(3));
  outbox.ForgetUpTo({1, 2});
  EXPECT_EQ(outbox.waiting(), 2u);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 3}));
  EXPECT_EQ(outbox.oldest_past(), (Position{1, 1}));
  outbox.Attach(9);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s2]", "delivery 2 e3 [s1]"));
}

TEST_F(OutboxTest, SaysWhatMayHaveComeBefore) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(9);
  outbox.MarkRedelivered(2);
  for (std::uint64_t i : {2, 3}) outbox.Append(Matched(i));
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e2 [s1] again", "delivery 2 e3 [s1]"));
}

TEST_F(OutboxTest, ResyncsCountUntilTheyAreAcknowledged) {
  Outbox outbox(GatewayKind::kSession, {});
  const ResyncRequired notice{.from = {1, 4}, .to = {1, 5}, .reason = "why"};
  outbox.Append(notice);
  EXPECT_EQ(outbox.resyncs().size(), 1u);
  HandOver(outbox);
  outbox.Append(notice);
  ASSERT_EQ(outbox.resyncs().size(), 2u);
  EXPECT_EQ(outbox.resyncs()[0].reason, "why");
  EXPECT_EQ(outbox.Acknowledge(1), OkStatus());
  EXPECT_EQ(outbox.resyncs().size(), 1u);
}

TEST_F(OutboxTest, ResyncsThatAreOneSayWhyOfEach) {
  Outbox outbox(GatewayKind::kSession, {});
  for (const char* reason : {"cut", "unread", "cut"}) {
    outbox.Append(ResyncRequired{.reason = reason});
  }
  outbox.Append(ResyncRequired{.reason = std::string(1'000, 'x')});
  ASSERT_EQ(outbox.resyncs().size(), 1u);
  EXPECT_EQ(outbox.resyncs()[0].reason, "cut; unread");
}

TEST_F(OutboxTest, PressureFollowsTheCount) {
  Outbox outbox(GatewayKind::kSoftState, {.deliveries = 10});
  for (std::uint64_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(outbox.pressure(), i <= 8 ? Pressure::kNone : Pressure::kSoft)
        << i;
    outbox.Append(Matched(i));
  }
  EXPECT_EQ(outbox.pressure(), Pressure::kHard);
  outbox.AddCredit(3);
  HandOver(outbox);
  EXPECT_EQ(outbox.pressure(), Pressure::kNone);
}

TEST_F(OutboxTest, PressureFollowsTheBytesOfDocumentsAndIds) {
  Outbox outbox(GatewayKind::kSoftState, {.bytes = 100'000});
  outbox.Append({.event = Event(1, 60'000)});
  EXPECT_EQ(outbox.pressure(), Pressure::kNone);
  outbox.Append({.event = Event(2, 1), .id_bytes = 20'000});
  EXPECT_EQ(outbox.pressure(), Pressure::kSoft);
  outbox.Append({.event = Event(3, 20'000)});
  EXPECT_EQ(outbox.pressure(), Pressure::kHard);
}

// What waits keeps the event as its source gave it.
TEST_F(OutboxTest, PressureFollowsTheBytesOfWhatTheSourceGave) {
  Outbox outbox(GatewayKind::kSoftState, {.bytes = 100'000});
  SourceEvent source = support::MakeEvent(1, "c");
  source.before = std::string(60'000, 'x');
  ChangeEvent event{.position = {1, 1}};
  event.source = std::make_shared<SourceEvent>(source);
  outbox.Append({.event = std::make_shared<const OutgoingEvent>(
                     OutgoingEvent{event, "{}"})});
  EXPECT_EQ(outbox.pressure(), Pressure::kNone);
  source.before.clear();
  source.document = std::string(40'000, 'x');
  event.position = {1, 2};
  event.source = std::make_shared<SourceEvent>(source);
  outbox.Append({.event = std::make_shared<const OutgoingEvent>(
                     OutgoingEvent{event, ""})});
  EXPECT_EQ(outbox.pressure(), Pressure::kHard);
}

// The stream below holds them, and its credit is in deliveries.
TEST_F(OutboxTest, FewLargeDocumentsAreOnTheirWayToASoftStateGateway) {
  Outbox outbox(GatewayKind::kSoftState, {});
  outbox.AddCredit(9);
  const std::size_t half = Outbox::kMostInFlight / 2;
  for (const std::uint64_t i : {1, 2, 3}) {
    outbox.Append(
        {.event = Event(i, half), .handles = {SubscriptionHandle(1)}});
  }
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s1]", "delivery 2 e2 [s1]"));
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 3 e3 [s1]"));
}

TEST_F(OutboxTest, ResyncsThatWaitAreMergedIntoOne) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.Append(Matched(1));
  outbox.Append(ResyncRequired{
      .subscription_ids = {"b", "a"}, .from = {1, 4}, .to = {1, 5}});
  outbox.Append(ResyncRequired{
      .subscription_ids = {"c", "a"}, .from = {1, 2}, .to = {1, 9}});
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s1]", "resync [a,b,c] after 2 to 9"));
  outbox.Append(
      ResyncRequired{.subscription_ids = {"a"}, .from = {1, 9}, .to = {1, 9}});
  EXPECT_THAT(HandOver(outbox), ElementsAre("resync [a] after 9 to 9"));
}

// The session was restored in epoch 2 and is behind from before it.
TEST_F(OutboxTest, AMergedResyncBeginsAtTheEarliestEventOfAnyEpoch) {
  Outbox outbox(GatewayKind::kSession, {}, false);
  outbox.Append(ResyncRequired{.from = {1, 9}, .to = {1, 9}});
  outbox.Append(ResyncRequired{.from = {2, 4}, .to = {2, 8}});
  outbox.Attach(0);
  EXPECT_THAT(HandOver(outbox), ElementsAre("resync [] after 4 to 9"));
}

TEST_F(OutboxTest, AResyncOfAllSwallowsOneOfSome) {
  Outbox outbox(GatewayKind::kSession, {}, false);
  outbox.Append(ResyncRequired{.from = {1, 1}, .to = {1, 2}});
  outbox.Append(
      ResyncRequired{.subscription_ids = {"a"}, .from = {1, 2}, .to = {1, 3}});
  outbox.Attach(0);
  EXPECT_THAT(HandOver(outbox), ElementsAre("resync [] after 1 to 3"));
}

TEST_F(OutboxTest, AResyncWaitsWhileTooManyAreNotAcknowledged) {
  Outbox outbox(GatewayKind::kSession, {});
  outbox.AddCredit(9);
  for (std::uint64_t i = 1; i <= Outbox::kMostResyncs + 2; ++i) {
    outbox.Append(ResyncRequired{.from = {1, i}, .to = {1, i}});
    EXPECT_EQ(HandOver(outbox).size(), i <= Outbox::kMostResyncs ? 1u : 0u);
  }
  outbox.Append(Matched(9));
  EXPECT_THAT(HandOver(outbox), IsEmpty());
  EXPECT_EQ(outbox.resyncs().size(), Outbox::kMostResyncs + 1u);
  EXPECT_EQ(outbox.Acknowledge(1), OkStatus());
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("resync [] after 5 to 6", "delivery 6 e9 [s1]"));
  EXPECT_EQ(outbox.resyncs().size(), 0u + Outbox::kMostResyncs);
  EXPECT_EQ(outbox.Acknowledge(6), OkStatus());
  EXPECT_TRUE(outbox.is_empty());
  EXPECT_THAT(outbox.resyncs(), IsEmpty());
}

// Subscriptions come and go: their names are no bound.
TEST_F(OutboxTest, AResyncThatWouldNameTooManyIsForAll) {
  Outbox outbox(GatewayKind::kSession, {}, false);
  const std::vector<std::string> names = MostNames();
  for (const std::string& name : names) {
    outbox.Append(ResyncRequired{.subscription_ids = {name}});
  }
  ASSERT_EQ(outbox.resyncs().size(), 1u);
  EXPECT_EQ(outbox.resyncs()[0].subscription_ids, names);
  outbox.Append(ResyncRequired{.subscription_ids = {names[0], names[17]}});
  EXPECT_EQ(outbox.resyncs()[0].subscription_ids, names);
  outbox.Append(ResyncRequired{.subscription_ids = {"one more"}});
  EXPECT_THAT(outbox.resyncs()[0].subscription_ids, IsEmpty());
}

// One loss can concern very many, too.
TEST_F(OutboxTest, ALossOfTooManyToNameIsForAll) {
  std::vector<std::string> names = MostNames();
  Outbox outbox(GatewayKind::kSession, {});
  outbox.Append(ResyncRequired{.subscription_ids = names});
  HandOver(outbox);
  names.emplace_back("one more");
  outbox.Append(ResyncRequired{.subscription_ids = names});
  ASSERT_EQ(outbox.resyncs().size(), 2u);
  EXPECT_EQ(outbox.resyncs()[0].subscription_ids.size(), names.size() - 1);
  EXPECT_THAT(outbox.resyncs()[1].subscription_ids, IsEmpty());
}

TEST_F(OutboxTest, AReasonOfAnyLengthIsCutShort) {
  Outbox outbox(GatewayKind::kSession, {});
  std::string reason(Outbox::kLongestReason - 1, 'x');
  const std::string cut = reason;
  reason += "\xC3\xA9 and more";
  outbox.Append(ResyncRequired{.reason = reason});
  EXPECT_EQ(outbox.resyncs()[0].reason, cut);
}

TEST_F(OutboxTest, WhatIsGivenUpHoldsNothingAndIsNotHandedOver) {
  Outbox outbox(GatewayKind::kSession, {});
  for (std::uint64_t i = 1; i <= 4; ++i) outbox.Append(Matched(i));
  outbox.AddCredit(2);
  HandOver(outbox);
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 1}));
  EXPECT_EQ(outbox.GiveUp({1, 4}), 2u);
  EXPECT_EQ(outbox.oldest_held(), std::nullopt);
  outbox.Append(Matched(5));
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 5}));
  outbox.Attach(9);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s1]", "delivery 2 e2 [s1]",
                          "delivery 3 e5 [s1]"));
  EXPECT_EQ(outbox.Acknowledge(1), OkStatus());
  EXPECT_EQ(outbox.oldest_held(), (Position{1, 5}));
  EXPECT_EQ(outbox.Acknowledge(3), OkStatus());
  EXPECT_EQ(outbox.oldest_held(), std::nullopt);
}

TEST_F(OutboxTest, CreditNeverOverflows) {
  Outbox outbox(GatewayKind::kSoftState, {});
  outbox.AddCredit(std::numeric_limits<std::size_t>::max());
  outbox.AddCredit(2);
  outbox.Append(Matched(1));
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 1 e1 [s1]"));
}

TEST_F(OutboxTest, WhatAnEventDidStaysWithItsSubscription) {
  Outbox outbox(GatewayKind::kSoftState, {});
  Outbox::Waiting delivery{.event = Event(1)};
  const Membership done[] = {Membership::kNone, Membership::kLeft,
                             Membership::kEntered};
  for (std::uint64_t i : {1, 2, 3}) {
    delivery.handles.push_back(SubscriptionHandle(i));
    delivery.AddMembership(done[i - 1]);
  }
  outbox.Append(std::move(delivery));
  ids_[2] = "";
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox), ElementsAre("delivery 1 e1 [s1,s3:entered]"));
}

TEST_F(OutboxTest, OfSubscriptionsThatDidNotAskNothingIsKept) {
  Outbox::Waiting delivery = Matched(1, {1, 2});
  delivery.AddMembership(Membership::kNone);
  EXPECT_THAT(delivery.memberships, IsEmpty());
  EXPECT_EQ(delivery.handles.size(), 2u);
}

TEST_F(OutboxTest, WhatIsSentAgainStillSaysWhatTheEventDid) {
  Outbox outbox(GatewayKind::kSession, {});
  Outbox::Waiting delivery{.event = Event(1)};
  const Membership done[] = {Membership::kLeft, Membership::kChanged,
                             Membership::kEntered};
  for (std::uint64_t i : {1, 2, 3}) {
    delivery.handles.push_back(SubscriptionHandle(i));
    delivery.AddMembership(done[i - 1]);
  }
  outbox.Append(std::move(delivery));
  outbox.AddCredit(1);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s1:left,s2:changed,s3:entered]"));
  ids_[1] = "";
  outbox.Attach(1);
  EXPECT_THAT(HandOver(outbox),
              ElementsAre("delivery 1 e1 [s2:changed,s3:entered]"));
}

}  // namespace
}  // namespace streamer
