// EventFingerprint: what is remembered of an event to know it again: backend,
// event id and payload in 128 bits, the same on every machine and in every
// run.
//
// Two events with the same fingerprint are taken for one: at a million events
// remembered, two that differ collide once in 10^26 trials.
//
// Thread-safety: plain data and a pure function.
#ifndef STREAMER_EVENT_FINGERPRINT_H_
#define STREAMER_EVENT_FINGERPRINT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "event/change_event.h"

namespace streamer {

struct EventFingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const EventFingerprint&,
                         const EventFingerprint&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const EventFingerprint& fingerprint) {
    return H::combine(std::move(state), fingerprint.low);
  }
};

// The fingerprint of `event`; all zero for one without an event id, and for a
// loss, which are never the same as another. `scratch` spares an allocation.
EventFingerprint FingerprintOf(const SourceEvent& event, std::string& scratch);

}  // namespace streamer

#endif  // STREAMER_EVENT_FINGERPRINT_H_
