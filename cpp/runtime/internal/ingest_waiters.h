// IngestWaiters: who waits until events can be ingested again.
//
// Thread-safety: every method, from any thread. Callbacks run without any lock
// held.
#ifndef STREAMER_RUNTIME_INTERNAL_INGEST_WAITERS_H_
#define STREAMER_RUNTIME_INTERNAL_INGEST_WAITERS_H_

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace streamer::internal {

class IngestWaiters {
 public:
  // Keeps `ready` until Wake if `is_full` says so under the lock, so that it
  // cannot miss the wake-up that follows; else leaves it alone.
  template <typename IsFull>
  bool WaitIf(const IsFull& is_full, std::function<void()>& ready) {
    std::lock_guard lock(mutex_);
    if (!is_full()) return false;
    waiting_.push_back(std::move(ready));
    return true;
  }

  // Calls all that wait if `has_room` says so; not asked when nobody waits.
  template <typename HasRoom>
  void WakeIf(const HasRoom& has_room) {
    std::vector<std::function<void()>> woken;
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty() || !has_room()) return;
      woken.swap(waiting_);
    }
    for (const std::function<void()>& ready : woken) ready();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;  // guarded by mutex_
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_INGEST_WAITERS_H_
