// usage: store_crash_writer <folder> <none|batch>
//
// Opens the log and appends batches of 1 to 7 events for ever, each event
// named by its offset; prints a line for every batch once it is acknowledged:
// the position of its last event. Ends by being killed.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/rocksdb_event_log.h"

namespace streamer {
namespace {

constexpr Instant kNow{MonotonicTime(std::chrono::seconds(1)),
                       WallTime(std::chrono::seconds(1))};

SourceEvent MakeEvent(std::uint64_t offset) {
  SourceEvent event;
  event.tenant = "t";
  event.event_id = std::to_string(offset);
  event.document = std::string(offset % 300, 'x');
  event.upstream_marker = event.event_id;
  return event;
}

int Run(const std::string& path, LogSync sync) {
  RocksDbEventLogOptions options;
  options.path = path;
  options.identity = "crash test";
  options.sync = sync;
  // Small, so that kills fall into flushes and compactions too.
  options.write_buffer_bytes = 128u << 10;
  options.segment.events = 16;
  auto log = RocksDbEventLog::Open(options, kNow);
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", log.status().ToString().c_str());
    return 1;
  }
  std::uint64_t next = (*log)->head().offset + 1;
  while (true) {
    std::vector<SourceEvent> events;
    for (std::uint64_t i = 0; i <= next % 7; ++i) {
      events.push_back(MakeEvent(next + i));
    }
    next += events.size();
    auto position = (*log)->Append(std::move(events), kNow);
    if (!position.ok()) return 1;
    std::printf("%s\n", FormatProgress(*position).c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace streamer

int main(int, char** arguments) {
  const bool is_synced = std::string_view(arguments[2]) == "batch";
  return streamer::Run(arguments[1], is_synced ? streamer::LogSync::kBatch
                                               : streamer::LogSync::kNone);
}
