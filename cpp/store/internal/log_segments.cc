#include "store/internal/log_segments.h"

#include <algorithm>
#include <cstddef>

namespace streamer::internal {

bool LogSegments::Begins(const SegmentMark* last, std::uint64_t offset,
                         std::uint64_t bytes_before, WallTime now) const {
  return last == nullptr || offset - last->first_offset >= limits_.events ||
         bytes_before - last->bytes_before >= limits_.bytes ||
         now - last->begun_at >= limits_.age;
}

SegmentMark LogSegments::FindCut(const RetentionOptions& retention,
                                 std::uint64_t released, WallTime now,
                                 const SegmentMark& end) const {
  SegmentMark cut = segments_.front();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    // All of segment i was logged before `next`; without it, what retention
    // asks for must still be there.
    const SegmentMark& next = i + 1 < segments_.size() ? segments_[i + 1] : end;
    const bool is_beyond =
        end.first_offset - next.first_offset >= retention.events ||
        end.bytes_before - next.bytes_before >= retention.bytes ||
        now - next.before_at > retention.age;
    if (!is_beyond || next.first_offset > released + 1) break;
    cut = next;
  }
  return cut;
}

void LogSegments::DropBefore(std::uint64_t offset) {
  while (!segments_.empty() && segments_.front().first_offset < offset) {
    segments_.pop_front();
  }
}

std::uint64_t LogSegments::FindBegunBefore(WallTime time) const {
  auto after = std::lower_bound(segments_.begin(), segments_.end(), time,
                                [](const SegmentMark& segment, WallTime value) {
                                  return segment.begun_at < value;
                                });
  return (after == segments_.begin() ? after : after - 1)->first_offset;
}

}  // namespace streamer::internal
