#include "store/memory_state_store.h"

namespace streamer {

Result<std::uint64_t> MemoryStateStore::Claim() {
  std::lock_guard lock(mutex_);
  return ++owner_;
}

Result<StateSnapshot> MemoryStateStore::Load() const {
  std::lock_guard lock(mutex_);
  return state_;
}

Result<std::uint64_t> MemoryStateStore::Commit(
    const StateTransaction& transaction) {
  std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(
      CheckTransaction(transaction, owner_, state_.revision, max_changes()));
  for (const StateChange& change : transaction.changes) {
    if (change.value) {
      state_.records[change.key] = *change.value;
    } else {
      state_.records.erase(change.key);
    }
  }
  return ++state_.revision;
}

}  // namespace streamer
