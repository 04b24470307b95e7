// Our evaluator from C++, beside its peers: answers the tasks of
// bench/cel_comparison.py, one line of JSON each.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cel/checker.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "nlohmann/json.hpp"
#include "value/json.h"

namespace streamer {
namespace {

const cel::Variables& OneVariable() {
  static const cel::Variables variables({"doc"});
  return variables;
}

// Parses, checks and compiles, as the peers do.
cel::Program Compile(const std::string& text) {
  const cel::Tree tree = cel::Parse(text).value();
  const cel::CheckResult checked = cel::Check(tree, OneVariable());
  if (!checked.problems.empty()) std::abort();
  return cel::Program::Compile(tree, OneVariable()).value();
}

// Repeats `run` for so long; nanoseconds per operation, of which one run makes
// `operations`.
template <typename Run>
double Measure(double seconds, std::size_t operations, Run run) {
  using Clock = std::chrono::steady_clock;
  run();
  const auto start = Clock::now();
  std::chrono::duration<double> elapsed{};
  std::size_t runs = 0;
  do {
    // So that reading the clock costs the short ones nothing.
    for (int i = 0; i < 16; ++i) run();
    runs += 16;
    elapsed = Clock::now() - start;
  } while (elapsed.count() < seconds);
  return elapsed.count() * 1e9 / static_cast<double>(runs * operations);
}

nlohmann::json TimeCompile(const nlohmann::json& task) {
  const auto text = task.at("expression").get<std::string>();
  const double took =
      Measure(task.at("seconds"), 1, [&] { (void)Compile(text); });
  return {{"nanoseconds", took}, {"matches", 0}};
}

nlohmann::json TimeEvaluate(const nlohmann::json& task) {
  const cel::Program program = Compile(task.at("expression"));
  Arena documents;
  std::vector<Value> bindings;
  for (const nlohmann::json& document : task.at("documents")) {
    bindings.push_back(ParseJson(document.dump(), documents).value());
  }
  int matches = 0;
  Arena arena;
  const double took = Measure(task.at("seconds"), bindings.size(), [&] {
    matches = 0;
    for (const Value& binding : bindings) {
      matches += program.Evaluate({&binding, 1}, arena).is_true() ? 1 : 0;
      arena.Reset();
    }
  });
  return {{"nanoseconds", took}, {"matches", matches}};
}

}  // namespace
}  // namespace streamer

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const nlohmann::json task = nlohmann::json::parse(line);
    const nlohmann::json answer = task.at("task") == "compile"
                                      ? streamer::TimeCompile(task)
                                      : streamer::TimeEvaluate(task);
    std::cout << answer.dump() << std::endl;
  }
}
