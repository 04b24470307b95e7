// Saver: what the router's thread and a thread of its own do together so that
// state is saved: the one decides what and what must wait (Checkpoint), the
// other waits for the store.
//
//   router's thread ──Pass──▶ Checkpoint ──transaction──▶ own thread ──▶ store
//         ▲                                                  │
//         └─────────────── outcome, as mail ─────────────────┘
//
// A store that cannot be written is tried again at the next SaveIfDue; streams
// that wait for an answer are closed, deliveries of others go on. State that
// was lost to time is taken back; what belongs to another is never written
// again.
//
// Thread-safety: owned by the router's thread, but for what is marked.
#ifndef STREAMER_RUNTIME_INTERNAL_SAVER_H_
#define STREAMER_RUNTIME_INTERNAL_SAVER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "core/router.h"
#include "runtime/checkpoint.h"
#include "runtime/restored_state.h"
#include "store/state_store.h"

namespace streamer::internal {

class Saver {
 public:
  using Outcome = Result<std::uint64_t>;
  struct Options {
    // Progress is saved by the first SaveIfDue that comes so long after the
    // last time, or so many events.
    Duration interval = std::chrono::seconds(5);
    std::uint64_t events = 1'000;
    // Brings the outcome of a transaction to the router's thread.
    std::function<void(Outcome)> deliver;
    // Told OkStatus or why state is not saved, whenever that changes. By either
    // thread.
    std::function<void(const Status&)> on_change;
  };

  Saver(Options options, std::shared_ptr<StateStore> store,
        const RestoredState& restored, const LogHistory& history);
  // Waits for the transaction under way.
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  // Leaves in `effects` what may go out now: of what is there, and before it
  // what need not wait any more. Hands the store what there is to save.
  void Pass(std::vector<Effect>& effects);
  // What `deliver` brought. REQUIRES: Pass is called afterwards.
  void NoteOutcome(const Outcome& outcome);
  // Time has passed: takes the router's progress if it is due and the last that
  // was taken is saved; or if it `must` be saved. See Router::TakeProgress.
  void SaveIfDue(Router& router, Position horizon, MonotonicTime now,
                 bool must);
  // Everything that was taken is saved.
  [[nodiscard]] bool is_clean() const { return checkpoint_.is_clean(); }
  // Nothing is saved any more.
  [[nodiscard]] bool is_lost() const { return !checkpoint_.lost().ok(); }

  // Any thread. OK, or why state is not saved.
  [[nodiscard]] Status status() const;

 private:
  void Run();
  void Commit();
  // Of the own thread. Of a state that was lost, and may be taken back.
  Outcome CommitOwned(const StateTransaction& transaction);
  Status KeepOwned(MonotonicTime now);
  [[nodiscard]] bool IsProgressWaiting() const;
  void Report(const Status& status);

  const Options options_;
  const std::shared_ptr<StateStore> store_;
  const std::uint64_t owner_;
  Checkpoint checkpoint_;
  std::vector<Effect> released_;
  bool is_failing_ = false;  // the store; until the next SaveIfDue
  MonotonicTime saved_at_;
  std::uint64_t saved_offset_ = 0;
  std::uint64_t progress_upto_ = 0;  // changes, with the last progress taken

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool is_stopping_ = false;
  std::optional<StateTransaction> waiting_;
  Status status_;

  std::thread thread_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_SAVER_H_
