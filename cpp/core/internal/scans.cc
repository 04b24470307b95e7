#include "core/internal/scans.h"

#include <algorithm>

namespace streamer::internal {

void Scans::Begin(GatewayHandle gateway, std::uint64_t after, Ordinal step) {
  Scan& scan = scans_[gateway];
  scan.begun = step;
  scan.begun_after = std::min(scan.begun_after, after);
  scan.after = std::min(scan.after, after);
}

void Scans::MoveTo(GatewayHandle gateway, std::uint64_t after, Ordinal as_of) {
  Scan& scan = scans_[gateway];
  if (scan.begun <= as_of) scan.begun_after = kNowhere;
  scan.after = std::min(scan.begun_after, after);
}

void Scans::Allow(GatewayHandle gateway, std::size_t events) {
  const auto found = scans_.find(gateway);
  if (found == scans_.end() || events == 0) return;
  if (found->second.events == 0) waiting_.push_back(gateway);
  found->second.events += events;
}

void Scans::End(GatewayHandle gateway) {
  scans_.erase(gateway);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), gateway),
                 waiting_.end());
}

std::optional<Scans::Turn> Scans::Next() const {
  if (waiting_.empty()) return std::nullopt;
  const Scan& scan = scans_.at(waiting_.front());
  return Turn{waiting_.front(), scan.after, scan.events};
}

void Scans::Rest(GatewayHandle gateway, std::uint64_t upto) {
  Scan& scan = scans_.at(gateway);
  scan.after = upto;
  scan.events = 0;
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), gateway),
                 waiting_.end());
}

}  // namespace streamer::internal
