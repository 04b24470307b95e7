#include "puller/puller_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "puller/puller_events.h"
#include "store/memory_event_log.h"
#include "syntrix/puller/v1/puller.grpc.pb.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

// A stream as a plain, generated client sees it. Whatever does not come in
// time ends it with DEADLINE_EXCEEDED.
class Consumer {
 public:
  Consumer(int port, const std::string& after, bool coalesces = false)
      : stub_(wire::PullerService::NewStub(
            grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + seconds(60));
    wire::SubscribeRequest request;
    request.set_consumer_id("test");
    request.set_after(after);
    request.set_coalesce_on_catch_up(coalesces);
    reader_ = stub_->Subscribe(&context_, request);
  }
  ~Consumer() { context_.TryCancel(); }

  // The next message, as "marker" or "marker op key document".
  std::string Next() {
    wire::PullerEvent message;
    if (!reader_->Read(&message)) return "end";
    std::string text = message.progress();
    if (!message.has_change_event()) return text;
    const wire::ChangeEvent& change = message.change_event();
    return text + " " + change.op_type() + " " + change.mgo_doc_id() + " " +
           change.full_doc();
  }

  std::vector<std::string> Take(std::size_t count) {
    std::vector<std::string> messages;
    while (messages.size() < count) messages.push_back(Next());
    return messages;
  }

  // Reads on, up to the marker.
  void SkipTo(const std::string& progress) {
    wire::PullerEvent message;
    while (message.progress() != progress) {
      ASSERT_TRUE(reader_->Read(&message)) << "before " << progress;
    }
  }

  // Once Next gave "end".
  std::string Status() {
    const grpc::Status status = reader_->Finish();
    std::string text =
        std::to_string(status.error_code()) + " " + status.error_message();
    for (const auto& [key, value] : context_.GetServerTrailingMetadata()) {
      text += " " + std::string(key.data(), key.size()) + "=" +
              std::string(value.data(), value.size());
    }
    return text;
  }

 private:
  const std::unique_ptr<wire::PullerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<wire::PullerEvent>> reader_;
};

class PullerServerTest : public ::testing::Test {
 protected:
  void Start(PullerServerOptions options = {}) {
    options.port = 0;
    auto server = PullerServer::Start(options, log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  void Append(std::vector<SourceEvent> events) {
    AppendTo(log_, std::move(events));
    if (server_ != nullptr) server_->Notify();
  }

  static std::string Stored(const std::string& id, int n) {
    return "t:" + id + R"( {"id":"t:)" + id +
           R"(","database":"t","collection":"c","data":{"n":)" +
           std::to_string(n) + "}}";
  }

  MemoryEventLog log_{{.epoch = 3, .retained_events = 1'000}};
  std::unique_ptr<PullerServer> server_;
};

TEST_F(PullerServerTest, SendsWhatFollowsTheMarkerThenWhatComes) {
  Start();
  Append({Insert("a", 1), Insert("b", 2)});
  Consumer consumer(server_->port(), "p1-3-1");
  EXPECT_THAT(consumer.Take(2),
              ElementsAre("p1-3-1", "p1-3-2 insert " + Stored("b", 2)));
  Append({Update("a", 3)});
  EXPECT_EQ(consumer.Next(), "p1-3-3 update " + Stored("a", 3));
}

TEST_F(PullerServerTest, TellsTheHeadAtOnceToAConsumerWithoutAMarker) {
  Start();
  Append({Insert("a", 1)});
  Consumer consumer(server_->port(), "");
  EXPECT_EQ(consumer.Next(), "p1-3-1");
  Append({Insert("b", 2)});
  EXPECT_EQ(consumer.Next(), "p1-3-2 insert " + Stored("b", 2));
}

TEST_F(PullerServerTest, IdleStreamsGetHeartbeats) {
  PullerServerOptions options;
  options.session.heartbeat_interval = milliseconds(5);
  Start(options);
  Consumer first(server_->port(), "");
  Consumer second(server_->port(), "");
  EXPECT_THAT(first.Take(3), ElementsAre("p1-3-0", "p1-3-0", "p1-3-0"));
  EXPECT_THAT(second.Take(3), ElementsAre("p1-3-0", "p1-3-0", "p1-3-0"));
  Append({Insert("a", 1)});
  first.SkipTo("p1-3-1");
  EXPECT_EQ(first.Next(), "p1-3-1");
}

TEST_F(PullerServerTest, RefusesMarkersAndNamesTheOldest) {
  MemoryEventLog short_log({.epoch = 3, .retained_events = 2});
  AppendTo(short_log, {Insert("a", 1), Insert("b", 2), Insert("c", 3)});
  short_log.Release(short_log.head());
  auto server = PullerServer::Start({.port = 0}, short_log);
  ASSERT_TRUE(server.ok());
  Consumer gone((*server)->port(), "p1-3-0");
  EXPECT_EQ(gone.Next(), "end");
  EXPECT_EQ(gone.Status(),
            "11 log: expected a position from p1-3-1 to p1-3-3, got p1-3-0 "
            "oldest-progress=p1-3-1");
  Consumer malformed((*server)->port(), "token");
  EXPECT_EQ(malformed.Next(), "end");
  EXPECT_EQ(malformed.Status(),
            "3 after: expected a progress marker of this server, got "
            "\"token\" oldest-progress=p1-3-1");
  EXPECT_EQ((*server)->Statistics().streams_opened, 0u);
}

TEST_F(PullerServerTest, AConsumerThatNeverReadsHoldsNobody) {
  Start();
  SourceEvent large = Insert("a", 1);
  large.document = R"({"text":")" + std::string(100'000, 'x') + "\"}";
  Consumer stuck(server_->port(), "");
  EXPECT_EQ(stuck.Next(), "p1-3-0");
  Consumer reading(server_->port(), "p1-3-0");
  for (int i = 0; i < 50; ++i) {
    Append(std::vector<SourceEvent>(10, large));
    reading.SkipTo("p1-3-" + std::to_string(10 * i + 10));
  }
  // 50 MB were sent to one of them; what the other did not take waits in the
  // log.
  EXPECT_LT(server_->Statistics().events_sent, 700u);
  // It can be served still.
  EXPECT_EQ(stuck.Next().substr(0, 13), "p1-3-1 insert");
  stuck.SkipTo("p1-3-500");
}

TEST_F(PullerServerTest, CoalescesForThoseWhoAsk) {
  Start();
  Append({Insert("a", 1), Insert("b", 1), Update("a", 2), Update("a", 3)});
  Consumer plain(server_->port(), "p1-3-0");
  Consumer coalescing(server_->port(), "p1-3-0", true);
  EXPECT_THAT(plain.Take(5).back(), "p1-3-4 update " + Stored("a", 3));
  EXPECT_THAT(
      coalescing.Take(3),
      ElementsAre("p1-3-0", "p1-3-2+p1-3-0+p1-3-4 insert " + Stored("b", 1),
                  "p1-3-4 insert " + Stored("a", 3)));
  EXPECT_EQ(server_->Statistics().events_coalesced, 2u);
}

TEST_F(PullerServerTest, MoreStreamsThanAllowedAreRefused) {
  Start({.max_streams = 1});
  Consumer first(server_->port(), "");
  EXPECT_EQ(first.Next(), "p1-3-0");
  Consumer second(server_->port(), "");
  EXPECT_EQ(second.Next(), "end");
  EXPECT_EQ(second.Status(), "8 expected at most 1 streams, got one more");
}

TEST_F(PullerServerTest, ShuttingDownEndsStreamsWithItsStatus) {
  Start();
  Consumer idle(server_->port(), "");
  EXPECT_EQ(idle.Next(), "p1-3-0");
  server_->Shutdown(seconds(30), Unavailable("draining"));
  EXPECT_EQ(idle.Next(), "end");
  EXPECT_EQ(idle.Status(), "14 draining grpc-retry-pushback-ms=1000");
  EXPECT_EQ(server_->Statistics().streams_open, 0u);
}

TEST_F(PullerServerTest, ShuttingDownCutsOffAStreamThatTakesNothing) {
  Start();
  Consumer stuck(server_->port(), "");
  EXPECT_EQ(stuck.Next(), "p1-3-0");
  SourceEvent large = Insert("a", 1);
  large.document = R"({"text":")" + std::string(1'000'000, 'x') + "\"}";
  Append(std::vector<SourceEvent>(100, large));
  server_->Shutdown(milliseconds(1), Unavailable("draining"));
  EXPECT_EQ(server_->Statistics().streams_open, 0u);
}

TEST_F(PullerServerTest, APortInUseIsRefusedByName) {
  Start();
  const auto second = PullerServer::Start({.port = server_->port()}, log_);
  EXPECT_EQ(
      second.status(),
      Unavailable("puller: expected to listen on 127.0.0.1:" +
                  std::to_string(server_->port()) + ", got a refusal by gRPC"));
}

// The argument: events get their offset under the log's lock, Notify comes
// after, and each stream asks the log again after each Notify or is sending,
// and asks then. So each consumer gets to the last event without any heartbeat
// to help it (the interval is an hour), and sees each one once and in order.
TEST_F(PullerServerTest, NoEventIsMissedWhileThreadsAppend) {
  PullerServerOptions options;
  options.session.heartbeat_interval = std::chrono::hours(1);
  Start(options);
  constexpr int kThreads = 3;
  constexpr int kEach = 1'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kEach; ++i) Append({Update("a", i)});
    });
  }
  for (int c = 0; c < 2; ++c) {
    threads.emplace_back([this] {
      Consumer consumer(server_->port(), "p1-3-0");
      EXPECT_EQ(consumer.Next(), "p1-3-0");
      for (int i = 1; i <= kThreads * kEach; ++i) {
        const std::string marker = "p1-3-" + std::to_string(i) + " ";
        const std::string message = consumer.Next();
        ASSERT_EQ(message.substr(0, marker.size()), marker);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace streamer
