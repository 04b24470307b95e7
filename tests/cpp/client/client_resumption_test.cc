// Client with a session, over gRPC, against a service that says what a test
// wants.
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client.h"
#include "client/client_actions.h"
#include "client/fake_streamer.h"
#include "client/internal/subscription_book.h"
#include "client/wire_deliveries.h"

namespace streamer {
namespace {

namespace wire = syntrix::streamer::v1;

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr std::uint64_t kSession = 7;

std::chrono::steady_clock::time_point Deadline() {
  return std::chrono::steady_clock::now() + kPatience;
}

// What a service says that holds the one subscription "s1", or none.
void Welcome(FakeStreamer::ServerStream& stream, wire::Continuity continuity,
             std::uint64_t next_seq, bool has_subscription) {
  wire::StreamerMessage message;
  wire::Welcome& welcome = *message.mutable_welcome();
  welcome.set_session(kSession);
  welcome.set_continuity(continuity);
  welcome.set_next_seq(next_seq);
  if (has_subscription) {
    welcome.set_subscription_count(1);
    welcome.set_subscription_digest(
        *client_internal::DigestOf(Request("s1", "")));
  }
  stream.Write(message);
}

wire::EventDelivery Numbered(std::uint64_t seq) {
  wire::EventDelivery delivery =
      DeliveryMessage("e" + std::to_string(seq), {"s1"}).delivery();
  delivery.set_seq(seq);
  delivery.set_progress("p1-1-" + std::to_string(seq));
  return delivery;
}

void Deliver(FakeStreamer::ServerStream& stream, std::uint64_t first,
             std::uint64_t last) {
  wire::StreamerMessage message;
  for (std::uint64_t seq = first; seq <= last; ++seq) {
    *message.mutable_delivery_batch()->add_deliveries() = Numbered(seq);
  }
  stream.Write(message);
}

// Welcomes to a new session first, then to the one there is, and sends three
// deliveries after the subscribe.
grpc::Status KeepSession(int number,
                         const FakeStreamer::GatewayMessage& message,
                         FakeStreamer::ServerStream& stream) {
  if (message.has_hello()) {
    const bool is_new = message.hello().session() == 0;
    Welcome(stream, is_new ? wire::CONTINUITY_NEW : wire::CONTINUITY_COMPLETE,
            message.hello().last_seq() + 1, !is_new);
    if (!is_new) Deliver(stream, message.hello().last_seq() + 1, 4);
  } else if (message.has_unsubscribe()) {
    wire::StreamerMessage answer;
    answer.mutable_unsubscribe_response()->set_subscription_id(
        message.unsubscribe().subscription_id());
    stream.Write(answer);
  }
  grpc::Status status = AcceptAll(number, message, stream);
  if (message.has_subscribe()) Deliver(stream, 1, 3);
  return status;
}

class ClientResumptionTest : public ::testing::Test {
 protected:
  static ClientOptions Options(const FakeStreamer& service) {
    ClientOptions options;
    options.target = service.target();
    options.gateway_id = "g1";
    options.backoff.minimum = std::chrono::milliseconds(1);
    options.connect_timeout = kPatience;
    options.session.emplace();
    return options;
  }

  void Connect(const ClientOptions& options) {
    connected_ = {};
    client_ = std::make_unique<Client>(options, [this](const Status& status) {
      connected_.set_value(status);
    });
  }

  Status AwaitConnected() { return connected_.get_future().get(); }

  void Subscribe() {
    std::promise<Status> answered;
    client_->Subscribe({.id = "s1",
                        .tenant = "t",
                        .collection = "rooms",
                        .conditions = {},
                        .expression = ""},
                       [&answered](const Result<SubscriptionAnswer>& answer) {
                         answered.set_value(answer.status());
                       });
    ASSERT_TRUE(answered.get_future().get().ok());
  }

  // Takes `n` deliveries.
  std::vector<std::string> Take(std::size_t n) {
    std::vector<std::string> ids;
    while (ids.size() < n) {
      const DeliveryBatch batch =
          client_->NextBatch(n - ids.size(), Deadline());
      if (batch.is_empty()) break;
      gaps_.insert(gaps_.end(), batch.gaps.begin(), batch.gaps.end());
      for (const auto& delivery : batch.deliveries) {
        ids.emplace_back(delivery->event_id());
        last_ = delivery->number();
      }
    }
    return ids;
  }

  std::promise<Status> connected_;
  std::vector<ReceivedGap> gaps_;
  EntryNumber last_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientResumptionTest, EachStreamBeginsWithHelloAndTheCredential) {
  FakeStreamer service(KeepSession);
  ClientOptions options = Options(service);
  options.session->credential = "Bearer one";
  Connect(options);
  ASSERT_TRUE(AwaitConnected().ok());
  EXPECT_THAT(service.received(), ElementsAre("0/hello g1 0/0"));
  EXPECT_THAT(service.credentials(), ElementsAre("Bearer one"));
  EXPECT_EQ(client_->session_state(), "s1-7-0-");
}

TEST_F(ClientResumptionTest, WhatWasTakenIsAcknowledgedByWhoComesBack) {
  FakeStreamer service(KeepSession);
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(3), ElementsAre("e1", "e2", "e3"));
  client_->TakeBatch(1);
  ASSERT_TRUE(service.AwaitMessages(3));
  EXPECT_THAT(service.received(),
              ElementsAre("0/hello g1 0/0", "0/subscribe s1", "0/ack 7/3"));
  EXPECT_EQ(client_->session_state(), "s1-7-3-p1-1-3");
}

TEST_F(ClientResumptionTest, AReaderThatAcknowledgesItselfIsWaitedFor) {
  FakeStreamer service(KeepSession);
  ClientOptions options = Options(service);
  options.session->acknowledges_itself = true;
  Connect(options);
  Subscribe();
  EXPECT_THAT(Take(3), ElementsAre("e1", "e2", "e3"));
  client_->TakeBatch(1);
  EXPECT_EQ(client_->session_state(), "s1-7-0-");
  EXPECT_EQ(client_->session_state(last_), "s1-7-3-p1-1-3");
  client_->Acknowledge(last_);
  ASSERT_TRUE(service.AwaitMessages(3));
  EXPECT_THAT(service.received(), Contains("0/ack 7/3"));
}

TEST_F(ClientResumptionTest, ABrokenStreamIsGoneOnWithWithoutAGap) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    grpc::Status status = KeepSession(number, message, stream);
    if (number == 0 && message.has_subscribe()) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
    }
    return status;
  });
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(4), ElementsAre("e1", "e2", "e3", "e4"));
  EXPECT_THAT(gaps_, SizeIs(0));
  EXPECT_EQ(client_->Statistics().reconnects, 1u);
  ASSERT_TRUE(service.AwaitMessages(3));
  EXPECT_EQ(service.received()[1], "0/subscribe s1");
  EXPECT_THAT(service.received()[2], ::testing::StartsWith("1/hello g1 7/"));
}

TEST_F(ClientResumptionTest, ANumberThatIsLeftOutBreaksTheStream) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    if (number == 0 && message.has_subscribe()) {
      AcceptAll(number, message, stream);
      Deliver(stream, 1, 1);
      Deliver(stream, 3, 3);
      return grpc::Status::OK;
    }
    return KeepSession(number, message, stream);
  });
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(4), ElementsAre("e1", "e2", "e3", "e4"));
  EXPECT_EQ(client_->Statistics().reconnects, 1u);
}

TEST_F(ClientResumptionTest, AnEmptyBatchOfDeliveriesHidesNothing) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    if (message.has_subscribe()) Deliver(stream, 1, 0);
    return KeepSession(number, message, stream);
  });
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(3), ElementsAre("e1", "e2", "e3"));
}

TEST_F(ClientResumptionTest, NoticesAreGapsInTheirPlace) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    grpc::Status status = KeepSession(number, message, stream);
    if (!message.has_subscribe()) return status;
    wire::StreamerMessage notice;
    notice.mutable_resync_required()->set_seq(4);
    notice.mutable_resync_required()->set_reason("cut");
    notice.mutable_resync_required()->set_from_progress("p1-1-3");
    stream.Write(notice);
    Deliver(stream, 5, 5);
    notice.mutable_subscription_closed()->set_seq(6);
    notice.mutable_subscription_closed()->set_subscription_id("s1");
    notice.mutable_subscription_closed()->set_reason(
        wire::CLOSE_REASON_SUSPENDED);
    stream.Write(notice);
    return status;
  });
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(4), ElementsAre("e1", "e2", "e3", "e5"));
  ASSERT_THAT(gaps_, SizeIs(1));
  EXPECT_THAT(gaps_[0].subscription_ids, ::testing::IsEmpty());
  EXPECT_EQ(gaps_[0].reason, "cut");
  EXPECT_EQ(gaps_[0].from_progress, "p1-1-3");
  const DeliveryBatch last = client_->NextBatch(1, Deadline());
  ASSERT_THAT(last.gaps, SizeIs(1));
  EXPECT_EQ(last.gaps[0].end, ReceivedGap::End::kSuspended);
  EXPECT_EQ(client_->Statistics().subscriptions, 0u);
  client_->GapsProcessed();
  client_->TakeBatch(1);
  EXPECT_EQ(client_->session_state(), "s1-7-6-p1-1-5");
}

TEST_F(ClientResumptionTest, UnsubscribeIsDoneWhenTheServiceSaysSo) {
  FakeStreamer service(KeepSession);
  Connect(Options(service));
  Subscribe();
  std::promise<Status> unsubscribed;
  ASSERT_TRUE(client_
                  ->Unsubscribe("s1",
                                [&unsubscribed](const Status& status) {
                                  unsubscribed.set_value(status);
                                })
                  .ok());
  EXPECT_TRUE(unsubscribed.get_future().get().ok());
  EXPECT_TRUE(client_->TakeBatch(10).is_empty());
}

TEST_F(ClientResumptionTest, ClosingAcknowledgesAndEndsTheStreamInPeace) {
  FakeStreamer service(KeepSession);
  Connect(Options(service));
  Subscribe();
  EXPECT_THAT(Take(2), ElementsAre("e1", "e2"));
  client_->Acknowledge(last_);
  client_->Close();
  client_->AwaitQuiet();
  EXPECT_TRUE(service.AwaitEnds(1));
  EXPECT_EQ(service.received().back(), "0/ack 7/2");
  EXPECT_TRUE(client_->close_reason().ok());
}

TEST_F(ClientResumptionTest, AnotherClientGoesOnWhereOneWasKilled) {
  FakeStreamer service(KeepSession);
  ClientOptions options = Options(service);
  Connect(options);
  Subscribe();
  EXPECT_THAT(Take(2), ElementsAre("e1", "e2"));
  options.session->resume = client_->session_state(last_);
  Connect(options);
  EXPECT_THAT(Take(2), ElementsAre("e3", "e4"));
  EXPECT_THAT(gaps_, SizeIs(0));
  EXPECT_THAT(service.received(), Contains("1/hello g1 7/2"));
}

TEST_F(ClientResumptionTest, ANewerClientTakesTheSessionOver) {
  FakeStreamer service([](int number, const auto& message, auto& stream) {
    if (message.has_subscribe()) {
      return grpc::Status(grpc::StatusCode::ABORTED, "a newer stream came");
    }
    return KeepSession(number, message, stream);
  });
  Connect(Options(service));
  ASSERT_TRUE(AwaitConnected().ok());
  client_->Subscribe({.id = "s1",
                      .tenant = "t",
                      .collection = "rooms",
                      .conditions = {},
                      .expression = ""},
                     [](const Result<SubscriptionAnswer>&) {});
  EXPECT_TRUE(client_->NextBatch(1, Deadline()).is_empty());
  EXPECT_EQ(client_->close_reason(), absl::AbortedError("a newer stream came"));
}

TEST_F(ClientResumptionTest, AServiceThatDoesNotKnowSessionsIsGivenUp) {
  FakeStreamer service(AcceptAll);
  ClientOptions options = Options(service);
  options.connect_timeout = std::chrono::milliseconds(100);
  Connect(options);
  EXPECT_EQ(AwaitConnected(),
            Unavailable("cannot reach \"" + service.target() +
                        "\" within 100 ms: no answer to Hello"));
}

TEST_F(ClientResumptionTest, OptionsThatCannotBeAreRefusedAtOnce) {
  FakeStreamer service(KeepSession);
  ClientOptions options = Options(service);
  options.session->resume = "s1-7";
  Connect(options);
  EXPECT_EQ(AwaitConnected(),
            InvalidArgument("resume: expected the state of a session, got "
                            "\"s1-7\""));
  options = Options(service);
  options.session->credential = "line\n";
  Connect(options);
  EXPECT_EQ(AwaitConnected(),
            InvalidArgument("credential: expected printable ASCII, got "
                            "something else"));
  options = Options(service);
  options.gateway_id = "";
  Connect(options);
  EXPECT_EQ(AwaitConnected(),
            InvalidArgument("gateway_id: expected text, got none"));
  EXPECT_EQ(client_->state(), ClientState::kClosed);
  EXPECT_THAT(service.received(), SizeIs(0));
}

}  // namespace
}  // namespace streamer
