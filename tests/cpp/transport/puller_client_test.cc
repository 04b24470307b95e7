#include "transport/puller_client.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "puller/puller_server.h"
#include "store/memory_event_log.h"
#include "store/rocksdb_event_log.h"
#include "store/temporary_folder.h"
#include "syntrix/puller/v1/puller.grpc.pb.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr Instant kNow{MonotonicTime(seconds(3'600)),
                       WallTime(milliseconds(1'700'000'000'000))};

// Appends to a log, and lets a test wait for what it is told.
class LogIntake final : public SourceIntake {
 public:
  explicit LogIntake(EventLog& log) : log_(log) {}

  Result<Position> Append(std::vector<SourceEvent> events) override {
    std::unique_lock lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_blocked_; });
    if (is_refusing_) return Unavailable("disk full");
    Result<Position> position = log_.Append(std::move(events), kNow);
    changed_.notify_all();
    return position;
  }

  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override {
    const std::lock_guard lock(mutex_);
    const Status status = log_.RecordMarker(backend, marker);
    changed_.notify_all();
    return status;
  }

  void SetRefusing(bool is_refusing) {
    const std::lock_guard lock(mutex_);
    is_refusing_ = is_refusing;
  }
  void SetBlocked(bool is_blocked) {
    const std::lock_guard lock(mutex_);
    is_blocked_ = is_blocked;
    changed_.notify_all();
  }

  [[nodiscard]] bool Await(const std::function<bool()>& is_true) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(60), is_true);
  }
  [[nodiscard]] bool AwaitOffset(std::uint64_t offset) {
    return Await([&] { return log_.head().offset >= offset; });
  }
  [[nodiscard]] bool AwaitMarker(const std::string& marker) {
    return Await([&] { return log_.markers().last == marker; });
  }
  // Of Append, those that failed, too.
  [[nodiscard]] bool AwaitAttempts(int attempts) {
    return Await([&] { return attempts_ >= attempts; });
  }

 private:
  EventLog& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_refusing_ = false;
  bool is_blocked_ = false;
  int attempts_ = 0;
};

// Event `n`, in the stored form, as a decoder would have read it.
SourceEvent Stored(int n) {
  SourceEvent event;
  event.backend = "b";
  event.event_id = "e" + std::to_string(n);
  event.tenant = "t";
  event.collection = "c/x";
  event.document_id = "d" + std::to_string(n % 10);
  event.stored_key = "t:hash" + std::to_string(n % 10);
  event.operation = SourceOperation::kUpdate;
  event.form = BodyForm::kStored;
  event.document = R"({"id":")" + event.stored_key +
                   R"(","database":"t","collection":"c/x","version":)" +
                   std::to_string(n + 2) + R"(,"data":{"id":")" +
                   event.document_id + R"(","n":)" + std::to_string(n) + "}}";
  event.version = n + 2;
  event.cluster_time = ClusterTime{1'000, static_cast<std::uint32_t>(n)};
  event.timestamp = FromUnixMillis(1'700'000'000'000 + n);
  return event;
}

std::vector<SourceEvent> Range(int from, int to) {
  std::vector<SourceEvent> events;
  for (int n = from; n <= to; ++n) events.push_back(Stored(n));
  return events;
}

std::string DescribeLoss(const SourceEvent& event) {
  const SourceLoss& loss = *event.loss;
  return loss.kind == SourceLoss::Kind::kGap
             ? "gap " + loss.from + " to " + loss.to + ": " + loss.reason
             : "malformed " + event.event_id + ": " + loss.reason;
}

std::string Describe(const SourceEvent& event) {
  if (event.loss != nullptr) return DescribeLoss(event);
  return event.backend + " " + event.event_id + " " + event.tenant + " " +
         event.collection + " " + event.document_id + " " + event.stored_key +
         " " + std::string(NameOf(event.operation)) + " " + event.document +
         " " + event.before + " " + std::to_string(event.version.value_or(0)) +
         " " +
         std::to_string(event.cluster_time.value_or(ClusterTime{}).seconds) +
         "." +
         std::to_string(event.cluster_time.value_or(ClusterTime{}).increment) +
         " " + std::to_string(ToUnixMillis(event.timestamp));
}

std::vector<std::string> Content(const EventLog& log) {
  std::vector<LogEntry> entries;
  EXPECT_EQ(
      log.Read(log.history().At(log.first().offset - 1), 1'000'000, entries),
      OkStatus());
  std::vector<std::string> content;
  for (const LogEntry& entry : entries) {
    content.push_back(Describe(*entry.event));
  }
  return content;
}

std::vector<std::string> Losses(const EventLog& log) {
  std::vector<std::string> losses = Content(log);
  std::erase_if(losses, [](const std::string& one) {
    return !one.starts_with("gap ") && !one.starts_with("malformed ");
  });
  return losses;
}

// A puller over a log of the kind under test, which can be stopped and started
// on its port.
class Source {
 public:
  explicit Source(EventLog& log) : log_(log) {}

  void Start(PullerSessionOptions session = {}) {
    auto server =
        PullerServer::Start({.port = port_, .session = session}, log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
  }
  void Stop() { server_.reset(); }
  void Append(std::vector<SourceEvent> events) {
    const auto position = log_.Append(std::move(events), kNow);
    ASSERT_TRUE(position.ok()) << position.status();
    if (server_ != nullptr) server_->Notify();
  }
  [[nodiscard]] std::string target() const {
    return "127.0.0.1:" + std::to_string(port_);
  }
  PullerServer& server() { return *server_; }

 private:
  EventLog& log_;
  int port_ = 0;
  std::unique_ptr<PullerServer> server_;
};

PullerClientOptions Following(const Source& source, const EventLog& log) {
  PullerClientOptions options;
  options.target = source.target();
  options.consumer.backoff = {.minimum = milliseconds(5),
                              .maximum = milliseconds(50)};
  options.consumer.store_retry = milliseconds(1);
  options.start = {.marker = log.markers().last,
                   .is_new = log.head().offset == 0};
  return options;
}

// The marker before all that `log` holds: to follow it from its beginning.
std::string Beginning(const EventLog& log) {
  return FormatProgress(log.history().At(log.first().offset - 1));
}

// Follows `source` from its beginning.
PullerClientOptions FollowingAll(const Source& source, const EventLog& from,
                                 const EventLog& to) {
  PullerClientOptions options = Following(source, to);
  options.start.marker = Beginning(from);
  return options;
}

struct TwoLogs {
  std::unique_ptr<TemporaryFolder> folder;
  std::unique_ptr<EventLog> from;
  std::unique_ptr<EventLog> to;
};

std::unique_ptr<EventLog> OpenDurable(const std::string& path) {
  auto log = RocksDbEventLog::Open(
      {.path = path, .identity = "0123456789abcdef"}, kNow);
  EXPECT_TRUE(log.ok()) << log.status();
  return *std::move(log);
}

TwoLogs MakeMemory() {
  TwoLogs logs;
  logs.from =
      std::make_unique<MemoryEventLog>(MemoryEventLogOptions{.epoch = 3});
  logs.to = std::make_unique<MemoryEventLog>(MemoryEventLogOptions{.epoch = 4});
  return logs;
}

TwoLogs MakeDurable() {
  TwoLogs logs;
  logs.folder = std::make_unique<TemporaryFolder>();
  logs.from = OpenDurable(*logs.folder / "from");
  logs.to = OpenDurable(*logs.folder / "to");
  return logs;
}

class PullerClientLogs : public ::testing::TestWithParam<TwoLogs (*)()> {
 protected:
  TwoLogs logs_ = GetParam()();
  EventLog& from_ = *logs_.from;
  EventLog& to_ = *logs_.to;
};

TEST_P(PullerClientLogs, EveryEventArrivesOnceInOrderAndEqual) {
  Source source(from_);
  source.Start();
  source.Append(Range(1, 1'000));
  LogIntake intake(to_);
  PullerClient client(FollowingAll(source, from_, to_), intake);
  for (int n = 1'001; n <= 1'500; ++n) source.Append(Range(n, n));
  ASSERT_TRUE(intake.AwaitOffset(1'500));
  EXPECT_EQ(Content(to_), Content(from_));
  EXPECT_EQ(to_.markers().last, FormatProgress(from_.head()));
  EXPECT_EQ(to_.markers().by_backend["b"], FormatProgress(from_.head()));
  EXPECT_TRUE(Losses(to_).empty());
  EXPECT_TRUE(client.IsReady());
}

TEST_P(PullerClientLogs, GoesOnWhereItWasAfterTheSourceWasStopped) {
  Source source(from_);
  source.Start();
  source.Append(Range(1, 100));
  LogIntake intake(to_);
  PullerClient client(FollowingAll(source, from_, to_), intake);
  for (int round = 1; round <= 5; ++round) {
    ASSERT_TRUE(intake.AwaitOffset(100 * round));
    source.Stop();
    source.Append(Range(100 * round + 1, 100 * round + 50));
    source.Start();
    source.Append(Range(100 * round + 51, 100 * round + 100));
  }
  ASSERT_TRUE(intake.AwaitOffset(600));
  EXPECT_EQ(Content(to_), Content(from_));
  EXPECT_TRUE(Losses(to_).empty());
  EXPECT_GE(client.Statistics().streams_opened, 6u);
  EXPECT_FALSE(client.LastFailure().ok());
}

TEST_P(PullerClientLogs, GoesOnFromTheMarkerOfItsOwnLog) {
  Source source(from_);
  source.Start();
  LogIntake intake(to_);
  source.Append(Range(1, 10));
  {
    PullerClient client(FollowingAll(source, from_, to_), intake);
    ASSERT_TRUE(intake.AwaitOffset(10));
  }
  source.Append(Range(11, 20));
  PullerClient client(Following(source, to_), intake);
  ASSERT_TRUE(intake.AwaitOffset(20));
  EXPECT_EQ(Content(to_), Content(from_));
}

INSTANTIATE_TEST_SUITE_P(Memory, PullerClientLogs,
                         ::testing::Values(MakeMemory));
INSTANTIATE_TEST_SUITE_P(Durable, PullerClientLogs,
                         ::testing::Values(MakeDurable));

class PullerClientTest : public ::testing::Test {
 protected:
  MemoryEventLog from_{{.epoch = 3, .retained_events = 5}};
  MemoryEventLog to_{{.epoch = 4}};
  Source source_{from_};
};

TEST_F(PullerClientTest, AConsumerThatStoresNothingHoldsNobody) {
  source_.Start();
  MemoryEventLog stuck_log({.epoch = 5});
  LogIntake stuck_intake(stuck_log);
  stuck_intake.SetBlocked(true);
  PullerClientOptions options = FollowingAll(source_, from_, stuck_log);
  options.consumer.max_waiting_events = 10;
  PullerClient stuck(options, stuck_intake);
  LogIntake intake(to_);
  PullerClient client(FollowingAll(source_, from_, to_), intake);
  source_.Append(Range(1, 1));
  ASSERT_TRUE(stuck_intake.AwaitAttempts(1));
  source_.Append(Range(2, 2'000));
  ASSERT_TRUE(intake.AwaitOffset(2'000));
  EXPECT_EQ(stuck_log.head().offset, 0u);
  EXPECT_LE(stuck.Statistics().events, 10u);
  stuck_intake.SetBlocked(false);
  ASSERT_TRUE(stuck_intake.AwaitOffset(2'000));
  EXPECT_EQ(Content(stuck_log), Content(from_));
}

TEST_F(PullerClientTest, WhatCannotBeStoredNowIsStoredLater) {
  source_.Start();
  LogIntake intake(to_);
  intake.SetRefusing(true);
  PullerClient client(FollowingAll(source_, from_, to_), intake);
  source_.Append(Range(1, 300));
  ASSERT_TRUE(intake.AwaitAttempts(5));
  EXPECT_EQ(to_.head().offset, 0u);
  intake.SetRefusing(false);
  ASSERT_TRUE(intake.AwaitOffset(300));
  EXPECT_EQ(Content(to_), Content(from_));
  EXPECT_GE(client.Statistics().store_failures, 4u);
}

TEST_F(PullerClientTest, WhatWasTrimmedIsAGapAndTheRestFollows) {
  source_.Start();
  LogIntake intake(to_);
  source_.Append(Range(1, 10));
  {
    PullerClient client(FollowingAll(source_, from_, to_), intake);
    ASSERT_TRUE(intake.AwaitOffset(10));
  }
  source_.Append(Range(11, 30));
  from_.Release(from_.head());
  PullerClient client(Following(source_, to_), intake);
  ASSERT_TRUE(intake.AwaitOffset(16));
  source_.Append(Range(31, 31));
  ASSERT_TRUE(intake.AwaitOffset(17));
  EXPECT_THAT(Losses(to_),
              ElementsAre("gap p1-3-10 to p1-3-25: log: expected a position "
                          "from p1-3-25 to p1-3-30, got p1-3-10"));
  const std::vector<std::string> content = Content(to_);
  EXPECT_THAT(content[9], StartsWith("b e10 "));
  EXPECT_THAT(content[10], StartsWith("gap "));
  EXPECT_THAT(content[11], StartsWith("b e26 "));
  EXPECT_THAT(content[16], StartsWith("b e31 "));
}

TEST_F(PullerClientTest, AMarkerOfAnotherServerIsAGap) {
  source_.Append(Range(1, 3));
  source_.Start();
  LogIntake intake(to_);
  PullerClientOptions options = Following(source_, to_);
  options.start.marker = "token";
  PullerClient client(options, intake);
  ASSERT_TRUE(intake.AwaitOffset(4));
  EXPECT_THAT(Losses(to_),
              ElementsAre("gap token to p1-3-0: after: expected a progress "
                          "marker of this server, got \"token\""));
}

TEST_F(PullerClientTest, HeartbeatsMoveTheMarkerOfAnIdleSource) {
  source_.Append(Range(1, 3));
  source_.Start({.heartbeat_interval = milliseconds(5)});
  LogIntake intake(to_);
  {
    // From the head on: none of the events, but their place.
    PullerClient client(Following(source_, to_), intake);
    ASSERT_TRUE(intake.AwaitMarker("p1-3-3"));
    EXPECT_EQ(to_.head().offset, 0u);
  }
  source_.Append(Range(4, 5));
  PullerClient client(Following(source_, to_), intake);
  ASSERT_TRUE(intake.AwaitOffset(2));
  EXPECT_THAT(Content(to_)[0], StartsWith("b e4 "));
  EXPECT_TRUE(Losses(to_).empty());
}

TEST_F(PullerClientTest, AMalformedEventIsALossInItsPlace) {
  source_.Start();
  LogIntake intake(to_);
  PullerClient client(FollowingAll(source_, from_, to_), intake);
  SourceEvent bodiless = Stored(2);
  bodiless.document.clear();
  source_.Append({Stored(1), bodiless, Stored(3)});
  ASSERT_TRUE(intake.AwaitOffset(3));
  EXPECT_THAT(Content(to_)[1], StartsWith("malformed "));
  EXPECT_THAT(Losses(to_),
              ElementsAre("malformed e2: full_doc: expected the stored "
                          "document for op_type \"update\", got none"));
  EXPECT_EQ(client.Statistics().malformed, 1u);
}

// Ten documents are updated over and over while nobody follows.
TEST_F(PullerClientTest, CoalescingLeadsToTheSameDocuments) {
  source_.Append(Range(1, 2'000));
  source_.Start();
  LogIntake intake(to_);
  PullerClientOptions options = FollowingAll(source_, from_, to_);
  options.consumer.coalesces = true;
  PullerClient client(options, intake);
  ASSERT_TRUE(intake.AwaitMarker("p1-3-2000"));
  const auto states = [](const EventLog& log) {
    std::vector<LogEntry> entries;
    EXPECT_EQ(log.Read({log.head().epoch, 0}, 10'000, entries), OkStatus());
    std::map<std::string, std::string> documents;
    for (const LogEntry& entry : entries) {
      documents[entry.event->document_id] = entry.event->document;
    }
    return documents;
  };
  EXPECT_EQ(states(to_), states(from_));
  EXPECT_LT(to_.head().offset, 400u);
  EXPECT_EQ(to_.head().offset + source_.server().Statistics().events_coalesced,
            2'000u);
}

TEST_F(PullerClientTest, ASourceThatIsNotThereIsTriedAgain) {
  source_.Start();
  source_.Stop();
  LogIntake intake(to_);
  PullerClientOptions options = FollowingAll(source_, from_, to_);
  options.consumer.unready_after = Duration::zero();
  PullerClient client(options, intake);
  EXPECT_FALSE(client.IsReady());
  source_.Append(Range(1, 1));
  source_.Start();
  ASSERT_TRUE(intake.AwaitOffset(1));
  EXPECT_TRUE(client.IsReady());
}

// A server of somebody else's: it knows no "oldest-progress", may fall silent,
// and tells gaps. Each stream runs its part of the script.
class ForeignServer final : public wire::PullerService::Service {
 public:
  using Part = std::function<grpc::Status(
      grpc::ServerContext&, grpc::ServerWriter<wire::PullerEvent>&)>;

  explicit ForeignServer(std::vector<Part> script)
      : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ForeignServer() override {
    server_->Shutdown(std::chrono::system_clock::now());
  }

  grpc::Status Subscribe(
      grpc::ServerContext* context, const wire::SubscribeRequest* request,
      grpc::ServerWriter<wire::PullerEvent>* writer) override {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = requests_.size();
      requests_.push_back(request->consumer_id() + " after " +
                          request->after());
    }
    return script_[std::min(number, script_.size() - 1)](*context, *writer);
  }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::string target() const {
    return "127.0.0.1:" + std::to_string(port_);
  }

 private:
  const std::vector<Part> script_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::unique_ptr<grpc::Server> server_;
};

wire::PullerEvent Heartbeat(const std::string& marker) {
  wire::PullerEvent message;
  message.set_progress(marker);
  return message;
}

// Says nothing until the client goes away.
grpc::Status FallSilent(grpc::ServerContext& context) {
  while (!context.IsCancelled()) std::this_thread::yield();
  return grpc::Status::CANCELLED;
}

TEST_F(PullerClientTest, FollowsAServerOfAnotherMake) {
  ForeignServer server({
      [](auto&, auto& writer) {
        writer.Write(Heartbeat("token-1"));
        return grpc::Status(grpc::StatusCode::ABORTED, "rebalanced");
      },
      [](auto& context, auto& writer) {
        wire::PullerEvent told = Heartbeat("token-7");
        told.mutable_gap()->set_from("token-2");
        told.mutable_gap()->set_to("token-6");
        told.mutable_gap()->set_reason("the oplog rolled over");
        writer.Write(told);
        return FallSilent(context);
      },
      [](auto&, auto&) {
        return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "rolled over");
      },
      [](auto& context, auto& writer) {
        writer.Write(Heartbeat("token-9"));
        return FallSilent(context);
      },
  });
  LogIntake intake(to_);
  PullerClientOptions options = Following(source_, to_);
  options.target = server.target();
  options.consumer.instance = "i";
  options.consumer.silence_limit = milliseconds(50);
  PullerClient client(options, intake);
  ASSERT_TRUE(intake.AwaitMarker("token-9"));
  client.Close();
  const std::vector<std::string> requests = server.requests();
  ASSERT_GE(requests.size(), 4u);
  EXPECT_EQ(requests[0], "streamer-i-1 after ");
  EXPECT_EQ(requests[1], "streamer-i-2 after token-1");
  EXPECT_EQ(requests[2], "streamer-i-3 after token-7");
  EXPECT_EQ(requests[3], "streamer-i-4 after ");
  EXPECT_THAT(Losses(to_),
              ElementsAre("gap token-2 to token-6: the oplog rolled over",
                          "gap token-7 to token-9: rolled over"));
}

// Refused, it would come again and again, and nothing after it.
TEST_F(PullerClientTest, ALargeMessageStopsNothing) {
  ForeignServer server({[](auto& context, auto& writer) {
    wire::PullerEvent large = Heartbeat("token-1");
    wire::ChangeEvent& change = *large.mutable_change_event();
    change.set_event_id("e1");
    change.set_tenant("t");
    change.set_mgo_doc_id("t:d");
    change.set_op_type("insert");
    change.set_full_doc(
        R"({"id":"t:d","database":"t","collection":"c","data":{"text":")" +
        std::string(65u << 20, 'x') + R"("}})");
    writer.Write(large);
    writer.Write(Heartbeat("token-2"));
    return FallSilent(context);
  }});
  LogIntake intake(to_);
  PullerClientOptions options = Following(source_, to_);
  options.target = server.target();
  PullerClient client(options, intake);
  EXPECT_TRUE(intake.AwaitMarker("token-2"));
  EXPECT_THAT(Losses(to_), ElementsAre());
  EXPECT_EQ(to_.head().offset, 1u);
}

TEST_F(PullerClientTest, IsNotHeardOfOnceItIsClosed) {
  source_.Start();
  LogIntake intake(to_);
  PullerClient client(FollowingAll(source_, from_, to_), intake);
  source_.Append(Range(1, 1));
  ASSERT_TRUE(intake.AwaitOffset(1));
  client.Close();
  source_.Append(Range(2, 2));
  client.Close();
  EXPECT_EQ(to_.head().offset, 1u);
  EXPECT_FALSE(client.IsReady());
}

}  // namespace
}  // namespace streamer
