// Scans: which gateways catch up from the log, how far each has come, and
// whose turn it is.
//
// One scan serves all subscriptions of a gateway that catch up. It reads from
// the place of the one that is furthest behind; the router leaves out what the
// others have had. A scan rests until its gateway has room.
//
// Who wanted something of the past may have ended or given it up since: the
// router knows, and says with each wish from where the gateway still wants it.
// But a subscription that was sequenced after the step that the wish was made
// at is not known to it, and counts as well.
//
// Cost: a look-up for each call.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_SCANS_H_
#define STREAMER_CORE_INTERNAL_SCANS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>

#include "base/ids.h"
#include "core/commands.h"

namespace streamer::internal {

class Scans {
 public:
  struct Turn {
    GatewayHandle gateway;
    std::uint64_t after = 0;  // offset of the last event read
    std::size_t events = 0;   // that there is room for
  };

  // Has events after `after` read for `gateway`, with those that are anyway:
  // for a subscription that begins with `step`. REQUIRES: steps ascend.
  void Begin(GatewayHandle gateway, std::uint64_t after, Ordinal step);
  // As of step `as_of`, it wants events after `after` and none before.
  // REQUIRES: it rests.
  void MoveTo(GatewayHandle gateway, std::uint64_t after, Ordinal as_of);
  // It has room for `events` now. Ignored when it has no scan.
  void Allow(GatewayHandle gateway, std::size_t events);
  // Nothing more is to be read for it. Idempotent.
  void End(GatewayHandle gateway);

  // Of those that have room, the one that waits longest.
  [[nodiscard]] std::optional<Turn> Next() const;
  // Its turn was taken, up to `upto`: it rests.
  void Rest(GatewayHandle gateway, std::uint64_t upto);

  [[nodiscard]] std::size_t size() const { return scans_.size(); }

 private:
  static constexpr std::uint64_t kNowhere =
      std::numeric_limits<std::uint64_t>::max();
  struct Scan {
    std::uint64_t after = kNowhere;
    std::size_t events = 0;  // 0: it rests
    // Of what was begun up to here, which the newest place may not know.
    Ordinal begun;
    std::uint64_t begun_after = kNowhere;
  };
  std::map<GatewayHandle, Scan> scans_;
  std::deque<GatewayHandle> waiting_;  // in the order in which they had room
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SCANS_H_
