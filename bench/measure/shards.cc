#include "measure/shards.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "match/match_input.h"
#include "match/matcher.h"
#include "measure/clock.h"
#include "measure/loaded.h"
#include "workloads/catalogue.h"

namespace streamer::measure {
namespace {

constexpr int kRounds = 5;

struct Shard {
  Matcher matcher;
  std::vector<ChangeEvent> events;
};

std::size_t ShardOf(const std::string& tenant, const std::string& collection,
                    std::size_t shards) {
  return std::hash<std::string>{}(tenant + "/" + collection) % shards;
}

std::vector<Shard> LoadShards(const Options& options, std::size_t count) {
  const auto workload =
      workloads::MakeWorkload(options.workload, options.shape).value();
  std::vector<Shard> shards(count);
  for (std::size_t i = 0; i < options.shape.count; ++i) {
    const Compiled each = Compile(workload.subscription(i));
    shards[ShardOf(each.tenant, each.collection, count)].matcher.Add(
        SubscriptionHandle(i + 1), each.tenant, each.collection, each.filter);
  }
  for (std::size_t i = 0; i < options.events; ++i) {
    ChangeEvent event = workloads::ToChangeEvent(workload.event(i), i);
    shards[ShardOf(event.tenant(), event.collection(), count)].events.push_back(
        std::move(event));
  }
  return shards;
}

void MatchAll(const Shard& shard, std::span<MatchScratch> scratches) {
  std::array<MatchInput, kTogether> inputs;
  for (std::span<const ChangeEvent> rest = shard.events; !rest.empty();) {
    const std::size_t count = std::min(rest.size(), kTogether);
    MakeInputs(rest.first(count), inputs);
    shard.matcher.MatchBatch(std::span(inputs).first(count), scratches);
    rest = rest.subspan(count);
  }
}

// Seconds until the last thread has matched its events `times` over.
double TimeRound(const std::vector<Shard>& shards, std::size_t times) {
  std::barrier start(static_cast<std::ptrdiff_t>(shards.size()) + 1);
  std::vector<std::jthread> threads;
  for (const Shard& shard : shards) {
    threads.emplace_back([&start, &shard, times] {
      std::vector<MatchScratch> scratches(kTogether);
      MatchAll(shard, scratches);
      start.arrive_and_wait();
      for (std::size_t i = 0; i < times; ++i) MatchAll(shard, scratches);
    });
  }
  start.arrive_and_wait();
  const auto began = Clock::now();
  threads.clear();  // joins
  return SecondsSince(began);
}

double EventsPerSecond(const Options& options, std::size_t count) {
  const std::vector<Shard> shards = LoadShards(options, count);
  std::size_t times = 1;
  while (TimeRound(shards, times) < options.seconds / kRounds) times *= 2;
  std::vector<double> rates;
  for (int round = 0; round < kRounds; ++round) {
    rates.push_back(static_cast<double>(times * options.events) /
                    TimeRound(shards, times));
  }
  return Median(std::move(rates));
}

}  // namespace

nlohmann::ordered_json MeasureShards(const Options& options) {
  return {{"workload", options.workload},
          {"count", options.shape.count},
          {"shards", options.shards},
          {"events_per_second_on_one", EventsPerSecond(options, 1)},
          {"events_per_second", EventsPerSecond(options, options.shards)}};
}

}  // namespace streamer::measure
