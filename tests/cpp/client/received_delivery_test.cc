#include "client/received_delivery.h"

#include <memory>

#include <gtest/gtest.h>

#include "client/wire_deliveries.h"

namespace streamer {
namespace {

namespace wire = syntrix::streamer::v1;

TEST(ReceivedDeliveryTest, EveryFieldOfTheWireIsReadable) {
  auto message = std::make_unique<wire::EventDelivery>();
  wire::EventDelivery& delivery = *message;
  delivery.add_subscription_ids("s1");
  delivery.add_subscription_ids("s2");
  delivery.add_handles(7);
  delivery.add_handles(9);
  delivery.add_membership(wire::MEMBERSHIP_NONE);
  delivery.add_membership(wire::MEMBERSHIP_LEFT);
  delivery.set_seq(4);
  delivery.set_progress("p1-1-3");
  wire::StreamerEvent& event = *delivery.mutable_event();
  event.set_event_id("e");
  event.set_tenant("t");
  event.set_collection("rooms");
  event.set_document_id("d");
  event.set_operation(wire::OPERATION_TYPE_INSERT);
  event.set_document_data(R"({"a":1})");
  event.set_timestamp(1'700'000'000'000);

  delivery.set_redelivered(true);
  delivery.set_catching_up(true);
  delivery.set_document_omitted(true);
  delivery.set_coalesced(3);

  const ReceivedDelivery received(std::move(message), 42, {1, 4, 0});
  EXPECT_EQ(received.subscription_count(), 2u);
  EXPECT_EQ(received.subscription_id(1), "s2");
  EXPECT_EQ(received.handle_count(), 2u);
  EXPECT_EQ(received.handle(1), 9u);
  EXPECT_EQ(received.membership_count(), 2u);
  EXPECT_EQ(received.membership(0), "");
  EXPECT_EQ(received.membership(1), "left");
  EXPECT_EQ(received.sequence(), 4u);
  EXPECT_EQ(received.progress(), "p1-1-3");
  EXPECT_EQ(received.event_id(), "e");
  EXPECT_EQ(received.tenant(), "t");
  EXPECT_EQ(received.collection(), "rooms");
  EXPECT_EQ(received.document_id(), "d");
  EXPECT_EQ(received.operation(), Operation::kInsert);
  EXPECT_EQ(received.document(), R"({"a":1})");
  EXPECT_EQ(received.timestamp_ms(), 1'700'000'000'000);
  EXPECT_EQ(received.received_ns(), 42);
  EXPECT_TRUE(received.is_redelivered());
  EXPECT_TRUE(received.is_catching_up());
  EXPECT_TRUE(received.is_document_omitted());
  EXPECT_EQ(received.coalesced(), 3u);
  EXPECT_EQ(received.number(), (EntryNumber{1, 4, 0}));
}

TEST(ReceivedDeliveryTest, AnOperationOfALaterVersionIsAnUpdate) {
  const std::pair<wire::OperationType, Operation> cases[] = {
      {wire::OPERATION_TYPE_INSERT, Operation::kInsert},
      {wire::OPERATION_TYPE_UPDATE, Operation::kUpdate},
      {wire::OPERATION_TYPE_DELETE, Operation::kDelete},
      {static_cast<wire::OperationType>(99), Operation::kUpdate},
  };
  for (const auto& [on_wire, expected] : cases) {
    wire::StreamerMessage message = DeliveryMessage("e", {"s"});
    message.mutable_delivery()->mutable_event()->set_operation(on_wire);
    const ReceivedDelivery received(
        std::make_unique<wire::EventDelivery>(message.delivery()), 0);
    EXPECT_EQ(received.operation(), expected) << on_wire;
  }
}

TEST(ReceivedDeliveryTest, RemovingASubscriptionTakesWhatBelongsToItToo) {
  wire::EventDelivery delivery = DeliveryMessage("e", {"s1", "s2"}).delivery();
  delivery.add_handles(1);
  delivery.add_handles(2);
  delivery.add_membership(wire::MEMBERSHIP_ENTERED);
  delivery.add_membership(wire::MEMBERSHIP_LEFT);
  auto message = std::make_unique<wire::EventDelivery>(delivery);
  ReceivedDelivery received(std::move(message), 0);
  EXPECT_TRUE(received.RemoveSubscription("s1"));
  ASSERT_EQ(received.subscription_count(), 1u);
  EXPECT_EQ(received.subscription_id(0), "s2");
  ASSERT_EQ(received.handle_count(), 1u);
  EXPECT_EQ(received.handle(0), 2u);
  ASSERT_EQ(received.membership_count(), 1u);
  EXPECT_EQ(received.membership(0), "left");
  EXPECT_FALSE(received.RemoveSubscription("s2"));
}

TEST(ReceivedDeliveryTest, KeepsTheOrderOfTheSubscriptionsThatAreKept) {
  const auto received = MakeDelivery("e", {"a", "b", "c", "d", "e"});
  EXPECT_TRUE(received->KeepSubscriptions(
      [](std::string_view id) { return id == "b" || id == "d" || id == "e"; }));
  ASSERT_EQ(received->subscription_count(), 3u);
  EXPECT_EQ(received->subscription_id(0), "b");
  EXPECT_EQ(received->subscription_id(1), "d");
  EXPECT_EQ(received->subscription_id(2), "e");
}

}  // namespace
}  // namespace streamer
