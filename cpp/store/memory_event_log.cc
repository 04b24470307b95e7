#include "store/memory_event_log.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace streamer {
namespace {

std::size_t SizeOf(const SourceEvent& event) {
  return sizeof(SourceEvent) + event.backend.size() + event.event_id.size() +
         event.tenant.size() + event.collection.size() +
         event.document_id.size() + event.stored_key.size() +
         event.document.size() + event.before.size() +
         event.upstream_marker.size();
}

Status Unreachable(Position after, Position first, Position head) {
  std::string message = "log: expected a position from ";
  message.append(FormatProgress({first.epoch, first.offset - 1}));
  message.append(" to ").append(FormatProgress(head));
  message.append(", got ").append(FormatProgress(after));
  return OutOfRange(message);
}

}  // namespace

MemoryEventLog::MemoryEventLog(const MemoryEventLogOptions& options)
    : options_(options) {}

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
  for (LogEntry& entry : added) {
    entry.position.offset = next_offset_++;
    entries_.push_back(std::move(entry));
  }
  bytes_ += added_bytes;
  dropped = LockedTrim();
  return Position{options_.epoch, LockedHead()};
}

Status MemoryEventLog::Read(Position after, std::size_t limit,
                            std::vector<LogEntry>& entries) const {
  std::lock_guard lock(mutex_);
  std::uint64_t first = LockedFirst();
  if (after.epoch != options_.epoch || after.offset + 1 < first ||
      after.offset > LockedHead()) {
    return Unreachable(after, {options_.epoch, first},
                       {options_.epoch, LockedHead()});
  }
  std::size_t begin = after.offset + 1 - first;
  std::size_t count = std::min(limit, entries_.size() - begin);
  auto from = entries_.begin() + static_cast<std::ptrdiff_t>(begin);
  entries.insert(entries.end(), from,
                 from + static_cast<std::ptrdiff_t>(count));
  return OkStatus();
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
  dropped = LockedTrim();
}

std::vector<LogEntry> MemoryEventLog::LockedTrim() {
  std::vector<LogEntry> dropped;
  while (!entries_.empty() && LockedFirst() <= released_ &&
         (entries_.size() > options_.retained_events ||
          bytes_ > options_.retained_bytes)) {
    bytes_ -= SizeOf(*entries_.front().event);
    dropped.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  return dropped;
}

}  // namespace streamer
