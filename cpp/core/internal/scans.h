// Scans: which gateways catch up from the log, how far each has come, and
// whose turn it is.
//
// One scan serves all subscriptions of a gateway that catch up. It reads from
// the place of the one that is furthest behind; the router leaves out what the
// others have had. A scan rests until its gateway has room.
//
// Cost: a look-up for each call.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_SCANS_H_
#define STREAMER_CORE_INTERNAL_SCANS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/ids.h"

namespace streamer::internal {

class Scans {
 public:
  struct Turn {
    GatewayHandle gateway;
    std::uint64_t after = 0;  // offset of the last event read
    std::size_t events = 0;   // that there is room for
  };

  // Has events after `after` read for `gateway`, with those that are anyway.
  void Begin(GatewayHandle gateway, std::uint64_t after);
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
  struct Scan {
    std::uint64_t after = 0;
    std::size_t events = 0;  // 0: it rests
  };
  std::map<GatewayHandle, Scan> scans_;
  std::deque<GatewayHandle> waiting_;  // in the order in which they had room
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SCANS_H_
