// usage: write_workload <workload> <count> <events> <seed> <folder> [data]
//
// Writes rules.jsonl and events.jsonl for the programs of bench/peers. A line
// of rules is {"rule": …, "cel": "…"}, the rule of subscription number line;
// a line of events is a document. Where a workload has several collections,
// tenant and collection become fields, since no peer knows collections.
//
// usage: write_workload --cel <rule>
//
// Prints one neutral rule as CEL text.
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "workloads/catalogue.h"
#include "workloads/document.h"

namespace streamer::workloads {
namespace {

bool HasCollections(std::string_view name) {
  return name == "W1" || name == "W7";
}

void WriteRules(const Workload& workload, std::size_t count, bool is_scoped,
                const std::string& path) {
  std::ofstream file(path);
  for (std::size_t i = 0; i < count; ++i) {
    const Subscription subscription = workload.subscription(i);
    Rule rule = subscription.rule;
    if (is_scoped) {
      rule = All({Compare("tenant_name", "==", subscription.tenant),
                  Compare("collection_name", "==", subscription.collection),
                  rule});
    }
    file << Rule{{"rule", rule}, {"cel", CelText(rule)}}.dump() << '\n';
  }
}

void WriteEvents(const Workload& workload, std::size_t count, bool is_scoped,
                 const std::string& path) {
  std::ofstream file(path);
  for (std::size_t i = 0; i < count; ++i) {
    const Event event = workload.event(i);
    if (!is_scoped) {
      file << event.document << '\n';
      continue;
    }
    Document document = Document::parse(event.document);
    document["tenant_name"] = event.tenant;
    document["collection_name"] = event.collection;
    file << document.dump() << '\n';
  }
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--cel") {
    std::cout << CelText(Rule::parse(argv[2])) << '\n';
    return 0;
  }
  if (argc < 6) {
    std::cerr << "write_workload: expected a workload, a count, the number of "
                 "events, a seed and a folder\n";
    return 2;
  }
  const Shape shape{.count = std::stoul(argv[2]),
                    .seed = std::stoul(argv[4]),
                    .data = argc > 6 ? argv[6] : ""};
  const auto workload = MakeWorkload(argv[1], shape);
  if (!workload.ok()) {
    std::cerr << MessageOf(workload.status()) << '\n';
    return 2;
  }
  const std::string folder = argv[5];
  const bool is_scoped = HasCollections(argv[1]);
  WriteRules(*workload, shape.count, is_scoped, folder + "/rules.jsonl");
  WriteEvents(*workload, std::stoul(argv[3]), is_scoped,
              folder + "/events.jsonl");
  return 0;
}

}  // namespace
}  // namespace streamer::workloads

int main(int argc, char** argv) {
  try {
    return streamer::workloads::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "write_workload: " << error.what() << '\n';
    return 1;
  }
}
