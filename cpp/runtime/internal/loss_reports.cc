#include "runtime/internal/loss_reports.h"

#include <chrono>

namespace streamer::internal {
namespace {

constexpr Duration kBetween = std::chrono::seconds(1);

}  // namespace

void LossReports::Note(LossReport report, MonotonicTime now) {
  if (!observer_) return;
  OfCause& of_cause = causes_.at(static_cast<std::size_t>(report.cause));
  if (of_cause.newest) {
    ++of_cause.left_out;
  } else {
    ++waiting_;
  }
  of_cause.newest = std::move(report);
  Tell(of_cause, now);
}

void LossReports::Flush(MonotonicTime now) {
  for (OfCause& of_cause : causes_) Tell(of_cause, now);
}

void LossReports::Tell(OfCause& of_cause, MonotonicTime now) {
  if (!of_cause.newest) return;
  if (of_cause.told_at && now - *of_cause.told_at < kBetween) return;
  observer_(*of_cause.newest, of_cause.left_out);
  of_cause = {.told_at = now};
  --waiting_;
}

}  // namespace streamer::internal
