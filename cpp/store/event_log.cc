#include "store/event_log.h"

namespace streamer {

Result<ResolvedPosition> EventLog::Resolve(Position position) const {
  Result<ResolvedPosition> resolved = history().Resolve(position);
  if (!resolved.ok()) return resolved;
  const Position oldest = first();
  const Position newest = head();
  const std::uint64_t offset = resolved->position.offset;
  if (offset + 1 < oldest.offset || offset > newest.offset) {
    return OutsideOfLog(position, oldest, newest);
  }
  return resolved;
}

}  // namespace streamer
