// What a filter costs: parse, compile, evaluate.
#include <benchmark/benchmark.h>

#include <string>

#include "base/arena.h"
#include "cel/checker.h"
#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "value/json.h"

namespace streamer::cel {
namespace {

constexpr std::string_view kDocument =
    R"({"id":"order-00004711","status":"active","priority":7,"price":129.95,)"
    R"("currency":"EUR","customer":{"id":"c-1009","name":"Ada Lovelace",)"
    R"("country":"NO","vip":true},"tags":["sale","electronics","new"],)"
    R"("quantity":3,"warehouse":"OSL-2","createdAt":1357034400000,)"
    R"("updatedAt":1357034460500,"discount":0.15,"notes":null,)"
    R"("shipping":{"carrier":"posten","express":false,"weight":2.4}})";

constexpr std::string_view kTwoTerms =
    R"(doc.status == "active" && doc.priority > 5)";

constexpr std::string_view kTenTerms =
    R"(doc.status == "active" && doc.priority > 5 && doc.price < 200.0 && )"
    R"(doc.currency == "EUR" && doc.customer.country == "NO" && )"
    R"(doc.customer.vip && doc.quantity >= 1 && doc.warehouse != "OSL-1" && )"
    R"(doc.discount <= 0.5 && doc.shipping.carrier in ["posten", "dhl"])";

const Variables& DocumentVariables() {
  static const Variables kVariables({"doc"});
  return kVariables;
}

void BM_Parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Parse(text));
}
BENCHMARK_CAPTURE(BM_Parse, two_terms, kTwoTerms);
BENCHMARK_CAPTURE(BM_Parse, ten_terms, kTenTerms);

void BM_ParseAndCompile(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    Tree tree = Parse(text).value();
    benchmark::DoNotOptimize(Program::Compile(tree, DocumentVariables()));
  }
}
BENCHMARK_CAPTURE(BM_ParseAndCompile, two_terms, kTwoTerms);
BENCHMARK_CAPTURE(BM_ParseAndCompile, ten_terms, kTenTerms);

void BM_ParseCheckAndCompile(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    Tree tree = Parse(text).value();
    benchmark::DoNotOptimize(Check(tree, DocumentVariables()));
    benchmark::DoNotOptimize(Program::Compile(tree, DocumentVariables()));
  }
}
BENCHMARK_CAPTURE(BM_ParseCheckAndCompile, two_terms, kTwoTerms);
BENCHMARK_CAPTURE(BM_ParseCheckAndCompile, ten_terms, kTenTerms);

void BM_Evaluate(benchmark::State& state, std::string_view text) {
  Arena document;
  const Value bindings[] = {ParseJson(kDocument, document).value()};
  Program program =
      Program::Compile(Parse(text).value(), DocumentVariables()).value();
  Arena arena;
  for (auto _ : state) {
    Value value = program.Evaluate(bindings, arena);
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK_CAPTURE(BM_Evaluate, two_terms, kTwoTerms);
BENCHMARK_CAPTURE(BM_Evaluate, ten_terms, kTenTerms);
BENCHMARK_CAPTURE(BM_Evaluate, missing_field, R"(doc.nowhere == 1)");
BENCHMARK_CAPTURE(BM_Evaluate, wrong_type, R"(doc.status > 5)");
BENCHMARK_CAPTURE(BM_Evaluate, text,
                  R"(doc.customer.name.startsWith("Ada") && )"
                  R"(doc.warehouse.contains("SL") && size(doc.id) > 3)");
BENCHMARK_CAPTURE(BM_Evaluate, matches,
                  R"(doc.customer.name.matches("^Ada.*ace$"))");
BENCHMARK_CAPTURE(BM_Evaluate, in_constants,
                  R"(doc.warehouse in ["A", "B", "C", "D", "E", "F", "G", )"
                  R"("H", "OSL-2", "OSL-3"])");
BENCHMARK_CAPTURE(BM_Evaluate, in_document, R"("new" in doc.tags)");

void BM_SlowEvaluate(benchmark::State& state, std::string_view text) {
  Arena document;
  const Value bindings[] = {ParseJson(kDocument, document).value()};
  Tree tree = Parse(text).value();
  Arena arena;
  for (auto _ : state) {
    arena.Reset();
    Value value =
        SlowEvaluate(tree.root(), DocumentVariables(), bindings, arena);
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK_CAPTURE(BM_SlowEvaluate, two_terms, kTwoTerms);

}  // namespace
}  // namespace streamer::cel
