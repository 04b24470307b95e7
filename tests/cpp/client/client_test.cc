#include "client/client.h"

#include <poll.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_streamer.h"
#include "client/wire_deliveries.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr auto kPatience = std::chrono::seconds(30);

std::chrono::steady_clock::time_point Deadline() {
  return std::chrono::steady_clock::now() + kPatience;
}

// A Client, and its callbacks as futures.
class ClientUnderTest {
 public:
  explicit ClientUnderTest(ClientOptions options)
      : client_(std::move(options), [this](const Status& status) {
          connected_.set_value(status);
        }) {}

  Client& operator*() { return client_; }
  Client* operator->() { return &client_; }

  Status AwaitConnected() {
    auto future = connected_.get_future();
    if (future.wait_for(kPatience) != std::future_status::ready) {
      return Internal("connected was not called");
    }
    return future.get();
  }

  Result<SubscriptionAnswer> Subscribe(const std::string& id,
                                       std::vector<Condition> conditions = {}) {
    auto answered =
        std::make_shared<std::promise<Result<SubscriptionAnswer>>>();
    client_.Subscribe({.id = id,
                       .tenant = "t",
                       .collection = "rooms",
                       .conditions = std::move(conditions),
                       .expression = ""},
                      [answered](Result<SubscriptionAnswer> answer) {
                        answered->set_value(std::move(answer));
                      });
    auto future = answered->get_future();
    if (future.wait_for(kPatience) != std::future_status::ready) {
      return Internal("answered was not called");
    }
    return future.get();
  }

  // Whether the client stops to read, while nobody takes anything.
  bool AwaitReadingPause() {
    const auto deadline = Deadline();
    while (client_.Statistics().reading_pauses == 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  // Takes `n` deliveries; fewer when they do not come.
  std::vector<std::string> TakeEventIds(std::size_t n) {
    std::vector<std::string> ids;
    while (ids.size() < n) {
      const DeliveryBatch batch = client_.NextBatch(n - ids.size(), Deadline());
      if (batch.is_empty()) break;
      for (const ReceivedGap& gap : batch.gaps) gaps_.push_back(gap);
      for (const auto& delivery : batch.deliveries) {
        ids.emplace_back(delivery->event_id());
      }
    }
    return ids;
  }

  [[nodiscard]] const std::vector<ReceivedGap>& gaps() const { return gaps_; }

 private:
  std::promise<Status> connected_;
  std::vector<ReceivedGap> gaps_;
  Client client_;
};

ClientOptions Options(const std::string& target) {
  ClientOptions options;
  options.target = target;
  options.gateway_id = "g1";
  options.backoff.minimum = milliseconds(1);
  options.connect_timeout = kPatience;
  return options;
}

void Deliver(FakeStreamer::ServerStream& stream, const std::string& event_id,
             const std::vector<std::string>& ids,
             const std::string& document = "{}") {
  stream.Write(DeliveryMessage(event_id, ids, document));
}

TEST(ClientTest, DeliveriesComeInTheOrderInWhichTheyWereSent) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (!message.has_subscribe()) return status;
    for (int i = 0; i < 100; ++i) Deliver(stream, std::to_string(i), {"s1"});
    return status;
  });
  ClientUnderTest client(Options(service.target()));
  ASSERT_TRUE(client.AwaitConnected().ok());
  EXPECT_EQ(client->state(), ClientState::kConnected);
  ASSERT_TRUE(client.Subscribe("s1").ok());

  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(client.TakeEventIds(100), expected);
  EXPECT_EQ(client->Statistics().deliveries_received, 100u);
  EXPECT_EQ(client->Statistics().deliveries_taken, 100u);
  EXPECT_THAT(client.gaps(), IsEmpty());
  EXPECT_THAT(service.received(),
              ElementsAre("0/heartbeat g1", "0/subscribe s1"));
}

TEST(ClientTest, ARefusalCarriesTheCodeAndTheTextOfTheService) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    if (!message.has_subscribe()) return AcceptAll(number, message, stream);
    FakeStreamer::StreamerMessage answer;
    auto& response = *answer.mutable_subscribe_response();
    response.set_subscription_id(message.subscribe().subscription_id());
    response.set_error("quota");
    if (message.subscribe().subscription_id() == "coded") {
      response.set_code(8);  // RESOURCE_EXHAUSTED
    }
    stream.Write(answer);
    return grpc::Status::OK;
  });
  ClientUnderTest client(Options(service.target()));
  EXPECT_EQ(client.Subscribe("coded").status(), ResourceExhausted("quota"));
  EXPECT_EQ(client.Subscribe("plain").status(), InvalidArgument("quota"));
}

TEST(ClientTest, AConstantThatTheWireCannotSayIsRefusedBeforeSending) {
  FakeStreamer service(AcceptAll);
  ClientUnderTest client(Options(service.target()));
  std::vector<Condition> conditions;
  conditions.push_back({"a", Operator::kEqual, OwnedValue(Value::Int(1))});
  conditions.push_back({"b", Operator::kEqual, OwnedValue(Value::Null())});
  EXPECT_EQ(client.Subscribe("s1", conditions).status(),
            InvalidArgument("filters[1].value: expected a string, number, "
                            "bool or list, got null_type"));
  conditions.back().value = OwnedValue(Value::Uint(1ull << 63));
  EXPECT_EQ(client.Subscribe("s1", conditions).status(),
            InvalidArgument("filters[1].value: expected an integer up to "
                            "9223372036854775807, got 9223372036854775808"));
  conditions.pop_back();
  EXPECT_TRUE(client.Subscribe("s1", conditions).ok());
}

TEST(ClientTest, AServiceThatIsNotThereIsUnavailable) {
  FakeStreamer service(AcceptAll);
  const std::string target = service.target();
  service.Stop();
  ClientOptions options = Options(target);
  options.connect_timeout = milliseconds(50);
  ClientUnderTest client(options);
  const Status status = client.AwaitConnected();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              StartsWith("cannot reach \"" + target + "\" within 50 ms"));
  EXPECT_EQ(client->state(), ClientState::kClosed);
  EXPECT_EQ(client->close_reason(), status);
  EXPECT_TRUE(client->NextBatch(1, Deadline()).is_empty());
}

TEST(ClientTest, AServiceThatComesLaterIsFound) {
  FakeStreamer service(AcceptAll);
  service.Stop();
  ClientUnderTest client(Options(service.target()));
  service.StartAgain();
  EXPECT_TRUE(client.AwaitConnected().ok());
}

TEST(ClientTest, AServiceThatRefusesForGoodClosesTheClientAtOnce) {
  FakeStreamer service([](int, const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you");
  });
  ClientUnderTest client(Options(service.target()));
  EXPECT_EQ(client.AwaitConnected(),
            Status(absl::StatusCode::kPermissionDenied, "not you"));
  EXPECT_EQ(client->state(), ClientState::kClosed);
  EXPECT_THAT(service.received(), ElementsAre("0/heartbeat g1"));
}

TEST(ClientTest, AfterABreakSubscriptionsAreMadeAgainAndTheGapIsInItsPlace) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (!message.has_subscribe()) return status;
    const std::string& id = message.subscribe().subscription_id();
    Deliver(stream, std::to_string(number) + id, {id});
    if (number == 0 && id == "s2") {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
    }
    return status;
  });
  ClientUnderTest client(Options(service.target()));
  ASSERT_TRUE(client.Subscribe("s1").ok());
  ASSERT_TRUE(client.Subscribe("s2").ok());

  EXPECT_THAT(client.TakeEventIds(4), ElementsAre("0s1", "0s2", "1s1", "1s2"));
  ASSERT_THAT(client.gaps(), SizeIs(2));
  EXPECT_THAT(client.gaps()[0].subscription_ids, ElementsAre("s1"));
  EXPECT_THAT(client.gaps()[1].subscription_ids, ElementsAre("s2"));
  EXPECT_EQ(client.gaps()[0].reason, "the stream broke: going away");
  EXPECT_EQ(client->Statistics().reconnects, 1u);
  ASSERT_TRUE(service.AwaitMessages(6));
  EXPECT_THAT(
      service.received(),
      ElementsAre("0/heartbeat g1", "0/subscribe s1", "0/subscribe s2",
                  "1/subscribe s1", "1/subscribe s2", "1/heartbeat g1"));
}

TEST(ClientTest, ASlowReaderStopsTheStreamAndLosesNothing) {
  constexpr int kEvents = 400;
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (!message.has_subscribe()) return status;
    for (int i = 0; i < kEvents; ++i) {
      Deliver(stream, std::to_string(i), {"s1"}, std::string(64 * 1024, 'x'));
    }
    return status;
  });
  ClientOptions options = Options(service.target());
  options.queue.deliveries = 16;
  ClientUnderTest client(options);
  ASSERT_TRUE(client.Subscribe("s1").ok());
  ASSERT_TRUE(client.AwaitReadingPause());

  std::vector<std::string> expected;
  std::vector<std::string> taken;
  for (int i = 0; i < kEvents; ++i) {
    expected.push_back(std::to_string(i));
    for (std::string& id : client.TakeEventIds(1)) taken.push_back(id);
    ASSERT_LE(client->Statistics().queued_deliveries, 16u);
  }
  EXPECT_EQ(taken, expected);
}

TEST(ClientTest, NothingTakenAfterUnsubscribeNamesTheSubscription) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (message.has_subscribe()) {
      Deliver(stream, "queued", {"s1", "s2"});
    } else if (message.has_unsubscribe()) {
      Deliver(stream, "late", {"s1"});
      Deliver(stream, "late too", {"s1", "s2"});
    }
    return status;
  });
  ClientUnderTest client(Options(service.target()));
  ASSERT_TRUE(client.Subscribe("s1").ok());
  ASSERT_TRUE(client.Subscribe("s2").ok());
  ASSERT_THAT(client.TakeEventIds(1), ElementsAre("queued"));
  ASSERT_TRUE(client->Unsubscribe("s1").ok());

  std::vector<std::string> named;
  for (int taken = 0; taken < 2;) {
    for (const auto& delivery : client->NextBatch(1, Deadline()).deliveries) {
      ++taken;
      for (std::size_t i = 0; i < delivery->subscription_count(); ++i) {
        named.emplace_back(delivery->subscription_id(i));
      }
    }
  }
  EXPECT_THAT(named, ElementsAre("s2", "s2"));
  EXPECT_EQ(client->Unsubscribe("s1"),
            NotFound("no subscription \"s1\" on this client"));
}

TEST(ClientTest, CancellingARequestTakesItBack) {
  std::promise<void> unsubscribed;
  FakeStreamer service(
      [&unsubscribed](int number, const auto& message, auto& stream) {
        if (message.has_subscribe()) return grpc::Status::OK;  // no answer
        if (message.has_unsubscribe()) unsubscribed.set_value();
        return AcceptAll(number, message, stream);
      });
  ClientUnderTest client(Options(service.target()));
  ASSERT_TRUE(client.AwaitConnected().ok());
  const SubscribeTicket ticket = client->Subscribe(
      {.id = "s1",
       .tenant = "t",
       .collection = "rooms",
       .conditions = {},
       .expression = ""},
      [](const Result<SubscriptionAnswer>&) { ADD_FAILURE() << "answered"; });
  client->CancelSubscribe(ticket);
  EXPECT_EQ(unsubscribed.get_future().wait_for(kPatience),
            std::future_status::ready);
  EXPECT_EQ(client->Statistics().subscriptions, 0u);
}

TEST(ClientTest, TheWakeDescriptorIsReadableWhileThereIsSomethingToTake) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (message.has_subscribe()) Deliver(stream, "e", {"s1"});
    return status;
  });
  ClientUnderTest client(Options(service.target()));
  pollfd readable{
      .fd = client->wake_descriptor(), .events = POLLIN, .revents = 0};
  ASSERT_TRUE(client.Subscribe("s1").ok());
  std::size_t taken = 0;
  while (taken == 0) {
    ASSERT_EQ(poll(&readable, 1, 30'000), 1);
    client->ClearWake();
    taken = client->TakeBatch(10).deliveries.size();
  }
  EXPECT_EQ(taken, 1u);
  client->ClearWake();
  EXPECT_EQ(poll(&readable, 1, 0), 0);
}

TEST(ClientTest, ClosingCompletesWhatIsWaitedForAndKeepsWhatWasReceived) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    if (message.has_subscribe() &&
        message.subscribe().subscription_id() == "unanswered") {
      return grpc::Status::OK;
    }
    const grpc::Status status = AcceptAll(number, message, stream);
    if (message.has_subscribe()) Deliver(stream, "e", {"s1"});
    return status;
  });
  ClientUnderTest client(Options(service.target()));
  ASSERT_TRUE(client.Subscribe("s1").ok());
  while (client->Statistics().queued_deliveries == 0) std::this_thread::yield();
  std::promise<Status> answered;
  client->Subscribe({.id = "unanswered",
                     .tenant = "t",
                     .collection = "rooms",
                     .conditions = {},
                     .expression = ""},
                    [&answered](const Result<SubscriptionAnswer>& answer) {
                      answered.set_value(answer.status());
                    });
  client->Close();
  EXPECT_EQ(answered.get_future().get(),
            absl::CancelledError("the client is closed"));
  EXPECT_EQ(client->state(), ClientState::kClosed);
  EXPECT_TRUE(client->close_reason().ok());
  EXPECT_THAT(client.TakeEventIds(1), ElementsAre("e"));
  EXPECT_TRUE(client->NextBatch(1, Deadline()).is_empty());
}

// Argument: callbacks and destruction meet at every point of a connection's
// life, because each round destroys the client at another moment. The
// destructor waits for callbacks, so none may see freed memory (under the
// sanitizers this is what would be reported).
TEST(ClientTest, AClientMayBeDestroyedAtAnyMoment) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    const grpc::Status status = AcceptAll(number, message, stream);
    if (number % 3 == 0 && message.has_subscribe()) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
    }
    Deliver(stream, "e", {"s1"});
    return status;
  });
  for (int round = 0; round < 60; ++round) {
    std::atomic<int> callbacks = 0;
    {
      Client client(Options(service.target()),
                    [&callbacks](const Status&) { ++callbacks; });
      client.Subscribe(
          {.id = "s1",
           .tenant = "t",
           .collection = "rooms",
           .conditions = {},
           .expression = ""},
          [&callbacks](const Result<SubscriptionAnswer>&) { ++callbacks; });
      if (round % 2 == 0) {
        client.NextBatch(
            1, std::chrono::steady_clock::now() + milliseconds(round / 4));
      }
    }
    EXPECT_EQ(callbacks, 2) << "round " << round;
  }
}

}  // namespace
}  // namespace streamer
