#include "sim/simulated_log.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace streamer::sim {
namespace {

WallTime TimeOf(const Instant& at) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      at.monotonic.time_since_epoch()));
}

}  // namespace

SimulatedLog::SimulatedLog(const Options& options)
    : options_(options),
      epochs_({{options.epoch, 1}}),
      segments_(options.segment) {}

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
  bytes_through_.resize(lasts);
  first_ = std::min(first_, lasts + 1);
  released_ = std::min(released_, lasts);
  while (!begun_.empty() && begun_.back().first_offset > lasts) {
    begun_.pop_back();
  }
  segments_.emplace(options_.segment);
  for (const internal::SegmentMark& segment : begun_) segments_->Add(segment);
  segments_->DropBefore(first_);
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
    BeginSegment(event, TimeOf(now));
    archive_.push_back({{epochs_.back().epoch, archive_.size() + 1},
                        std::make_shared<const SourceEvent>(std::move(event)),
                        now});
  }
  if (options_.syncs) Sync();
  newest_head_ = std::max(newest_head_, head().offset);
  return head();
}

void SimulatedLog::BeginSegment(const SourceEvent& event, WallTime now) {
  internal::SegmentMark mark = EndMark();
  mark.begun_at = now;
  if (segments_->Begins(segments_->last(), mark.first_offset, mark.bytes_before,
                        now)) {
    begun_.push_back(mark);
    segments_->Add(mark);
  }
  bytes_through_.push_back(mark.bytes_before + event.document.size() +
                           event.before.size());
}

internal::SegmentMark SimulatedLog::EndMark() const {
  if (archive_.empty()) return {};
  const WallTime last = TimeOf(archive_.back().logged_at);
  return {archive_.size() + 1, bytes_through_.back(), last, last};
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
    fingerprints.push_back({entry.position, TimeOf(entry.logged_at),
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

Status SimulatedLog::Trim(Instant now) {
  if (is_full_) return Unavailable("the disk is full");
  if (segments_->last() == nullptr) return OkStatus();
  first_ =
      segments_->FindCut(options_.retention, released_, TimeOf(now), EndMark())
          .first_offset;
  newest_first_ = std::max(newest_first_, first_);
  segments_->DropBefore(first_);
  return OkStatus();
}

}  // namespace streamer::sim
