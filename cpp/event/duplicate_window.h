// DuplicateWindow: the events seen of late, so that one that a source sends
// twice is taken once.
//
// A duplicate has the same backend, event id and payload. The same id with
// another payload is not one: some sources number badly inside transactions.
// An event without an id never is one.
//
// Payloads are remembered as 128-bit hashes. The window is bounded by age,
// counted from the first time an event was seen, and by count.
//
// Cost: two hashes of the payload and one lookup; 40 bytes per event. Tables
// are small segments: no call stops to move the whole window.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_EVENT_DUPLICATE_WINDOW_H_
#define STREAMER_EVENT_DUPLICATE_WINDOW_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/fingerprint.h"

namespace streamer {

struct DuplicateWindowOptions {
  Duration age = std::chrono::minutes(3);
  std::size_t count = 1'000'000;
};

class DuplicateWindow {
 public:
  explicit DuplicateWindow(const DuplicateWindowOptions& options)
      : options_(options) {}

  // Whether `event` is a duplicate; if not, it is remembered from `now` on.
  // Time that goes back counts as time standing still.
  bool IsDuplicate(const SourceEvent& event, MonotonicTime now);

  // Takes an event for seen at `at`, from what the log remembers of it after a
  // restart. The oldest first.
  void Remember(const EventFingerprint& fingerprint, MonotonicTime at);

  // Forgets what is too old at `now`.
  void Expire(MonotonicTime now);

  [[nodiscard]] std::size_t size() const { return seen_.size(); }
  // When the one that is forgotten next was first seen; none: nothing is
  // remembered.
  [[nodiscard]] std::optional<MonotonicTime> oldest() const {
    return seen_.empty() ? std::nullopt : std::optional(seen_.front().at);
  }

 private:
  struct Seen {
    MonotonicTime at;
    EventFingerprint fingerprint;
  };
  static constexpr std::size_t kSegments = 64;
  using Segment = absl::flat_hash_set<EventFingerprint>;

  // Whether it was not there.
  bool Add(const EventFingerprint& fingerprint, MonotonicTime now);
  Segment& SegmentOf(const EventFingerprint& fingerprint) {
    return segments_[fingerprint.high % kSegments];
  }
  void ForgetOldest();

  DuplicateWindowOptions options_;
  MonotonicTime latest_ = MonotonicTime::min();
  std::deque<Seen> seen_;  // oldest first
  std::array<Segment, kSegments> segments_;
  std::string names_;  // scratch of FingerprintOf
};

}  // namespace streamer

#endif  // STREAMER_EVENT_DUPLICATE_WINDOW_H_
