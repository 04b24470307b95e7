// Outboxes of gateways that allow merging.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/outbox.h"
#include "support/core_events.h"
#include "support/describe_effect.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Ids = std::vector<std::uint64_t>;

class OutboxMergingTest : public testing::Test {
 protected:
  // With these limits, what comes behind three others may be merged.
  explicit OutboxMergingTest() { outbox_.AllowMerging(true); }

  static Outbox::Waiting Change(std::uint64_t offset,
                                const std::string& document,
                                Operation operation = Operation::kUpdate,
                                const std::string& before = "") {
    SourceEvent source =
        support::MakeEvent(static_cast<std::int64_t>(offset), "c");
    source.document_id = document;
    source.before = before;
    ChangeEvent event;
    event.position = {1, offset};
    event.operation = operation;
    event.source = std::make_shared<const SourceEvent>(std::move(source));
    Outbox::Waiting delivery;
    delivery.event = std::make_shared<const OutgoingEvent>(
        OutgoingEvent{std::move(event), absl::StrCat("version ", offset)});
    return delivery;
  }
  static Outbox::Waiting For(const Ids& handles, Outbox::Waiting delivery) {
    for (const std::uint64_t handle : handles) {
      delivery.handles.push_back(SubscriptionHandle(handle));
    }
    return delivery;
  }
  // For handle 1, which is told what the event did.
  static Outbox::Waiting Told(Membership membership, Outbox::Waiting delivery) {
    delivery = For({1}, std::move(delivery));
    delivery.AddMembership(membership);
    return delivery;
  }

  bool Append(Outbox::Waiting delivery) {
    return outbox_.Append(delivery.handles.empty()
                              ? For({1}, std::move(delivery))
                              : std::move(delivery));
  }
  // Documents that change once, from `first` to `last`.
  void Fill(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) {
      Append(Change(i, absl::StrCat("other ", i)));
    }
  }

  // What goes out for so much credit: as "insert e4 [s1] +2 after 3", which is
  // of an event that two were merged into, and after which progress is 3.
  std::vector<std::string> HandOver(std::size_t credit = 1'000) {
    outbox_.AddCredit(credit);
    std::vector<std::string> lines;
    auto find_id = [this](SubscriptionHandle handle) -> const std::string* {
      const std::string& id = ids_[handle.value()];
      return id.empty() ? nullptr : &id;
    };
    while (auto effect = outbox_.HandOver(find_id)) {
      lines.push_back(Text(*effect));
    }
    return lines;
  }
  static std::string Text(const GatewayEffect& effect) {
    const auto* shared = std::get_if<SharedDelivery>(&effect);
    if (shared == nullptr) return support::Describe(effect);
    const Delivery& delivery = **shared;
    const ChangeEvent& event = delivery.event->event;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < delivery.subscription_ids.size(); ++i) {
      ids.push_back(support::DescribeId(delivery, i));
    }
    std::string text = absl::StrCat(std::string(NameOf(event.operation)), " ",
                                    event.source->event_id, " [",
                                    absl::StrJoin(ids, ","), "]");
    if (delivery.coalesced > 0) {
      absl::StrAppend(&text, " +", delivery.coalesced);
    }
    if (delivery.progress != event.position) {
      absl::StrAppend(&text, " after ", delivery.progress.offset);
    }
    return text;
  }

  Outbox outbox_{GatewayKind::kSession, {.deliveries = 4}};
  std::vector<std::string> ids_{"", "s1", "s2", "s3"};
};

TEST_F(OutboxMergingTest, ALaterEventTakesThePlaceOfAnEarlierOneThatWaits) {
  Append(Change(1, "a"));
  Fill(2, 3);
  EXPECT_TRUE(Append(Change(4, "a")));
  EXPECT_EQ(outbox_.waiting(), 3u);
  EXPECT_TRUE(Append(Change(5, "a")));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e2 [s1] after 0", "update e3 [s1] after 0",
                          "update e5 [s1] +2"));
  EXPECT_EQ(outbox_.last_sequence(), 3u);
}

TEST_F(OutboxMergingTest, NothingIsMergedUnlessTheGatewayAllowsIt) {
  outbox_.AllowMerging(false);
  Append(Change(1, "a"));
  Fill(2, 3);
  EXPECT_FALSE(Append(Change(4, "a")));
  outbox_.AllowMerging(true);
  // What came before is not known.
  EXPECT_FALSE(Append(Change(5, "a")));
  EXPECT_TRUE(Append(Change(6, "a")));
  EXPECT_THAT(HandOver(), testing::SizeIs(5));
}

TEST_F(OutboxMergingTest, NothingIsMergedUpToTheSoftLimit) {
  Append(Change(1, "a"));
  EXPECT_FALSE(Append(Change(2, "a")));
  EXPECT_FALSE(Append(Change(3, "a")));
  EXPECT_EQ(outbox_.pressure(), Pressure::kSoft);
  EXPECT_TRUE(Append(Change(4, "a")));
  EXPECT_THAT(HandOver(), ElementsAre("update e1 [s1]", "update e2 [s1]",
                                      "update e4 [s1] +1"));
}

TEST_F(OutboxMergingTest, AnEarlierEventStaysForASubscriptionOfItsOwn) {
  Append(For({1, 2}, Change(1, "a")));
  Fill(2, 3);
  EXPECT_FALSE(Append(For({1, 3}, Change(4, "a"))));
  EXPECT_TRUE(Append(For({1, 2, 3}, Change(5, "a"))));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e1 [s1,s2]", "update e2 [s1]",
                          "update e3 [s1]", "update e5 [s1,s2,s3] +1"));
}

TEST_F(OutboxMergingTest, InsertAndUpdateAreAnInsertOfTheLaterDocument) {
  Append(Change(1, "a", Operation::kInsert));
  Fill(2, 3);
  EXPECT_TRUE(Append(Change(4, "a")));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e2 [s1] after 0", "update e3 [s1] after 0",
                          "insert e4 [s1] +1"));
}

TEST_F(OutboxMergingTest, ADeleteIsNeverTakenAway) {
  Append(Change(1, "a", Operation::kInsert));
  Fill(2, 3);
  EXPECT_TRUE(Append(Change(4, "a", Operation::kDelete)));
  EXPECT_FALSE(Append(Change(5, "a", Operation::kInsert)));
  EXPECT_TRUE(Append(Change(6, "a")));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e2 [s1] after 0", "update e3 [s1] after 0",
                          "delete e4 [s1] +1", "insert e6 [s1] +1"));
}

TEST_F(OutboxMergingTest, TheFirstBeforeImageIsKept) {
  Append(Change(1, "a", Operation::kUpdate, "before 1"));
  Fill(2, 3);
  Append(Change(4, "a", Operation::kUpdate, "version 1"));
  outbox_.AddCredit(9);
  std::optional<GatewayEffect> last;
  const std::string id = "s1";
  while (auto effect =
             outbox_.HandOver([&](SubscriptionHandle) { return &id; })) {
    last = std::move(effect);
  }
  const OutgoingEvent& event = *std::get<SharedDelivery>(*last)->event;
  EXPECT_EQ(event.event.source->before, "before 1");
  EXPECT_EQ(event.document, "version 4");
}

TEST_F(OutboxMergingTest, WhatSubscriptionsAreToldIsComposed) {
  Append(Told(Membership::kEntered, Change(1, "a")));
  Append(Told(Membership::kLeft, Change(2, "b")));
  Append(Told(Membership::kEntered, Change(3, "c")));
  EXPECT_TRUE(Append(Told(Membership::kChanged, Change(4, "a"))));
  EXPECT_TRUE(Append(Told(Membership::kEntered, Change(5, "b"))));
  EXPECT_FALSE(Append(Told(Membership::kLeft, Change(6, "c"))));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e3 [s1:entered] after 0",
                          "update e4 [s1:entered] +1 after 1",
                          "update e5 [s1:changed] +1", "update e6 [s1:left]"));
}

TEST_F(OutboxMergingTest, WhatWasHandedOverIsNotMerged) {
  Append(Change(1, "a"));
  EXPECT_THAT(HandOver(1), ElementsAre("update e1 [s1]"));
  Fill(2, 4);
  EXPECT_FALSE(Append(Change(5, "a")));
  outbox_.Attach(0);
  EXPECT_THAT(HandOver(),
              ElementsAre("update e1 [s1]", "update e2 [s1]", "update e3 [s1]",
                          "update e4 [s1]", "update e5 [s1]"));
}

TEST_F(OutboxMergingTest, NothingIsMergedAcrossANotice) {
  Append(Change(1, "a"));
  Fill(2, 2);
  outbox_.Append(ResyncRequired{.from = {1, 2}, .to = {1, 2}});
  Fill(3, 3);
  EXPECT_FALSE(Append(Change(4, "a")));
  // Also of a notice that is merged into an earlier one itself.
  outbox_.Append(ResyncRequired{.from = {1, 4}, .to = {1, 4}});
  EXPECT_FALSE(Append(Change(5, "a")));
  EXPECT_TRUE(Append(Change(6, "a")));
  EXPECT_THAT(
      HandOver(),
      ElementsAre("update e1 [s1]", "update e2 [s1]", "resync [] after 2 to 4",
                  "update e3 [s1]", "update e4 [s1]", "update e6 [s1] +1"));
}

TEST_F(OutboxMergingTest, TheEndOfASubscriptionIsSuchANotice) {
  Append(Change(1, "a"));
  Fill(2, 3);
  outbox_.Append(SubscriptionClosed{.subscription_id = "s2"}, {});
  EXPECT_FALSE(Append(Change(4, "a")));
}

TEST_F(OutboxMergingTest, PastEventsAreNotMerged) {
  Outbox::Waiting past = For({1}, Change(1, "a"));
  past.is_catching_up = true;
  Append(std::move(past));
  Fill(2, 3);
  EXPECT_FALSE(Append(Change(4, "a")));
}

TEST_F(OutboxMergingTest, WhatMayHaveBeenHadBeforeARestartIsNotMerged) {
  outbox_.MarkRedelivered(2);
  Append(Change(2, "a"));
  Append(Change(3, "b"));
  Append(Change(4, "c"));
  EXPECT_FALSE(Append(Change(5, "a")));
  // Progress behind it would be that of the restart.
  EXPECT_FALSE(Append(Change(6, "b")));
  EXPECT_TRUE(Append(Change(7, "c")));
}

TEST_F(OutboxMergingTest, BytesAndCountAreThoseOfWhatWaits) {
  Append(Change(1, "a"));
  Fill(2, 3);
  for (std::uint64_t i = 4; i < 1'000; ++i) {
    Append(Change(i, "a"));
    ASSERT_EQ(outbox_.waiting(), 3u);
    ASSERT_EQ(outbox_.pressure(), Pressure::kSoft);
  }
  EXPECT_EQ(HandOver().back(), "update e999 [s1] +996");
  EXPECT_EQ(outbox_.Acknowledge(3), OkStatus());
  EXPECT_TRUE(outbox_.is_empty());
  EXPECT_EQ(outbox_.pressure(), Pressure::kNone);
}

TEST_F(OutboxMergingTest, ARestartBeginsBeforeWhatWaitsWithinALaterEvent) {
  Append(Change(1, "other"));
  Append(Change(2, "a"));
  Fill(3, 3);
  Append(Change(4, "a"));
  EXPECT_EQ(outbox_.oldest_held(), (Position{1, 1}));
  EXPECT_THAT(HandOver(2),
              ElementsAre("update e1 [s1]", "update e3 [s1] after 1"));
  EXPECT_EQ(outbox_.Acknowledge(2), OkStatus());
  EXPECT_EQ(outbox_.oldest_held(), (Position{1, 2}));
  EXPECT_THAT(HandOver(1), ElementsAre("update e4 [s1] +1"));
  EXPECT_EQ(outbox_.oldest_held(), (Position{1, 2}));
  EXPECT_EQ(outbox_.Acknowledge(3), OkStatus());
  EXPECT_EQ(outbox_.oldest_held(), std::nullopt);
}

TEST_F(OutboxMergingTest, AMergedDeliveryIsSentAgainAsItWas) {
  Append(Change(1, "a"));
  Fill(2, 3);
  Append(Change(4, "a"));
  const std::vector<std::string> sent = HandOver();
  outbox_.Detach();
  EXPECT_FALSE(Append(Change(5, "a")));
  outbox_.Attach(0);
  std::vector<std::string> again = HandOver();
  EXPECT_EQ(again.back(), "update e5 [s1]");
  again.pop_back();
  EXPECT_EQ(again, sent);
}

TEST_F(OutboxMergingTest, WhatEndedWithinAMergedDeliveryHoldsNobodyUp) {
  Append(For({2}, Change(1, "a")));
  Fill(2, 3);
  Append(For({2}, Change(4, "a")));
  Fill(5, 5);
  ids_[2] = "";
  EXPECT_THAT(HandOver(),
              ElementsAre("update e2 [s1] after 0", "update e3 [s1] after 0",
                          "update e5 [s1]"));
  EXPECT_EQ(outbox_.Acknowledge(2), OkStatus());
  EXPECT_EQ(outbox_.oldest_held(), (Position{1, 5}));
  EXPECT_EQ(outbox_.Acknowledge(3), OkStatus());
  EXPECT_TRUE(outbox_.is_empty());
  EXPECT_EQ(outbox_.oldest_held(), std::nullopt);
}

TEST_F(OutboxMergingTest, ForgettingWhatWasHadFindsTheRestWhereItStandsNow) {
  Append(Change(1, "a"));
  Append(Change(2, "b"));
  Append(Change(3, "c"));
  Append(Change(4, "a"));
  outbox_.ForgetUpTo({1, 2});
  EXPECT_EQ(outbox_.waiting(), 2u);
  Fill(5, 5);
  EXPECT_TRUE(Append(Change(6, "c")));
  EXPECT_TRUE(Append(Change(7, "a")));
  EXPECT_THAT(HandOver(),
              ElementsAre("update e5 [s1] after 0", "update e6 [s1] +1 after 0",
                          "update e7 [s1] +2"));
}

TEST_F(OutboxMergingTest, ClearedItForgetsWhatItKnewOfDocuments) {
  Append(Change(1, "a"));
  Fill(2, 3);
  Append(Change(4, "a"));
  outbox_.Clear();
  EXPECT_TRUE(outbox_.is_empty());
  EXPECT_EQ(outbox_.oldest_held(), std::nullopt);
  EXPECT_THAT(HandOver(), IsEmpty());
}

// It changes with every event that is taken, and others come in between.
TEST_F(OutboxMergingTest, ADocumentThatAlwaysChangesComesInItsTurnAllTheSame) {
  Outbox& outbox = outbox_;
  std::uint64_t offset = 0;
  Append(Change(++offset, "a"));
  for (int i = 0; i < 2; ++i) {
    ++offset;
    Fill(offset, offset);
  }
  int between = 0;
  int most = 0;
  for (int turn = 0; turn < 100; ++turn) {
    Append(Change(++offset, "a"));
    if (outbox.pressure() != Pressure::kHard) {
      ++offset;
      Fill(offset, offset);
    }
    for (const std::string& line : HandOver(1)) {
      const bool is_it = line.find("+") != std::string::npos;
      between = is_it ? 0 : between + 1;
      most = std::max(most, between);
    }
    EXPECT_EQ(outbox.Acknowledge(outbox.last_sequence()), OkStatus());
  }
  EXPECT_LE(most, 8);
}

}  // namespace
}  // namespace streamer
