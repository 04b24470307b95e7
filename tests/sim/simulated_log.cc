#include "sim/simulated_log.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace streamer::sim {

SimulatedLog::SimulatedLog(const Options& options)
    : options_(options), epochs_({{options.epoch, 1}}) {}

void SimulatedLog::Sync() {
  durable_ = head().offset;
  markers_then_.clear();
}

// A write is lost as a whole, with its markers and those recorded since.
void SimulatedLog::Crash(std::uint64_t kept) {
  std::uint64_t lasts = std::min(durable_ + kept, head().offset);
  for (const MarkersThen& then : markers_then_) {
    if (then.last <= lasts) continue;
    lasts = then.before;
    markers_ = then.markers;
    ++cuts_;
    break;
  }
  archive_.resize(lasts);
  first_ = std::min(first_, lasts + 1);
  released_ = std::min(released_, lasts);
  epochs_.push_back({epochs_.back().epoch + 1, lasts + 1});
  is_full_ = false;
  Sync();
}

Status SimulatedLog::Close() {
  STREAMER_RETURN_IF_ERROR(MayWrite());
  Sync();
  return OkStatus();
}

Status SimulatedLog::MayWrite() {
  if (fuse_ != nullptr && !fuse_->Holds()) return Unavailable("killed");
  if (is_full_) return Unavailable("the disk is full");
  return OkStatus();
}

Result<Position> SimulatedLog::Append(std::vector<SourceEvent> events,
                                      Instant now) {
  STREAMER_RETURN_IF_ERROR(MayWrite());
  if (events.empty()) return head();
  if (!options_.syncs) {
    const std::uint64_t before = head().offset;
    markers_then_.push_back({before, before + events.size(), markers_});
  }
  for (SourceEvent& event : events) {
    NoteMarker(event.backend, event.upstream_marker);
    archive_.push_back({{epochs_.back().epoch, archive_.size() + 1},
                        std::make_shared<const SourceEvent>(std::move(event)),
                        now});
  }
  if (options_.syncs) Sync();
  newest_head_ = std::max(newest_head_, head().offset);
  return head();
}

Status SimulatedLog::RecordMarker(std::string_view backend,
                                  std::string_view marker) {
  STREAMER_RETURN_IF_ERROR(MayWrite());
  NoteMarker(backend, marker);
  return OkStatus();
}

void SimulatedLog::NoteMarker(std::string_view backend,
                              std::string_view marker) {
  if (marker.empty()) return;
  markers_.last = marker;
  markers_.by_backend[backend] = marker;
}

Position SimulatedLog::head() const { return history().At(archive_.size()); }

// As a log that keeps epochs does: a position is known by its offset, in the
// epoch in which it was given.
Status SimulatedLog::Check(Position position) const {
  const bool is_held =
      position.offset + 1 >= first_ && position.offset <= head().offset;
  if (is_held && history().Resolve(position).ok()) return OkStatus();
  return OutsideOfLog(position, first(), head());
}

Status SimulatedLog::Read(Position after, std::size_t limit,
                          std::vector<LogEntry>& entries) const {
  STREAMER_RETURN_IF_ERROR(Check(after));
  const std::uint64_t end =
      std::min<std::uint64_t>(after.offset + limit, archive_.size());
  for (std::uint64_t i = after.offset; i < end; ++i) {
    entries.push_back(archive_[i]);
  }
  return OkStatus();
}

Status SimulatedLog::ReadFingerprints(
    Position after, std::size_t limit,
    std::vector<LoggedFingerprint>& fingerprints) const {
  std::vector<LogEntry> entries;
  STREAMER_RETURN_IF_ERROR(Read(after, limit, entries));
  std::string scratch;
  for (const LogEntry& entry : entries) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
        entry.logged_at.monotonic.time_since_epoch());
    fingerprints.push_back({entry.position, WallTime(since),
                            FingerprintOf(*entry.event, scratch)});
  }
  return OkStatus();
}

Result<Position> SimulatedLog::FindEarlier(Position position,
                                           Duration age) const {
  STREAMER_RETURN_IF_ERROR(Check(position));
  std::uint64_t offset = position.offset;
  if (offset < first_) return position;
  const MonotonicTime horizon = archive_[offset - 1].logged_at.monotonic - age;
  while (offset >= first_ &&
         archive_[offset - 1].logged_at.monotonic >= horizon) {
    --offset;
  }
  return history().At(offset);
}

void SimulatedLog::Release(Position position) {
  released_ = std::max(released_, std::min(position.offset, head().offset));
}

Status SimulatedLog::Trim(Instant) {
  if (is_full_) return Unavailable("the disk is full");
  const std::uint64_t head_offset = head().offset;
  if (head_offset > options_.retained) {
    const std::uint64_t least = head_offset - options_.retained + 1;
    first_ = std::max(first_, std::min(least, released_ + 1));
    newest_first_ = std::max(newest_first_, first_);
  }
  return OkStatus();
}

}  // namespace streamer::sim
