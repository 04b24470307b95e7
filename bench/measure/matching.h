// What one workload costs in match/.
#ifndef STREAMER_BENCH_MEASURE_MATCHING_H_
#define STREAMER_BENCH_MEASURE_MATCHING_H_

#include "measure/options.h"
#include "nlohmann/json.hpp"

namespace streamer::measure {

// Throws std::runtime_error when the matches are not ScanMatcher's.
nlohmann::ordered_json MeasureWorkload(const Options& options);

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_MATCHING_H_
