// What matching one event costs among 1,000, 10,000 and 100,000
// subscriptions, from a parsed event and from raw JSON.
//
// Three workloads. The number of matches stays the same as subscriptions grow
// tenfold, except in the third, where it must grow with them:
//   equality_and_range  a key with 10 % distinct values, and a lower bound
//   ranges_only         a narrow interval, and a lower bound on another field
//   shared_filters      1,000 distinct filters, shared by all subscriptions
//
// And what a subscription costs: compiling its filter, adding and removing it.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event/body.h"
#include "event/change_event.h"
#include "match/match_input.h"
#include "match/matcher.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::Random;

constexpr double kPrices = 1000;
constexpr int kEvents = 4096;

enum class Workload { kEqualityAndRange, kRangesOnly, kSharedFilters };

Condition Make(const char* field, Operator op, const Value& value) {
  return {field, op, OwnedValue(value)};
}

Value Price(Random& random) {
  return Value::Double(static_cast<double>(random.Below(100'000)) *
                       (kPrices / 100'000));
}

std::string KeyOf(std::size_t number) {
  return "item-" + std::to_string(number);
}

// The conditions of subscription `i` of `count`.
std::vector<Condition> ConditionsOf(Workload workload, std::size_t i,
                                    std::size_t count, Random& random) {
  switch (workload) {
    case Workload::kEqualityAndRange:
      return {
          Make("key", Operator::kEqual, Value::String(KeyOf(i % (count / 10)))),
          Make("price", Operator::kGreaterEqual, Price(random))};
    case Workload::kRangesOnly: {
      const Value low = Price(random);
      const double width = 20 * kPrices / static_cast<double>(count);
      return {Make("price", Operator::kGreaterEqual, low),
              Make("price", Operator::kLess,
                   Value::Double(low.double_value() + width)),
              Make("quantity", Operator::kGreater,
                   Value::Int(static_cast<std::int64_t>(random.Below(100))))};
    }
    case Workload::kSharedFilters:
      break;
  }
  return {Make("key", Operator::kEqual, Value::String(KeyOf(i % 100))),
          Make("price", Operator::kGreaterEqual,
               Value::Int(static_cast<std::int64_t>(i / 100 % 10) * 100))};
}

std::size_t KeysOf(Workload workload, std::size_t count) {
  return workload == Workload::kSharedFilters ? 100 : count / 10;
}

std::shared_ptr<const Filter> MakeFilter(Workload workload, std::size_t i,
                                         std::size_t count, Random& random) {
  return Filter::Compile(
             {.conditions = ConditionsOf(workload, i, count, random),
              .expression = ""})
      .value();
}

// Some 400 bytes, as an order or a flight has.
ChangeEvent MakeEvent(Workload workload, std::size_t count, Random& random) {
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "acme";
  source->collection = "orders";
  source->document_id = "order-" + std::to_string(random.Below(1'000'000));
  const std::string price = std::to_string(Price(random).double_value());
  source->document =
      R"({"key":")" + KeyOf(random.Below(KeysOf(workload, count))) +
      R"(","price":)" + price + R"(,"quantity":)" +
      std::to_string(random.Below(100)) +
      R"(,"customer":{"name":"Ada Lovelace","country":"GB","since":1843},)"
      R"("tags":["new","gift","express"],"status":"open","currency":"EUR",)"
      R"("weight":1.25,"lines":3,"note":"please ring twice and leave it at )"
      R"(the neighbour if nobody answers","warehouse":"LDN-4","carrier":)"
      R"("postal","insured":true,"discount":null,"channel":"web"})";
  ChangeEvent event;
  event.operation = Operation::kUpdate;
  event.source = std::move(source);
  return event;
}

// A matcher with its events; made once for all benchmarks of its kind.
struct Loaded {
  Matcher matcher;
  std::vector<ChangeEvent> events;
  std::vector<std::unique_ptr<const EventBody>> bodies;
};

Loaded& Load(Workload workload, std::size_t count) {
  static std::map<std::pair<Workload, std::size_t>, Loaded> loaded;
  auto [place, is_new] = loaded.try_emplace({workload, count});
  Loaded& made = place->second;
  if (!is_new) return made;
  Random random(count);
  for (std::size_t i = 0; i < count; ++i) {
    made.matcher.Add(SubscriptionHandle(i + 1), "acme", "orders",
                     MakeFilter(workload, i, count, random));
  }
  for (int i = 0; i < kEvents; ++i) {
    made.events.push_back(MakeEvent(workload, count, random));
    made.bodies.push_back(EventBody::Parse(made.events.back()).value());
  }
  return made;
}

void Report(benchmark::State& state, const Matcher& matcher,
            const MatchStatistics& before) {
  const MatchStatistics& after = matcher.statistics();
  const auto events = static_cast<double>(after.events - before.events);
  state.counters["events/s"] =
      benchmark::Counter(events, benchmark::Counter::kIsRate);
  state.counters["matches"] =
      static_cast<double>(after.matches - before.matches) / events;
  state.counters["candidates"] =
      static_cast<double>(after.candidates - before.candidates) / events;
}

void BM_MatchParsed(benchmark::State& state, Workload workload) {
  Loaded& loaded = Load(workload, static_cast<std::size_t>(state.range(0)));
  MatchScratch scratch;
  std::vector<MatchInput> inputs;
  for (int i = 0; i < kEvents; ++i) {
    inputs.push_back(MakeMatchInput(loaded.events[i], *loaded.bodies[i]));
  }
  const MatchStatistics before = loaded.matcher.statistics();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(loaded.matcher.Match(inputs[next], scratch));
    next = (next + 1) % kEvents;
  }
  Report(state, loaded.matcher, before);
}

void BM_MatchJson(benchmark::State& state, Workload workload) {
  Loaded& loaded = Load(workload, static_cast<std::size_t>(state.range(0)));
  MatchScratch scratch;
  const MatchStatistics before = loaded.matcher.statistics();
  std::size_t next = 0;
  for (auto _ : state) {
    const ChangeEvent& event = loaded.events[next];
    benchmark::DoNotOptimize(
        loaded.matcher.Match(MakeMatchInput(event), scratch));
    next = (next + 1) % kEvents;
  }
  Report(state, loaded.matcher, before);
}

// The part of BM_MatchJson that is not matching.
void BM_ParseAlone(benchmark::State& state) {
  Loaded& loaded = Load(Workload::kEqualityAndRange, 1'000);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(EventBody::Parse(loaded.events[next]));
    next = (next + 1) % kEvents;
  }
}

void BM_AddAndRemove(benchmark::State& state, Workload workload) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Matcher& matcher = Load(workload, count).matcher;
  Random random(7);
  std::vector<std::shared_ptr<const Filter>> filters;
  for (std::size_t i = 0; i < 1'000; ++i) {
    filters.push_back(MakeFilter(workload, random.Below(count), count, random));
  }
  const SubscriptionHandle handle(count + 1);
  std::size_t next = 0;
  for (auto _ : state) {
    matcher.Add(handle, "acme", "orders", filters[next]);
    matcher.Remove(handle);
    next = (next + 1) % filters.size();
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_CompileConditions(benchmark::State& state) {
  Random random(7);
  const FilterSource source{
      .conditions = ConditionsOf(Workload::kEqualityAndRange, 1, 1'000, random),
      .expression = ""};
  for (auto _ : state) benchmark::DoNotOptimize(Filter::Compile(source));
}

void BM_CompileExpression(benchmark::State& state) {
  const FilterSource source{
      .conditions = {},
      .expression =
          "doc.key == 'item-1' && (doc.price > 10 || doc.status in "
          "['open', 'held']) && size(doc.tags) > 2"};
  for (auto _ : state) benchmark::DoNotOptimize(Filter::Compile(source));
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1'000)->Arg(10'000)->Arg(100'000);
}

BENCHMARK_CAPTURE(BM_MatchParsed, equality_and_range,
                  Workload::kEqualityAndRange)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_MatchParsed, ranges_only, Workload::kRangesOnly)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_MatchParsed, shared_filters, Workload::kSharedFilters)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_MatchJson, equality_and_range, Workload::kEqualityAndRange)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_MatchJson, ranges_only, Workload::kRangesOnly)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_MatchJson, shared_filters, Workload::kSharedFilters)
    ->Apply(Sizes);
BENCHMARK(BM_ParseAlone);
BENCHMARK_CAPTURE(BM_AddAndRemove, equality_and_range,
                  Workload::kEqualityAndRange)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_AddAndRemove, ranges_only, Workload::kRangesOnly)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(BM_AddAndRemove, shared_filters, Workload::kSharedFilters)
    ->Apply(Sizes);
BENCHMARK(BM_CompileConditions);
BENCHMARK(BM_CompileExpression);

}  // namespace
}  // namespace streamer
