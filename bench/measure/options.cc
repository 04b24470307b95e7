#include "measure/options.h"

#include <stdexcept>
#include <string_view>

namespace streamer::measure {
namespace {

void Set(std::string_view name, const std::string& value, Options& options) {
  if (name == "--seconds") {
    options.seconds = std::stod(value);
  } else if (name == "--seed") {
    options.shape.seed = std::stoul(value);
  } else if (name == "--data") {
    options.shape.data = value;
  } else if (name == "--events") {
    options.events = std::stoul(value);
  } else if (name == "--shards") {
    options.shards = std::stoul(value);
  } else {
    throw std::invalid_argument(
        "expected --seconds, --seed, --data, --events or --shards, got " +
        std::string(name));
  }
}

}  // namespace

Options ReadOptions(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) {
    throw std::invalid_argument(
        "expected a workload, a count, and options with a value each");
  }
  Options options{.workload = argv[1]};
  options.shape.count = std::stoul(argv[2]);
  for (int i = 3; i < argc; i += 2) Set(argv[i], argv[i + 1], options);
  return options;
}

}  // namespace streamer::measure
