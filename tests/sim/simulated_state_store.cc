#include "sim/simulated_state_store.h"

#include <algorithm>

namespace streamer::sim {

Status SimulatedStateStore::Open() {
  STREAMER_ASSIGN_OR_RETURN(head_, folder_.Open());
  STREAMER_ASSIGN_OR_RETURN(state_, folder_.Load());
  return OkStatus();
}

Result<std::uint64_t> SimulatedStateStore::Claim() {
  if (is_failing_) return Unavailable("the state store fails");
  last_.reset();
  ++head_.owner;
  folder_.Write(head_, {});
  return head_.owner;
}

bool SimulatedStateStore::IsRepeated(
    const StateTransaction& transaction) const {
  const auto is_same = [](const StateChange& left, const StateChange& right) {
    return left.key == right.key && left.value == right.value;
  };
  return last_ && last_->owner == transaction.owner &&
         last_->revision == transaction.revision &&
         std::equal(last_->changes.begin(), last_->changes.end(),
                    transaction.changes.begin(), transaction.changes.end(),
                    is_same);
}

Result<std::uint64_t> SimulatedStateStore::Commit(
    const StateTransaction& transaction) {
  if (fuse_ != nullptr && !fuse_->Holds()) return Unavailable("killed");
  if (is_failing_) return Unavailable("the state store fails");
  if (IsRepeated(transaction)) {
    last_.reset();
    return state_.revision;
  }
  STREAMER_RETURN_IF_ERROR(
      CheckTransaction(transaction, head_.owner, head_.revision, max_changes_));
  for (const StateChange& change : transaction.changes) {
    if (change.value) {
      state_.records[change.key] = *change.value;
    } else {
      state_.records.erase(change.key);
    }
  }
  state_.revision = ++head_.revision;
  folder_.Write(head_, transaction.changes);
  if (observer_) observer_(transaction);
  last_.reset();
  if (!std::exchange(hides_next_, false)) return state_.revision;
  last_ = transaction;
  return Unavailable("the state store did not answer");
}

}  // namespace streamer::sim
