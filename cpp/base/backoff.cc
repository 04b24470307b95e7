#include "base/backoff.h"

#include <algorithm>

namespace streamer {

Backoff::Backoff(const BackoffOptions& options, std::uint64_t seed)
    : options_(options), bound_(FirstBound()), state_(seed) {}

Duration Backoff::Next() {
  const Duration least =
      std::min(std::max(bound_ / 2, options_.minimum), bound_);
  const auto span = static_cast<std::uint64_t>((bound_ - least).count()) + 1;
  const Duration wait = least + Duration(Draw() % span);
  bound_ = std::min(bound_ * 2, options_.maximum);
  return wait;
}

void Backoff::Reset() { bound_ = FirstBound(); }

Duration Backoff::FirstBound() const {
  const bool is_far = options_.minimum < options_.maximum / 2;
  return is_far ? options_.minimum * 2 : options_.maximum;
}

// SplitMix64 (Steele, Lea, Flood 2014): any seed will do, zero included.
std::uint64_t Backoff::Draw() {
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

}  // namespace streamer
