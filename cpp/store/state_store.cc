#include "store/state_store.h"

#include "absl/strings/str_cat.h"

namespace streamer {

StateChange KeepHistory(const LogHistory& history) {
  return {{StateKind::kLog, ""}, history.Encode()};
}

Status CheckLog(const StateSnapshot& state, const LogHistory& log) {
  if (state.records.empty()) return OkStatus();
  auto found = state.records.find({StateKind::kLog, ""});
  if (found == state.records.end()) {
    return FailedPrecondition(
        "state: expected the log that it is of, got none");
  }
  STREAMER_ASSIGN_OR_RETURN(LogHistory saved,
                            LogHistory::Decode(found->second));
  return log.CheckContinues(saved);
}

Status CheckTransaction(const StateTransaction& transaction,
                        std::uint64_t owner, std::uint64_t revision,
                        std::size_t max_changes) {
  if (transaction.owner != owner || transaction.revision != revision) {
    return FailedPrecondition(
        absl::StrCat("state: expected a change of revision ", revision,
                     " by owner ", owner, ", got one of revision ",
                     transaction.revision, " by owner ", transaction.owner));
  }
  if (transaction.changes.size() > max_changes) {
    return InvalidArgument(absl::StrCat("state: expected at most ", max_changes,
                                        " changes, got ",
                                        transaction.changes.size()));
  }
  return OkStatus();
}

}  // namespace streamer
