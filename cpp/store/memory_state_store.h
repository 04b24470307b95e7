// MemoryStateStore: a StateStore that lives as long as the object, for tests
// and for running without a disk.
//
// Thread-safety: as StateStore promises.
#ifndef STREAMER_STORE_MEMORY_STATE_STORE_H_
#define STREAMER_STORE_MEMORY_STATE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>

#include "store/state_store.h"

namespace streamer {

class MemoryStateStore final : public StateStore {
 public:
  Result<std::uint64_t> Claim() override;
  Result<StateSnapshot> Load() const override;
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override;
  std::size_t max_changes() const override {
    return std::numeric_limits<std::size_t>::max();
  }

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::uint64_t owner_ = 0;
  StateSnapshot state_;
};

}  // namespace streamer

#endif  // STREAMER_STORE_MEMORY_STATE_STORE_H_
