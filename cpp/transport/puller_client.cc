#include "transport/puller_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "rpc/callback_pulse.h"
#include "transport/internal/puller_wire.h"
#include "transport/internal/source_stream.h"

namespace streamer {
namespace {

namespace wire = syntrix::puller::v1;

MonotonicTime Now() {
  return MonotonicTime(std::chrono::duration_cast<Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime WallNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point ToSteady(MonotonicTime time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          time.time_since_epoch()));
}

std::uint64_t Draw() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) ^ device();
}

SourceConsumerOptions Complete(SourceConsumerOptions options) {
  if (options.instance.empty()) {
    options.instance = absl::StrCat(absl::Hex(Draw()));
  }
  if (options.backoff_seed == 0) options.backoff_seed = Draw();
  return options;
}

// The consumer decides when to try again, so the channel's own backoff is kept
// at the consumer's shortest. Heartbeats find dead streams, so keepalive pings,
// which a stock server counts as abuse, stay off. A proxy of the environment
// is meant for the world outside.
std::shared_ptr<grpc::Channel> MakeChannel(const PullerClientOptions& options) {
  const auto shortest =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                           options.consumer.backoff.minimum)
                           .count());
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, shortest);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, shortest);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(
      options.target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

class PullerClient::Connection final
    : public SourceStreamOwner,
      public std::enable_shared_from_this<Connection> {
 public:
  Connection(const PullerClientOptions& options, SourceIntake& intake)
      : intake_(intake),
        stub_(wire::PullerService::NewStub(MakeChannel(options))),
        consumer_(Complete(options.consumer), options.start) {}

  void Start();
  // Until no stream is open, no thread runs and the channel is given back, in
  // this thread: gRPC cannot take it back in one of its own.
  void Close();

  void OnMessage(SourceStream& stream,
                 const wire::PullerEvent& message) override;
  void OnEnd(SourceStream& stream, const Status& status,
             const std::string& oldest) override;

  [[nodiscard]] bool IsReady() const {
    const std::lock_guard lock(mutex_);
    return consumer_.IsReady(Now());
  }
  [[nodiscard]] Status LastFailure() const {
    const std::lock_guard lock(mutex_);
    return consumer_.last_failure();
  }
  [[nodiscard]] SourceConsumerStatistics Statistics() const {
    const std::lock_guard lock(mutex_);
    return consumer_.statistics();
  }

 private:
  // What the storing thread has to do.
  using Task = std::variant<source_action::Append, source_action::RecordMarker>;

  void RunTasks();
  void RunTimers();
  Status Run(source_action::Append& task);
  Status Run(source_action::RecordMarker& task);

  // With the mutex held.
  void Perform(SourceActions actions);
  void PerformOne(source_action::OpenStream action);
  void PerformOne(source_action::CancelStream action);
  void PerformOne(source_action::Read action);
  template <typename Action>
  void PerformOne(Action action) {
    tasks_.emplace_back(std::move(action));
    has_tasks_.notify_one();
  }

  SourceIntake& intake_;

  mutable std::mutex mutex_;
  std::condition_variable has_tasks_;
  std::condition_variable timer_moved_;
  std::condition_variable stream_ended_;
  // Guarded by mutex_.
  // Both until Close.
  std::shared_ptr<CallbackPulse> pulse_ = CallbackPulse::Share();
  std::unique_ptr<SourceStream::Stub> stub_;
  SourceConsumer consumer_;
  std::shared_ptr<SourceStream> stream_;
  int open_streams_ = 0;
  std::deque<Task> tasks_;
  MonotonicTime timer_at_ = MonotonicTime::max();
  bool is_closing_ = false;

  // Joined by the first Close, under its own mutex.
  std::mutex close_mutex_;
  std::thread task_thread_;
  std::thread timer_thread_;
};

void PullerClient::Connection::Start() {
  {
    const std::lock_guard lock(mutex_);
    Perform(consumer_.Start(Now()));
  }
  task_thread_ = std::thread([this] { RunTasks(); });
  timer_thread_ = std::thread([this] { RunTimers(); });
}

void PullerClient::Connection::Close() {
  const std::lock_guard close_lock(close_mutex_);
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    tasks_.clear();
    Perform(consumer_.Close());
  }
  has_tasks_.notify_all();
  timer_moved_.notify_all();
  if (task_thread_.joinable()) task_thread_.join();
  if (timer_thread_.joinable()) timer_thread_.join();
  std::shared_ptr<CallbackPulse> pulse;
  std::unique_ptr<SourceStream::Stub> stub;
  std::unique_lock lock(mutex_);
  stream_ended_.wait(lock, [this] { return open_streams_ == 0; });
  pulse.swap(pulse_);
  stub.swap(stub_);
  lock.unlock();
}

void PullerClient::Connection::OnMessage(SourceStream& stream,
                                         const wire::PullerEvent& message) {
  SourceMessage decoded = DecodePullerEvent(message, WallNow());
  const std::lock_guard lock(mutex_);
  if (&stream != stream_.get()) return;
  Perform(consumer_.Received(std::move(decoded), Now()));
}

void PullerClient::Connection::OnEnd(SourceStream& stream, const Status& status,
                                     const std::string& oldest) {
  const std::lock_guard lock(mutex_);
  --open_streams_;
  stream_ended_.notify_all();
  if (&stream != stream_.get()) return;
  stream_.reset();
  const Status broken =
      status.ok() ? Unavailable("the source ended the stream") : status;
  Perform(consumer_.StreamBroken(broken, oldest, Now()));
}

void PullerClient::Connection::RunTasks() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_tasks_.wait(lock, [this] { return is_closing_ || !tasks_.empty(); });
    if (is_closing_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    const Status stored =
        std::visit([this](auto& one) { return Run(one); }, task);
    lock.lock();
    Perform(consumer_.Stored(stored, Now()));
  }
}

Status PullerClient::Connection::Run(source_action::Append& task) {
  return intake_.Append(std::move(task.events)).status();
}

Status PullerClient::Connection::Run(source_action::RecordMarker& task) {
  return intake_.RecordMarker(task.backend, task.marker);
}

void PullerClient::Connection::RunTimers() {
  std::unique_lock lock(mutex_);
  while (!is_closing_) {
    const MonotonicTime now = Now();
    timer_at_ = consumer_.NextDeadline().value_or(MonotonicTime::max());
    if (now >= timer_at_) {
      Perform(consumer_.Tick(now));
    } else if (timer_at_ == MonotonicTime::max()) {
      timer_moved_.wait(lock);
    } else {
      timer_moved_.wait_until(lock, ToSteady(timer_at_));
    }
  }
}

// A timer that rings too early does no harm, so it is moved only forward.
void PullerClient::Connection::Perform(SourceActions actions) {
  for (SourceAction& action : actions) {
    std::visit([this](auto& one) { PerformOne(std::move(one)); }, action);
  }
  const auto deadline = consumer_.NextDeadline();
  if (deadline.has_value() && *deadline < timer_at_) timer_moved_.notify_one();
}

void PullerClient::Connection::PerformOne(source_action::OpenStream action) {
  wire::SubscribeRequest request;
  request.set_consumer_id(std::move(action.consumer_id));
  request.set_after(std::move(action.after));
  request.set_coalesce_on_catch_up(action.coalesces);
  stream_ =
      std::make_shared<SourceStream>(shared_from_this(), std::move(request));
  ++open_streams_;
  stream_->Start(*stub_);
}

void PullerClient::Connection::PerformOne(source_action::CancelStream) {
  std::exchange(stream_, nullptr)->Cancel();
}

void PullerClient::Connection::PerformOne(source_action::Read) {
  stream_->Read();
}

PullerClient::PullerClient(const PullerClientOptions& options,
                           SourceIntake& intake)
    : connection_(std::make_shared<Connection>(options, intake)) {
  connection_->Start();
}

PullerClient::~PullerClient() { connection_->Close(); }

void PullerClient::Close() { connection_->Close(); }

bool PullerClient::IsReady() const { return connection_->IsReady(); }

Status PullerClient::LastFailure() const { return connection_->LastFailure(); }

SourceConsumerStatistics PullerClient::Statistics() const {
  return connection_->Statistics();
}

}  // namespace streamer
