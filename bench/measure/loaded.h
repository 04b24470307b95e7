// Loaded: a workload in a Matcher, with its events at hand, and what it took
// to get there.
#ifndef STREAMER_BENCH_MEASURE_LOADED_H_
#define STREAMER_BENCH_MEASURE_LOADED_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "event/body.h"
#include "match/match_input.h"
#include "match/matcher.h"
#include "measure/options.h"

namespace streamer::measure {

// How many events are matched together, as by a shard.
inline constexpr std::size_t kTogether = 16;

// The inputs of `events`, of which there are as many.
void MakeInputs(std::span<const ChangeEvent> events,
                std::span<MatchInput> inputs);

// A compiled subscription.
struct Compiled {
  std::string tenant;
  std::string collection;
  std::shared_ptr<const Filter> filter;
};

struct LoadFigures {
  double compile_per_second = 0;
  double add_per_second = 0;
  double longest_add_ns = 0;
  double matcher_bytes = 0;           // as it counts itself, per subscription
  double matcher_resident_bytes = 0;  // what adding took
  double filter_resident_bytes = 0;   // what compiling took and sharing kept
};

struct Loaded {
  Matcher matcher;
  std::vector<ChangeEvent> events;
  std::vector<std::unique_ptr<const EventBody>> bodies;
  std::vector<MatchInput> inputs;  // of the bodies
  // Further subscriptions of the same kind, to come and go.
  std::vector<Compiled> spare;
  LoadFigures figures;
};

Compiled Compile(const workloads::Subscription& subscription);

// Subscription i gets the handle i + 1.
Loaded Load(const Options& options);

}  // namespace streamer::measure

#endif  // STREAMER_BENCH_MEASURE_LOADED_H_
