// Options: what match_workloads is asked to measure.
#ifndef STREAMER_BENCH_MEASURE_OPTIONS_H_
#define STREAMER_BENCH_MEASURE_OPTIONS_H_

#include <cstddef>
#include <string>

#include "workloads/workload.h"

namespace streamer::measure {

struct Options {
  std::string workload;
  workloads::Shape shape;
  std::size_t events = 4'096;  // different ones, taken in turn
  double seconds = 1;          // for each figure
  std::size_t shards = 1;
};

// Throws std::invalid_argument that names the argument.
Options ReadOptions(int argc, char** argv);

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_OPTIONS_H_
