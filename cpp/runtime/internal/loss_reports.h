// LossReports: hands on what the router says was lost: of each cause one report
// a second, however many there are. The newest that was left out follows when
// the second is over, with the number of the others.
//
// Thread-safety: none; owned by the router's thread.
#ifndef STREAMER_RUNTIME_INTERNAL_LOSS_REPORTS_H_
#define STREAMER_RUNTIME_INTERNAL_LOSS_REPORTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/time.h"
#include "core/loss_report.h"

namespace streamer::internal {

class LossReports {
 public:
  // Told a report, and how many of its cause were left out since the last.
  using Observer = std::function<void(const LossReport&, std::uint64_t)>;

  // Without an observer nothing is kept.
  explicit LossReports(Observer observer) : observer_(std::move(observer)) {}

  void Note(LossReport report, MonotonicTime now);
  // Hands on what is due.
  void Flush(MonotonicTime now);
  // Whether something waits for Flush.
  [[nodiscard]] bool is_waiting() const { return waiting_ > 0; }

 private:
  struct OfCause {
    std::optional<MonotonicTime> told_at;
    std::optional<LossReport> newest;  // not told yet
    std::uint64_t left_out = 0;        // before that
  };
  void Tell(OfCause& of_cause, MonotonicTime now);

  const Observer observer_;
  std::array<OfCause, kLossCauses> causes_;
  std::size_t waiting_ = 0;  // of causes, those that have something to tell
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_LOSS_REPORTS_H_
