// Network: how long what is sent takes: a few milliseconds, and now and then
// much longer, until all is well again.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_NETWORK_H_
#define STREAMER_TESTS_SIM_NETWORK_H_

#include <chrono>
#include <cstddef>

#include "base/time.h"
#include "support/random.h"

namespace streamer::sim {

class Network {
 public:
  // How late a half-open stream is noticed.
  static constexpr std::chrono::seconds kLongestNotice{15};

  explicit Network(support::Random& random) : random_(random) {}

  // Of the next message; `hiccup`: milliseconds more at worst.
  Duration DrawDelay(std::size_t hiccup) {
    Duration delay = std::chrono::microseconds(random_.Below(3'000));
    if (random_.Chance(1, 50) && !is_calm_) {
      delay += std::chrono::milliseconds(random_.Below(hiccup));
    }
    return delay;
  }
  // How long until one side of a broken stream notices.
  Duration DrawNotice() {
    if (random_.Chance(1, 6) && !is_calm_) {
      return std::chrono::seconds(random_.Below(kLongestNotice.count()));
    }
    return std::chrono::milliseconds(random_.Below(20));
  }
  // Whether the first of two things that happen together is told first.
  bool DrawOrder() { return random_.Chance(1, 2); }
  void Heal() { is_calm_ = true; }

 private:
  support::Random& random_;
  bool is_calm_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_NETWORK_H_
