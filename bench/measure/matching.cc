#include "measure/matching.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "match/scan_matcher.h"
#include "measure/checksum.h"
#include "measure/clock.h"
#include "measure/loaded.h"
#include "measure/shards.h"
#include "workloads/catalogue.h"

namespace streamer::measure {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRounds = 5;
constexpr std::size_t kChecked = 200;      // events
constexpr std::size_t kScanLimit = 2'000;  // subscriptions
constexpr double kChurnPairsPerSecond = 50'000;

// Nanoseconds per event of `run(event number)`, which matches as many as
// `together` from there on; the median of the rounds.
template <typename Run>
double MedianOfRounds(const Options& options, std::size_t together, Run run) {
  std::vector<double> rounds;
  std::size_t next = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double start = ThreadSeconds();
    std::size_t runs = 0;
    double elapsed = 0;
    do {
      // So that reading the clock costs the short ones nothing, and a slow
      // one can end the round.
      const std::size_t batch = runs == 0 ? 1 : std::min<std::size_t>(runs, 64);
      for (std::size_t i = 0; i < batch; ++i) {
        run(next);
        next += together;
        if (next >= options.events) next = 0;
      }
      runs += batch;
      elapsed = ThreadSeconds() - start;
    } while (elapsed < options.seconds / kRounds);
    rounds.push_back(elapsed * 1e9 / static_cast<double>(runs * together));
  }
  return Median(std::move(rounds));
}

// As many as are matched together from `first` on.
template <typename T>
std::span<T> FromOn(std::vector<T>& all, std::size_t first) {
  return std::span(all).subspan(first, std::min(kTogether, all.size() - first));
}

// Adds the figures of events one by one, and of as many together as a shard
// takes.
void MeasureThroughput(const Options& options, Loaded& loaded, Json& json) {
  std::vector<MatchScratch> scratches(kTogether);
  std::vector<MatchInput> inputs(kTogether);
  json["parsed_ns"] = MedianOfRounds(options, kTogether, [&](std::size_t i) {
    loaded.matcher.MatchBatch(FromOn(loaded.inputs, i), scratches);
  });
  json["json_ns"] = MedianOfRounds(options, kTogether, [&](std::size_t first) {
    const auto events = FromOn(loaded.events, first);
    MakeInputs(events, inputs);
    loaded.matcher.MatchBatch(std::span(inputs).first(events.size()),
                              scratches);
  });
  json["parsed_alone_ns"] = MedianOfRounds(options, 1, [&](std::size_t i) {
    loaded.matcher.Match(loaded.inputs[i], scratches[0]);
  });
  json["json_alone_ns"] = MedianOfRounds(options, 1, [&](std::size_t i) {
    loaded.matcher.Match(MakeMatchInput(loaded.events[i]), scratches[0]);
  });
}

Json ToJson(const Percentiles& percentiles) {
  return {{"p50", percentiles.p50},
          {"p99", percentiles.p99},
          {"p999", percentiles.p999},
          {"longest", percentiles.longest},
          {"count", percentiles.count}};
}

// What the index looked at, per event, over every event once; where there are
// many subscriptions, over as many events as the time allows.
Json CountWork(const Options& options, const Loaded& loaded,
               MatchScratch& scratch) {
  const MatchStatistics before = loaded.matcher.statistics();
  const auto start = Clock::now();
  for (const MatchInput& input : loaded.inputs) {
    loaded.matcher.Match(input, scratch);
    if (options.shape.count > kScanLimit &&
        SecondsSince(start) > options.seconds) {
      break;
    }
  }
  const MatchStatistics& after = loaded.matcher.statistics();
  const auto events = static_cast<double>(after.events - before.events);
  const auto per_event = [&](std::uint64_t MatchStatistics::* count) {
    return static_cast<double>(after.*count - before.*count) / events;
  };
  return {{"matches", per_event(&MatchStatistics::matches)},
          {"candidates", per_event(&MatchStatistics::candidates)},
          {"evaluated", per_event(&MatchStatistics::evaluated_true) +
                            per_event(&MatchStatistics::evaluated_false) +
                            per_event(&MatchStatistics::evaluated_error)}};
}

// Adds and removes one of the spare subscriptions at a time.
class Churn {
 public:
  Churn(Loaded& loaded, std::size_t first_handle)
      : loaded_(loaded), handle_(first_handle) {}

  void Pair() {
    const Compiled& each = loaded_.spare[next_++ % loaded_.spare.size()];
    const SubscriptionHandle handle(handle_++);
    loaded_.matcher.Add(handle, each.tenant, each.collection, each.filter);
    live_.push_back(handle);
    // Some 1,000 stay, so that an add does not find its own remains.
    if (live_.size() > 1'000) loaded_.matcher.Remove(live_[oldest_++]);
  }
  void RemoveRest() {
    while (oldest_ < live_.size()) loaded_.matcher.Remove(live_[oldest_++]);
  }

 private:
  Loaded& loaded_;
  std::size_t handle_;
  std::size_t next_ = 0;
  std::size_t oldest_ = 0;
  std::vector<SubscriptionHandle> live_;
};

Json MeasureChurn(const Options& options, Loaded& loaded) {
  Churn churn(loaded, 2 * options.shape.count);
  for (int i = 0; i < 2'000; ++i) churn.Pair();
  std::vector<double> pairs;
  const auto start = Clock::now();
  const double thread_start = ThreadSeconds();
  do {
    const auto pair_start = Clock::now();
    churn.Pair();
    pairs.push_back(NanosecondsSince(pair_start));
  } while (SecondsSince(start) < options.seconds && pairs.size() < 2'000'000);
  const double taken = ThreadSeconds() - thread_start;
  churn.RemoveRest();
  Json json = ToJson(PercentilesOf(pairs));
  json["pairs_per_second"] = static_cast<double>(pairs.size()) / taken;
  return json;
}

// Each event timed alone; before each, the pairs that are due since the last.
Percentiles TimeEach(const Options& options, Loaded& loaded,
                     MatchScratch& scratch, double pairs_per_second) {
  Churn churn(loaded, 4 * options.shape.count);
  std::vector<double> taken;
  const auto start = Clock::now();
  double done = 0;
  double elapsed = 0;
  while (elapsed < options.seconds) {
    for (; done < elapsed * pairs_per_second; ++done) churn.Pair();
    const auto event_start = Clock::now();
    loaded.matcher.Match(loaded.inputs[taken.size() % loaded.inputs.size()],
                         scratch);
    taken.push_back(NanosecondsSince(event_start));
    elapsed = SecondsSince(start);
  }
  churn.RemoveRest();
  return PercentilesOf(taken);
}

// Arithmetic in registers: what else delays it comes from outside.
std::uint64_t Spin(std::uint64_t steps) {
  std::uint64_t state = steps;
  for (std::uint64_t i = 0; i < steps; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
  }
  return state;
}

// The percentiles of arithmetic that lasts as long as the median event: the
// tail that the machine gives to any work of this length, without memory.
Percentiles TimeArithmetic(const Options& options, double nanoseconds) {
  constexpr std::uint64_t kSample = 10'000'000;
  std::uint64_t sum = 0;
  const auto sample_start = Clock::now();
  sum += Spin(kSample);
  const double step = NanosecondsSince(sample_start) / double{kSample};
  const auto steps = static_cast<std::uint64_t>(nanoseconds / step) + 1;
  std::vector<double> taken;
  const auto start = Clock::now();
  do {
    const auto each_start = Clock::now();
    sum += Spin(steps);
    taken.push_back(NanosecondsSince(each_start));
  } while (SecondsSince(start) < options.seconds);
  if (sum == 0) throw std::runtime_error("arithmetic was left out");
  return PercentilesOf(taken);
}

std::uint64_t ChecksumOf(const Loaded& loaded, MatchScratch& scratch) {
  Checksum checksum;
  const std::size_t events = std::min(kChecked, loaded.inputs.size());
  for (std::size_t i = 0; i < events; ++i) {
    for (const auto handle : loaded.matcher.Match(loaded.inputs[i], scratch)) {
      checksum.Add(i, handle.value() - 1);
    }
  }
  return checksum.value();
}

void CompareWithScan(const Options& options, const Loaded& loaded,
                     std::uint64_t found) {
  const auto workload =
      workloads::MakeWorkload(options.workload, options.shape).value();
  ScanMatcher scan;
  for (std::size_t i = 0; i < options.shape.count; ++i) {
    const Compiled each = Compile(workload.subscription(i));
    scan.Add(SubscriptionHandle(i + 1), each.tenant, each.collection,
             each.filter);
  }
  MatchScratch scratch;
  Checksum expected;
  const std::size_t events = std::min(kChecked, loaded.inputs.size());
  for (std::size_t i = 0; i < events; ++i) {
    for (const auto handle : scan.Match(loaded.inputs[i], scratch)) {
      expected.Add(i, handle.value() - 1);
    }
  }
  if (expected.value() != found) {
    throw std::runtime_error(options.workload +
                             ": the matches are not those of ScanMatcher");
  }
}

Json ToJson(const LoadFigures& figures) {
  return {{"compile_per_second", figures.compile_per_second},
          {"add_per_second", figures.add_per_second},
          {"longest_add_ns", figures.longest_add_ns},
          {"matcher_bytes", figures.matcher_bytes},
          {"matcher_resident_bytes", figures.matcher_resident_bytes},
          {"filter_resident_bytes", figures.filter_resident_bytes}};
}

// In a random order, since that is how subscriptions end.
double RemovePerSecond(const Options& options, Loaded& loaded) {
  const std::size_t count = options.shape.count;
  std::vector<std::uint64_t> handles(count);
  for (std::size_t i = 0; i < count; ++i) handles[i] = i + 1;
  std::uint64_t state = 1;
  for (std::size_t i = count; i > 1; --i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::swap(handles[i - 1], handles[(state >> 33U) % i]);
  }
  const double start = ThreadSeconds();
  for (const auto handle : handles) {
    loaded.matcher.Remove(SubscriptionHandle(handle));
  }
  return static_cast<double>(count) / (ThreadSeconds() - start);
}

}  // namespace

Json MeasureWorkload(const Options& options) {
  if (options.shards > 1) return MeasureShards(options);
  Loaded loaded = Load(options);
  MatchScratch scratch;
  Json json = {{"workload", options.workload},
               {"count", options.shape.count},
               {"filters", loaded.matcher.filter_count()},
               {"load", ToJson(loaded.figures)}};
  const std::uint64_t checksum = ChecksumOf(loaded, scratch);
  json["checksum"] = std::to_string(checksum);
  json["is_checked"] = options.shape.count <= kScanLimit;
  if (json["is_checked"]) CompareWithScan(options, loaded, checksum);
  json["per_event"] = CountWork(options, loaded, scratch);
  MeasureThroughput(options, loaded, json);
  json["idle"] = ToJson(TimeEach(options, loaded, scratch, 0));
  json["churned"] =
      ToJson(TimeEach(options, loaded, scratch, kChurnPairsPerSecond));
  json["arithmetic"] = ToJson(TimeArithmetic(options, json["idle"]["p50"]));
  json["churn"] = MeasureChurn(options, loaded);
  json["remove_per_second"] = RemovePerSecond(options, loaded);
  json["emptied_bytes"] = loaded.matcher.memory_bytes();
  return json;
}

}  // namespace streamer::measure
