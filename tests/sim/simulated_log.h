// SimulatedLog: an EventLog on a disk that can be full, lose its newest writes
// and outlive the process.
//
// The object is the disk: it stays while processes come and go. It keeps, for
// the checker, every event that it ever held. Where it may be cut, the segments
// of the log on disk decide; its times are monotonic ones.
//
// Thread-safety: none, against what EventLog promises: there is one thread.
#ifndef STREAMER_TESTS_SIM_SIMULATED_LOG_H_
#define STREAMER_TESTS_SIM_SIMULATED_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fuse.h"
#include "store/event_log.h"
#include "store/internal/log_segments.h"

namespace streamer::sim {

class SimulatedLog final : public EventLog {
 public:
  struct Options {
    std::string identity;
    std::uint32_t epoch = 1;
    RetentionOptions retention{};  // of those released
    internal::SegmentLimits segment{};
    bool syncs = true;  // each write, before it is answered
  };

  explicit SimulatedLog(const Options& options);

  // Of the disk.

  // What the owner's writes depend on.
  void SetFuse(Fuse* fuse) { fuse_ = fuse; }
  void SetFull(bool is_full) { is_full_ = is_full; }
  // Everything written so far survives a power cut.
  void Sync();
  // The process is gone. All but about the first `kept` of the events that were
  // not synced are lost, whole writes at a time; the next process begins a new
  // epoch.
  void Crash(std::uint64_t kept);
  // The process has ended well: nothing is lost, and the next goes on in the
  // same epoch. Unavailable on a full disk.
  Status Close();
  // As far as it ever reached, at either end.
  [[nodiscard]] std::uint64_t newest_first() const { return newest_first_; }
  [[nodiscard]] std::uint64_t newest_head() const { return newest_head_; }
  [[nodiscard]] std::uint64_t unsynced() const {
    return head().offset - durable_;
  }
  // All events of the log as it is now, from offset 1, trimmed or not.
  [[nodiscard]] const std::vector<LogEntry>& archive() const {
    return archive_;
  }
  // Counts how often the archive lost its end.
  [[nodiscard]] std::uint64_t cuts() const { return cuts_; }

  // EventLog.
  Result<Position> Append(std::vector<SourceEvent> events,
                          Instant now) override;
  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override;
  UpstreamMarkers markers() const override { return markers_; }
  Status Read(Position after, std::size_t limit,
              std::vector<LogEntry>& entries) const override;
  Status ReadFingerprints(
      Position after, std::size_t limit,
      std::vector<LoggedFingerprint>& fingerprints) const override;
  Result<Position> FindEarlier(Position position, Duration age) const override;
  LogHistory history() const override {
    return LogHistory(options_.identity, epochs_);
  }
  Position first() const override { return history().At(first_); }
  Position head() const override;
  void Release(Position position) override;
  Status Trim(Instant now) override;

 private:
  [[nodiscard]] Status Check(Position position) const;
  [[nodiscard]] Status MayWrite();
  // At the end of the archive, if one begins there.
  void BeginSegment(const SourceEvent& event, WallTime now);
  // What a segment would say that began after the head.
  [[nodiscard]] internal::SegmentMark EndMark() const;
  void NoteMarker(std::string_view backend, std::string_view marker);

  // A write that was not synced, and the markers before it.
  struct MarkersThen {
    std::uint64_t before = 0;
    std::uint64_t last = 0;
    UpstreamMarkers markers;
  };

  const Options options_;
  std::vector<LogEpoch> epochs_;
  std::vector<LogEntry> archive_;
  std::vector<MarkersThen> markers_then_;
  std::vector<std::uint64_t> bytes_through_;  // of each in the archive
  std::vector<internal::SegmentMark> begun_;  // all segments, dropped or not
  std::optional<internal::LogSegments> segments_;
  UpstreamMarkers markers_;
  std::uint64_t first_ = 1;
  std::uint64_t newest_first_ = 1;
  std::uint64_t newest_head_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t durable_ = 0;
  std::uint64_t cuts_ = 0;
  Fuse* fuse_ = nullptr;
  bool is_full_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_SIMULATED_LOG_H_
