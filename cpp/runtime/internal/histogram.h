// Histogram: counts of samples by size. Plain data for one writer, so that it
// can be published whole (internal/published.h).
#ifndef STREAMER_RUNTIME_INTERNAL_HISTOGRAM_H_
#define STREAMER_RUNTIME_INTERNAL_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/engine.h"

namespace streamer::internal {

// `kBounds` ascend; a sample counts under the first bound that it does not
// exceed, or past all of them.
template <const auto& kBounds>
class Histogram {
 public:
  void Observe(double sample) {
    auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), sample);
    ++counts_[static_cast<std::size_t>(bound - kBounds.begin())];
    sum_ += sample;
  }

  // Adds its counts to those of `total`.
  void AddTo(EngineStatistics::Histogram& total) const {
    total.bounds.assign(kBounds.begin(), kBounds.end());
    total.counts.resize(counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      total.counts[i] += counts_[i];
    }
    total.sum += sum_;
  }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

// From a microsecond to ten seconds, three bounds to the decade.
inline constexpr std::array kLatencyBounds{
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3,
    5e-3, 1e-2, 2e-2, 5e-2, 0.1,  0.2,  0.5,  1.0,  2.0,  5.0,  10.0};
inline constexpr std::array kMatchCountBounds{
    0.0,   1.0,   2.0,   5.0,    10.0,     20.0,     50.0,
    100.0, 200.0, 500.0, 1000.0, 10'000.0, 100'000.0};

using LatencyHistogram = Histogram<kLatencyBounds>;
using MatchCountHistogram = Histogram<kMatchCountBounds>;

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_HISTOGRAM_H_
