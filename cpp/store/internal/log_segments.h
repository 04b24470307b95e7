// LogSegments: where a log may be cut. Every few thousand events, or few
// megabytes, or few seconds, a segment begins; retention drops whole segments.
//
// Of each segment its first offset, the bytes before it and the times around
// its beginning are known, so what retention asks is answered without reading
// the log: about 32 bytes of memory for 4,096 events.
//
// Thread-safety: none; owned by a log.
#ifndef STREAMER_STORE_INTERNAL_LOG_SEGMENTS_H_
#define STREAMER_STORE_INTERNAL_LOG_SEGMENTS_H_

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/time.h"
#include "store/event_log.h"
#include "store/internal/log_layout.h"

namespace streamer::internal {

struct SegmentLimits {
  std::uint64_t events = 4096;
  std::uint64_t bytes = 4u << 20;
  std::chrono::milliseconds age = std::chrono::seconds(10);
};

class LogSegments {
 public:
  explicit LogSegments(const SegmentLimits& limits) : limits_(limits) {}

  // Whether the event at `offset`, with `bytes_before` before it, begins a
  // segment. REQUIRES: `last`, if any, is of the last segment.
  [[nodiscard]] bool Begins(const SegmentMark* last, std::uint64_t offset,
                            std::uint64_t bytes_before, WallTime now) const;
  void Add(const SegmentMark& segment) { segments_.push_back(segment); }
  // The last segment; null when there is none.
  [[nodiscard]] const SegmentMark* last() const {
    return segments_.empty() ? nullptr : &segments_.back();
  }

  // Where the log may be cut: what lies before the mark is beyond `retention`,
  // and not past `released`. The first segment's when nothing is to be dropped.
  // REQUIRES: `end` is what a segment that begins after the head would have,
  // and there is a segment.
  [[nodiscard]] SegmentMark FindCut(const RetentionOptions& retention,
                                    std::uint64_t released, WallTime now,
                                    const SegmentMark& end) const;
  void DropBefore(std::uint64_t offset);

  // The first offset of the last segment that began before `time`; of the
  // first segment if none did. REQUIRES: there is a segment.
  [[nodiscard]] std::uint64_t FindBegunBefore(WallTime time) const;

 private:
  const SegmentLimits limits_;
  std::deque<SegmentMark> segments_;  // oldest first
};

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_LOG_SEGMENTS_H_
