// Keeper: looks after the log while an engine runs: drops what retention no
// longer holds, and knows whether the log can be written and read.
//
// A write that failed makes the log ailing until one succeeds, or until it has
// been given time to get over it: then it is well on trial, since who sends
// events may only come back to a service that says it is ready.
//
// Thread-safety: every method, from any thread. `on_change` is called by one
// thread at a time, without any lock held that the caller could want.
#ifndef STREAMER_RUNTIME_INTERNAL_KEEPER_H_
#define STREAMER_RUNTIME_INTERNAL_KEEPER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.h"
#include "base/time.h"
#include "store/event_log.h"

namespace streamer::internal {

class Keeper {
 public:
  // How often retention is looked at, and how long an ailing log is given.
  struct Options {
    Duration interval = std::chrono::seconds(1);
    Duration trial_after = std::chrono::seconds(2);
    // Told OkStatus or what ails the log, whenever that changes.
    std::function<void(const Status&)> on_change;
    // Called at each interval.
    std::function<void()> on_interval;
  };

  // Starts its thread.
  Keeper(Options options, std::shared_ptr<EventLog> log);
  // Ends it.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // How the last use of the log ended.
  void Note(const Status& status);
  // OK, or what ails the log.
  [[nodiscard]] Status status() const;

 private:
  void Run();

  const Options options_;
  const std::shared_ptr<EventLog> log_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool is_stopping_ = false;
  Status noted_;
  MonotonicTime noted_at_;
  std::thread thread_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_KEEPER_H_
