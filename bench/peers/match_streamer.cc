// Our Matcher, beside its peers: answers the tasks of
// bench/peers_comparison.py, one line of JSON each (see there).
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "match/match_input.h"
#include "match/matcher.h"
#include "measure/checksum.h"
#include "measure/clock.h"
#include "workloads/workload.h"

namespace streamer {
namespace {

using measure::Clock;
using Json = nlohmann::json;

class Peer {
 public:
  // Reading the files is not measured.
  Json Load(const Json& task) {
    std::string line;
    std::ifstream rules(task.at("rules").get<std::string>());
    while (std::getline(rules, line)) {
      const Json rule = Json::parse(line);
      sources_.push_back(
          task.at("is_expression").get<bool>()
              ? FilterSource{.conditions = {}, .expression = rule.at("cel")}
              : workloads::FilterSourceOf(rule.at("rule")));
    }
    std::ifstream events(task.at("events").get<std::string>());
    while (std::getline(events, line)) {
      events_.push_back(
          workloads::ToChangeEvent({.document = line}, events_.size()));
    }
    return {{"rules", sources_.size()}};
  }

  Json Build() {
    const std::size_t before = measure::ResidentBytes();
    const auto start = Clock::now();
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      matcher_.Add(SubscriptionHandle(i + 1), "acme", "items",
                   Filter::Compile(sources_[i]).value());
    }
    const double seconds = measure::SecondsSince(start);
    return {{"seconds", seconds}, {"bytes", measure::ResidentBytes() - before}};
  }

  Json Check(const Json& task) {
    measure::Checksum checksum;
    std::size_t matches = 0;
    const std::size_t count = task.at("count");
    for (std::size_t i = 0; i < count; ++i) {
      for (const auto handle : Match(i)) {
        checksum.Add(i, handle.value() - 1);
        ++matches;
      }
    }
    return {{"matches", matches},
            {"checksum", std::to_string(checksum.value())}};
  }

  Json Time(const Json& task) {
    const double seconds = task.at("seconds");
    const auto start = Clock::now();
    double elapsed = 0;
    std::size_t runs = 0;
    do {
      const std::size_t batch = runs < 64 ? 1 : 64;
      for (std::size_t i = 0; i < batch; ++i) Match(runs++ % events_.size());
      elapsed = measure::SecondsSince(start);
    } while (elapsed < seconds);
    return {{"events", runs}, {"seconds", elapsed}};
  }

  Json Remove(const Json& task) {
    const std::size_t count = task.at("count");
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      matcher_.Remove(SubscriptionHandle(i + 1));
    }
    return {{"seconds", measure::SecondsSince(start)}};
  }

 private:
  std::span<const SubscriptionHandle> Match(std::size_t i) {
    return matcher_.Match(MakeMatchInput(events_[i]), scratch_);
  }

  std::vector<FilterSource> sources_;
  std::vector<ChangeEvent> events_;
  Matcher matcher_;
  MatchScratch scratch_;
};

Json Perform(const Json& task, Peer& peer) {
  const std::string name = task.at("task");
  if (name == "load") return peer.Load(task);
  if (name == "build") return peer.Build();
  if (name == "check") return peer.Check(task);
  if (name == "match") return peer.Time(task);
  return peer.Remove(task);
}

}  // namespace
}  // namespace streamer

int main() {
  try {
    streamer::Peer peer;
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto task = nlohmann::json::parse(line);
      std::cout << streamer::Perform(task, peer).dump() << std::endl;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "match_streamer: " << error.what() << '\n';
    return 1;
  }
}
