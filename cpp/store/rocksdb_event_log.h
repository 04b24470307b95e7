// RocksDbEventLog: an EventLog in a folder, that outlives its process.
//
// Durability, by LogSync. `kBatch`: an event is read and acknowledged only
// once the disk has it. Appends that come while the disk is busy are written
// together, with one fsync, when it is free again. `kNone`: once the system has
// it: a killed process loses nothing, a power cut loses the newest events,
// which the next epoch records.
//
// Epochs: an open after anything but Close, or a destruction that could do the
// same, begins a new one (log_history.h). Before Open returns, what it found is
// in table files: a tail is lost once, or never.
//
// Corrupt never means empty: Open refuses, naming the file, unless all it
// finds fits together; damage further in is DataLoss for the reader that comes
// to it. The one thing that can be missing without a refusal is the end of
// what a process that died had written last, as after a power cut.
//
// A write that fails (disk full) leaves the log as it was and answers
// Unavailable; reading goes on. The next write tries again, and succeeds once
// there is space. After a failed fsync it does not: nobody knows then what the
// disk has. Such a log must be opened anew, which may find what it refused.
//
// Cost: an Append is a hash, a copy and a put for each event, then one write.
// Readers that keep up share the appended events; others pay one iterator for
// each Read and a decoded record for each event.
// Thread-safety: as EventLog promises. Appends wait for one another; readers
// wait for nobody's disk but their own.
#ifndef STREAMER_STORE_ROCKSDB_EVENT_LOG_H_
#define STREAMER_STORE_ROCKSDB_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/event_log.h"
#include "store/internal/log_segments.h"
#include "store/internal/log_tail.h"

namespace rocksdb {
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace streamer {

namespace internal {
class Database;
struct RecoveredLog;
}  // namespace internal

enum class LogSync : std::uint8_t { kNone, kBatch };

struct RocksDbEventLogOptions {
  // A folder, made if there is none; its parent exists. It is not itself where
  // a disk is mounted, because a new log is renamed to it.
  std::string path;
  // Given to a log that is made now, and to no other ever: random, 16 bytes or
  // more. Its first epoch is derived from it.
  std::string identity;
  LogSync sync = LogSync::kBatch;
  RetentionOptions retention;
  internal::SegmentLimits segment;
  internal::LogTail::Limits tail;
  std::size_t write_buffer_bytes = 32u << 20;
  // Null: the system's.
  rocksdb::Env* env = nullptr;
};

class RocksDbEventLog final : public EventLog {
 public:
  // DataLoss when the folder is damaged, FailedPrecondition when it holds
  // something else, Unavailable when it cannot be read or is in use.
  static Result<std::unique_ptr<RocksDbEventLog>> Open(
      const RocksDbEventLogOptions& options, Instant now);
  ~RocksDbEventLog() override;

  // Ends the log so that the next Open goes on with this epoch. No other call
  // may be running, and none may follow. When it fails, the next Open begins
  // a new epoch, and nothing that was appended is lost.
  Status Close();

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
  // One Append, waiting for its turn.
  struct Waiting;
  // What one write is about to append and, once that is done, to publish.
  struct Appending;

  RocksDbEventLog(const RocksDbEventLogOptions& options,
                  std::unique_ptr<internal::Database> database,
                  internal::RecoveredLog recovered, Instant now);

  [[nodiscard]] WallTime TimelineAt(Instant now) const;
  // Writes what all Appends wait for, and tells them.
  void WriteAllWaiting();
  void Encode(Appending& appending);
  // Updates the markers by those of the events, if they have any.
  void TakeMarkers(Appending& appending) const;
  void Publish(Appending& appending);
  Status DropBefore(const internal::SegmentMark& cut);
  // Whether `position` is one of this log that it still reaches.
  [[nodiscard]] Status LockedCheck(Position position) const;
  // The time of the append that held the event at `offset`.
  [[nodiscard]] Result<WallTime> LoggedAt(std::uint64_t offset) const;
  // `status` of reading after `after`; or, if that is because the log was
  // trimmed meanwhile, OutOfRange.
  [[nodiscard]] Status AfterTrim(Position after, Status status) const;

  const RocksDbEventLogOptions options_;
  const LogHistory history_;
  // Where the log's own timeline was when it was opened.
  const WallTime opened_at_;
  const MonotonicTime opened_monotonic_;

  std::mutex waiting_mutex_;
  // Guarded by waiting_mutex_; in the order in which they came.
  std::vector<Waiting*> waiting_;

  // Held by whoever writes, for as long as the disk takes.
  mutable std::mutex write_mutex_;
  // Guarded by write_mutex_; reading the database takes no lock. Null once
  // the log is closed.
  std::unique_ptr<internal::Database> database_;
  std::string encoded_markers_;  // of markers_; empty while there are none
  bool has_markers_record_;      // see internal/log_layout.h
  std::string record_;           // scratch of Encode
  std::string names_;            // scratch of FingerprintOf

  // Held for as long as copying pointers takes; changed only by who also holds
  // write_mutex_, except released_.
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::uint64_t first_;
  std::uint64_t head_;
  std::uint64_t released_ = 0;
  std::uint64_t bytes_through_;
  WallTime logged_at_;
  UpstreamMarkers markers_;
  internal::LogSegments segments_;
  internal::LogTail tail_;
};

}  // namespace streamer

#endif  // STREAMER_STORE_ROCKSDB_EVENT_LOG_H_
