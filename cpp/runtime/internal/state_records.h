// State records: how what the core saves looks in a state store.
//
// A record is a JSON object. Sessions are named by their gateway, subscriptions
// by gateway, a line feed and their id: neither can hold one. Filters are kept
// as CEL text, from which they are compiled again.
//
// Cost: a few microseconds a record, either way.
// Thread-safety: pure functions.
#ifndef STREAMER_RUNTIME_INTERNAL_STATE_RECORDS_H_
#define STREAMER_RUNTIME_INTERNAL_STATE_RECORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/saved_state.h"
#include "event/position.h"
#include "store/state_store.h"

namespace streamer::internal {

// In the order in which they must be done.
std::vector<StateChange> EncodeDelta(const StateDelta& delta);
StateChange EncodeWatermark(Position watermark);

// Less than `cursor` says, for a store that takes no record so long: whoever
// goes on from there gets again what is not listed, and is told of one loss
// instead of several.
SavedCursor Shortened(const SavedCursor& cursor);

// The record under `key`. DataLoss, naming it, when it is not as it was
// written.
Result<SavedSession> DecodeSession(const StateKey& key, std::string_view value);
Result<SavedCursor> DecodeCursor(const StateKey& key, std::string_view value);
Result<SavedSubscription> DecodeSubscription(const StateKey& key,
                                             std::string_view value);
Result<Position> DecodeWatermark(const StateKey& key, std::string_view value);

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_STATE_RECORDS_H_
