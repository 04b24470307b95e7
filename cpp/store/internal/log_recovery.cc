#include "store/internal/log_recovery.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/internal/folder_mark.h"
#include "store/log_record.h"

namespace streamer::internal {
namespace {

using Iterator = std::unique_ptr<rocksdb::Iterator>;

Iterator NewIterator(const Database& database, std::size_t family) {
  return Iterator(database.db().NewIterator({}, database.family(family)));
}

bool IsAt(const rocksdb::Iterator& iterator, std::string_view prefix) {
  return iterator.Valid() && ToText(iterator.key()).starts_with(prefix);
}

Status Contradiction(const Database& database, std::string_view expected,
                     std::string_view got) {
  return DataLoss(absl::StrCat("log ", database.path(), ": expected ",
                               std::string(expected), ", got ",
                               std::string(got)));
}

// `status` of a record, with the file that the record lies in.
Status InFile(const Database& database, std::size_t family,
              std::string_view key, const Status& status) {
  return DataLoss(absl::StrCat("log ",
                               database.FileOf(database.family(family), key),
                               ": ", std::string(MessageOf(status))));
}

Result<LogHistory> ReadHistory(const Database& database) {
  STREAMER_ASSIGN_OR_RETURN(std::string bytes, database.Get(kHistoryKey));
  if (bytes.empty()) {
    return Contradiction(database, "an event log",
                         "a database without the history of one");
  }
  Result<LogHistory> history = LogHistory::Decode(bytes);
  if (history.ok()) return history;
  return InFile(database, kMetaFamily, kHistoryKey, history.status());
}

// The trim mark; that of a log that never dropped anything, if there is none.
Result<TrimMark> ReadTrimMark(const Database& database) {
  STREAMER_ASSIGN_OR_RETURN(std::string bytes, database.Get(kTrimKey));
  if (bytes.empty()) return TrimMark();
  Result<TrimMark> mark = DecodeTrimMark(bytes);
  if (mark.ok()) return mark;
  return InFile(database, kMetaFamily, kTrimKey, mark.status());
}

// The head, if the events reach from `first` to it.
Result<std::uint64_t> FindHead(const Database& database, std::uint64_t first) {
  Iterator events = NewIterator(database, kEventsFamily);
  events->Seek(EventKey(first));
  if (!events->Valid()) {
    STREAMER_RETURN_IF_ERROR(database.Translate(events->status()));
    return first - 1;
  }
  STREAMER_ASSIGN_OR_RETURN(std::uint64_t oldest,
                            OffsetOf(ToText(events->key())));
  if (oldest != first) {
    return Contradiction(database, absl::StrCat("event ", first, " first"),
                         absl::StrCat("event ", oldest));
  }
  events->SeekToLast();
  STREAMER_RETURN_IF_ERROR(database.Translate(events->status()));
  return OffsetOf(ToText(events->key()));
}

// Takes over the markers that are in the record under `key`.
Status TakeMarkers(const Database& database, std::string_view key,
                   std::string_view bytes, UpstreamMarkers& markers) {
  Result<UpstreamMarkers> read = DecodeMarkers(bytes);
  if (!read.ok()) return InFile(database, kMetaFamily, key, read.status());
  markers = std::move(*read);
  return OkStatus();
}

// Takes over the last append mark, which must be that of the head.
Status ReadLastAppend(const Database& database, RecoveredLog& log) {
  Iterator marks = NewIterator(database, kMetaFamily);
  marks->SeekForPrev(AppendKey(~std::uint64_t{0}));
  STREAMER_RETURN_IF_ERROR(database.Translate(marks->status()));
  if (!IsAt(*marks, kAppendPrefix)) {
    if (log.head < log.first) return OkStatus();
    return Contradiction(
        database, absl::StrCat("an append mark up to ", log.head), "none");
  }
  Result<AppendMark> mark =
      DecodeAppendMark(ToText(marks->key()), ToText(marks->value()));
  if (!mark.ok()) {
    return InFile(database, kMetaFamily, ToText(marks->key()), mark.status());
  }
  if (mark->last_offset != log.head) {
    return Contradiction(database,
                         absl::StrCat("events up to ", mark->last_offset),
                         absl::StrCat("events up to ", log.head));
  }
  log.bytes_through = mark->bytes_through;
  log.logged_at = mark->logged_at;
  if (mark->markers.empty()) return OkStatus();
  return TakeMarkers(database, ToText(marks->key()), mark->markers,
                     log.markers);
}

Status ReadSegments(const Database& database, RecoveredLog& log) {
  Iterator marks = NewIterator(database, kMetaFamily);
  for (marks->Seek(kSegmentPrefix); IsAt(*marks, kSegmentPrefix);
       marks->Next()) {
    Result<SegmentMark> mark =
        DecodeSegmentMark(ToText(marks->key()), ToText(marks->value()));
    if (!mark.ok()) {
      return InFile(database, kMetaFamily, ToText(marks->key()), mark.status());
    }
    log.segments.push_back(*mark);
  }
  STREAMER_RETURN_IF_ERROR(database.Translate(marks->status()));
  const bool is_empty = log.head < log.first;
  if (is_empty == log.segments.empty() &&
      (is_empty || log.segments.front().first_offset == log.first)) {
    return OkStatus();
  }
  return Contradiction(
      database,
      is_empty ? std::string("no segment")
               : absl::StrCat("a segment from ", log.first),
      log.segments.empty()
          ? std::string("none")
          : absl::StrCat("one from ", log.segments.front().first_offset));
}

// Those of the last append are taken over already.
Status ReadMarkers(const Database& database, RecoveredLog& log) {
  STREAMER_ASSIGN_OR_RETURN(std::string bytes, database.Get(kMarkersKey));
  log.has_markers_record = !bytes.empty();
  if (bytes.empty()) return OkStatus();
  return TakeMarkers(database, kMarkersKey, bytes, log.markers);
}

// Whether the log was closed properly; then it must end where it ended then.
Result<bool> CheckMark(const Database& database, const RecoveredLog& log) {
  STREAMER_ASSIGN_OR_RETURN(FolderMark mark,
                            ReadFolderMark(database.env(), database.path()));
  STREAMER_RETURN_IF_ERROR(CheckAgainstMark(
      database.path(), mark,
      {log.history.identity(), log.history.epoch(), log.head}));
  return mark.is_closed;
}

}  // namespace

Result<RecoveredLog> RecoverLog(const Database& database) {
  STREAMER_ASSIGN_OR_RETURN(LogHistory history, ReadHistory(database));
  RecoveredLog log{.history = std::move(history)};
  STREAMER_ASSIGN_OR_RETURN(TrimMark trimmed, ReadTrimMark(database));
  log.first = trimmed.first_offset;
  log.bytes_through = trimmed.bytes_before;
  log.logged_at = trimmed.logged_at;
  STREAMER_ASSIGN_OR_RETURN(log.head, FindHead(database, log.first));
  STREAMER_RETURN_IF_ERROR(ReadLastAppend(database, log));
  STREAMER_RETURN_IF_ERROR(ReadSegments(database, log));
  STREAMER_RETURN_IF_ERROR(ReadMarkers(database, log));
  STREAMER_ASSIGN_OR_RETURN(log.was_closed, CheckMark(database, log));
  return log;
}

Status ReadEvents(const Database& database, const LogHistory& history,
                  std::uint64_t after, std::size_t limit, std::uint64_t head,
                  std::vector<LogEntry>& entries) {
  const std::uint64_t last = head - after > limit ? after + limit : head;
  Iterator events = NewIterator(database, kEventsFamily);
  events->Seek(EventKey(after + 1));
  for (std::uint64_t offset = after + 1; offset <= last; ++offset) {
    if (!events->Valid()) {
      STREAMER_RETURN_IF_ERROR(database.Translate(events->status()));
      return Contradiction(database, absl::StrCat("event ", offset), "none");
    }
    const std::string_view key = ToText(events->key());
    STREAMER_ASSIGN_OR_RETURN(std::uint64_t found, OffsetOf(key));
    if (found != offset) {
      return Contradiction(database, absl::StrCat("event ", offset),
                           absl::StrCat("event ", found));
    }
    Result<LogRecord> record = DecodeLogRecord(ToText(events->value()), offset);
    if (!record.ok()) {
      return InFile(database, kEventsFamily, key, record.status());
    }
    entries.push_back(
        {history.At(offset),
         std::make_shared<const SourceEvent>(std::move(record->event)),
         record->logged_at});
    events->Next();
  }
  return OkStatus();
}

}  // namespace streamer::internal
