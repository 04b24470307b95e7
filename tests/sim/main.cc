// sim: runs the simulated world for one seed or many.
//
//   sim --seed 7 --trace        one run, and what happened in it
//   sim --seeds 1..2000         many; each failure with its command
//
// Exit status 1 when an invariant was broken.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <string>

#include "sim/world.h"

namespace {

using streamer::sim::Complaint;
using streamer::sim::World;
using streamer::sim::WorldCounts;

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  WorldCounts counts;
};

void Add(const WorldCounts& run, WorldCounts& total) {
  total.events += run.events;
  total.deliveries += run.deliveries;
  total.notices += run.notices;
  total.streamer_starts += run.streamer_starts;
  total.drains += run.drains;
  total.refusals += run.refusals;
  total.log_cuts += run.log_cuts;
  total.source_losses += run.source_losses;
  total.welcomes += run.welcomes;
  total.merged += run.merged;
  total.memberships += run.memberships;
  total.bare_deletes += run.bare_deletes;
  total.unnamed += run.unnamed;
  total.moved += run.moved;
}

void RunSeed(std::uint64_t seed, bool traces, const std::string& program,
             Totals& totals) {
  World::Trace trace;
  if (traces) {
    trace = [](const std::string& line) { std::cout << line << '\n'; };
  }
  World world(seed, trace);
  const std::vector<Complaint> complaints = world.Run();
  ++totals.runs;
  Add(world.counts(), totals.counts);
  if (complaints.empty()) return;
  ++totals.failed;
  std::cout << "seed " << seed << ": " << complaints.size()
            << " broken; replay: " << program << " --seed " << seed
            << " --trace\n";
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(complaints.size(), kShown); ++i) {
    std::cout << "  " << complaints[i].invariant << ": " << complaints[i].text
              << '\n';
  }
}

void Print(const Totals& totals) {
  const WorldCounts& counts = totals.counts;
  std::cout << totals.runs << " runs, " << totals.failed << " failed; "
            << counts.events << " events, " << counts.deliveries
            << " deliveries, " << counts.merged << " merged, "
            << counts.memberships << " memberships, " << counts.bare_deletes
            << " bare deletes, " << counts.unnamed << " of them unnamed, "
            << counts.notices << " notices, " << counts.moved << " moves, "
            << counts.welcomes << " welcomes, " << counts.streamer_starts
            << " starts of the streamer, " << counts.drains << " drains, "
            << counts.refusals << " refusals of a state, " << counts.log_cuts
            << " tails lost, " << counts.source_losses
            << " gaps of the source\n";
}

bool ReadRange(const std::string& text, std::uint64_t& first,
               std::uint64_t& last) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return false;
  first = std::stoull(text.substr(0, dots));
  last = std::stoull(text.substr(dots + 2));
  return first <= last;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the simulated world for one seed or many.");
  std::uint64_t seed = 0;
  std::string seeds;
  bool traces = false;
  bool stops = false;
  auto* one = app.add_option("--seed", seed, "the one seed to run");
  app.add_option("--seeds", seeds, "first..last")->excludes(one);
  app.add_flag("--trace", traces, "print what happens");
  app.add_flag("--stop", stops, "stop at the first failure");
  CLI11_PARSE(app, argc, argv);
  std::uint64_t first = seed;
  std::uint64_t last = seed;
  if (!seeds.empty() && !ReadRange(seeds, first, last)) {
    std::cerr << "--seeds: expected first..last, got \"" << seeds << "\"\n";
    return 2;
  }
  spdlog::set_level(spdlog::level::off);
  Totals totals;
  for (std::uint64_t i = first; i <= last; ++i) {
    RunSeed(i, traces, argv[0], totals);
    if (stops && totals.failed > 0) break;
  }
  Print(totals);
  return totals.failed == 0 ? 0 : 1;
}
