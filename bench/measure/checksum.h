// Checksum: a sum over (event, rule) pairs, in any order. Every program of
// the comparison, in whatever language, computes the same from 64-bit
// arithmetic that wraps.
#ifndef STREAMER_BENCH_MEASURE_CHECKSUM_H_
#define STREAMER_BENCH_MEASURE_CHECKSUM_H_

#include <cstdint>

namespace streamer::measure {

class Checksum {
 public:
  void Add(std::uint64_t event, std::uint64_t rule) {
    value_ += (event * 1'000'003 + rule + 1) * 0x9E3779B97F4A7C15U ^
              (rule * 0xBF58476D1CE4E5B9U);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_CHECKSUM_H_
