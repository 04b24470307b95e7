// SimulatedStateStore: a StateStore that outlives the process, fails for a
// while, and sometimes does not say that it has done what it was asked.
//
// A transaction that comes again after such an outcome is known by its owner,
// revision and changes, and is not done twice.
//
// Its disk is a StateFolder, which can be harmed between two processes.
//
// Thread-safety: none, against what StateStore promises: there is one thread.
#ifndef STREAMER_TESTS_SIM_SIMULATED_STATE_STORE_H_
#define STREAMER_TESTS_SIM_SIMULATED_STATE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "sim/fuse.h"
#include "sim/state_folder.h"
#include "store/state_store.h"

namespace streamer::sim {

class SimulatedStateStore final : public StateStore {
 public:
  explicit SimulatedStateStore(std::size_t max_changes)
      : max_changes_(max_changes) {}

  void SetFuse(Fuse* fuse) { fuse_ = fuse; }
  void SetFailing(bool is_failing) { is_failing_ = is_failing; }
  // The next commit is done and answered Unavailable.
  void HideNextOutcome() { hides_next_ = true; }
  // Called with each transaction that was done.
  void OnCommit(std::function<void(const StateTransaction&)> observer) {
    observer_ = std::move(observer);
  }

  [[nodiscard]] StateFolder& folder() { return folder_; }
  // As the process that runs has it.
  [[nodiscard]] const StateSnapshot& state() const { return state_; }

  // A new process begins. DataLoss when the folder is damaged or older.
  Status Open();

  Result<std::uint64_t> Claim() override;
  Result<StateSnapshot> Load() const override { return folder_.Load(); }
  Result<std::uint64_t> Commit(const StateTransaction& transaction) override;
  std::size_t max_changes() const override { return max_changes_; }

 private:
  [[nodiscard]] bool IsRepeated(const StateTransaction& transaction) const;

  const std::size_t max_changes_;
  StateFolder folder_;
  internal::StateHead head_;
  StateSnapshot state_;
  std::optional<StateTransaction> last_;  // done, and not answered
  std::function<void(const StateTransaction&)> observer_;
  Fuse* fuse_ = nullptr;
  bool is_failing_ = false;
  bool hides_next_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_SIMULATED_STATE_STORE_H_
