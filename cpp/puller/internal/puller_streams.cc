#include "puller/internal/puller_streams.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "puller/internal/wire.h"

namespace streamer::internal {
namespace {

MonotonicTime Now() {
  return MonotonicTime(std::chrono::duration_cast<Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

std::chrono::steady_clock::time_point ToSteady(MonotonicTime time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          time.time_since_epoch()));
}

// Codes of gRPC and of absl are the same numbers.
grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(MessageOf(status))};
}

}  // namespace

void PullerStream::Begin(PullerSession session) {
  std::optional<MonotonicTime> idle_until;
  {
    const std::lock_guard lock(mutex_);
    session_.emplace(std::move(session));
    idle_until = LockedSend();
  }
  if (idle_until.has_value()) streams_.WakeBy(*idle_until);
}

void PullerStream::Close(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (!ending_.has_value()) ending_ = status;
  if (!is_writing_) LockedEnd(*ending_);
}

std::optional<MonotonicTime> PullerStream::Wake() {
  const std::lock_guard lock(mutex_);
  if (!session_.has_value()) return std::nullopt;
  return LockedSend();
}

std::optional<MonotonicTime> PullerStream::LockedSend() {
  if (is_writing_ || has_ended_) return std::nullopt;
  Result<std::optional<PullerMessage>> next = session_->Next(Now());
  if (!next.ok()) {
    LockedEnd(next.status());
    return std::nullopt;
  }
  PullerCounters& counters = streams_.counters();
  const std::uint64_t coalesced = session_->coalesced();
  counters.coalesced += coalesced - std::exchange(coalesced_, coalesced);
  if (!next->has_value()) return session_->next_heartbeat();
  EncodeMessage(**next, outgoing_);
  const bool is_heartbeat = (*next)->event == nullptr;
  (is_heartbeat ? counters.heartbeats : counters.events)
      .fetch_add(1, std::memory_order_relaxed);
  is_writing_ = true;
  grpc::WriteOptions options;
  if (session_->has_more()) options.set_buffer_hint();
  StartWrite(&outgoing_, options);
  return std::nullopt;
}

void PullerStream::LockedEnd(const Status& status) {
  if (has_ended_) return;
  has_ended_ = true;
  const bool is_marker_refused =
      absl::IsOutOfRange(status) || absl::IsInvalidArgument(status);
  if (is_marker_refused) {
    context_.AddTrailingMetadata("oldest-progress",
                                 FormatProgress(OldestPosition(log_)));
  }
  // How long a consumer should wait before it comes back, in milliseconds.
  if (absl::IsUnavailable(status)) {
    context_.AddTrailingMetadata("grpc-retry-pushback-ms", "1000");
  }
  Finish(ToGrpc(status));
}

void PullerStream::OnWriteDone(bool ok) {
  std::optional<MonotonicTime> idle_until;
  {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    if (ending_.has_value()) {
      LockedEnd(*ending_);
    } else if (!ok) {
      LockedEnd(absl::CancelledError("the consumer is gone"));
    } else {
      idle_until = LockedSend();
    }
  }
  if (idle_until.has_value()) streams_.WakeBy(*idle_until);
}

void PullerStream::OnCancel() {
  Close(absl::CancelledError("the consumer is gone"));
}

// The set may hold the last reference; nothing of this is touched afterwards.
void PullerStream::OnDone() { streams_.Remove(this); }

PullerStreams::PullerStreams(const EventLog& log, std::size_t max_streams)
    : log_(log), max_streams_(max_streams), waker_([this] { RunWaker(); }) {}

PullerStreams::~PullerStreams() {
  {
    const std::lock_guard lock(waker_mutex_);
    is_stopping_ = true;
  }
  waker_changed_.notify_all();
  waker_.join();
}

PullerStream* PullerStreams::Open(grpc::CallbackServerContext& context,
                                  const PullerRequest& request,
                                  const PullerSessionOptions& options) {
  auto stream = std::make_shared<PullerStream>(context, *this, log_);
  PullerStream* opened_stream = stream.get();
  const Status added = Add(stream);
  if (!added.ok()) {
    stream->Close(added);
    return opened_stream;
  }
  auto session = PullerSession::Open(request, options, log_, Now());
  if (session.ok()) {
    counters_.opened.fetch_add(1, std::memory_order_relaxed);
    stream->Begin(*std::move(session));
  } else {
    stream->Close(session.status());
  }
  return opened_stream;
}

// A stream that is refused is kept, too, until gRPC is done with it.
Status PullerStreams::Add(const std::shared_ptr<PullerStream>& stream) {
  const std::lock_guard lock(mutex_);
  streams_.emplace(stream.get(), stream);
  if (!closed_.ok()) return closed_;
  if (streams_.size() <= max_streams_) return OkStatus();
  return ResourceExhausted("expected at most " + std::to_string(max_streams_) +
                           " streams, got one more");
}

void PullerStreams::Remove(const PullerStream* stream) {
  std::shared_ptr<PullerStream> removed;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  removed = std::move(found->second);
  streams_.erase(found);
}

std::vector<std::shared_ptr<PullerStream>> PullerStreams::Copy() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<PullerStream>> copy;
  copy.reserve(streams_.size());
  for (const auto& [key, stream] : streams_) copy.push_back(stream);
  return copy;
}

std::size_t PullerStreams::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

void PullerStreams::Notify() {
  {
    const std::lock_guard lock(waker_mutex_);
    if (std::exchange(has_grown_, true)) return;
  }
  waker_changed_.notify_one();
}

void PullerStreams::WakeBy(MonotonicTime time) {
  {
    const std::lock_guard lock(waker_mutex_);
    if (time >= wake_at_) return;
    wake_at_ = time;
  }
  waker_changed_.notify_one();
}

void PullerStreams::CloseAll(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_.ok()) closed_ = status;
  }
  for (const auto& stream : Copy()) stream->Close(status);
}

void PullerStreams::RunWaker() {
  std::unique_lock lock(waker_mutex_);
  while (!is_stopping_) {
    if (!has_grown_ && Now() < wake_at_) {
      if (wake_at_ == MonotonicTime::max()) {
        waker_changed_.wait(lock);
      } else {
        waker_changed_.wait_until(lock, ToSteady(wake_at_));
      }
      continue;
    }
    has_grown_ = false;
    wake_at_ = MonotonicTime::max();
    lock.unlock();
    MonotonicTime next = MonotonicTime::max();
    for (const auto& stream : Copy()) {
      next = std::min(next, stream->Wake().value_or(MonotonicTime::max()));
    }
    lock.lock();
    wake_at_ = std::min(wake_at_, next);
  }
}

}  // namespace streamer::internal
