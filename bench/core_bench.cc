// The core at work: events in, effects out, through both engines, with 1,000
// subscriptions of which each event matches a few.
//
// "inline" is sequencer, shard, router and sink one after the other in one
// thread; "threaded" has a thread for each, so its rate is bounded by the
// slowest stage and by the cores there are. Times are of the whole path, log
// included; events are decoded beforehand (event_bench has that).
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "event/decoder.h"
#include "filter/filter.h"
#include "runtime/inline_engine.h"
#include "runtime/threaded_engine.h"
#include "store/memory_event_log.h"

namespace streamer {
namespace {

constexpr int kSubscriptions = 1000;
constexpr std::size_t kBatch = 256;

// Counts deliveries and grants each one anew.
class CountingSink final : public GatewaySink {
 public:
  void OnEffects(std::vector<GatewayEffect> effects) override {
    std::uint64_t count = 0;
    std::uint64_t ids = 0;
    for (const GatewayEffect& effect : effects) {
      if (const auto* delivery = std::get_if<SharedDelivery>(&effect)) {
        ++count;
        ids += (*delivery)->subscription_ids.size();
      }
    }
    deliveries_.fetch_add(count, std::memory_order_relaxed);
    ids_.fetch_add(ids, std::memory_order_relaxed);
    if (count > 0) engine->Grant(gateway, count);
  }
  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_.load(); }
  [[nodiscard]] std::uint64_t ids() const { return ids_.load(); }

  Engine* engine = nullptr;
  GatewayHandle gateway;

 private:
  std::atomic<std::uint64_t> deliveries_{0};
  std::atomic<std::uint64_t> ids_{0};
};

// A flight to one of 100 airports, about 400 bytes; `number` makes it unique.
SourceEvent MakeFlight(std::uint64_t number) {
  std::string line =
      R"({"event_id":"e)" + std::to_string(number) +
      R"(","tenant":"t","collection":"flights","id":"2013-01-01-UA-)" +
      std::to_string(number % 5000) +
      R"(","op":"update","doc":{"year":2013,"month":1,"day":1,)"
      R"("dep_time":517,"sched_dep_time":515,"dep_delay":)" +
      std::to_string(number % 180) +
      R"(,"sched_arr_time":819,"carrier":"UA","flight":1545,)"
      R"("tailnum":"N14228","origin":"EWR","dest":"A)" +
      std::to_string(number % 100) +
      R"(","distance":1400,"status":"departed"},"timestamp":1357034220000})";
  return DecodeLine(line, WallTime()).value();
}

// Each names an airport and a delay; an event matches about three of ten.
void SubscribeAll(Engine& engine, const std::shared_ptr<CountingSink>& sink,
                  bool membership = false) {
  GatewayOptions options;
  options.gateway_id = "g";
  options.initial_credit = 1'000'000;
  sink->engine = &engine;
  sink->gateway = engine.Connect(std::move(options), sink);
  for (int i = 0; i < kSubscriptions; ++i) {
    std::string expression = "doc.dest == 'A" + std::to_string(i % 100) +
                             "' && doc.dep_delay > " +
                             std::to_string(60 + 20 * (i / 100));
    auto filter =
        Filter::Compile({.conditions = {}, .expression = expression}).value();
    Status status =
        engine.Submit(Subscribe{.gateway = sink->gateway,
                                .subscription_id = "s" + std::to_string(i),
                                .tenant = "t",
                                .collection = "flights",
                                .filter = std::move(filter),
                                .membership = membership},
                      nullptr);
    if (!status.ok()) std::abort();
  }
}

// Events made beforehand, handed out with fresh ids: two of each of 5,000
// documents. With images, each says what the document was before.
class Feed {
 public:
  explicit Feed(bool with_images = false) {
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      flights_.push_back(MakeFlight(i));
      if (!with_images) continue;
      flights_.back().before = MakeFlight(i + 5'000).document;
    }
  }
  std::vector<SourceEvent> Next(std::size_t count) {
    std::vector<SourceEvent> batch;
    batch.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back(flights_[next_ % flights_.size()]);
      batch.back().event_id = "e" + std::to_string(next_++);
    }
    return batch;
  }

 private:
  std::vector<SourceEvent> flights_;
  std::uint64_t next_ = 0;
};

void Report(benchmark::State& state, const CountingSink& sink,
            std::size_t batch) {
  auto events = static_cast<double>(state.iterations() *
                                    static_cast<std::int64_t>(batch));
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["deliveries"] =
      static_cast<double>(sink.deliveries()) / events;
  state.counters["ids"] = static_cast<double>(sink.ids()) / events;
}

std::shared_ptr<MemoryEventLog> MakeLog() {
  return std::make_shared<MemoryEventLog>(
      MemoryEventLogOptions{.retained_events = 0});
}

// Argument: events in one Ingest.
void BM_InlineEngine(benchmark::State& state) {
  InlineEngine engine(CoreOptions(), MakeLog(), Instant{});
  auto sink = std::make_shared<CountingSink>();
  SubscribeAll(engine, sink);
  Feed feed;
  auto batch = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine.Ingest(feed.Next(batch)));
  }
  Report(state, *sink, batch);
}
BENCHMARK(BM_InlineEngine)->Arg(1)->Arg(kBatch);

// The same with 1,000 subscriptions that ask for membership, or none that does.
// Argument: 0, nobody asks, images come; 1, images come; 2, documents are
// remembered; 3, none is, and every subscription is told that.
void BM_Membership(benchmark::State& state) {
  CoreOptions options;
  if (state.range(0) == 3) options.membership.remembered_documents = 0;
  InlineEngine engine(options, MakeLog(), Instant{});
  auto sink = std::make_shared<CountingSink>();
  SubscribeAll(engine, sink, state.range(0) > 0);
  Feed feed(state.range(0) < 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine.Ingest(feed.Next(kBatch)));
  }
  Report(state, *sink, kBatch);
}
BENCHMARK(BM_Membership)->DenseRange(0, 3);

// Arguments: shards (0: one thread for all stages). Each iteration waits only
// for room, the last for everything.
void BM_ThreadedEngine(benchmark::State& state) {
  ThreadedEngineOptions options;
  options.single_thread = state.range(0) == 0;
  if (!options.single_thread) {
    options.shards = static_cast<std::size_t>(state.range(0));
  }
  ThreadedEngine engine(options, MakeLog());
  auto sink = std::make_shared<CountingSink>();
  SubscribeAll(engine, sink);
  Feed feed;
  for (auto _ : state) {
    std::vector<SourceEvent> batch = feed.Next(kBatch);
    while (true) {
      Result<Position> last = engine.Ingest(batch);
      if (last.ok()) break;
      auto ready = std::make_shared<std::promise<void>>();
      engine.WhenIngestible([ready] { ready->set_value(); });
      ready->get_future().wait();
    }
  }
  while (engine.Statistics().routed < engine.Statistics().head) {
    std::this_thread::yield();
  }
  Report(state, *sink, kBatch);
}
BENCHMARK(BM_ThreadedEngine)->Arg(0)->Arg(1)->Arg(2)->UseRealTime();

// One event at a time, each waited for: the latency of the path when idle.
void BM_ThreadedEngineOneByOne(benchmark::State& state) {
  ThreadedEngine engine(ThreadedEngineOptions(), MakeLog());
  auto sink = std::make_shared<CountingSink>();
  SubscribeAll(engine, sink);
  // Of the 1,000 subscriptions, some match each of these.
  SourceEvent flight = MakeFlight(170);
  std::uint64_t expected = 0;
  for (auto _ : state) {
    flight.event_id = "e" + std::to_string(expected++);
    benchmark::DoNotOptimize(engine.Ingest({flight}));
    while (sink->deliveries() < expected) std::this_thread::yield();
  }
}
BENCHMARK(BM_ThreadedEngineOneByOne)->UseRealTime();

// A subscription comes and goes, beside 1,000 others.
void BM_SubscribeAndUnsubscribe(benchmark::State& state) {
  InlineEngine engine(CoreOptions(), MakeLog(), Instant{});
  auto sink = std::make_shared<CountingSink>();
  SubscribeAll(engine, sink);
  auto filter =
      Filter::Compile({.conditions = {}, .expression = "doc.dest == 'X'"})
          .value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine.Submit(
        Subscribe{sink->gateway, "x", "t", "flights", filter, std::nullopt},
        nullptr));
    benchmark::DoNotOptimize(
        engine.Submit(Unsubscribe{sink->gateway, "x"}, nullptr));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SubscribeAndUnsubscribe);

}  // namespace
}  // namespace streamer
