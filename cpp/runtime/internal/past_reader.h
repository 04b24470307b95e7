// Reading past events from the log, for subscriptions that begin there.
//
// Thread-safety: none; called by who owns the sequencer.
#ifndef STREAMER_RUNTIME_INTERNAL_PAST_READER_H_
#define STREAMER_RUNTIME_INTERNAL_PAST_READER_H_

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "core/sequencer.h"
#include "event/log_entry.h"
#include "store/event_log.h"

namespace streamer::internal {

// Gives `sequencer` one batch of at most `limit` events, if somebody waits for
// any. What the log no longer holds is passed over and announced. Any other
// problem with the log is returned, and the batch is still to come.
// `scratch` is emptied. REQUIRES: `limit` is positive.
Status FeedPast(const EventLog& log, std::size_t limit, Sequencer& sequencer,
                std::vector<LogEntry>& scratch, SequencerOutput& output);

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_PAST_READER_H_
