#include "event/gap_detector.h"

#include <algorithm>
#include <chrono>

namespace streamer {
namespace {

constexpr std::size_t kMostBackends = 1024;

}  // namespace

GapDetector::GapDetector(Duration window)
    : window_seconds_(std::chrono::ceil<std::chrono::seconds>(window).count()),
      newest_(kMostBackends) {}

bool GapDetector::IsGap(const SourceEvent& event) {
  if (!event.cluster_time.has_value()) return false;
  ClusterTime time = *event.cluster_time;
  ClusterTime* newest = newest_.Touch(event.backend);
  if (newest == nullptr) {
    newest_.Put(event.backend, time);
    return false;
  }
  bool is_gap = std::int64_t{time.seconds} + window_seconds_ <
                std::int64_t{newest->seconds};
  *newest = is_gap ? time : std::max(*newest, time);
  return is_gap;
}

}  // namespace streamer
