#include "service/internal/storage.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "store/etcd_state_store.h"
#include "store/memory_event_log.h"

namespace streamer {
namespace {

constexpr std::uint64_t kMostInMemory = 256u << 20;

// The log begins and ends with the process. Its epoch is drawn, so that a
// position of an earlier process is not taken for one of it, whatever the clock
// says.
MemoryEventLogOptions InMemory(const LogConfig& config) {
  return {.epoch = std::max<std::uint32_t>(std::random_device()(), 1),
          .retained_bytes = static_cast<std::size_t>(
              std::min<std::uint64_t>(config.retention_bytes, kMostInMemory)),
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

// That no other state has.
std::uint64_t DrawStateIdentity() {
  std::random_device source;
  const std::uint64_t high = source();
  return std::max<std::uint64_t>(high << 32u | source(), 1);
}

}  // namespace

std::uint64_t DrawOwner() {
  // Half of those that there are.
  constexpr std::uint32_t kOwnerMask = (std::uint32_t{1} << 27u) - 1;
  return 1 + (std::random_device()() & kOwnerMask);
}

Result<StateStorage> OpenState(const ServiceConfig& config) {
  StateBackend backend = config.state.backend;
  if (backend == StateBackend::kAuto) {
    backend = config.log.path.empty() || !config.roles.streamer
                  ? StateBackend::kMemory
                  : StateBackend::kRocksDb;
  }
  if (backend == StateBackend::kMemory) return StateStorage();
  if (config.log.path.empty()) {
    return InvalidArgument(
        "state.backend: expected memory, since log.path is empty and the log "
        "ends with the process, got one that outlives it");
  }
  const std::string witness = config.log.path + "/STATE";
  if (backend == StateBackend::kEtcd) {
    STREAMER_ASSIGN_OR_RETURN(
        std::shared_ptr<StateStore> store,
        EtcdStateStore::Open({.endpoints = config.state.etcd_endpoints,
                              .prefix = config.state.etcd_prefix,
                              .first_owner = DrawOwner(),
                              .identity = DrawStateIdentity(),
                              .witness = witness}));
    return StateStorage{std::move(store), nullptr, config.state.etcd_prefix};
  }
  const std::string path = config.state.path.empty()
                               ? config.log.path + ".state"
                               : config.state.path;
  STREAMER_ASSIGN_OR_RETURN(
      std::shared_ptr<RocksDbStateStore> durable,
      RocksDbStateStore::Open(
          {.path = path, .witness = witness, .first_owner = DrawOwner()}));
  return StateStorage{durable, durable, path};
}

Result<Storage> OpenStorage(const LogConfig& config, Instant now) {
  if (config.path.empty()) {
    return Storage{std::make_shared<MemoryEventLog>(InMemory(config)), nullptr};
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
