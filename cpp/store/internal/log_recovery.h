// Recovery: what a RocksDbEventLog finds in its database when it opens it, and
// whether that can be true.
//
// RocksDB vouches for single blocks and files. What it cannot see is checked
// here: that no event is missing at either end, that the index reaches as far
// as the events, that a log closed properly still ends where it did. Anything
// else is DataLoss, and the log stays closed: corrupt never means empty.
#ifndef STREAMER_STORE_INTERNAL_LOG_RECOVERY_H_
#define STREAMER_STORE_INTERNAL_LOG_RECOVERY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "store/event_log.h"
#include "store/internal/database.h"
#include "store/internal/log_layout.h"

namespace streamer::internal {

struct RecoveredLog {
  LogHistory history;
  std::uint64_t first = 1;
  std::uint64_t head = 0;
  std::uint64_t bytes_through = 0;
  WallTime logged_at{};  // of the last Append; the epoch if there was none
  bool was_closed = false;
  UpstreamMarkers markers;
  // They have a record of their own, and are not those of the last append.
  bool has_markers_record = false;
  std::vector<SegmentMark> segments;
};

Result<RecoveredLog> RecoverLog(const Database& database);

// The events in (`after`, `after` + `limit`], as far as there are any before
// `end`, in order. DataLoss, naming the file, at the first that is missing or
// damaged; those before it are in `entries`.
Status ReadEvents(const Database& database, const LogHistory& history,
                  std::uint64_t after, std::size_t limit, std::uint64_t head,
                  std::vector<LogEntry>& entries);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_LOG_RECOVERY_H_
