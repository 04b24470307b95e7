// usage: match_workloads <workload> <count> [--seconds S] [--seed N]
//                        [--data FILE] [--events N] [--shards N]
//
// Loads one workload into a Matcher and measures it, in a process of its own
// so that memory is what this workload takes. Prints one JSON object.
// bench/match_table.py runs it for every workload and size.
//
// What is timed: adding (compiled filters in hand), matching from raw JSON
// and from parsed events, sixteen together as a shard takes them and one at a
// time ("alone") (medians of five rounds), add + remove pairs among
// the live ones, all in time of this thread, so that other programs do not
// count; and by the clock on the wall, with its two readings: each event alone
// for the percentiles, idle and while 50,000 pairs a second go on, and
// arithmetic of the same length beside, whose tail is the machine's.
// Below 2,000 subscriptions the matches of the first events are compared with
// ScanMatcher's; a difference ends the program with status 1.
#include <exception>
#include <iostream>
#include <string>

#include "measure/matching.h"
#include "measure/options.h"

int main(int argc, char** argv) {
  using namespace streamer::measure;
  try {
    const Options options = ReadOptions(argc, argv);
    std::cout << MeasureWorkload(options).dump() << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "match_workloads: " << error.what() << '\n';
    return 1;
  }
}
