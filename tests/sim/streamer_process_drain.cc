// The part of StreamerProcess that ends it in order: the steps of the service's
// Drain, over the shipped streams and engine.
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/streamer_process.h"

namespace streamer::sim {
namespace {

constexpr Duration kDrainCheck = std::chrono::milliseconds(2);
constexpr Duration kSaveCheck = std::chrono::milliseconds(100);
// Tenths of the time-out at which a step must have ended.
constexpr int kFlushTenths = 7;
constexpr int kStreamsTenths = 9;

}  // namespace

void StreamerProcess::Drain(Duration timeout) {
  if (drain_) return;
  surroundings_.note("streamer: drains");
  consumer_.reset();
  if (source_ != nullptr) std::exchange(source_, nullptr)->Cancel();
  const MonotonicTime now = schedule_.now();
  drain_ = DrainTimes{.flush_by = now + timeout * kFlushTenths / 10,
                      .streams_by = now + timeout * kStreamsTenths / 10,
                      .end = now + timeout};
  AwaitFlush();
}

// Whether nothing waits between the log and the streams.
bool StreamerProcess::IsFlushed() const {
  const EngineStatistics counts = engine_->Statistics();
  return counts.log_backlog == 0 && counts.outbox_depth == 0 &&
         counts.routed == counts.head;
}

void StreamerProcess::AwaitFlush() {
  const bool is_flushed = IsFlushed();
  if (is_flushed || schedule_.now() >= drain_->flush_by) {
    return CloseDoor(is_flushed);
  }
  Later(kDrainCheck, [this] { AwaitFlush(); });
}

void StreamerProcess::CloseDoor(bool is_flushed) {
  surroundings_.note(absl::StrCat("streamer: closes its streams, ",
                                  is_flushed ? "" : "not ", "flushed"));
  drain_->is_door_closed = true;
  surroundings_.door_closed();
  const std::uint64_t flushed_upto = is_flushed ? log_->head().offset : 0;
  ForEachLink([flushed_upto](Link& link) {
    if (const auto stream = link.stream()) {
      link.NoteFlushed(flushed_upto);
      stream->Close(Unavailable("the service is shutting down"));
    }
  });
  AwaitStreams();
}

void StreamerProcess::AwaitStreams() {
  bool has_streams = false;
  ForEachLink([&](Link& link) { has_streams |= link.stream() != nullptr; });
  if (has_streams && schedule_.now() < drain_->streams_by) {
    return Later(kDrainCheck, [this] { AwaitStreams(); });
  }
  ForEachLink([](Link& link) {
    if (const auto stream = link.stream()) {
      stream->CutOff(Unavailable("the service is shutting down"));
    }
  });
  AwaitSave();
}

// A store that does not take it now may do so a moment later.
void StreamerProcess::AwaitSave() {
  engine_->SaveProgress(options_.stall_timeout);
  const bool is_saved = engine_->is_saved();
  if (is_saved || schedule_.now() >= drain_->end) return EndDrain(is_saved);
  Later(kSaveCheck, [this] { AwaitSave(); });
}

void StreamerProcess::EndDrain(bool is_saved) {
  if (fuse_.is_blown()) return;  // it was killed first
  surroundings_.note(
      absl::StrCat("streamer: drained, ", is_saved ? "" : "not ", "saved"));
  Vanish();
  if (!log_->Close().ok()) log_->Crash(log_->unsynced());
  surroundings_.drained(is_saved);
}

}  // namespace streamer::sim
