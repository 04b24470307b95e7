#include "client/delivery_queue.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/wire_deliveries.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ReceivedGap GapOf(const std::string& id, const std::string& reason,
                  EntryNumber number = {}) {
  ReceivedGap gap;
  gap.subscription_ids = {id};
  gap.reason = reason;
  gap.number = number;
  return gap;
}

void Ignore(EntryNumber) {}

std::vector<std::string> EventIds(const DeliveryBatch& batch) {
  std::vector<std::string> ids;
  for (const auto& delivery : batch.deliveries) {
    ids.emplace_back(delivery->event_id());
  }
  return ids;
}

TEST(DeliveryQueueTest, TakeKeepsTheOrderAndTheLimit) {
  DeliveryQueue queue({});
  for (const char* id : {"a", "b", "c"}) queue.Push(MakeDelivery(id, {"s"}));
  EXPECT_THAT(EventIds(queue.Take(2)), ElementsAre("a", "b"));
  EXPECT_THAT(EventIds(queue.Take(2)), ElementsAre("c"));
  EXPECT_TRUE(queue.Take(2).is_empty());
}

TEST(DeliveryQueueTest, AGapComesBetweenTheDeliveriesAroundIt) {
  DeliveryQueue queue({});
  queue.Push(MakeDelivery("a", {"s"}));
  queue.PushGap(GapOf("s", "broke"));
  queue.Push(MakeDelivery("b", {"s"}));

  const DeliveryBatch before = queue.Take(10);
  EXPECT_THAT(EventIds(before), ElementsAre("a"));
  EXPECT_THAT(before.gaps, IsEmpty());

  const DeliveryBatch after = queue.Take(10);
  ASSERT_THAT(after.gaps, SizeIs(1));
  EXPECT_EQ(after.gaps[0].reason, "broke");
  EXPECT_THAT(after.gaps[0].subscription_ids, ElementsAre("s"));
  EXPECT_THAT(EventIds(after), ElementsAre("b"));
}

TEST(DeliveryQueueTest, GapsInARowForOneReasonAreOneGap) {
  DeliveryQueue queue({});
  queue.PushGap(GapOf("s1", "broke"));
  queue.PushGap(GapOf("s2", "broke"));
  queue.PushGap(GapOf("s3", "refused"));
  const std::vector<ReceivedGap> gaps = queue.TakeGaps();
  ASSERT_THAT(gaps, SizeIs(2));
  EXPECT_THAT(gaps[0].subscription_ids, ElementsAre("s1", "s2"));
  EXPECT_THAT(gaps[1].subscription_ids, ElementsAre("s3"));
  EXPECT_TRUE(queue.is_empty());
}

TEST(DeliveryQueueTest, NoticesOfTheServiceStayApart) {
  DeliveryQueue queue({});
  queue.PushGap(GapOf("s1", "resync", {1, 7, 0}));
  queue.PushGap(GapOf("s2", "resync", {1, 8, 0}));
  const std::vector<ReceivedGap> gaps = queue.TakeGaps();
  ASSERT_THAT(gaps, SizeIs(2));
  EXPECT_EQ(gaps[0].number.seq, 7u);
  EXPECT_EQ(gaps[1].number.seq, 8u);
}

TEST(DeliveryQueueTest, GapsThatASessionFoundAreOneGapAndSaySo) {
  DeliveryQueue queue({});
  const auto numbered = [](std::uint32_t gap) {
    return EntryNumber{.epoch = 1, .seq = 7, .gap = gap};
  };
  EXPECT_FALSE(queue.PushGap(GapOf("s1", "lost", numbered(1))));
  EXPECT_TRUE(queue.PushGap(GapOf("s2", "lost", numbered(2))));
  EXPECT_FALSE(queue.PushGap(GapOf("s3", "refused", numbered(3))));
  const std::vector<ReceivedGap> gaps = queue.TakeGaps();
  ASSERT_THAT(gaps, SizeIs(2));
  EXPECT_EQ(gaps[0].number, numbered(1));
  EXPECT_EQ(gaps[1].number, numbered(3));
}

TEST(DeliveryQueueTest, GapsOfOneRangeAreOneAndOfOthersAreNot) {
  DeliveryQueue queue({});
  for (const char* to : {"p1-1-5", "p1-1-5", "p1-1-6"}) {
    ReceivedGap gap = GapOf("s", "lost");
    gap.from_progress = "p1-1-1";
    gap.to_progress = to;
    queue.PushGap(gap);
  }
  EXPECT_THAT(queue.TakeGaps(), SizeIs(2));
}

TEST(DeliveryQueueTest, RemovingASubscriptionTellsWhatIsGoneWithIt) {
  DeliveryQueue queue({});
  queue.Push(MakeDelivery("both", {"s1", "s2"}, "{}", {1, 1, 0}));
  queue.Push(MakeDelivery("one", {"s1"}, "{}", {1, 2, 0}));
  queue.PushGap(GapOf("s1", "resync", {1, 3, 0}));
  ReceivedGap of_all = GapOf("", "resync", {1, 4, 0});
  of_all.subscription_ids.clear();
  queue.PushGap(of_all);
  std::vector<std::uint64_t> gone;
  queue.RemoveSubscription(
      "s1", [&gone](EntryNumber number) { gone.push_back(number.seq); });
  EXPECT_THAT(gone, ElementsAre(2u, 3u));
  EXPECT_EQ(queue.Take(10).deliveries.size(), 1u);
  EXPECT_THAT(queue.TakeGaps(), SizeIs(1));
}

TEST(DeliveryQueueTest, TakeGapsLeavesAGapBehindADelivery) {
  DeliveryQueue queue({});
  queue.Push(MakeDelivery("a", {"s"}));
  queue.PushGap(GapOf("s", "broke"));
  EXPECT_THAT(queue.TakeGaps(), IsEmpty());
  EXPECT_EQ(queue.delivery_count(), 1u);
}

TEST(DeliveryQueueTest, IsFullAtItsDeliveriesAndHasRoomFromHalf) {
  DeliveryQueue queue({.deliveries = 4, .bytes = 1u << 20});
  for (int i = 0; i < 3; ++i) queue.Push(MakeDelivery("e", {"s"}));
  EXPECT_FALSE(queue.is_full());
  queue.Push(MakeDelivery("e", {"s"}));
  EXPECT_TRUE(queue.is_full());
  queue.Take(1);
  EXPECT_FALSE(queue.is_full());
  EXPECT_FALSE(queue.has_room());
  queue.Take(1);
  EXPECT_TRUE(queue.has_room());
}

TEST(DeliveryQueueTest, IsFullAtItsBytesAndCountsThemBack) {
  DeliveryQueue queue({.deliveries = 1'000, .bytes = 1'000});
  queue.Push(MakeDelivery("e", {"s"}, std::string(2'000, 'x')));
  EXPECT_TRUE(queue.is_full());
  EXPECT_GT(queue.size_bytes(), 2'000u);
  queue.Take(1);
  EXPECT_EQ(queue.size_bytes(), 0u);
  EXPECT_TRUE(queue.has_room());
}

TEST(DeliveryQueueTest, RemovingASubscriptionLeavesTheOthers) {
  DeliveryQueue queue({});
  queue.Push(MakeDelivery("both", {"s1", "s2"}));
  queue.Push(MakeDelivery("one", {"s1"}));
  queue.PushGap(GapOf("s1", "broke"));
  queue.Push(MakeDelivery("two", {"s2"}));
  queue.RemoveSubscription("s1", Ignore);

  const DeliveryBatch batch = queue.Take(10);
  EXPECT_THAT(batch.gaps, IsEmpty());
  EXPECT_THAT(EventIds(batch), ElementsAre("both", "two"));
  ASSERT_EQ(batch.deliveries[0]->subscription_count(), 1u);
  EXPECT_EQ(batch.deliveries[0]->subscription_id(0), "s2");
  EXPECT_EQ(queue.delivery_count(), 0u);
  EXPECT_EQ(queue.size_bytes(), 0u);
}

}  // namespace
}  // namespace streamer
