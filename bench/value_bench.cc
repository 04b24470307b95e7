// What a document costs before any filter sees it: parsing, looking a field
// up, comparing.
#include <benchmark/benchmark.h>

#include <string>

#include "base/arena.h"
#include "value/document.h"
#include "value/field_path.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer {
namespace {

// About 400 bytes, as a change of a document of ordinary size.
constexpr std::string_view kDocument =
    R"({"id":"order-00004711","status":"active","priority":7,"price":129.95,)"
    R"("currency":"EUR","customer":{"id":"c-1009","name":"Ada Lovelace",)"
    R"("country":"NO","vip":true},"tags":["sale","electronics","new"],)"
    R"("quantity":3,"warehouse":"OSL-2","createdAt":1357034400000,)"
    R"("updatedAt":1357034460500,"discount":0.15,"notes":null,)"
    R"("shipping":{"carrier":"posten","express":false,"weight":2.4}})";

void BM_ParseJson(benchmark::State& state) {
  Arena arena;
  for (auto _ : state) {
    arena.Reset();
    benchmark::DoNotOptimize(ParseJson(kDocument, arena));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(kDocument.size()));
}
BENCHMARK(BM_ParseJson);

void BM_ParseDocument(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Document::Parse(std::string(kDocument)));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(kDocument.size()));
}
BENCHMARK(BM_ParseDocument);

void BM_FormatJson(benchmark::State& state) {
  Arena arena;
  Value value = ParseJson(kDocument, arena).value();
  std::string text;
  for (auto _ : state) {
    text.clear();
    AppendJson(value, text);
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(BM_FormatJson);

void BM_FindField(benchmark::State& state) {
  Arena arena;
  Value value = ParseJson(kDocument, arena).value();
  FieldPath path = FieldPath::Parse("customer.country").value();
  for (auto _ : state) benchmark::DoNotOptimize(path.Find(value));
}
BENCHMARK(BM_FindField);

void BM_EqualDocuments(benchmark::State& state) {
  Arena arena;
  Value left = ParseJson(kDocument, arena).value();
  Value right = ParseJson(kDocument, arena).value();
  for (auto _ : state) benchmark::DoNotOptimize(Equal(left, right));
}
BENCHMARK(BM_EqualDocuments);

}  // namespace
}  // namespace streamer
