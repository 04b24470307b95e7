// Checkpoint: turns what the core says of its state into transactions of a
// state store, and holds back what must not be told before it is saved.
//
//   checkpoint.Accept(effects);                    // keeps those that wait
//   if (auto transaction = checkpoint.Next()) …    // commit it, anywhere
//   checkpoint.Committed(store.Commit(*transaction), effects);
//
// What a session is told in answer (subscribed, opened, ended) goes out once
// the change behind it is committed, and so does everything after it for the
// same stream. Changes that come while a transaction is under way go into the
// next one together: so a slow store makes larger groups, not a longer queue.
//
// Invariant: changes are committed in the order in which they came, a
// low-watermark after the changes before it; effects of one stream stay in
// order. A transaction that may or may not have been done is tried again as it
// was.
// A cursor that is longer than the store takes is shortened (state_records.h).
// Cost: constant for each effect and change.
// Thread-safety: none; owned by the router's thread.
#ifndef STREAMER_RUNTIME_CHECKPOINT_H_
#define STREAMER_RUNTIME_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "base/status.h"
#include "core/effects.h"
#include "core/router.h"
#include "event/position.h"
#include "store/log_history.h"
#include "store/state_store.h"

namespace streamer {

class Checkpoint {
 public:
  struct Options {
    std::uint64_t owner = 0;     // as StateStore::Claim gave it
    std::uint64_t revision = 0;  // of what was loaded
    std::size_t max_changes = 0;
    std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
    Position start;                     // where this one began
    std::vector<StateDelta> leftovers;  // of what was loaded
  };

  // Saves first of which log the positions are, the start, and the leftovers:
  // who is told anything finds, after whatever happens, at least that.
  Checkpoint(const Options& options, const LogHistory& history);

  // Takes the changes out of `effects`, and what has to wait.
  void Accept(std::vector<Effect>& effects);
  void Accept(const RouterProgress& progress);

  // What to commit now. Nothing when nothing has changed, when the last one has
  // no outcome yet, or when the state belongs to another.
  std::optional<StateTransaction> Next();

  // The outcome of the last one: the new revision, or Unavailable, and Next
  // gives it again; or another error, after which nothing more is saved.
  // Appends to `effects` what need not wait any more; when it failed, the end
  // of each stream that waits: it is not told what is not saved, and asks
  // again.
  void Committed(const Result<std::uint64_t>& outcome,
                 std::vector<Effect>& effects);

  // Nothing is left to commit.
  [[nodiscard]] bool is_clean() const { return changes_.empty(); }
  // How many changes were ever taken, and how many of them are committed.
  [[nodiscard]] std::uint64_t taken() const {
    return committed_ + changes_.size();
  }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  // OK; or why nothing is saved any more.
  [[nodiscard]] const Status& lost() const { return lost_; }
  // Effects that wait.
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  struct Held {
    Effect effect;
    std::uint64_t until = 0;  // so many changes are committed
  };
  [[nodiscard]] bool MustWait(const Effect& effect) const;
  void Hold(Effect effect);
  void Release(std::vector<Effect>& effects);
  void CloseHeld(const Status& reason, std::vector<Effect>& effects);
  [[nodiscard]] std::size_t CountForOne() const;
  void Add(StateChange change);
  void Add(const StateDelta& delta);
  void Add(const SavedCursor& cursor);

  const std::uint64_t owner_;
  std::uint64_t revision_;
  const std::size_t max_changes_;
  const std::size_t max_bytes_;
  std::deque<StateChange> changes_;  // not committed, oldest first
  std::uint64_t committed_ = 0;      // how many ever were
  // The first of `changes_`, in a transaction that has no outcome.
  std::size_t under_way_ = 0;
  std::size_t to_repeat_ = 0;  // the same, to be given again
  Status lost_;

  std::deque<Held> held_;  // ascending by `until`
  absl::flat_hash_map<GatewayHandle, std::size_t> held_by_stream_;
};

}  // namespace streamer

#endif  // STREAMER_RUNTIME_CHECKPOINT_H_
