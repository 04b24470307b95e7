// RestoredState: what a state store tells, when an engine starts, of the
// sessions of before and of how far everything had come.
//
// Positions are those of the log as it is now: what lay in a lost tail is cut
// back, and deliveries that follow say that they may have come before. State of
// another log is refused (CheckLog), and so is what cannot be read: state is
// never taken for empty.
//
// Cost: a few microseconds a subscription, most of it to compile its filter.
// Thread-safety: plain data, and a function that is called once.
#ifndef STREAMER_RUNTIME_RESTORED_STATE_H_
#define STREAMER_RUNTIME_RESTORED_STATE_H_

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "core/commands.h"
#include "event/position.h"
#include "store/event_log.h"
#include "store/state_store.h"

namespace streamer {

struct RestoredState {
  std::uint64_t owner = 0;     // of the store, from now on
  std::uint64_t revision = 0;  // of what was read
  // The last event that need not be routed again, or that the log no longer
  // holds.
  Position start;
  // What was saved as that. It stays so until every session that is behind the
  // start is saved as such: else the next restart would take it for up to date.
  Position watermark;
  std::vector<RestoreSession> sessions;  // still without handles
  // To be saved first: what is left of sessions whose end was saved in part.
  std::vector<StateDelta> leftovers;
  // The newest offset that was saved, of an event that the log has lost since
  // (a tail torn off by a power cut); 0: none was saved.
  std::uint64_t lost_upto = 0;
  // The log was not closed by who wrote it last.
  bool is_unclean = false;
};

// Whether the state is of this log; reads all of it, and takes it from nobody.
// Who asks first, of a store that others can reach, fences nobody by mistake.
// Errors as below.
Status CheckIsOfLog(const StateStore& store, const EventLog& log);

// Claims the store and reads it. Errors of the store; FailedPrecondition when
// it is of another log; DataLoss when a record cannot be read.
Result<RestoredState> RestoreState(StateStore& store, const EventLog& log,
                                   const OutboxLimits& limits);

}  // namespace streamer

#endif  // STREAMER_RUNTIME_RESTORED_STATE_H_
