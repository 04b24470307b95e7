#include "client/internal/stream.h"

#include <chrono>
#include <string>
#include <utility>

namespace streamer {
namespace {

namespace wire = syntrix::streamer::v1;

std::int64_t MonotonicNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Status codes of gRPC and of absl are the same numbers.
Status FromGrpc(const grpc::Status& status) {
  return Status(static_cast<absl::StatusCode>(status.error_code()),
                status.error_message());
}

}  // namespace

ClientStream::ClientStream(std::shared_ptr<ClientStreamOwner> owner,
                           const std::string& credential)
    : owner_(std::move(owner)) {
  if (!credential.empty()) context_->AddMetadata("authorization", credential);
}

void ClientStream::Start(Stub& stub) {
  self_ = shared_from_this();
  stub.async()->Stream(context_.get(), this);
  AddHold();
  Read();
  StartCall();
}

void ClientStream::Read() {
  const std::lock_guard lock(mutex_);
  if (has_ended_) return;
  incoming_ = std::make_unique<wire::StreamerMessage>();
  StartRead(incoming_.get());
}

void ClientStream::OnReadDone(bool ok) {
  if (!ok) {
    End();
    return;
  }
  const std::int64_t received_ns = MonotonicNanoseconds();
  if (owner_->OnMessage(*this, std::move(incoming_), received_ns)) Read();
}

void ClientStream::Send(wire::GatewayMessage message) {
  const std::lock_guard lock(mutex_);
  if (has_ended_ || must_finish_) return;
  // The first one is being written.
  if (outgoing_.size() > 1 && outgoing_.back().has_ack() && message.has_ack()) {
    outgoing_.back() = std::move(message);
    return;
  }
  outgoing_.push_back(std::move(message));
  if (!is_writing_) WriteNext();
}

void ClientStream::Finish() {
  const std::lock_guard lock(mutex_);
  must_finish_ = true;
  if (!has_ended_ && !is_writing_) StartWritesDone();
}

// With the mutex held. All but the last message of a burst may be gathered
// into one packet.
void ClientStream::WriteNext() {
  is_writing_ = true;
  grpc::WriteOptions options;
  if (outgoing_.size() > 1) options.set_buffer_hint();
  StartWrite(&outgoing_.front(), options);
}

void ClientStream::OnWriteDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    outgoing_.pop_front();
    if (ok && !has_ended_ && !outgoing_.empty()) {
      WriteNext();
    } else if (ok && !has_ended_ && must_finish_) {
      StartWritesDone();
    }
  }
  if (!ok) End();
}

void ClientStream::Abandon() {
  {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  End();
}

void ClientStream::End() {
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    has_ended_ = true;
  }
  RemoveHold();
}

void ClientStream::OnDone(const grpc::Status& status) {
  // The last reference may be `self`: it goes at the end of this call.
  const std::shared_ptr<ClientStream> self = std::move(self_);
  const std::shared_ptr<ClientStreamOwner> owner = std::move(owner_);
  {
    const std::lock_guard lock(mutex_);
    context_.reset();
  }
  owner->OnEnd(*this, FromGrpc(status));
}

}  // namespace streamer
