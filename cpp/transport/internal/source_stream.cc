#include "transport/internal/source_stream.h"

#include <utility>

namespace streamer {
namespace {

// Codes of gRPC and of absl are the same numbers.
Status FromGrpc(const grpc::Status& status) {
  return Status(static_cast<absl::StatusCode>(status.error_code()),
                status.error_message());
}

std::string ReadOldest(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find("oldest-progress");
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

void SourceStream::Start(Stub& stub) {
  self_ = shared_from_this();
  stub.async()->Subscribe(context_.get(), &request_, this);
  AddHold();
  StartCall();
}

void SourceStream::Read() {
  const std::lock_guard lock(mutex_);
  if (!has_ended_) StartRead(&incoming_);
}

void SourceStream::OnReadDone(bool ok) {
  if (!ok) return End();
  owner_->OnMessage(*this, incoming_);
}

void SourceStream::Cancel() {
  {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  End();
}

void SourceStream::End() {
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return;
    has_ended_ = true;
  }
  RemoveHold();
}

void SourceStream::OnDone(const grpc::Status& status) {
  // The last reference may be `self`: it goes at the end of this call.
  const std::shared_ptr<SourceStream> self = std::move(self_);
  const std::shared_ptr<SourceStreamOwner> owner = std::move(owner_);
  std::string oldest;
  {
    const std::lock_guard lock(mutex_);
    oldest = ReadOldest(*context_);
    context_.reset();
  }
  owner->OnEnd(*this, FromGrpc(status), oldest);
}

}  // namespace streamer
