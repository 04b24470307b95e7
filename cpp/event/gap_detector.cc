#include "event/gap_detector.h"

#include <algorithm>
#include <chrono>

namespace streamer {
namespace {

constexpr std::size_t kMostBackends = 1024;
constexpr std::size_t kMostTenants = 4096;

}  // namespace

GapDetector::GapDetector(Duration window)
    : window_seconds_(std::chrono::ceil<std::chrono::seconds>(window).count()),
      backends_(kMostBackends) {}

std::optional<Gap> GapDetector::FindGap(const SourceEvent& event) {
  if (!event.cluster_time && event.backend.empty()) return std::nullopt;
  Backend& backend = Get(event.backend);
  Note(event, backend);
  if (!event.cluster_time) return std::nullopt;
  const ClusterTime time = *event.cluster_time;
  bool is_gap = std::int64_t{time.seconds} + window_seconds_ <
                std::int64_t{backend.newest.seconds};
  backend.newest = is_gap ? time : std::max(backend.newest, time);
  if (!is_gap) return std::nullopt;
  return Gap{event.backend, has_unknown_past_ || backend.has_too_many_tenants,
             backend.tenants};
}

GapDetector::Backend& GapDetector::Get(std::string_view name) {
  if (Backend* const known = backends_.Touch(name)) return *known;
  // The one that has to go may come back, and its tenants are not known then.
  if (backends_.size() == kMostBackends) has_unknown_past_ = true;
  backends_.Put(name, Backend());
  return *backends_.Find(name);
}

Gap GapDetector::Reported(std::string_view backend) {
  const Backend* known = backends_.Find(backend);
  const bool concerns_all = backend.empty() || has_unknown_past_ ||
                            known == nullptr || known->has_too_many_tenants;
  Gap gap{.backend = std::string(backend), .concerns_all = concerns_all};
  if (!concerns_all) gap.tenants = known->tenants;
  return gap;
}

void GapDetector::Note(const SourceEvent& event, Backend& backend) {
  if (backend.has_too_many_tenants || backend.tenants.contains(event.tenant)) {
    return;
  }
  if (backend.tenants.size() < kMostTenants) {
    backend.tenants.insert(event.tenant);
    return;
  }
  backend.has_too_many_tenants = true;
  backend.tenants = TextSet();
}

}  // namespace streamer
