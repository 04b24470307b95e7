// What compiling a subscription's filter costs. Matching is measured by
// bench/match_table.py.
#include <benchmark/benchmark.h>

#include "filter/filter.h"

namespace streamer {
namespace {

void BM_CompileConditions(benchmark::State& state) {
  const FilterSource source{
      .conditions = {{"key", Operator::kEqual,
                      OwnedValue(Value::String("item-1"))},
                     {"price", Operator::kGreaterEqual,
                      OwnedValue(Value::Double(17.5))}},
      .expression = ""};
  for (auto _ : state) benchmark::DoNotOptimize(Filter::Compile(source));
}
BENCHMARK(BM_CompileConditions);

void BM_CompileExpression(benchmark::State& state) {
  const FilterSource source{
      .conditions = {},
      .expression =
          "doc.key == 'item-1' && (doc.price > 10 || doc.status in "
          "['open', 'held']) && size(doc.tags) > 2"};
  for (auto _ : state) benchmark::DoNotOptimize(Filter::Compile(source));
}
BENCHMARK(BM_CompileExpression);

}  // namespace
}  // namespace streamer
