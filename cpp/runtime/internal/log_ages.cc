#include "runtime/internal/log_ages.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

namespace streamer::internal {

Duration AgeAfter(const EventLog& log, Position position, WallTime now) {
  const std::uint64_t oldest = log.first().offset - 1;
  const Position after = log.history().At(std::max(position.offset, oldest));
  std::vector<LoggedFingerprint> next;
  // What was dropped since, or is damaged, has no age.
  if (!log.ReadFingerprints(after, 1, next).ok() || next.empty()) return {};
  return std::max(Duration(), Duration(now - next.front().logged_at));
}

double HeadroomBefore(const EventLog& log, Position position, WallTime now) {
  if (log.first().offset <= 1) return std::numeric_limits<double>::infinity();
  const Duration held = AgeAfter(log, Position{}, now);
  const Duration needed = AgeAfter(log, position, now);
  return std::chrono::duration<double>(held - needed).count();
}

}  // namespace streamer::internal
