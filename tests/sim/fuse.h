// Fuse: kills a process in the middle of what it does.
//
// Whatever reaches outside (a write to the disk, a message to the network)
// asks first. After a number of such steps, drawn from the seed, the fuse has
// blown: nothing that the process still does in its last call has an effect,
// and the world takes the process away as soon as that call returns.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_FUSE_H_
#define STREAMER_TESTS_SIM_FUSE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace streamer::sim {

class Fuse {
 public:
  // Called once each time it blows.
  void OnBlow(std::function<void()> blown) { blown_ = std::move(blown); }

  // It blows after `steps` more.
  void Light(std::uint64_t steps) { left_ = steps; }
  void Replace() {
    left_.reset();
    is_blown_ = false;
  }

  // Whether the next step still has an effect.
  [[nodiscard]] bool Holds() {
    if (left_ && !is_blown_) {
      is_blown_ = *left_ == 0;
      if (!is_blown_) --*left_;
      if (is_blown_ && blown_) blown_();
    }
    return !is_blown_;
  }
  [[nodiscard]] bool is_blown() const { return is_blown_; }

 private:
  std::function<void()> blown_;
  std::optional<std::uint64_t> left_;
  bool is_blown_ = false;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_FUSE_H_
