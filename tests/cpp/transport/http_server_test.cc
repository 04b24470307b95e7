#include "transport/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "transport/fake_engine.h"
#include "transport/http_client.h"

namespace streamer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::SizeIs;

constexpr char kLine[] =
    R"({"tenant":"t","collection":"c","id":"d","op":"insert","doc":{}})";

// The server's threads use the engine, so does the test.
class LockedEngine final : public Engine {
 public:
  GatewayHandle Connect(GatewayOptions, std::shared_ptr<GatewaySink>) override {
    return {};
  }
  GatewayHandle OpenSession(SessionRequest,
                            std::shared_ptr<GatewaySink>) override {
    return {};
  }
  GatewayHandle Manage(ManageSession command,
                       std::shared_ptr<GatewaySink> sink) override {
    const std::lock_guard lock(mutex);
    const GatewayHandle caller = engine.Manage(std::move(command), sink);
    if (answer) sink->OnEffects({*answer});
    return caller;
  }
  void Disconnect(GatewayHandle gateway) override {
    const std::lock_guard lock(mutex);
    engine.Disconnect(gateway);
  }
  void Break(GatewayHandle, BrokenOff) override {}
  Status Submit(Command, std::function<void()>) override { return OkStatus(); }
  void Grant(GatewayHandle, std::size_t) override {}
  void Acknowledge(GatewayHandle, std::uint64_t,
                   std::function<void()>) override {}
  Result<ResumePoint> Resolve(std::string_view progress) const override {
    return engine.Resolve(progress);
  }
  Result<Position> Ingest(std::vector<SourceEvent> events) override {
    const std::lock_guard lock(mutex);
    return engine.Ingest(std::move(events));
  }
  Status RecordMarker(std::string_view, std::string_view) override {
    return OkStatus();
  }
  void WhenIngestible(std::function<void()> ready) override {
    const std::lock_guard lock(mutex);
    engine.WhenIngestible(std::move(ready));
    is_awaited = true;
  }
  std::vector<SubscriptionInfo> ListNamed(std::string_view) const override {
    return {};
  }
  std::vector<SubscriptionInfo> List(SubscriptionHandle,
                                     std::size_t) const override {
    throw std::runtime_error("the list is broken");
  }
  std::vector<std::string> Summaries(const std::string&,
                                     const std::string&) const override {
    return {};
  }
  EngineStatistics Statistics() const override { return {}; }

  std::size_t ingested() {
    const std::lock_guard lock(mutex);
    return engine.events.size();
  }

  std::mutex mutex;
  FakeEngine engine;
  std::atomic<bool> is_awaited = false;
  std::optional<GatewayEffect> answer;  // of Manage
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { options_.port = 0; }

  int Start() {
    auto server = HttpServer::Start(options_, engine_, metrics_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    server_->SetPhase(ServicePhase::kReady);
    return server_->port();
  }

  static std::string Post(const std::string& body,
                          const std::string& path = "/v1/events") {
    return "POST " + path +
           " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  // Makes room for `events` and tells who waits for it.
  void LetIn(std::size_t events) {
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(engine_.mutex);
      engine_.engine.ingest_room = events;
      waiting.swap(engine_.engine.waiting);
    }
    for (const auto& ready : waiting) ready();
  }

  LockedEngine engine_;
  Metrics metrics_{engine_, [] { return TransportStatistics{}; }, "1.2.3"};
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, APortInUseIsUnavailableAndNamed) {
  const int port = Start();
  HttpServerOptions second = options_;
  second.port = port;
  EXPECT_EQ(
      HttpServer::Start(second, engine_, metrics_).status(),
      Unavailable("http: expected to listen on 127.0.0.1:" +
                  std::to_string(port) + ", got \"Address already in use\""));
}

TEST_F(HttpServerTest, WhatIsNoAddressIsRefused) {
  options_.listen = "localhost";
  EXPECT_EQ(
      HttpServer::Start(options_, engine_, metrics_).status(),
      InvalidArgument(
          "http: expected an IP address to listen on, got \"localhost\""));
}

TEST_F(HttpServerTest, RequestsFollowOneAnotherOnAConnection) {
  HttpClient client(Start());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Call(Post(kLine));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->result_int(), 202u);
  }
  EXPECT_EQ(engine_.ingested(), 3u);
}

TEST_F(HttpServerTest, HeadIsAnsweredWithoutABody) {
  HttpClient client(Start());
  client.Send("HEAD /health/live HTTP/1.1\r\n\r\n");
  const auto head = client.Receive(/*has_body=*/false);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->result_int(), 200u);
  // The connection is in step: what follows is the next answer.
  const auto whole = client.Call("GET /health/live HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->body(), "{\"status\":\"live\"}\n");
  EXPECT_EQ((*head)["Content-Length"], std::to_string(whole->body().size()));
}

TEST_F(HttpServerTest, AChangeIsAnsweredWhenTheEngineAnswers) {
  engine_.answer = UnsubscribeResponse{.ended = 3};
  HttpClient client(Start());
  const auto answer = client.Call(
      "DELETE /internal/v1/gateways/g/subscriptions HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 200u);
  EXPECT_EQ(answer->body(), "{\"removed\":3}\n");
  EXPECT_THAT(engine_.engine.disconnected, ::testing::SizeIs(1));
}

TEST_F(HttpServerTest, AChangeThatIsNotSavedInTimeIsNobodysToKnow) {
  options_.answer_timeout = std::chrono::milliseconds(1);
  HttpClient client(Start());
  const std::string request =
      "DELETE /internal/v1/subscriptions/s?gateway=g HTTP/1.1\r\n\r\n";
  const auto late = client.Call(request);
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->result_int(), 503u);
  EXPECT_THAT(late->body(), ::testing::HasSubstr("it may have been made"));
  engine_.answer = UnsubscribeResponse{};
  const auto next = client.Call(request);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->result_int(), 204u);
  EXPECT_EQ(next->count("Content-Type"), 0u);
}

TEST_F(HttpServerTest, ChangesAreTakenDuringTheReplayAndNotBefore) {
  const std::string request =
      "DELETE /internal/v1/gateways/g/subscriptions HTTP/1.1\r\n\r\n";
  engine_.answer = UnsubscribeResponse{};
  HttpClient client(Start());
  server_->SetPhase(ServicePhase::kReplaying);
  const auto taken = client.Call(request);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->result_int(), 200u);
  server_->SetPhase(ServicePhase::kStarting);
  const auto refused = client.Call(request);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->result_int(), 503u);
  EXPECT_THAT(engine_.engine.managed, ::testing::SizeIs(1));
}

TEST_F(HttpServerTest, AnExceptionIsAnsweredAndCostsNobodyElse) {
  HttpClient client(Start());
  const auto failed =
      client.Call("GET /internal/v1/subscriptions HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->body(),
            R"({"type":"about:blank","title":"Internal Server Error",)"
            R"("status":500,"detail":"expected to answer, got a failure )"
            R"(that the log names"})"
            "\n");
  const auto next = client.Call("GET /health/live HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->result_int(), 200u);
}

TEST_F(HttpServerTest, WhoIsNotReadyTakesNoEvents) {
  HttpClient client(Start());
  for (const ServicePhase phase :
       {ServicePhase::kStarting, ServicePhase::kDraining}) {
    server_->SetPhase(phase);
    HttpClient other(server_->port());
    const auto answer = other.Call(Post(kLine));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->result_int(), 503u);
    EXPECT_EQ((*answer)["Connection"], "close");
  }
  EXPECT_EQ(engine_.ingested(), 0u);
}

TEST_F(HttpServerTest, WhileTheLogFailsEventsAreTriedButItIsNotReady) {
  HttpClient client(Start());
  server_->SetPhase(ServicePhase::kLogFailing);
  const auto accepted = client.Call(Post(kLine));
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->result_int(), 202u);
  const auto readiness = client.Call("GET /health/ready HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(readiness.has_value());
  EXPECT_EQ(readiness->result_int(), 503u);
  EXPECT_THAT(readiness->body(),
              HasSubstr("expected the service to be ready, got log failing"));
}

TEST_F(HttpServerTest, ARequestUnderWayTakesNoMoreOnceItDrains) {
  HttpClient client(Start());
  const std::string line = std::string(kLine) + "\n";
  client.Send("POST /v1/events HTTP/1.1\r\nContent-Length: " +
              std::to_string(2 * line.size()) + "\r\n\r\n" + line);
  while (engine_.ingested() == 0) std::this_thread::yield();
  server_->SetPhase(ServicePhase::kDraining);
  const auto answer = client.Call(line);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 503u);
  EXPECT_THAT(answer->body(), HasSubstr(R"("accepted":1)"));
  EXPECT_THAT(answer->body(),
              HasSubstr(R"("error":"expected the service to be ready, )"
                        R"(got one that is not")"));
  EXPECT_EQ(engine_.ingested(), 1u);
}

// An append may wait for the disk: 25,000 bytes in pieces of 512 would be 49.
TEST_F(HttpServerTest, ABodyOfManyEventsIsAppendedInFewPieces) {
  constexpr int kLines = 400;
  std::string body;
  for (int i = 0; i < kLines; ++i) body += std::string(kLine) + "\n";
  HttpClient client(Start());
  const auto answer = client.Call(Post(body));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 202u);
  EXPECT_EQ(engine_.ingested(), std::size_t{kLines});
  const std::lock_guard lock(engine_.mutex);
  EXPECT_THAT(engine_.engine.batches, SizeIs(Lt(10u)));
}

TEST_F(HttpServerTest, AFullPipelineIsWaitedFor) {
  engine_.engine.ingest_room = 0;
  HttpClient client(Start());
  client.Send(Post(kLine));
  while (!engine_.is_awaited) std::this_thread::yield();
  LetIn(1);
  const auto answer = client.Receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 202u);
}

TEST_F(HttpServerTest, AWaitForThePipelineEndsWhenItDrains) {
  engine_.engine.ingest_room = 0;
  HttpClient client(Start());
  client.Send(Post(kLine));
  while (!engine_.is_awaited) std::this_thread::yield();
  server_->SetPhase(ServicePhase::kDraining);
  const auto answer = client.Receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 503u);
  EXPECT_THAT(answer->body(), HasSubstr(R"("accepted":0)"));
}

// Called by the engine when the server has gone: it must touch nothing.
TEST_F(HttpServerTest, AWakeUpAfterTheEndIsHarmless) {
  engine_.engine.ingest_room = 0;
  HttpClient client(Start());
  client.Send(Post(kLine));
  while (!engine_.is_awaited) std::this_thread::yield();
  server_.reset();
  EXPECT_THAT(engine_.engine.waiting, SizeIs(1));
  engine_.engine.waiting.front()();
  EXPECT_FALSE(client.Receive().has_value());
}

TEST_F(HttpServerTest, BodiesInMemoryAreBoundedOverAllConnections) {
  options_.max_buffered_bytes = 100'000;
  engine_.engine.ingest_room = 0;
  HttpClient first(Start());
  first.Send(Post(kLine + std::string(60'000, ' ') + "\n"));
  // It waits for the engine, and holds what it brought.
  while (!engine_.is_awaited) std::this_thread::yield();
  const std::string blank = Post(std::string(60'000, ' '));
  HttpClient second(server_->port());
  const auto refused = second.Call(blank);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->result_int(), 503u);
  EXPECT_THAT(refused->body(),
              HasSubstr("expected bodies of at most 100000 bytes in memory, on "
                        "all connections together, got more"));
  LetIn(1);
  const auto taken = first.Receive();
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->result_int(), 202u);
  const auto next = second.Call(blank);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->result_int(), 202u);
}

// The time limit on each wait alone would let this go on for ever.
TEST_F(HttpServerTest, ABodyThatTricklesIsGivenUp) {
  options_.peer_timeout = std::chrono::milliseconds(200);
  HttpClient client(Start());
  client.Send("POST /v1/events HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  bool is_closed = false;
  for (int i = 0; i < 10'000 && !is_closed; ++i) {
    client.Send(" ");
    is_closed = client.IsClosed(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(is_closed);
}

TEST_F(HttpServerTest, AHeaderThatTricklesIsGivenUp) {
  options_.peer_timeout = std::chrono::milliseconds(200);
  HttpClient client(Start());
  client.Send("GET /health HTTP/1.1\r\nX: ");
  bool is_closed = false;
  for (int i = 0; i < 10'000 && !is_closed; ++i) {
    client.Send("x");
    is_closed = client.IsClosed(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(is_closed);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  options_.idle_timeout = std::chrono::milliseconds(50);
  HttpClient client(Start());
  ASSERT_TRUE(client.Call("GET /health HTTP/1.1\r\n\r\n").has_value());
  EXPECT_TRUE(client.IsClosed(std::chrono::seconds(30)));
}

TEST_F(HttpServerTest, ABodyOverTheLimitNamesTheLimit) {
  options_.max_body_bytes = 10;
  HttpClient client(Start());
  const auto answer = client.Call(Post(kLine));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 413u);
  EXPECT_THAT(answer->body(),
              HasSubstr("expected a body of at most 10 bytes, got more"));
}

TEST_F(HttpServerTest, ThousandsOfConnectionsLeaveTheServerServing) {
  options_.max_connections = 10;
  Start();
  std::vector<std::unique_ptr<HttpClient>> clients;
  clients.reserve(500);
  for (int i = 0; i < 500; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server_->port()));
  }
  clients.clear();
  // They are noticed to have gone one after the other.
  unsigned status = 0;
  while (status != 200) {
    HttpClient client(server_->port());
    const auto answer = client.Call("GET /health HTTP/1.1\r\n\r\n");
    if (answer.has_value()) status = answer->result_int();
  }
}

TEST_F(HttpServerTest, ShutdownAnswersWhatIsUnderWay) {
  engine_.engine.ingest_room = 0;
  HttpClient client(Start());
  client.Send(Post(kLine));
  while (!engine_.is_awaited) std::this_thread::yield();
  std::thread stopping([this] { server_->Shutdown(std::chrono::seconds(30)); });
  LetIn(1);
  const auto answer = client.Receive();
  stopping.join();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->result_int(), 202u);
  server_->Shutdown(std::chrono::seconds(30));
}

}  // namespace
}  // namespace streamer
