#include "service/internal/storage.h"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "store/memory_event_log.h"

namespace streamer {
namespace {

// The log begins and ends with the process. Its epoch is the time at which it
// began, so that a position of an earlier process is not taken for one of it.
MemoryEventLogOptions InMemory(const LogConfig& config, Instant now) {
  return {.epoch = static_cast<std::uint32_t>(
              std::chrono::floor<std::chrono::seconds>(now.wall)
                  .time_since_epoch()
                  .count()),
          .retained_age = config.retention_age};
}

// 32 hexadecimal digits that no other log has.
std::string DrawIdentity() {
  std::random_device source;
  std::string bytes;
  while (bytes.size() < 16) {
    const std::uint32_t word = source();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return absl::BytesToHexString(bytes);
}

}  // namespace

Result<Storage> OpenStorage(const LogConfig& config, Instant now) {
  if (config.path.empty()) {
    return Storage{std::make_shared<MemoryEventLog>(InMemory(config, now)),
                   nullptr};
  }
  STREAMER_ASSIGN_OR_RETURN(
      std::shared_ptr<RocksDbEventLog> durable,
      RocksDbEventLog::Open({.path = config.path,
                             .identity = DrawIdentity(),
                             .sync = config.sync,
                             .retention = {.bytes = config.retention_bytes,
                                           .age = config.retention_age}},
                            now));
  return Storage{durable, durable};
}

}  // namespace streamer
