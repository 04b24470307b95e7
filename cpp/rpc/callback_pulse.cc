#include "rpc/callback_pulse.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <latch>

namespace streamer {

std::shared_ptr<CallbackPulse> CallbackPulse::Share() {
  static std::mutex mutex;
  static std::weak_ptr<CallbackPulse> shared;
  const std::lock_guard lock(mutex);
  std::shared_ptr<CallbackPulse> pulse = shared.lock();
  if (pulse == nullptr) {
    pulse = std::make_shared<CallbackPulse>(kInterval);
    shared = pulse;
  }
  return pulse;
}

// Without credentials gRPC makes a channel of which every call fails.
CallbackPulse::CallbackPulse(std::chrono::milliseconds interval)
    : channel_(grpc::CreateChannel("pulse", nullptr)),
      thread_([this, interval] { Run(interval); }) {}

CallbackPulse::~CallbackPulse() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_one();
  thread_.join();
}

void CallbackPulse::Run(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, interval, [this] { return is_ending_; })) {
    lock.unlock();
    Beat();
    lock.lock();
  }
}

void CallbackPulse::Beat() {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::latch has_run(1);
  stub.UnaryCall(&context, "/pulse", {}, &request, &response,
                 [&has_run](const grpc::Status&) { has_run.count_down(); });
  has_run.wait();
  ++beats_;
}

}  // namespace streamer
