#include "measure/clock.h"

#include <malloc.h>
#ifdef STREAMER_MIMALLOC
#include <mimalloc.h>
#endif
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace streamer::measure {
namespace {

// Memory that was freed and not yet given back would count as in use.
void GiveFreedMemoryBack() {
#ifdef STREAMER_MIMALLOC
  mi_collect(true);
#else
  malloc_trim(0);
#endif
}

}  // namespace

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

std::size_t ResidentBytes() {
  GiveFreedMemoryBack();
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Percentiles PercentilesOf(std::span<double> nanoseconds) {
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto at = [&](double part) {
    const auto last = static_cast<double>(nanoseconds.size() - 1);
    return nanoseconds[static_cast<std::size_t>(part * last)];
  };
  return {.p50 = at(0.5),
          .p99 = at(0.99),
          .p999 = at(0.999),
          .longest = nanoseconds.back(),
          .count = nanoseconds.size()};
}

}  // namespace streamer::measure
