// Position: where an event stands in the log; the one order that everything
// follows, unchanged across restarts.
//
// An epoch as well as an offset, because a log that was lost and made anew
// must not look like progress. The text form is the *progress marker* given
// to clients; to them it is opaque.
//
// A command (subscribe, …) takes effect between two events: its position is
// that of the last event before it.
#ifndef STREAMER_EVENT_POSITION_H_
#define STREAMER_EVENT_POSITION_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace streamer {

struct Position {
  std::uint32_t epoch = 0;
  // The first event of a log has offset 1; 0 is "before all".
  std::uint64_t offset = 0;

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Position& position) {
    return H::combine(std::move(state), position.epoch, position.offset);
  }
};

// "p1-7-1024": version, epoch, offset. Parse reads exactly what Format writes;
// InvalidArgument otherwise.
std::string FormatProgress(const Position& position);
Result<Position> ParseProgress(std::string_view progress);

}  // namespace streamer

#endif  // STREAMER_EVENT_POSITION_H_
