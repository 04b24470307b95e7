// PullerMarker: how far a stream of syntrix.puller.v1 was sent. Its text is the
// marker that the consumer keeps, and after which its next stream begins.
//
// Mostly it is one position: all up to there was sent. Within a batch of which
// changes were joined it is not:
//
//   1 insert a, 2 update b, 3 update a   is sent as   2 update b, 3 insert a
//
// Who has 2 has not had 1, and must not have it again with 1 either: joined
// otherwise than before, it could be an older document behind a newer one. So
// the marker names the batch as well. What is left of the events after
// `complete` up to `read`, once they are joined, was sent up to `sent`: the
// same events, joined again, tell what is still to be sent.
//
// Thread-safety: plain data and pure functions.
#ifndef STREAMER_PULLER_PULLER_MARKER_H_
#define STREAMER_PULLER_PULLER_MARKER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "event/position.h"

namespace streamer {

struct PullerMarker {
  // The last event sent, or left out before one that was.
  Position sent;
  // All up to here was sent, or joined to what was. At most `sent`.
  Position complete;
  // Where the batch ends; `sent` where nothing of one is still to come, or
  // nothing of it was joined.
  Position read;

  friend bool operator==(const PullerMarker&, const PullerMarker&) = default;
};

// Of a stream that has sent all up to `position`.
PullerMarker WholeMarker(Position position);

// Whether it says more than one position.
bool IsWithinBatch(const PullerMarker& marker);

// "p1-7-3", or "p1-7-3+p1-7-0+p1-7-4": sent, complete, read. Parse reads
// exactly what Format writes; InvalidArgument otherwise, and of a batch that is
// longer than one can be, which would have to be read at once.
inline constexpr std::uint64_t kLongestBatch = 65'536;
std::string FormatPullerMarker(const PullerMarker& marker);
Result<PullerMarker> ParsePullerMarker(std::string_view text);

}  // namespace streamer

#endif  // STREAMER_PULLER_PULLER_MARKER_H_
