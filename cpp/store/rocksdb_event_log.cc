#include "store/rocksdb_event_log.h"

#include <rocksdb/convenience.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "store/internal/database.h"
#include "store/internal/folder_mark.h"
#include "store/internal/log_layout.h"
#include "store/internal/log_recovery.h"
#include "store/log_record.h"

namespace streamer {
namespace {

using internal::AppendKey;
using internal::AppendMark;
using internal::Database;
using internal::EventKey;
using internal::RecoveredLog;
using internal::SegmentKey;
using internal::SegmentMark;
using internal::ToText;

// A log that was lost and made anew has other epochs, so that its positions
// are not taken for those of the lost one. The upper half is left to grow into.
std::uint32_t FirstEpoch(std::string_view identity) {
  return static_cast<std::uint32_t>(HashBytes(identity) & 0x7FFFFFFE) + 1;
}

internal::DatabaseOptions MakeDatabaseOptions(
    const RocksDbEventLogOptions& options) {
  rocksdb::Options rocksdb = internal::MakeOptions(options.env);
  rocksdb.write_buffer_size = options.write_buffer_bytes;
  // A tail torn by a power cut is not damage; it is what epochs are for.
  rocksdb.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return {"log", options.path, rocksdb, {"default", "events"}, {}};
}

WallTime Earlier(WallTime time, Duration age) {
  if (age > Duration::max() / 4) return WallTime::min();
  return time - std::chrono::ceil<WallTime::duration>(age);
}

internal::FolderMark MarkOf(const LogHistory& history, std::uint64_t head,
                            bool is_closed) {
  return {history.identity(), history.epoch(), head, is_closed};
}

// What was found is moved into table files first: a second stop must not find
// less than the positions of this epoch speak of.
Status BeginEpoch(Database& database, RecoveredLog& log) {
  std::vector<LogEpoch> epochs = log.history.epochs();
  epochs.push_back({log.history.epoch() + 1, log.head + 1});
  log.history = LogHistory(log.history.identity(), std::move(epochs));
  rocksdb::WriteBatch batch;
  batch.Put(internal::kHistoryKey, log.history.Encode());
  STREAMER_RETURN_IF_ERROR(database.Write(batch, true));
  return database.Flush();
}

// Visits the append marks from the one that holds `offset` on, until `visit`
// returns false.
template <typename Visit>
Status VisitAppends(const Database& database, std::uint64_t offset,
                    const Visit& visit) {
  std::unique_ptr<rocksdb::Iterator> marks(database.db().NewIterator({}));
  for (marks->Seek(AppendKey(offset));
       marks->Valid() &&
       ToText(marks->key()).starts_with(internal::kAppendPrefix);
       marks->Next()) {
    const std::string_view key = ToText(marks->key());
    Result<AppendMark> mark =
        internal::DecodeAppendMark(key, ToText(marks->value()));
    if (!mark.ok()) {
      return DataLoss("log " + database.FileOf(database.family(0), key) + ": " +
                      std::string(MessageOf(mark.status())));
    }
    if (!visit(*mark)) return OkStatus();
  }
  return database.Translate(marks->status());
}

}  // namespace

struct RocksDbEventLog::Waiting {
  std::vector<SourceEvent> events;
  Instant now;
  // Set, under write_mutex_, by whoever wrote them.
  bool is_done = false;
  Status status;
  std::uint64_t last_offset = 0;
};

struct RocksDbEventLog::Appending {
  std::vector<SourceEvent> events;
  std::vector<Instant> times;  // of each event
  std::vector<std::size_t> sizes;
  std::vector<SegmentMark> segments;
  AppendMark mark;
  std::optional<UpstreamMarkers> markers;  // all of them, if any changed
  std::string encoded_markers;
  rocksdb::WriteBatch batch{0};
};

Result<std::unique_ptr<RocksDbEventLog>> RocksDbEventLog::Open(
    const RocksDbEventLogOptions& options, Instant now) {
  const LogHistory made(options.identity, {{FirstEpoch(options.identity), 1}});
  STREAMER_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(MakeDatabaseOptions(options), MarkOf(made, 0, true),
                     [&](rocksdb::WriteBatch& batch) {
                       batch.Put(internal::kHistoryKey, made.Encode());
                     }));
  STREAMER_ASSIGN_OR_RETURN(RecoveredLog log, internal::RecoverLog(*database));
  if (!log.was_closed) {
    STREAMER_RETURN_IF_ERROR(BeginEpoch(*database, log));
  }
  // From here on the log is not closed, whatever becomes of what follows.
  STREAMER_RETURN_IF_ERROR(internal::WriteFolderMark(
      database->env(), database->path(), MarkOf(log.history, log.head, false)));
  return std::unique_ptr<RocksDbEventLog>(
      new RocksDbEventLog(options, std::move(database), std::move(log), now));
}

RocksDbEventLog::RocksDbEventLog(const RocksDbEventLogOptions& options,
                                 std::unique_ptr<Database> database,
                                 RecoveredLog recovered, Instant now)
    : options_(options),
      history_(std::move(recovered.history)),
      opened_at_(std::max(recovered.logged_at, now.wall)),
      opened_monotonic_(now.monotonic),
      database_(std::move(database)),
      encoded_markers_(recovered.markers.by_backend.empty()
                           ? std::string()
                           : internal::Encode(recovered.markers)),
      has_markers_record_(recovered.has_markers_record),
      first_(recovered.first),
      head_(recovered.head),
      bytes_through_(recovered.bytes_through),
      logged_at_(recovered.logged_at),
      markers_(std::move(recovered.markers)),
      segments_(options.segment),
      tail_(options.tail) {
  for (const SegmentMark& segment : recovered.segments) segments_.Add(segment);
}

RocksDbEventLog::~RocksDbEventLog() { Close().IgnoreError(); }

Status RocksDbEventLog::Close() {
  std::lock_guard write_lock(write_mutex_);
  if (database_ == nullptr) return OkStatus();
  const std::unique_ptr<Database> database = std::move(database_);
  // An empty write, in case the last one failed: then it resumes.
  rocksdb::WriteBatch nothing;
  STREAMER_RETURN_IF_ERROR(database->Write(nothing, true));
  STREAMER_RETURN_IF_ERROR(database->Flush());
  return internal::WriteFolderMark(database->env(), database->path(),
                                   MarkOf(history_, head_, true));
}

WallTime RocksDbEventLog::TimelineAt(Instant now) const {
  const Duration open_for = now.monotonic - opened_monotonic_;
  return std::max(logged_at_,
                  opened_at_ + std::chrono::floor<WallTime::duration>(
                                   std::max(open_for, Duration::zero())));
}

Result<Position> RocksDbEventLog::Append(std::vector<SourceEvent> events,
                                         Instant now) {
  if (events.empty()) return head();
  Waiting own{.events = std::move(events), .now = now};
  {
    std::lock_guard lock(waiting_mutex_);
    waiting_.push_back(&own);
  }
  // Who comes to write first writes for all that wait behind the disk.
  std::lock_guard write_lock(write_mutex_);
  if (!own.is_done) WriteAllWaiting();
  STREAMER_RETURN_IF_ERROR(own.status);
  return history_.At(own.last_offset);
}

void RocksDbEventLog::WriteAllWaiting() {
  std::vector<Waiting*> group;
  {
    std::lock_guard lock(waiting_mutex_);
    group.swap(waiting_);
  }
  Appending appending;
  for (Waiting* waiting : group) {
    appending.times.insert(appending.times.end(), waiting->events.size(),
                           waiting->now);
    if (appending.events.empty()) {
      appending.events = std::move(waiting->events);
    } else {
      std::move(waiting->events.begin(), waiting->events.end(),
                std::back_inserter(appending.events));
    }
    waiting->last_offset = head_ + appending.events.size();
  }
  Encode(appending);
  const Status status =
      database_->Write(appending.batch, options_.sync == LogSync::kBatch);
  if (status.ok()) Publish(appending);
  for (Waiting* waiting : group) {
    waiting->status = status;
    waiting->is_done = true;
  }
}

void RocksDbEventLog::Encode(Appending& appending) {
  AppendMark& mark = appending.mark;
  mark.last_offset = head_;
  mark.bytes_through = bytes_through_;
  mark.logged_at = TimelineAt(appending.times.back());
  mark.fingerprints.reserve(appending.events.size());
  appending.sizes.reserve(appending.events.size());
  const SegmentMark* segment = segments_.last();
  for (std::size_t i = 0; i < appending.events.size(); ++i) {
    const SourceEvent& event = appending.events[i];
    const std::uint64_t offset = ++mark.last_offset;
    if (segments_.Begins(segment, offset, mark.bytes_through, mark.logged_at)) {
      appending.segments.push_back(
          {offset, mark.bytes_through,
           offset == head_ + 1 ? logged_at_ : mark.logged_at, mark.logged_at});
      segment = &appending.segments.back();
      appending.batch.Put(SegmentKey(offset), internal::Encode(*segment));
    }
    EncodeLogRecord(event, appending.times[i], offset, record_);
    appending.batch.Put(database_->family(internal::kEventsFamily),
                        EventKey(offset), record_);
    mark.fingerprints.push_back(FingerprintOf(event, names_));
    mark.bytes_through += record_.size();
    appending.sizes.push_back(record_.size());
  }
  TakeMarkers(appending);
  mark.markers =
      appending.markers ? appending.encoded_markers : encoded_markers_;
  appending.batch.Put(AppendKey(mark.last_offset), internal::Encode(mark));
  if (has_markers_record_) appending.batch.Delete(internal::kMarkersKey);
}

void RocksDbEventLog::TakeMarkers(Appending& appending) const {
  // Of each backend the last one. Most often there is one backend, whose
  // marker the last event has.
  std::vector<const SourceEvent*> newest;
  for (auto event = appending.events.rbegin(); event != appending.events.rend();
       ++event) {
    const bool is_older = std::any_of(newest.begin(), newest.end(),
                                      [&](const SourceEvent* newer) {
                                        return newer->backend == event->backend;
                                      });
    if (!event->upstream_marker.empty() && !is_older) newest.push_back(&*event);
  }
  if (newest.empty()) return;
  UpstreamMarkers& markers = appending.markers.emplace(markers_);
  markers.last = newest.front()->upstream_marker;
  for (const SourceEvent* event : newest) {
    markers.by_backend[event->backend] = event->upstream_marker;
  }
  appending.encoded_markers = internal::Encode(markers);
}

void RocksDbEventLog::Publish(Appending& appending) {
  has_markers_record_ = false;
  if (appending.markers) {
    encoded_markers_ = std::move(appending.encoded_markers);
  }
  std::vector<LogEntry> added;
  added.reserve(appending.events.size());
  for (std::size_t i = 0; i < appending.events.size(); ++i) {
    added.push_back(
        {history_.At(head_ + 1 + i),
         std::make_shared<const SourceEvent>(std::move(appending.events[i])),
         appending.times[i]});
  }
  std::vector<LogEntry> excess;
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < added.size(); ++i) {
    tail_.Add(std::move(added[i]), appending.sizes[i]);
  }
  excess = tail_.TakeExcess();
  for (const SegmentMark& segment : appending.segments) segments_.Add(segment);
  head_ = appending.mark.last_offset;
  bytes_through_ = appending.mark.bytes_through;
  logged_at_ = appending.mark.logged_at;
  if (appending.markers) markers_ = std::move(*appending.markers);
}

Status RocksDbEventLog::RecordMarker(std::string_view backend,
                                     std::string_view marker) {
  if (marker.empty()) return OkStatus();
  std::lock_guard write_lock(write_mutex_);
  UpstreamMarkers markers = markers_;
  markers.last = marker;
  markers.by_backend[backend] = marker;
  std::string encoded = internal::Encode(markers);
  rocksdb::WriteBatch batch;
  batch.Put(internal::kMarkersKey, encoded);
  STREAMER_RETURN_IF_ERROR(
      database_->Write(batch, options_.sync == LogSync::kBatch));
  encoded_markers_ = std::move(encoded);
  has_markers_record_ = true;
  std::lock_guard lock(mutex_);
  markers_ = std::move(markers);
  return OkStatus();
}

UpstreamMarkers RocksDbEventLog::markers() const {
  std::lock_guard lock(mutex_);
  return markers_;
}

Status RocksDbEventLog::LockedCheck(Position position) const {
  Result<ResolvedPosition> resolved = history_.Resolve(position);
  if (resolved.ok() && !resolved->is_cut_back &&
      position.offset + 1 >= first_ && position.offset <= head_) {
    return OkStatus();
  }
  return OutsideOfLog(position, history_.At(first_), history_.At(head_));
}

Status RocksDbEventLog::Read(Position after, std::size_t limit,
                             std::vector<LogEntry>& entries) const {
  std::uint64_t head;
  {
    std::lock_guard lock(mutex_);
    STREAMER_RETURN_IF_ERROR(LockedCheck(after));
    if (after.offset == head_ || tail_.Copy(after.offset, limit, entries)) {
      return OkStatus();
    }
    head = head_;
  }
  return AfterTrim(
      after, internal::ReadEvents(*database_, history_, after.offset, limit,
                                  head, entries));
}

Status RocksDbEventLog::AfterTrim(Position after, Status status) const {
  if (status.ok()) return status;
  // Whoever is trimming has said so once it is done.
  std::lock_guard write_lock(write_mutex_);
  std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(LockedCheck(after));
  return status;
}

Status RocksDbEventLog::ReadFingerprints(
    Position after, std::size_t limit,
    std::vector<LoggedFingerprint>& fingerprints) const {
  {
    std::lock_guard lock(mutex_);
    STREAMER_RETURN_IF_ERROR(LockedCheck(after));
  }
  std::size_t wanted = limit;
  Status status =
      VisitAppends(*database_, after.offset + 1, [&](const AppendMark& mark) {
        std::uint64_t offset = mark.first_offset();
        for (const EventFingerprint& fingerprint : mark.fingerprints) {
          if (offset > after.offset && wanted > 0) {
            fingerprints.push_back(
                {history_.At(offset), mark.logged_at, fingerprint});
            --wanted;
          }
          ++offset;
        }
        return wanted > 0;
      });
  return AfterTrim(after, std::move(status));
}

Result<WallTime> RocksDbEventLog::LoggedAt(std::uint64_t offset) const {
  WallTime logged_at{};
  STREAMER_RETURN_IF_ERROR(
      VisitAppends(*database_, offset, [&](const AppendMark& mark) {
        logged_at = mark.logged_at;
        return false;
      }));
  return logged_at;
}

Result<Position> RocksDbEventLog::FindEarlier(Position position,
                                              Duration age) const {
  {
    std::lock_guard lock(mutex_);
    STREAMER_RETURN_IF_ERROR(LockedCheck(position));
    if (position.offset < first_) return position;
  }
  Result<WallTime> logged_at = LoggedAt(position.offset);
  if (!logged_at.ok()) return AfterTrim(position, logged_at.status());
  const WallTime horizon = Earlier(*logged_at, age);
  std::uint64_t begin;
  {
    std::lock_guard lock(mutex_);
    STREAMER_RETURN_IF_ERROR(LockedCheck(position));
    if (position.offset < first_) return position;
    begin = segments_.FindBegunBefore(horizon);
  }
  std::uint64_t after = position.offset;
  STREAMER_RETURN_IF_ERROR(
      VisitAppends(*database_, begin, [&](const AppendMark& mark) {
        if (mark.logged_at < horizon) return true;
        after = mark.first_offset() - 1;
        return false;
      }));
  std::lock_guard lock(mutex_);
  return history_.At(std::max(after, first_ - 1));
}

Position RocksDbEventLog::first() const {
  std::lock_guard lock(mutex_);
  return history_.At(first_);
}

Position RocksDbEventLog::head() const {
  std::lock_guard lock(mutex_);
  return history_.At(head_);
}

void RocksDbEventLog::Release(Position position) {
  Result<ResolvedPosition> resolved = history_.Resolve(position);
  if (!resolved.ok()) return;
  std::lock_guard lock(mutex_);
  released_ = std::max(released_, std::min(resolved->position.offset, head_));
}

Status RocksDbEventLog::Trim(Instant now) {
  std::lock_guard write_lock(write_mutex_);
  std::uint64_t released;
  {
    std::lock_guard lock(mutex_);
    released = released_;
  }
  if (segments_.last() == nullptr) return OkStatus();
  const SegmentMark end{head_ + 1, bytes_through_, logged_at_, logged_at_};
  const SegmentMark cut =
      segments_.FindCut(options_.retention, released, TimelineAt(now), end);
  return cut.first_offset == first_ ? OkStatus() : DropBefore(cut);
}

Status RocksDbEventLog::DropBefore(const SegmentMark& cut) {
  const std::string end = EventKey(cut.first_offset);
  rocksdb::ColumnFamilyHandle* meta = database_->family(internal::kMetaFamily);
  rocksdb::ColumnFamilyHandle* events =
      database_->family(internal::kEventsFamily);
  rocksdb::WriteBatch batch;
  batch.Put(internal::kTrimKey,
            internal::Encode(internal::TrimMark{cut.first_offset,
                                                cut.bytes_before, logged_at_}));
  batch.DeleteRange(events, EventKey(first_), end);
  batch.DeleteRange(meta, AppendKey(0), AppendKey(cut.first_offset));
  batch.DeleteRange(meta, SegmentKey(0), SegmentKey(cut.first_offset));
  // The markers outlive the append that has them.
  const bool drops_all = cut.first_offset > head_ && !encoded_markers_.empty();
  if (drops_all) batch.Put(internal::kMarkersKey, encoded_markers_);
  // Synced, whatever is said of appends: below, files go at once, and a log
  // that does not know why would be taken for damaged.
  STREAMER_RETURN_IF_ERROR(database_->Write(batch, true));
  has_markers_record_ = has_markers_record_ || drops_all;
  {
    std::lock_guard lock(mutex_);
    first_ = cut.first_offset;
    segments_.DropBefore(first_);
  }
  // Gives the space back at once. Should it fail, compaction does it later.
  const std::string begin = EventKey(0);
  const rocksdb::Slice begin_slice(begin);
  const rocksdb::Slice end_slice(end);
  rocksdb::DeleteFilesInRange(&database_->db(), events, &begin_slice,
                              &end_slice, false)
      .PermitUncheckedError();
  return OkStatus();
}

}  // namespace streamer
