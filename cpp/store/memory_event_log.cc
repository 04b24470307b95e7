#include "store/memory_event_log.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace streamer {
namespace {

std::size_t SizeOf(const SourceLoss& loss) {
  return sizeof(loss) + loss.from.size() + loss.to.size() + loss.reason.size();
}

std::size_t SizeOf(const SourceEvent& event) {
  return sizeof(SourceEvent) + event.backend.size() + event.event_id.size() +
         event.tenant.size() + event.collection.size() +
         event.document_id.size() + event.stored_key.size() +
         event.document.size() + event.before.size() +
         event.upstream_marker.size() +
         (event.loss == nullptr ? 0 : SizeOf(*event.loss));
}

// The moment `age` before `time`. Clocks read far from the ends of time, ages
// may be as long as there is.
MonotonicTime Earlier(MonotonicTime time, Duration age) {
  return age > Duration::max() / 4 ? MonotonicTime::min() : time - age;
}

}  // namespace

MemoryEventLog::MemoryEventLog(const MemoryEventLogOptions& options)
    : options_(options), history_(options.identity, {{options.epoch, 1}}) {}

Result<Position> MemoryEventLog::Append(std::vector<SourceEvent> events,
                                        Instant now) {
  std::vector<LogEntry> added;
  added.reserve(events.size());
  std::size_t added_bytes = 0;
  for (SourceEvent& event : events) {
    added_bytes += SizeOf(event);
    auto shared = std::make_shared<const SourceEvent>(std::move(event));
    added.push_back({{options_.epoch, 0}, std::move(shared), now});
  }
  std::vector<LogEntry> dropped;
  std::lock_guard lock(mutex_);
  if (next_offset_ == 1) origin_ = now;
  for (LogEntry& entry : added) {
    entry.position.offset = next_offset_++;
    LockedRecordMarker(entry.event->backend, entry.event->upstream_marker);
    entries_.push_back(std::move(entry));
  }
  bytes_ += added_bytes;
  dropped = LockedTrim(MonotonicTime::min());
  return Position{options_.epoch, LockedHead()};
}

Status MemoryEventLog::RecordMarker(std::string_view backend,
                                    std::string_view marker) {
  std::lock_guard lock(mutex_);
  LockedRecordMarker(backend, marker);
  return OkStatus();
}

void MemoryEventLog::LockedRecordMarker(std::string_view backend,
                                        std::string_view marker) {
  if (marker.empty()) return;
  markers_.last = marker;
  markers_.by_backend[backend] = marker;
}

UpstreamMarkers MemoryEventLog::markers() const {
  std::lock_guard lock(mutex_);
  return markers_;
}

Status MemoryEventLog::LockedCheck(Position position) const {
  if (position.epoch == options_.epoch &&
      position.offset + 1 >= LockedFirst() && position.offset <= LockedHead()) {
    return OkStatus();
  }
  return OutsideOfLog(position, {options_.epoch, LockedFirst()},
                      {options_.epoch, LockedHead()});
}

Status MemoryEventLog::Read(Position after, std::size_t limit,
                            std::vector<LogEntry>& entries) const {
  std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(LockedCheck(after));
  std::size_t begin = after.offset + 1 - LockedFirst();
  std::size_t count = std::min(limit, entries_.size() - begin);
  auto from = entries_.begin() + static_cast<std::ptrdiff_t>(begin);
  entries.insert(entries.end(), from,
                 from + static_cast<std::ptrdiff_t>(count));
  return OkStatus();
}

Status MemoryEventLog::ReadFingerprints(
    Position after, std::size_t limit,
    std::vector<LoggedFingerprint>& fingerprints) const {
  std::vector<LogEntry> entries;
  STREAMER_RETURN_IF_ERROR(Read(after, limit, entries));
  const Instant origin = ReadOrigin();
  std::string scratch;
  for (const LogEntry& entry : entries) {
    const Duration since = entry.logged_at.monotonic - origin.monotonic;
    fingerprints.push_back({entry.position, origin.After(since).wall,
                            FingerprintOf(*entry.event, scratch)});
  }
  return OkStatus();
}

Instant MemoryEventLog::ReadOrigin() const {
  std::lock_guard lock(mutex_);
  return origin_;
}

Result<Position> MemoryEventLog::FindEarlier(Position position,
                                             Duration age) const {
  std::lock_guard lock(mutex_);
  STREAMER_RETURN_IF_ERROR(LockedCheck(position));
  const std::uint64_t first = LockedFirst();
  if (position.offset < first) return position;
  std::uint64_t offset = position.offset;
  const MonotonicTime horizon =
      Earlier(entries_[offset - first].logged_at.monotonic, age);
  while (offset >= first &&
         entries_[offset - first].logged_at.monotonic >= horizon) {
    --offset;
  }
  return Position{options_.epoch, offset};
}

Position MemoryEventLog::first() const {
  std::lock_guard lock(mutex_);
  return {options_.epoch, LockedFirst()};
}

Position MemoryEventLog::head() const {
  std::lock_guard lock(mutex_);
  return {options_.epoch, LockedHead()};
}

void MemoryEventLog::Release(Position position) {
  if (position.epoch != options_.epoch) return;
  std::vector<LogEntry> dropped;
  std::lock_guard lock(mutex_);
  released_ = std::max(released_, std::min(position.offset, LockedHead()));
  dropped = LockedTrim(MonotonicTime::min());
}

Status MemoryEventLog::Trim(Instant now) {
  std::vector<LogEntry> dropped;
  std::lock_guard lock(mutex_);
  dropped = LockedTrim(Earlier(now.monotonic, options_.retained_age));
  return OkStatus();
}

std::vector<LogEntry> MemoryEventLog::LockedTrim(MonotonicTime horizon) {
  std::vector<LogEntry> dropped;
  while (!entries_.empty() && LockedFirst() <= released_ &&
         (entries_.size() > options_.retained_events ||
          bytes_ > options_.retained_bytes ||
          entries_.front().logged_at.monotonic < horizon)) {
    bytes_ -= SizeOf(*entries_.front().event);
    dropped.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  return dropped;
}

}  // namespace streamer
