// Readings of the clock and of memory.
#ifndef STREAMER_BENCH_MEASURE_CLOCK_H_
#define STREAMER_BENCH_MEASURE_CLOCK_H_

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace streamer::measure {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline double NanosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// Time that this thread has run, so that what other programs take does not
// count. One reading costs some hundred nanoseconds.
double ThreadSeconds();

// Memory of this process that is in RAM, after free pieces were given back.
std::size_t ResidentBytes();

// Orders `values`. 0 for none.
double Median(std::vector<double> values);

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double longest = 0;
  std::size_t count = 0;
};

// REQUIRES: `nanoseconds` is not empty. Orders it.
Percentiles PercentilesOf(std::span<double> nanoseconds);

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_CLOCK_H_
