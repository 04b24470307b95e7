#include "transport/internal/delivery_wire.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {
namespace {

namespace pb = ::syntrix::streamer::v1;
using ::testing::ElementsAre;
using ::testing::SizeIs;

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

Delivery MakeDelivery(SourceEvent source, Operation operation,
                      std::string document, std::vector<std::string> ids) {
  auto outgoing = std::make_shared<OutgoingEvent>();
  outgoing->event.position = {1, 70};
  outgoing->event.operation = operation;
  outgoing->event.source =
      std::make_shared<const SourceEvent>(std::move(source));
  outgoing->document = std::move(document);
  Delivery delivery;
  delivery.sequence = 5;
  delivery.progress = outgoing->event.position;
  delivery.event = std::move(outgoing);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    delivery.handles.emplace_back(i + 1);
  }
  delivery.subscription_ids = std::move(ids);
  return delivery;
}

SourceEvent MakeSource() {
  SourceEvent source;
  source.event_id = "e1";
  source.tenant = "t";
  source.collection = "rooms";
  source.document_id = "d1";
  source.timestamp = FromUnixMillis(1'357'035'300'000);
  return source;
}

TEST(DeliveryWireTest, ADeliveryIsWhatProtobufWouldHaveWritten) {
  struct Case {
    Operation operation;
    std::string wire_operation;
  };
  for (const Case& test :
       std::vector<Case>{{Operation::kInsert, "OPERATION_TYPE_INSERT"},
                         {Operation::kUpdate, "OPERATION_TYPE_UPDATE"},
                         {Operation::kDelete, "OPERATION_TYPE_DELETE"}}) {
    const auto messages = EncodeDelivery(
        MakeDelivery(MakeSource(), test.operation, R"({"a":1})", {"s1", "s2"}));
    const auto expected = FromText<pb::StreamerMessage>(
        R"(delivery {subscription_ids: "s1" subscription_ids: "s2" event {
             event_id: "e1" tenant: "t" collection: "rooms" document_id: "d1"
             document_data: "{\"a\":1}" timestamp: 1357035300000
             operation: )" +
        test.wire_operation + "}}");
    EXPECT_THAT(messages, ElementsAre(expected.SerializeAsString()));
  }
}

TEST(DeliveryWireTest, EmptyFieldsAreNotWritten) {
  SourceEvent source;
  source.timestamp = FromUnixMillis(0);
  const auto messages = EncodeDelivery(
      MakeDelivery(std::move(source), Operation::kDelete, "", {"s"}));
  const auto expected = FromText<pb::StreamerMessage>(
      R"(delivery {subscription_ids: "s"
           event {operation: OPERATION_TYPE_DELETE}})");
  EXPECT_THAT(messages, ElementsAre(expected.SerializeAsString()));
}

// Sizes at which a length takes one more byte are where encoders go wrong.
TEST(DeliveryWireTest, DocumentsOfAnySizeArriveWhole) {
  for (const std::size_t size :
       {1u, 60u, 100u, 127u, 128u, 129u, 16'383u, 16'384u, 3'000'000u}) {
    SourceEvent source = MakeSource();
    source.timestamp = FromUnixMillis(-1);
    const auto messages = EncodeDelivery(MakeDelivery(
        std::move(source), Operation::kUpdate, std::string(size, 'x'), {"s"}));
    ASSERT_THAT(messages, SizeIs(1));
    pb::StreamerMessage message;
    ASSERT_TRUE(message.ParseFromString(messages.front())) << size;
    EXPECT_EQ(message.SerializeAsString(), messages.front()) << size;
    EXPECT_EQ(message.delivery().event().document_data().size(), size);
    EXPECT_EQ(message.delivery().event().timestamp(), -1);
  }
}

TEST(DeliveryWireTest, IdsThatDoNotFitAreSplitWithNoneLostAndTheOrderKept) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i)
    ids.push_back("subscription-" + std::to_string(i));
  const Delivery delivery =
      MakeDelivery(MakeSource(), Operation::kInsert, "{}", ids);
  const auto messages = EncodeDelivery(delivery, 1'000);
  EXPECT_GT(messages.size(), 10u);
  std::vector<std::string> got;
  for (const std::string& bytes : messages) {
    pb::StreamerMessage message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_LT(bytes.size(), 1'100u);
    EXPECT_EQ(message.delivery().event().event_id(), "e1");
    for (const std::string& id : message.delivery().subscription_ids()) {
      got.push_back(id);
    }
  }
  EXPECT_EQ(got, ids);
}

TEST(DeliveryWireTest, AnIdLargerThanTheLimitGoesAlone) {
  const Delivery delivery = MakeDelivery(MakeSource(), Operation::kInsert, "{}",
                                         {"a", std::string(100, 'b'), "c"});
  EXPECT_THAT(EncodeDelivery(delivery, 10), SizeIs(3));
}

pb::StreamerMessage Parsed(const std::string& bytes) {
  pb::StreamerMessage message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  // As protobuf would have written it.
  EXPECT_EQ(message.ByteSizeLong(), bytes.size());
  return message;
}

std::vector<std::string> EncodeShared(const std::vector<Delivery>& deliveries,
                                      std::size_t max_message_bytes) {
  std::vector<SharedDelivery> shared;
  for (const Delivery& delivery : deliveries) {
    shared.push_back(std::make_shared<const Delivery>(delivery));
  }
  return EncodeSessionDeliveries(shared, max_message_bytes).messages;
}

TEST(DeliveryWireTest, SessionsGetDeliveriesWholeAndTogether) {
  std::vector<Delivery> deliveries(2);
  for (Delivery& delivery : deliveries) {
    delivery = MakeDelivery(MakeSource(), Operation::kUpdate, "{}", {"s"});
  }
  deliveries[1].sequence = 300;
  deliveries[1].is_catching_up = true;
  deliveries[1].is_redelivered = true;
  deliveries[1].coalesced = 200;
  deliveries[1].progress = {1, 61};
  deliveries[1].memberships = {Membership::kUnknownOut};
  const auto messages = EncodeShared(deliveries, 1u << 20);
  ASSERT_THAT(messages, SizeIs(1));
  const std::string event =
      R"(event {event_id: "e1" tenant: "t" collection: "rooms"
          document_id: "d1" document_data: "{}" timestamp: 1357035300000
          operation: OPERATION_TYPE_UPDATE})";
  const auto expected = FromText<pb::StreamerMessage>(
      R"(delivery_batch {
           deliveries {subscription_ids: "s" seq: 5 progress: "p1-1-70" )" +
      event + R"(}
           deliveries {subscription_ids: "s" seq: 300 progress: "p1-1-61"
             membership: MEMBERSHIP_UNKNOWN_OUT coalesced: 200
             redelivered: true catching_up: true )" +
      event + "}}");
  EXPECT_EQ(Parsed(messages[0]).SerializeAsString(),
            expected.SerializeAsString());
}

TEST(DeliveryWireTest, AMessageToASessionIsNoLongerThanItTakes) {
  std::vector<Delivery> deliveries;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    deliveries.push_back(MakeDelivery(MakeSource(), Operation::kUpdate,
                                      std::string(20'000, 'x'), {"s"}));
    deliveries.back().sequence = i;
  }
  const auto messages = EncodeShared(deliveries, kSmallestMessage);
  EXPECT_THAT(messages, SizeIs(4));
  std::uint64_t next = 1;
  for (const std::string& bytes : messages) {
    EXPECT_LE(bytes.size(), kSmallestMessage);
    const pb::StreamerMessage message = Parsed(bytes);
    for (const auto& delivery : message.delivery_batch().deliveries()) {
      EXPECT_EQ(delivery.seq(), next++);
      EXPECT_EQ(delivery.event().document_data().size(), 20'000u);
    }
  }
  EXPECT_EQ(next, 11u);
}

TEST(DeliveryWireTest, ADocumentThatDoesNotFitIsLeftOutAndThatIsSaid) {
  for (const std::size_t size :
       {kSmallestMessage - 200, kSmallestMessage, kSmallestMessage * 10}) {
    const Delivery delivery = MakeDelivery(MakeSource(), Operation::kUpdate,
                                           std::string(size, 'x'), {"s"});
    const auto messages = EncodeShared({delivery}, kSmallestMessage);
    ASSERT_THAT(messages, SizeIs(1));
    EXPECT_LE(messages[0].size(), kSmallestMessage);
    const pb::StreamerMessage message = Parsed(messages[0]);
    const auto& sent = message.delivery_batch().deliveries(0);
    EXPECT_EQ(sent.document_omitted(), size >= kSmallestMessage);
    EXPECT_EQ(sent.event().document_data().empty(), size >= kSmallestMessage);
    EXPECT_EQ(sent.event().event_id(), "e1");
  }
}

TEST(DeliveryWireTest, PartsOfASessionsDeliveryAreNumbered) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5'000; ++i) {
    ids.push_back("subscription-" + std::to_string(i));
  }
  Delivery delivery = MakeDelivery(MakeSource(), Operation::kInsert, "{}", ids);
  std::vector<int> memberships;
  for (int i = 0; i < 5'000; ++i) {
    memberships.push_back(i % 6);
    delivery.memberships.push_back(static_cast<Membership>(i % 6));
  }
  const auto messages = EncodeShared({delivery}, kSmallestMessage);
  std::vector<std::string> got;
  std::vector<int> got_memberships;
  std::uint32_t part = 0;
  for (const std::string& bytes : messages) {
    EXPECT_LE(bytes.size(), kSmallestMessage);
    const pb::StreamerMessage message = Parsed(bytes);
    for (const auto& one : message.delivery_batch().deliveries()) {
      EXPECT_EQ(one.seq(), 5u);
      EXPECT_EQ(one.part(), ++part);
      EXPECT_EQ(one.parts(), 3u);
      got.insert(got.end(), one.subscription_ids().begin(),
                 one.subscription_ids().end());
      got_memberships.insert(got_memberships.end(), one.membership().begin(),
                             one.membership().end());
    }
  }
  EXPECT_EQ(part, 3u);
  EXPECT_EQ(got, ids);
  EXPECT_EQ(got_memberships, memberships);
}

TEST(DeliveryWireTest, TheCountOfPartsIsThatOfThePartsThatCome) {
  for (const int ids_in_all : {0, 1, 20, 1'000, 2'000, 9'000}) {
    std::vector<std::string> ids;
    for (int i = 0; i < ids_in_all; ++i) {
      ids.push_back(std::string(static_cast<std::size_t>(i % 90), 's') +
                    std::to_string(i));
    }
    const Delivery delivery =
        MakeDelivery(MakeSource(), Operation::kInsert, "{}", ids);
    std::vector<pb::EventDelivery> parts;
    for (const std::string& bytes :
         EncodeShared({delivery}, kSmallestMessage)) {
      const pb::StreamerMessage message = Parsed(bytes);
      for (const auto& one : message.delivery_batch().deliveries()) {
        parts.push_back(one);
      }
    }
    const bool is_whole = parts.size() == 1;
    EXPECT_EQ(is_whole, ids_in_all < 1'000) << ids_in_all;
    for (const pb::EventDelivery& part : parts) {
      EXPECT_EQ(part.parts(), is_whole ? 0u : parts.size()) << ids_in_all;
    }
    EXPECT_EQ(parts.back().part(), is_whole ? 0u : parts.size());
  }
}

TEST(DeliveryWireTest, ADeliveryWithoutSubscriptionsKeepsItsNumber) {
  const Delivery delivery =
      MakeDelivery(MakeSource(), Operation::kInsert, "{}", {});
  const auto messages = EncodeShared({delivery}, 1u << 20);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(Parsed(messages[0]).delivery_batch().deliveries(0).seq(), 5u);
}

}  // namespace
}  // namespace streamer
