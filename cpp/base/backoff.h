// Backoff: how long to wait before trying again.
//
// The bound doubles from twice the `minimum` to the `maximum` with each
// attempt, and the wait is drawn from its upper half, so that a thousand
// clients that lost one server do not return in step. No wait is shorter than
// the minimum.
//
// The draw comes from a seed: the same seed waits the same, which tests and
// the simulation rely on.
// Thread-safety: none; one owner.
#ifndef STREAMER_BASE_BACKOFF_H_
#define STREAMER_BASE_BACKOFF_H_

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace streamer {

// A minimum above the maximum counts as the maximum.
struct BackoffOptions {
  Duration minimum = std::chrono::milliseconds(100);
  Duration maximum = std::chrono::seconds(30);
};

class Backoff {
 public:
  Backoff(const BackoffOptions& options, std::uint64_t seed);

  // The next wait: at least half of the bound and the minimum, at most all of
  // the bound.
  Duration Next();

  // The next wait is as short as the first one again.
  void Reset();

 private:
  std::uint64_t Draw();

  [[nodiscard]] Duration FirstBound() const;

  const BackoffOptions options_;
  Duration bound_;
  std::uint64_t state_;
};

}  // namespace streamer

#endif  // STREAMER_BASE_BACKOFF_H_
