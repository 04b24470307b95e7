// e2e_stream: what one gateway's stream carries, and what gRPC carries when
// there is nothing behind it.
//
// usage: e2e_stream --target=HOST:PORT --http=PORT [--batched] [--live]
//        e2e_stream --bare [--batched]
//
// Of streamerd: a gateway subscribes to everything and reads nothing while
// `count` events are ingested, which wait in its outbox; then it reads them, as
// fast as they come. With --live it reads meanwhile, so that the time is that
// of the whole way. Plain gateways get each delivery in a message of its own,
// those with --batched keep a session and get DeliveryBatch.
//
// --bare starts, as a process of its own, a server whose stream does nothing
// but write: the same service, the same messages, the callback interface as in
// streamerd. The reader is the same.
//
// Prints one line of JSON.
#include <grpcpp/grpcpp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "e2e/source.h"
#include "syntrix/streamer/v1/streamer.grpc.pb.h"

namespace {

namespace wire = syntrix::streamer::v1;
using streamer::bench::Clock;
using streamer::bench::Source;

// As many as streamerd puts into one message.
constexpr int kBatch = 64;
// A gateway acknowledges when so many more were read.
constexpr std::uint64_t kAckStep = 1024;

struct Options {
  std::string target;
  int http_port = 0;
  bool is_bare = false;
  bool is_batched = false;
  bool is_live = false;
  std::uint64_t count = 200'000;
};

[[noreturn]] void Fail(const std::string& reason) {
  std::cerr << "e2e_stream: " << reason << '\n';
  std::exit(1);
}

// As streamerd delivers an event of Source.
wire::EventDelivery MakeDelivery(bool is_batched) {
  wire::EventDelivery delivery;
  delivery.add_subscription_ids("s0");
  wire::StreamerEvent& event = *delivery.mutable_event();
  event.set_event_id("e100000");
  event.set_tenant("t");
  event.set_collection("c");
  event.set_document_id("d100000");
  event.set_operation(wire::OPERATION_TYPE_INSERT);
  event.set_document_data(
      R"({"key":"k0","title":"a quick brown fox jumps over a lazy dog",)"
      R"("price":12.5,"tags":["a","b","c"],"sent":1000000000000000})");
  event.set_timestamp(1'700'000'000'000);
  if (is_batched) {
    delivery.set_seq(100'000);
    delivery.set_progress("1234567890:100000");
  }
  return delivery;
}

wire::StreamerMessage MakeMessage(bool is_batched) {
  wire::StreamerMessage message;
  if (!is_batched) {
    *message.mutable_delivery() = MakeDelivery(false);
    return message;
  }
  for (int i = 0; i < kBatch; ++i) {
    *message.mutable_delivery_batch()->add_deliveries() = MakeDelivery(true);
  }
  return message;
}

// Writes from the first message it reads until the peer has enough. Owned by
// gRPC until OnDone.
class BareStream final : public grpc::ServerBidiReactor<wire::GatewayMessage,
                                                        wire::StreamerMessage> {
 public:
  explicit BareStream(bool is_batched) : message_(MakeMessage(is_batched)) {
    StartSendInitialMetadata();
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!std::exchange(is_writing_, true)) WriteNext();
    StartRead(&request_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    WriteNext();
  }
  void OnDone() override { delete this; }

 private:
  // Lets gRPC gather messages, as streamerd does while more waits; but not for
  // ever, or gRPC 1.51 comes to keep the last of them.
  void WriteNext() {
    grpc::WriteOptions options;
    if (++written_ % kBatch != 0) options.set_buffer_hint();
    StartWrite(&message_, options);
  }

  const wire::StreamerMessage message_;
  wire::GatewayMessage request_;
  bool is_writing_ = false;
  int written_ = 0;
};

class BareService final : public wire::StreamerService::CallbackService {
 public:
  explicit BareService(bool is_batched) : is_batched_(is_batched) {}
  grpc::ServerBidiReactor<wire::GatewayMessage, wire::StreamerMessage>* Stream(
      grpc::CallbackServerContext*) override {
    return new BareStream(is_batched_);
  }

 private:
  const bool is_batched_;
};

// Never returns: the parent ends the process.
[[noreturn]] void Serve(bool is_batched, int report) {
  BareService service(is_batched);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (write(report, &port, sizeof port) != sizeof port) std::abort();
  server->Wait();
  std::exit(0);
}

// The bare server, for as long as it lives.
class BareServer {
 public:
  // REQUIRES: gRPC was not used before: its threads do not survive the fork.
  explicit BareServer(bool is_batched) {
    int ends[2];
    if (pipe(ends) != 0) Fail("expected a pipe, got none");
    child_ = fork();
    if (child_ == 0) Serve(is_batched, ends[1]);
    if (read(ends[0], &port_, sizeof port_) != sizeof port_) {
      Fail("expected the bare server to listen, got its end");
    }
  }
  ~BareServer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  [[nodiscard]] std::string target() const {
    return absl::StrCat("127.0.0.1:", port_);
  }

 private:
  pid_t child_ = 0;
  int port_ = 0;
};

// A gateway that reads only when it is told to.
class Gateway {
 public:
  explicit Gateway(const std::string& target)
      : stub_(wire::StreamerService::NewStub(
            grpc::CreateChannel(target, grpc::InsecureChannelCredentials()))),
        stream_(stub_->Stream(&context_)) {}
  ~Gateway() { context_.TryCancel(); }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  void OpenSession() {
    wire::GatewayMessage message;
    message.mutable_hello()->set_gateway_id("g");
    Write(message);
  }
  void AwaitWelcome() {
    session_ = Read().welcome().session();
    if (session_ == 0) Fail("expected a Welcome, got another message");
  }
  void Subscribe() {
    wire::GatewayMessage message;
    wire::SubscribeRequest& request = *message.mutable_subscribe();
    request.set_subscription_id("s0");
    request.set_tenant("t");
    request.set_collection("c");
    request.set_expression("true");
    Write(message);
  }
  void AwaitAnswer() {
    if (!Read().subscribe_response().success()) {
      Fail("expected a subscription, got a refusal");
    }
  }

  // Until so many deliveries were read.
  void ReadDeliveries(std::uint64_t count) {
    std::uint64_t acknowledged = 0;
    for (std::uint64_t read = 0; read < count;) {
      const wire::StreamerMessage& message = Read();
      read += message.has_delivery()
                  ? 1
                  : static_cast<std::uint64_t>(
                        message.delivery_batch().deliveries_size());
      if (!message.has_delivery_batch() || read < acknowledged + kAckStep) {
        continue;
      }
      acknowledged = read;
      Acknowledge(read);
    }
  }

 private:
  void Acknowledge(std::uint64_t sequence) {
    wire::GatewayMessage message;
    message.mutable_ack()->set_session(session_);
    message.mutable_ack()->set_seq(sequence);
    Write(message);
  }
  void Write(const wire::GatewayMessage& message) {
    if (!stream_->Write(message)) Fail("expected a stream, got its end");
  }
  const wire::StreamerMessage& Read() {
    if (!stream_->Read(&message_)) {
      Fail("expected a message, got: " + stream_->Finish().error_message());
    }
    return message_;
  }

  grpc::ClientContext context_;
  std::unique_ptr<wire::StreamerService::Stub> stub_;
  std::unique_ptr<
      grpc::ClientReaderWriter<wire::GatewayMessage, wire::StreamerMessage>>
      stream_;
  wire::StreamerMessage message_;
  std::uint64_t session_ = 0;
};

void Print(Clock::time_point start, std::uint64_t count) {
  const std::chrono::duration<double> seconds = Clock::now() - start;
  std::printf("{\"deliveries_per_s\": %.0f}\n",
              static_cast<double>(count) / seconds.count());
  std::fflush(stdout);
}

// What either has sent ahead by the time the reader begins is little beside
// `count`, and the same: as much as gRPC lets wait.
void Settle() { std::this_thread::sleep_for(std::chrono::seconds(1)); }

void MeasureBare(const Options& options) {
  const BareServer server(options.is_batched);
  Gateway gateway(server.target());
  gateway.Subscribe();
  Settle();
  const Clock::time_point start = Clock::now();
  gateway.ReadDeliveries(options.count);
  Print(start, options.count);
}

void MeasureService(const Options& options) {
  Gateway gateway(options.target);
  if (options.is_batched) {
    gateway.OpenSession();
    gateway.AwaitWelcome();
  }
  gateway.Subscribe();
  gateway.AwaitAnswer();
  Source source({.port = options.http_port});
  Clock::time_point start = Clock::now();
  if (options.is_live) {
    std::thread sender([&] { source.Flood(options.count); });
    gateway.ReadDeliveries(options.count);
    sender.join();
  } else {
    source.Flood(options.count);
    Settle();
    start = Clock::now();
    gateway.ReadDeliveries(options.count);
  }
  Print(start, options.count);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What one gateway's stream carries");
  app.add_option("--target", options.target);
  app.add_option("--http", options.http_port);
  app.add_option("--count", options.count);
  app.add_flag("--bare", options.is_bare);
  app.add_flag("--batched", options.is_batched);
  app.add_flag("--live", options.is_live);
  CLI11_PARSE(app, argc, argv);
  options.is_bare ? MeasureBare(options) : MeasureService(options);
  return 0;
}
