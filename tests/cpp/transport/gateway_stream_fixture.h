// GatewayStreamTest: a GatewayStream between an engine that writes down what it
// is asked and a connection that does what a test says.
#ifndef STREAMER_TESTS_TRANSPORT_GATEWAY_STREAM_FIXTURE_H_
#define STREAMER_TESTS_TRANSPORT_GATEWAY_STREAM_FIXTURE_H_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syntrix/streamer/v1/streamer.pb.h"
#include "transport/fake_engine.h"
#include "transport/internal/gateway_stream.h"

namespace streamer {

// A connection that writes down what it was asked. The test says when what is
// outstanding has happened.
class FakeConnection final : public StreamConnection {
 public:
  void Read() override {
    EXPECT_FALSE(is_finished());
    ++reads;
    ++reads_inside;
    if (during_read) std::exchange(during_read, nullptr)();
    --reads_inside;
  }
  void Write(std::string message, Flush flush) override {
    EXPECT_FALSE(is_finished());
    EXPECT_FALSE(is_writing) << "a second write at a time";
    is_writing = true;
    flushes.push_back(flush);
    written.emplace_back();
    EXPECT_TRUE(written.back().ParseFromString(message));
  }
  void Finish(const Status& status) override {
    EXPECT_FALSE(is_finished());
    EXPECT_FALSE(is_writing);
    EXPECT_EQ(reads_inside, 0) << "finished while a read was being started";
    finished = status;
  }
  void Cancel(const Status& status) override {
    ++cancels;
    cancelled_with = status;
  }

  [[nodiscard]] bool is_finished() const { return finished.has_value(); }

  int reads = 0;
  // What happens, once, before Read returns.
  std::function<void()> during_read;
  int reads_inside = 0;
  int cancels = 0;
  bool is_writing = false;
  std::vector<pb::StreamerMessage> written;
  std::vector<Flush> flushes;
  std::optional<Status> finished;
  std::optional<Status> cancelled_with;
};

class GatewayStreamTest : public ::testing::Test {
 protected:
  ~GatewayStreamTest() override { stream_->OnDone(); }

  void Receive(const std::string& text) {
    pb::GatewayMessage message;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
    stream_->OnMessage(message);
  }
  void ReceiveSubscribe(const std::string& id) {
    Receive("subscribe {subscription_id: '" + id +
            "' tenant: 't' collection: 'c'}");
  }

  // Completes the outstanding write.
  void Written() {
    ASSERT_TRUE(connection_.is_writing);
    connection_.is_writing = false;
    stream_->OnWritten(true);
  }
  void WriteEverything() {
    while (connection_.is_writing) Written();
  }

  void Effects(std::vector<GatewayEffect> effects) {
    // The engine lets go of the sink when told to, even meanwhile.
    const std::shared_ptr<GatewaySink> sink = engine_.sink;
    ASSERT_NE(sink, nullptr);
    sink->OnEffects(std::move(effects));
  }

  static SubscribeResponse Answer(const std::string& id) {
    return {.subscription_id = id, .handle = SubscriptionHandle(1)};
  }
  static std::shared_ptr<Delivery> MakeDelivery(
      const std::string& event_id, std::size_t document_bytes = 2) {
    auto source = std::make_shared<SourceEvent>();
    source->event_id = event_id;
    auto outgoing = std::make_shared<OutgoingEvent>();
    outgoing->event.source = std::move(source);
    outgoing->document.assign(document_bytes, 'x');
    auto delivery = std::make_shared<Delivery>();
    delivery->event = std::move(outgoing);
    delivery->handles.emplace_back(1u);
    delivery->subscription_ids = {"s"};
    return delivery;
  }

  static std::shared_ptr<Delivery> MakeDeliveryAt(
      std::uint64_t offset, const std::string& event_id,
      std::size_t document_bytes = 2) {
    auto delivery = MakeDelivery(event_id, document_bytes);
    auto event = std::make_shared<OutgoingEvent>(*delivery->event);
    event->event.position = {1, offset};
    delivery->event = std::move(event);
    return delivery;
  }

  // What was written, each message in a word.
  [[nodiscard]] std::vector<std::string> Words() const {
    std::vector<std::string> words;
    for (const pb::StreamerMessage& message : connection_.written) {
      if (message.has_delivery()) {
        words.push_back(message.delivery().event().event_id());
      } else if (message.has_heartbeat_ack()) {
        words.push_back("ack " +
                        std::to_string(message.heartbeat_ack().timestamp()));
      } else {
        words.push_back("answer " +
                        message.subscribe_response().subscription_id());
      }
    }
    return words;
  }

  // After so many more are asked for.
  static inline const std::size_t kGrantStep =
      GatewayStreamOptions().window / 4;

  FakeEngine engine_;
  FakeConnection connection_;
  StreamCounters counters_;
  std::shared_ptr<GatewayStream> stream_ = GatewayStream::Open(
      engine_, connection_, counters_,
      {.outbox = {.deliveries = 10, .bytes = 1'000}, .peer = "test"});
};

}  // namespace streamer

#endif  // STREAMER_TESTS_TRANSPORT_GATEWAY_STREAM_FIXTURE_H_
