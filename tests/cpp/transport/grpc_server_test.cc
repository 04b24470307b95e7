#include "transport/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/threaded_engine.h"
#include "store/memory_event_log.h"
#include "syntrix/streamer/v1/streamer.grpc.pb.h"
#include "transport/internal/gateway_stream.h"

namespace streamer {
namespace {

namespace pb = ::syntrix::streamer::v1;

constexpr std::chrono::seconds kPatience(60);

// A plain gateway over a connection of its own.
class Gateway {
 public:
  explicit Gateway(int port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                         grpc::InsecureChannelCredentials(),
                                         arguments);
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    stream_ = pb::StreamerService::NewStub(channel_)->Stream(&context_);
  }

  bool Subscribe(const std::string& id) {
    pb::GatewayMessage message;
    message.mutable_subscribe()->set_subscription_id(id);
    message.mutable_subscribe()->set_tenant("t");
    message.mutable_subscribe()->set_collection("c");
    pb::StreamerMessage answer;
    return stream_->Write(message) && stream_->Read(&answer) &&
           answer.subscribe_response().success();
  }
  std::string ReadEventId() {
    pb::StreamerMessage message;
    if (!stream_->Read(&message)) return "the stream ended";
    return message.delivery().event().event_id();
  }
  // Reads to the end. How often must something have been read?
  grpc::Status Finish() {
    pb::StreamerMessage message;
    while (stream_->Read(&message)) {
    }
    return stream_->Finish();
  }
  void HalfClose() { stream_->WritesDone(); }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<pb::GatewayMessage, pb::StreamerMessage>>
      stream_;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  GrpcServerTest() { options_.port = 0; }
  ~GrpcServerTest() override { server_.reset(); }

  int Start() {
    auto server = GrpcServer::Start(options_, engine_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
    return server_->port();
  }
  void Ingest(const std::string& event_id, std::size_t bytes = 0) {
    SourceEvent event;
    event.event_id = event_id;
    event.tenant = "t";
    event.collection = "c";
    event.document_id = event_id;
    event.document = R"({"text":")" + std::string(bytes, 'x') + R"("})";
    std::vector<SourceEvent> events;
    events.push_back(std::move(event));
    ASSERT_TRUE(engine_.Ingest(std::move(events)).ok());
  }
  void AwaitOpenStreams(std::uint64_t count) {
    while (server_->Statistics().streams_open != count) {
      std::this_thread::yield();
    }
  }

  ThreadedEngine engine_{{}, std::make_shared<MemoryEventLog>()};
  GrpcServerOptions options_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcServerTest, APortInUseIsUnavailableAndSaysSo) {
  const int port = Start();
  GrpcServerOptions second = options_;
  second.port = port;
  EXPECT_EQ(
      GrpcServer::Start(second, engine_).status(),
      Unavailable("grpc: expected to listen on 127.0.0.1:" +
                  std::to_string(port) + ", got \"Address already in use\""));
}

TEST_F(GrpcServerTest, AnAddressThatIsNotOursIsUnavailableAndSaysSo) {
  options_.listen = "192.0.2.1";
  EXPECT_EQ(GrpcServer::Start(options_, engine_).status(),
            Unavailable("grpc: expected to listen on 192.0.2.1:0, got "
                        "\"Cannot assign requested address\""));
}

TEST_F(GrpcServerTest, StatisticsCountStreamsAndDeliveries) {
  Gateway first(Start());
  Gateway second(server_->port());
  ASSERT_TRUE(first.Subscribe("s1"));
  ASSERT_TRUE(second.Subscribe("s2"));
  Ingest("e1");
  EXPECT_EQ(first.ReadEventId(), "e1");
  EXPECT_EQ(second.ReadEventId(), "e1");
  first.HalfClose();
  EXPECT_TRUE(first.Finish().ok());
  AwaitOpenStreams(1);
  EXPECT_EQ(server_->Statistics().streams_opened, 2u);
  EXPECT_EQ(server_->Statistics().deliveries, 2u);
}

TEST_F(GrpcServerTest, AStreamOverTheLimitIsRefusedAndTheOthersGoOn) {
  options_.max_streams = 1;
  Gateway first(Start());
  ASSERT_TRUE(first.Subscribe("s1"));
  const grpc::Status refused = Gateway(server_->port()).Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(),
            "expected at most 1 streams, got one more");
  Ingest("e1");
  EXPECT_EQ(first.ReadEventId(), "e1");
  first.HalfClose();
  EXPECT_TRUE(first.Finish().ok());
  AwaitOpenStreams(0);
  Gateway next(server_->port());
  EXPECT_TRUE(next.Subscribe("s1"));
}

TEST_F(GrpcServerTest, ShutdownWritesWhatIsQueuedAndSaysThatItDid) {
  Gateway gateway(Start());
  ASSERT_TRUE(gateway.Subscribe("s1"));
  Ingest("e1");
  EXPECT_EQ(gateway.ReadEventId(), "e1");
  bool is_complete = false;
  std::thread stopping([&] {
    is_complete = server_->Shutdown(kPatience, Unavailable("going down"));
  });
  const grpc::Status status = gateway.Finish();
  stopping.join();
  EXPECT_TRUE(is_complete);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "going down");
}

TEST_F(GrpcServerTest, ShutdownCutsOffWhoTakesNothingAndSaysSo) {
  Gateway gateway(Start());
  ASSERT_TRUE(gateway.Subscribe("s1"));
  for (std::size_t i = 0; i < GatewayStreamOptions().window + 400; ++i) {
    Ingest("e" + std::to_string(i), 20'000);
  }
  // The stream's window is full, of far more than fits on the way, once its
  // outbox fills.
  while (engine_.Statistics().outbox_depth == 0) std::this_thread::yield();
  EXPECT_FALSE(server_->Shutdown(Duration::zero(), Unavailable("going down")));
  const grpc::Status status = gateway.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "going down");
  EXPECT_TRUE(server_->Shutdown(Duration::zero(), Unavailable("again")));
}

TEST_F(GrpcServerTest, StreamsComeAndGoInAnyOrderUnderLoad) {
  const int port = Start();
  std::vector<std::thread> gateways;
  gateways.reserve(4);
  for (int i = 0; i < 4; ++i) {
    gateways.emplace_back([port] {
      for (int round = 0; round < 25; ++round) {
        Gateway gateway(port);
        EXPECT_TRUE(gateway.Subscribe("s"));
        if (round % 2 == 0) {
          gateway.HalfClose();
          EXPECT_TRUE(gateway.Finish().ok());
        }  // else it breaks off
      }
    });
  }
  for (int i = 0; i < 2'000; ++i) Ingest("e" + std::to_string(i));
  for (std::thread& gateway : gateways) gateway.join();
  AwaitOpenStreams(0);
  EXPECT_EQ(server_->Statistics().streams_opened, 100u);
}

}  // namespace
}  // namespace streamer
