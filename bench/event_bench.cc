// What one event costs before and after matching: reading its line, parsing
// its body, making the text that is delivered.
#include <benchmark/benchmark.h>

#include <string>

#include "event/body.h"
#include "event/decoder.h"
#include "event/duplicate_window.h"

namespace streamer {
namespace {

// A flight, about 400 bytes in all.
constexpr char kLine[] =
    R"({"event_id":"2013-01-01-UA-1545-EWR-dep","tenant":"airports",)"
    R"("collection":"flights","id":"2013-01-01-UA-1545-EWR","op":"update",)"
    R"("doc":{"year":2013,"month":1,"day":1,"dep_time":517,)"
    R"("sched_dep_time":515,"dep_delay":2.0,"sched_arr_time":819,)"
    R"("carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR",)"
    R"("dest":"IAH","distance":1400,"status":"departed",)"
    R"("route":{"from":"EWR","to":"IAH"}},"timestamp":1357034220000})";

ChangeEvent MakeEvent() {
  ChangeEvent event;
  event.operation = Operation::kUpdate;
  event.source =
      std::make_shared<SourceEvent>(DecodeLine(kLine, WallTime()).value());
  return event;
}

void BM_DecodeLine(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecodeLine(kLine, WallTime()));
  }
  state.SetBytesProcessed(state.iterations() * (sizeof(kLine) - 1));
}
BENCHMARK(BM_DecodeLine);

void BM_ParseBody(benchmark::State& state) {
  ChangeEvent event = MakeEvent();
  for (auto _ : state) benchmark::DoNotOptimize(EventBody::Parse(event));
}
BENCHMARK(BM_ParseBody);

void BM_DeliveredJson(benchmark::State& state) {
  ChangeEvent event = MakeEvent();
  auto body = EventBody::Parse(event).value();
  for (auto _ : state) benchmark::DoNotOptimize(DeliveredJson(event, *body));
}
BENCHMARK(BM_DeliveredJson);

// A full window: every new event pushes an old one out.
void BM_DuplicateWindow(benchmark::State& state) {
  DuplicateWindow window({.count = 100'000});
  SourceEvent event = *MakeEvent().source;
  std::uint64_t next = 0;
  for (auto _ : state) {
    event.event_id = std::to_string(next++);
    benchmark::DoNotOptimize(window.IsDuplicate(event, MonotonicTime()));
  }
}
BENCHMARK(BM_DuplicateWindow);

}  // namespace
}  // namespace streamer
