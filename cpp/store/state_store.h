// StateStore: what a streamer must find again after a restart: progress,
// session subscriptions, gateway sessions, and of which log their positions
// are.
//
//   STREAMER_ASSIGN_OR_RETURN(std::uint64_t owner, store.Claim());
//   STREAMER_ASSIGN_OR_RETURN(StateSnapshot state, store.Load());
//   STREAMER_RETURN_IF_ERROR(CheckLog(state, log.history()));
//   store.Commit({owner, state.revision, {{{StateKind::kProgress, ""}, "…"}}});
//
// Ownership: who claims the state is its owner until somebody else claims it.
// Every transaction names owner and revision; one that was overtaken changes
// nothing, so a node that lost its state without noticing cannot write.
//
// Values are opaque here. Each is kept with a version of the format and a
// checksum; what is damaged is DataLoss, naming the file, never absent.
//
// Thread-safety: all methods may be called from any thread at once.
#ifndef STREAMER_STORE_STATE_STORE_H_
#define STREAMER_STORE_STATE_STORE_H_

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "store/log_history.h"

namespace streamer {

// What a record is about. The numbers are kept in stores: add, never change.
enum class StateKind : std::uint8_t {
  kLog = 1,           // one, without a name: the history of the log
  kProgress = 2,      // where replay begins
  kSession = 3,       // by gateway
  kSubscription = 4,  // by gateway and subscription
  kCursor = 5,        // of a session, by gateway
};
inline constexpr StateKind kLastStateKind = StateKind::kCursor;

struct StateKey {
  StateKind kind = StateKind::kLog;
  std::string name;
  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

struct StateChange {
  StateKey key;
  std::optional<std::string> value;  // none: the record is removed
};

struct StateTransaction {
  std::uint64_t owner = 0;     // as Claim gave it
  std::uint64_t revision = 0;  // of the state that it changes
  std::vector<StateChange> changes;
};

struct StateSnapshot {
  std::uint64_t revision = 0;
  std::map<StateKey, std::string> records;
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Makes the caller the owner and returns the number it owns it under: higher
  // than all before. Unavailable when it cannot be written.
  virtual Result<std::uint64_t> Claim() = 0;

  // Takes a state that was lost back under the same number, if nobody has had
  // it since; FailedPrecondition when somebody has, or nothing is taken back
  // here. Unavailable may be tried again.
  virtual Status Reclaim(std::uint64_t owner) {
    (void)owner;
    return FailedPrecondition("state: expected its owner, got another");
  }

  // All records. DataLoss when one is damaged.
  virtual Result<StateSnapshot> Load() const = 0;

  // Does all changes, in order, or none; returns the new revision once they
  // survive a power cut. FailedPrecondition when owner or revision are no
  // longer the store's; InvalidArgument for more than max_changes();
  // Unavailable when it cannot be written, and may be tried again.
  virtual Result<std::uint64_t> Commit(const StateTransaction& transaction) = 0;
  virtual std::size_t max_changes() const = 0;
  // Of the names and values of one Commit, together.
  virtual std::size_t max_bytes() const {
    return std::numeric_limits<std::size_t>::max();
  }
  // From now on, and for the call under way, Unavailable is answered soon: who
  // ends does not wait for a store that does not answer. From any thread.
  virtual void Interrupt() {}

  // Keeps the state owned; called with the time before the call, at once after
  // Claim and then as often as said. Unavailable: nothing is lost yet.
  // FailedPrecondition: the state is lost, and why.
  virtual Status KeepAlive(MonotonicTime) { return OkStatus(); }
  virtual Duration keep_alive_interval() const { return std::chrono::hours(1); }
};

// The change that keeps, with positions, of which log they are.
StateChange KeepHistory(const LogHistory& history);

// Whether the positions in `state` are of `log`, as it is now: else
// FailedPrecondition. State without records is of any log.
Status CheckLog(const StateSnapshot& state, const LogHistory& log);

// Whether `transaction` may change a state with that owner and revision.
Status CheckTransaction(const StateTransaction& transaction,
                        std::uint64_t owner, std::uint64_t revision,
                        std::size_t max_changes);

}  // namespace streamer

#endif  // STREAMER_STORE_STATE_STORE_H_
