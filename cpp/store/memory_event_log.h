// MemoryEventLog: an EventLog that lives and dies with the process, for tests
// and for running without a disk.
//
// It keeps the newest events within its bounds, and whatever the reader has
// not released, however much that is: who appends must watch the reader's
// backlog. Events beyond `events` and `bytes` go as soon as they are released,
// without waiting for Trim.
//
// Cost: one lock per call, held while pointers are copied.
// Thread-safety: as EventLog promises.
#ifndef STREAMER_STORE_MEMORY_EVENT_LOG_H_
#define STREAMER_STORE_MEMORY_EVENT_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/event_log.h"

namespace streamer {

struct MemoryEventLogOptions {
  // Distinguishes this log from the ones before it: a new number each time.
  std::uint32_t epoch = 1;
  // What is kept of released events.
  std::size_t retained_events = 100'000;
  std::size_t retained_bytes = 256u << 20;
  Duration retained_age = Duration::max();
  std::string identity = "memory";
};

class MemoryEventLog final : public EventLog {
 public:
  explicit MemoryEventLog(const MemoryEventLogOptions& options = {});

  Result<Position> Append(std::vector<SourceEvent> events,
                          Instant now) override;
  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override;
  UpstreamMarkers markers() const override;
  Status Read(Position after, std::size_t limit,
              std::vector<LogEntry>& entries) const override;
  Status ReadFingerprints(
      Position after, std::size_t limit,
      std::vector<LoggedFingerprint>& fingerprints) const override;
  Result<Position> FindEarlier(Position position, Duration age) const override;
  LogHistory history() const override { return history_; }
  Position first() const override;
  Position head() const override;
  void Release(Position position) override;
  Status Trim(Instant now) override;

 private:
  [[nodiscard]] std::uint64_t LockedHead() const { return next_offset_ - 1; }
  [[nodiscard]] std::uint64_t LockedFirst() const {
    return next_offset_ - entries_.size();
  }
  [[nodiscard]] Status LockedCheck(Position position) const;
  void LockedRecordMarker(std::string_view backend, std::string_view marker);
  [[nodiscard]] Instant ReadOrigin() const;
  // Takes out what retention no longer holds; what is older than the horizon,
  // too. The caller destroys it once the lock is gone: freeing a thousand
  // documents takes its time.
  std::vector<LogEntry> LockedTrim(MonotonicTime horizon);

  const MemoryEventLogOptions options_;
  const LogHistory history_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<LogEntry> entries_;
  UpstreamMarkers markers_;
  Instant origin_{};  // of the log's timeline: the first Append
  std::uint64_t next_offset_ = 1;
  std::uint64_t released_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_STORE_MEMORY_EVENT_LOG_H_
