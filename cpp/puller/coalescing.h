// Coalescing: leaving out events that a later event of the same document makes
// unnecessary, for a consumer that is behind and said that it may be done.
//
//   insert a, update b, update a, delete b, update a
//     → update b, delete b, insert a (as the last update left it)
//
// The later event keeps its place and its identity; what it takes over from
// the first one is the before-image and that the document was new. Only plain
// changes are joined: a delete (a soft one, too) or a recreation stands for
// itself, and what lies on its two sides is never joined across it, nor across
// a loss.
//
// What is joined goes out later than what came between: who was sent the
// update of b above has not had the insert of a, which is earlier. A stream may
// not say that it was sent all up to there (puller_marker.h).
//
// Cost: one hash table entry for each document, a copy of each joined event.
// Thread-safety: a pure function.
#ifndef STREAMER_PULLER_COALESCING_H_
#define STREAMER_PULLER_COALESCING_H_

#include <cstdint>
#include <vector>

#include "event/log_entry.h"

namespace streamer {

// Joins what can be joined among `entries`, which are in log order. Returns of
// each that is left the offset of the first event that went into it: its own
// where nothing else did.
std::vector<std::uint64_t> Coalesce(std::vector<LogEntry>& entries);

}  // namespace streamer

#endif  // STREAMER_PULLER_COALESCING_H_
