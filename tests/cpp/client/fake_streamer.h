// FakeStreamer: a StreamerService on a loopback port that does what a test
// says, message by message, and remembers what it was told.
#ifndef STREAMER_TESTS_CLIENT_FAKE_STREAMER_H_
#define STREAMER_TESTS_CLIENT_FAKE_STREAMER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "syntrix/streamer/v1/streamer.grpc.pb.h"

namespace streamer {

class FakeStreamer final
    : public syntrix::streamer::v1::StreamerService::Service {
 public:
  using GatewayMessage = syntrix::streamer::v1::GatewayMessage;
  using StreamerMessage = syntrix::streamer::v1::StreamerMessage;
  using ServerStream =
      grpc::ServerReaderWriter<StreamerMessage, GatewayMessage>;
  // Answers one message on one stream; streams count from 0. Returning
  // anything but OK ends the stream.
  using Script = std::function<grpc::Status(
      int stream_number, const GatewayMessage&, ServerStream&)>;

  explicit FakeStreamer(Script script) : script_(std::move(script)) {
    Listen("127.0.0.1:0");
  }
  ~FakeStreamer() override { Stop(); }

  // Cuts every stream; the port is free for StartAgain.
  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  void StartAgain() { Listen(target()); }

  [[nodiscard]] std::string target() const {
    return "127.0.0.1:" + std::to_string(port_);
  }

  // Waits until `n` messages came in all; false if they did not in time.
  bool AwaitMessages(std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return received_.size() >= n; });
  }

  // Waits until `n` streams were ended by the client; false if not in time.
  bool AwaitEnds(int n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return ended_ >= n; });
  }

  // The credential of each stream; empty for none.
  std::vector<std::string> credentials() {
    const std::lock_guard lock(mutex_);
    return credentials_;
  }

  // What came, as "stream/payload id".
  std::vector<std::string> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void Listen(const std::string& address) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  grpc::Status Stream(grpc::ServerContext* context,
                      ServerStream* stream) override {
    const int number = NextStream(*context);
    GatewayMessage message;
    while (stream->Read(&message)) {
      Remember(number, message);
      const grpc::Status status = script_(number, message, *stream);
      if (!status.ok()) return status;
    }
    const std::lock_guard lock(mutex_);
    ++ended_;
    changed_.notify_all();
    return grpc::Status::OK;
  }

  int NextStream(const grpc::ServerContext& context) {
    const auto found = context.client_metadata().find("authorization");
    const std::lock_guard lock(mutex_);
    credentials_.emplace_back(
        found == context.client_metadata().end()
            ? std::string()
            : std::string(found->second.data(), found->second.size()));
    return streams_++;
  }

  void Remember(int number, const GatewayMessage& message) {
    std::string text = std::to_string(number);
    switch (message.payload_case()) {
      case GatewayMessage::kSubscribe:
        text += "/subscribe " + message.subscribe().subscription_id();
        break;
      case GatewayMessage::kUnsubscribe:
        text += "/unsubscribe " + message.unsubscribe().subscription_id();
        break;
      case GatewayMessage::kHello:
        text += "/hello " + message.hello().gateway_id() + " " +
                std::to_string(message.hello().session()) + "/" +
                std::to_string(message.hello().last_seq());
        break;
      case GatewayMessage::kAck:
        text += "/ack " + std::to_string(message.ack().session()) + "/" +
                std::to_string(message.ack().seq());
        break;
      default:
        text += "/heartbeat " + message.heartbeat().gateway_id();
    }
    const std::lock_guard lock(mutex_);
    received_.push_back(std::move(text));
    changed_.notify_all();
  }

  const Script script_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int streams_ = 0;
  std::vector<std::string> received_;
  std::vector<std::string> credentials_;
  int ended_ = 0;
};

// Acknowledges heartbeats and accepts subscriptions.
inline grpc::Status AcceptAll(int, const FakeStreamer::GatewayMessage& message,
                              FakeStreamer::ServerStream& stream) {
  FakeStreamer::StreamerMessage answer;
  if (message.has_heartbeat()) {
    answer.mutable_heartbeat_ack()->set_timestamp(
        message.heartbeat().timestamp());
    stream.Write(answer);
  } else if (message.has_subscribe()) {
    auto& response = *answer.mutable_subscribe_response();
    response.set_subscription_id(message.subscribe().subscription_id());
    response.set_success(true);
    stream.Write(answer);
  }
  return grpc::Status::OK;
}

}  // namespace streamer

#endif  // STREAMER_TESTS_CLIENT_FAKE_STREAMER_H_
