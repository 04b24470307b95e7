// What a filter costs: parse, compile, evaluate.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

// Calibration: what one charged unit takes, `per_unit`, of every kind of work
// that grows. A unit is meant to be about 10 ns. Far less is harmless; some 30
// or more would let an evaluation take longer than its budget says, and its
// charge (cel/internal/charges.cc, or the function's entry) is to be raised.
struct Work {
  const char* name;
  const char* text;
};

constexpr Work kWork[] = {
    {"two_terms", R"(doc.status == "active" && doc.priority > 5)"},
    {"missing", "doc.nowhere == 1 || doc.nothing == 2"},
    {"equal_texts", "doc.text == doc.same"},
    {"equal_lists", "doc.words == doc.same_words"},
    {"size", "size(doc.text) > 3"},
    {"contains", "doc.text.contains('nowhere')"},
    {"contains_repetitive", "doc.as.contains(doc.as_b)"},
    {"last_index", "doc.as.lastIndexOf(doc.as_b)"},
    {"concatenate", "size(doc.text + doc.text + doc.text) > 1"},
    {"replace", "size(doc.text.replace('a', 'xyz')) > 1"},
    {"replace_repetitive", "size(doc.as.replace(doc.as_b, 'x')) > 1"},
    {"replace_nothing", "size(doc.text.replace('', 'x')) > 1"},
    {"split", "size(doc.text.split('a')) > 1"},
    {"split_each", "size(doc.text.split('')) > 1"},
    {"join", "size(doc.words.join(', ')) > 1"},
    {"upper", "size(doc.text.upperAscii()) > 1"},
    {"reverse_text", "size(doc.text.reverse()) > 1"},
    {"substring", "doc.text.substring(1, 4000) == doc.text"},
    {"char_at", "doc.text.charAt(4000) == 'a'"},
    {"trim", "doc.text.trim() == doc.same"},
    {"quote", "size(strings.quote(doc.text)) > 1"},
    {"base64", "size(base64.encode(bytes(doc.text))) > 1"},
    {"format_list", "size('%s'.format([doc.words])) > 1"},
    {"format_numbers", "doc.numbers.all(x, '%d %.3f'.format([x, 1.5]) != '')"},
    {"string_of_double", "doc.doubles.all(x, string(x) != '')"},
    {"string_of_int", "doc.numbers.all(x, string(x) != '')"},
    {"double_of_string", "doc.words.all(x, double('1.25') == 1.25 && x != '')"},
    {"int_of_string", "doc.digits.all(x, int(x) > 0)"},
    {"sort_numbers", "doc.shuffled.sort()[0] == 0"},
    {"sort_texts", "doc.words.sort()[0] == ''"},
    {"sort_by", "doc.shuffled.sortBy(x, -x)[0] == 0"},
    {"distinct_numbers", "size(doc.numbers.distinct()) > 1"},
    {"distinct_texts", "size(doc.words.distinct()) > 1"},
    {"sets_contains", "sets.contains(doc.numbers, doc.shuffled)"},
    {"sets_of_texts", "sets.intersects(doc.words, doc.digits)"},
    {"range", "size(lists.range(doc.priority * 300)) > 1"},
    {"flatten", "size([doc.numbers, doc.numbers].flatten()) > 1"},
    {"slice", "size(doc.numbers.slice(1, 250)) > 1"},
    {"append", "size(doc.numbers + doc.numbers) > 1"},
    {"all", "doc.numbers.all(x, x >= 0)"},
    {"exists_one", "doc.numbers.exists_one(x, x == 7)"},
    {"nested_loops", "doc.numbers.all(x, doc.numbers.exists(y, y == x))"},
    {"map", "size(doc.numbers.map(x, x + 1)) > 1"},
    {"filter", "size(doc.numbers.filter(x, x % 2 == 0)) > 1"},
    {"transform_map", "size(doc.numbers.transformMap(i, v, v)) > 1"},
    {"transform_entry",
     "size(doc.words.transformMapEntry(i, v, {v + string(i): i})) > 1"},
    {"list_literal", "doc.numbers.all(x, [x, x, x, x][0] == x)"},
    {"map_literal", "doc.numbers.all(x, {'a': x, 'b': x, 'c': x}.b == x)"},
    {"in_list", "doc.numbers.exists(x, -1 in doc.numbers)"},
    {"in_texts", "doc.numbers.exists(x, 'no' in doc.words)"},
    {"in_map", "doc.words.exists(x, x in doc)"},
    {"pattern_linear", "doc.text.matches('^[a-z]+[0-9]$')"},
    {"pattern_re2", "doc.text.matches('(abc|xyz)+[0-9]')"},
    {"pattern_large",
     "doc.text.matches('(a|b|[c-z]{1,20}){5}[a-f]{20,60}[0-9]$')"},
    {"pattern_bomb", "doc.as.matches('(a?){60}(a*)*(aa|a.){60}b$')"},
    {"pattern_short_text", "doc.words.all(x, x.matches('(w|v)[0-9a-z]+'))"},
    {"pattern_dynamic", "doc.status.matches(doc.status)"},
    {"pattern_dynamic_long", "doc.status.matches(doc.text)"},
    {"pattern_dynamic_large", "doc.status.matches(doc.pattern)"},
    {"timestamp_of_string",
     "doc.words.all(x, timestamp('2026-11-21T10:00:00Z') > doc.time && x != "
     "'')"},
    {"string_of_timestamp", "doc.numbers.all(x, string(doc.time) != '')"},
    {"hours", "doc.numbers.all(x, doc.time.getHours() >= 0)"},
    {"hours_in_zone",
     "doc.numbers.all(x, doc.time.getHours('America/New_York') >= 0)"},
    {"hours_in_no_zone",
     "doc.numbers.exists(x, doc.time.getHours(doc.as) > x)"},
    {"greatest", "math.greatest(doc.numbers) > 1"},
    {"arithmetic", "doc.numbers.all(x, (x * 3 + 1) % 7 >= 0)"},
    {"optionals", "doc.numbers.all(x, doc.?a.?b.orValue(x) == x)"},
    {"error_of_field", "doc.numbers.exists(x, x.a == 1)"},
    {"error_of_key", "doc.numbers.exists(x, doc[string(x)] == 1)"},
    {"error_of_types", "doc.numbers.exists(x, x < 'a')"},
    {"error_of_call", "doc.numbers.exists(x, x.startsWith('a'))"},
    {"error_of_bool", "doc.numbers.exists(x, x)"},
    {"error_of_conversion", "doc.words.exists(x, int(x) == 1)"},
    {"error_of_long_text", "doc.numbers.exists(x, int(doc.as) == 1)"},
    {"error_of_index", "doc.numbers.exists(x, doc.words[x + 1000] == 'a')"},
    {"result", "[doc.words, doc.words, doc.numbers]"},
};

// A document with texts of 4 KiB and lists of 300 elements.
Value WorkDocument(Arena& arena) {
  constexpr int kElements = 300;
  constexpr std::size_t kTextBytes = 4096;
  std::string text;
  while (text.size() < kTextBytes) text += "abcdefghijklmnopqrstuvwxyz ";
  std::string as(kTextBytes, 'a');
  std::string as_b = as.substr(0, kTextBytes / 2) + "b";
  std::vector<std::string> numbers;
  std::vector<std::string> doubles;
  std::vector<std::string> shuffled;
  std::vector<std::string> words;
  std::vector<std::string> digits;
  for (int i = 0; i < kElements; ++i) {
    numbers.push_back(absl::StrCat(i));
    doubles.push_back(std::to_string(i * 1.1 + 0.123456789));
    shuffled.push_back(absl::StrCat(i * 7919 % kElements));
    words.push_back(absl::StrCat("\"word of some length ", i, "\""));
    digits.push_back(absl::StrCat("\"1", i, "\""));
  }
  auto list = [](const std::vector<std::string>& items) {
    return "[" + absl::StrJoin(items, ",") + "]";
  };
  std::string json =
      R"({"status":"active","priority":7,"text":")" + text + R"(","same":")" +
      text + R"(","as":")" + as + R"(","as_b":")" + as_b +
      R"(","pattern":"(a{10}|b{20}){20}\\pL+","numbers":)" + list(numbers) +
      R"(,"doubles":)" + list(doubles) + R"(,"shuffled":)" + list(shuffled) +
      R"(,"words":)" + list(words) + R"(,"same_words":)" + list(words) +
      R"(,"digits":)" + list(digits) + "}";
  Value parsed = ParseJson(json, arena).value();
  std::vector<MapEntry> entries(parsed.map().entries().begin(),
                                parsed.map().entries().end());
  entries.push_back(
      {Value::String("time"), Value::Timestamp({1'700'000'000, 0})});
  return Value::Map(MapValue::Make(arena, entries));
}

void BM_Unit(benchmark::State& state, const Work& work) {
  Arena document;
  const Value bindings[] = {WorkDocument(document)};
  Program program =
      Program::Compile(Parse(work.text).value(), DocumentVariables()).value();
  Arena arena;
  Units units = 0;
  for (auto _ : state) {
    Meter meter = Meter::Unlimited();
    benchmark::DoNotOptimize(program.Evaluate(bindings, arena, meter));
    units = meter.used();
    arena.Reset();
  }
  using benchmark::Counter;
  state.counters["units"] = static_cast<double>(units);
  state.counters["per_unit"] =
      Counter(static_cast<double>(units),
              Counter::kIsIterationInvariantRate | Counter::kInvert);
}

const bool kAreRegistered = [] {
  for (const Work& work : kWork) {
    benchmark::RegisterBenchmark((std::string("BM_Unit/") + work.name).c_str(),
                                 BM_Unit, work);
  }
  return true;
}();

}  // namespace
}  // namespace streamer::cel
