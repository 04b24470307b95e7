// The match stage alone on several threads: a Matcher each, collections
// assigned by hash, every thread matching the events of its own.
#ifndef STREAMER_BENCH_MEASURE_SHARDS_H_
#define STREAMER_BENCH_MEASURE_SHARDS_H_

#include "measure/options.h"
#include "nlohmann/json.hpp"

namespace streamer::measure {

// Events per second from raw JSON, with 1 and with options.shards threads.
nlohmann::ordered_json MeasureShards(const Options& options);

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_SHARDS_H_
