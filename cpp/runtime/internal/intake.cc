#include "runtime/internal/intake.h"

#include <chrono>
#include <iterator>

namespace streamer::internal {

bool Intake::Submit(Command command, std::function<void()> taken) {
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    LockedPush(std::move(command), std::move(taken));
  }
  wake_.notify_one();
  return true;
}

void Intake::SubmitInternal(Command command) {
  {
    std::lock_guard lock(mutex_);
    LockedPush(std::move(command), nullptr);
  }
  wake_.notify_one();
}

bool Intake::SubmitInOrder(const std::function<Command()>& make) {
  {
    std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    LockedPush(make(), nullptr);
  }
  wake_.notify_one();
  return true;
}

// The head is read under the lock: two commands must not be queued in another
// order than that of their places.
void Intake::LockedPush(Command command, std::function<void()> taken) {
  commands_.push_back(
      {std::move(command), log_->head().offset, std::move(taken)});
}

void Intake::Notify() {
  {
    std::lock_guard lock(mutex_);
    has_news_ = true;
  }
  wake_.notify_one();
}

void Intake::Close() {
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  wake_.notify_one();
}

bool Intake::Wait(MonotonicTime deadline) {
  std::chrono::steady_clock::time_point until(deadline.time_since_epoch());
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, until, [this] {
    return has_news_ || is_closed_ || !commands_.empty();
  });
  has_news_ = false;
  return !is_closed_;
}

void Intake::Take(std::deque<QueuedCommand>& commands) {
  std::lock_guard lock(mutex_);
  std::move(commands_.begin(), commands_.end(), std::back_inserter(commands));
  commands_.clear();
}

}  // namespace streamer::internal
