// Draw: the numbers behind one rule or one event.
//
// A sequence that depends on (seed, stream, index) alone, so that rule 7 is
// the same whether or not rules 0 to 6 were made. SplitMix64 throughout: the
// distributions of <random> differ between standard libraries.
#ifndef STREAMER_BENCH_WORKLOADS_DRAW_H_
#define STREAMER_BENCH_WORKLOADS_DRAW_H_

#include <cstddef>
#include <cstdint>

namespace streamer::workloads {

// A bijection of 64 bits that leaves no pattern.
constexpr std::uint64_t Mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

enum class Stream : std::uint8_t { kRule, kEvent };

class Draw {
 public:
  constexpr Draw(std::uint64_t seed, Stream stream, std::size_t index)
      : state_(Mix(seed + static_cast<std::uint64_t>(stream)) ^ Mix(index)) {}

  constexpr std::uint64_t Bits() { return Mix(state_ += 0x9E3779B97F4A7C15U); }
  // A number in [0, count). REQUIRES: count > 0.
  constexpr std::size_t Below(std::size_t count) { return Bits() % count; }
  // A number in [0, 1) with six decimals, so that its text is short and reads
  // back as the same number in every language.
  constexpr double Fraction() {
    return static_cast<double>(Below(1'000'000)) / 1'000'000;
  }

 private:
  std::uint64_t state_;
};

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_DRAW_H_
