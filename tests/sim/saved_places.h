// SavedPlaces: what a restart would make of a session, read from the saved
// state by the rules of docs/decisions/0020 and not by the code that restores.
//
// Thread-safety: pure functions.
#ifndef STREAMER_TESTS_SIM_SAVED_PLACES_H_
#define STREAMER_TESTS_SIM_SAVED_PLACES_H_

#include <string>

#include "sim/checker/history.h"
#include "store/log_history.h"
#include "store/state_store.h"

namespace streamer::sim {

// Of the session of `gateway_id`, in the log as it is; nothing in it when there
// is none.
MarkerSaved SavedPlaces(const StateSnapshot& state, const LogHistory& log,
                        const std::string& gateway_id);

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_SAVED_PLACES_H_
