#include "runtime/internal/saver.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "runtime/internal/clock.h"

namespace streamer::internal {
namespace {

// After a renewal that the store did not answer: the lease has the rest of its
// time, and a store that comes back in that is to be found in time.
constexpr Duration kKeepAliveRetry = std::chrono::milliseconds(500);

}  // namespace

Saver::Saver(Options options, std::shared_ptr<StateStore> store,
             const RestoredState& restored, const LogHistory& history)
    : options_(std::move(options)),
      store_(std::move(store)),
      owner_(restored.owner),
      checkpoint_({.owner = restored.owner,
                   .revision = restored.revision,
                   .max_changes = store_->max_changes(),
                   .max_bytes = store_->max_bytes(),
                   .start = restored.watermark,
                   .leftovers = restored.leftovers},
                  history),
      saved_offset_(restored.start.offset),
      thread_([this] { Run(); }) {}

Saver::~Saver() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Saver::Pass(std::vector<Effect>& effects) {
  checkpoint_.Accept(effects);
  if (!released_.empty()) {
    effects.insert(effects.begin(), std::make_move_iterator(released_.begin()),
                   std::make_move_iterator(released_.end()));
    released_.clear();
  }
  Commit();
}

void Saver::Commit() {
  if (is_failing_) return;
  std::optional<StateTransaction> next = checkpoint_.Next();
  if (!next) return;
  {
    std::lock_guard lock(mutex_);
    waiting_ = std::move(next);
  }
  wake_.notify_all();
}

void Saver::NoteOutcome(const Outcome& outcome) {
  checkpoint_.Committed(outcome, released_);
  is_failing_ = !outcome.ok();
  Report(outcome.status());
}

void Saver::SaveIfDue(Router& router, Position horizon, MonotonicTime now,
                      bool must) {
  is_failing_ = false;
  const std::uint64_t offset = router.statistics().routed.offset;
  const bool is_due = now - saved_at_ >= options_.interval ||
                      offset - saved_offset_ >= options_.events;
  if (!must && !is_due) return;
  if (!must && IsProgressWaiting()) return;
  const std::optional<RouterProgress> progress = router.TakeProgress(horizon);
  if (!progress) return;
  checkpoint_.Accept(*progress);
  progress_upto_ = checkpoint_.taken();
  saved_at_ = now;
  saved_offset_ = offset;
}

// So a store that is slow or away has one to save, however long it takes. What
// else waits does not matter: there may always be something.
bool Saver::IsProgressWaiting() const {
  return checkpoint_.lost().ok() && checkpoint_.committed() < progress_upto_;
}

Status Saver::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Saver::Report(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (status_.ok() == status.ok()) return;
    status_ = status;
  }
  if (options_.on_change) options_.on_change(status);
}

// A transaction that may have been done is known again as the same one.
Saver::Outcome Saver::CommitOwned(const StateTransaction& transaction) {
  Outcome outcome = store_->Commit(transaction);
  if (!absl::IsFailedPrecondition(outcome.status())) return outcome;
  const Status taken = store_->Reclaim(owner_);
  if (taken.ok()) return store_->Commit(transaction);
  // Who followed says why; else it is why it cannot be taken back.
  return absl::IsFailedPrecondition(taken) ? outcome : taken;
}

// Until it is taken back nothing is saved, and everybody should know.
Status Saver::KeepOwned(MonotonicTime now) {
  Status kept = store_->KeepAlive(now);
  if (!absl::IsFailedPrecondition(kept)) return kept;
  Report(kept);
  STREAMER_RETURN_IF_ERROR(store_->Reclaim(owner_));
  const Status again = store_->KeepAlive(now);
  if (again.ok()) Report(again);
  return again;
}

void Saver::Run() {
  std::unique_lock lock(mutex_);
  MonotonicTime keep_alive_at = ReadMonotonicClock();
  while (true) {
    const std::chrono::steady_clock::time_point until(
        keep_alive_at.time_since_epoch());
    wake_.wait_until(lock, until,
                     [this] { return is_stopping_ || waiting_.has_value(); });
    if (waiting_) {
      const StateTransaction transaction =
          *std::exchange(waiting_, std::nullopt);
      lock.unlock();
      options_.deliver(CommitOwned(transaction));
      lock.lock();
    } else if (is_stopping_) {
      return;
    }
    const MonotonicTime now = ReadMonotonicClock();
    if (now < keep_alive_at) continue;
    lock.unlock();
    // That the store cannot be reached shows at the next transaction.
    const Status kept = KeepOwned(now);
    lock.lock();
    const Duration interval = store_->keep_alive_interval();
    keep_alive_at =
        absl::IsUnavailable(kept)
            ? ReadMonotonicClock() + std::min(interval, kKeepAliveRetry)
            : now + interval;
  }
}

}  // namespace streamer::internal
