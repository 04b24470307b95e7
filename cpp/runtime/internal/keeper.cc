#include "runtime/internal/keeper.h"

#include <utility>

#include "runtime/internal/clock.h"

namespace streamer::internal {

Keeper::Keeper(Options options, std::shared_ptr<EventLog> log)
    : options_(std::move(options)),
      log_(std::move(log)),
      thread_([this] { Run(); }) {}

Keeper::~Keeper() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Keeper::Note(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    // The usual case, at every batch of events: nothing changes.
    if (status.ok() && noted_.ok()) return;
    noted_ = status;
    noted_at_ = ReadMonotonicClock();
  }
  wake_.notify_all();
}

Status Keeper::status() const {
  std::lock_guard lock(mutex_);
  return noted_;
}

void Keeper::Run() {
  Status reported;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (!noted_.ok() &&
        ReadMonotonicClock() - noted_at_ >= options_.trial_after) {
      noted_ = OkStatus();
    }
    if (noted_.ok() != reported.ok()) {
      reported = noted_;
      lock.unlock();
      if (options_.on_change) options_.on_change(reported);
      lock.lock();
      continue;
    }
    lock.unlock();
    const Status trimmed = log_->Trim(ReadClocks());
    if (!trimmed.ok()) Note(trimmed);
    if (options_.on_interval) options_.on_interval();
    lock.lock();
    wake_.wait_for(lock, options_.interval, [&] {
      return is_stopping_ || noted_.ok() != reported.ok();
    });
  }
}

}  // namespace streamer::internal
