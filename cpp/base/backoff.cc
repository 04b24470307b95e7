#include "base/backoff.h"

#include <algorithm>

namespace streamer {

Backoff::Backoff(const BackoffOptions& options, std::uint64_t seed)
    : options_(options), bound_(options.minimum), state_(seed) {}

Duration Backoff::Next() {
  const Duration half = bound_ / 2;
  const auto span = static_cast<std::uint64_t>((bound_ - half).count()) + 1;
  const Duration wait = half + Duration(Draw() % span);
  bound_ = std::min(bound_ * 2, options_.maximum);
  return wait;
}

void Backoff::Reset() { bound_ = options_.minimum; }

// SplitMix64 (Steele, Lea, Flood 2014): any seed will do, zero included.
std::uint64_t Backoff::Draw() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

}  // namespace streamer
