// The log and the state that streamerd keeps: where its configuration says.
//
// Thread-safety: as of what is opened.
#ifndef STREAMER_SERVICE_INTERNAL_STORAGE_H_
#define STREAMER_SERVICE_INTERNAL_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "service/config.h"
#include "store/event_log.h"
#include "store/rocksdb_event_log.h"
#include "store/rocksdb_state_store.h"
#include "store/state_store.h"

namespace streamer {

struct Storage {
  std::shared_ptr<EventLog> log;
  // The same, if it is on disk: to be closed when nothing uses it any more.
  std::shared_ptr<RocksDbEventLog> durable;
};

// Opens the log, or makes it. Errors as RocksDbEventLog::Open: what is damaged
// is refused, naming the file.
Result<Storage> OpenStorage(const LogConfig& config, Instant now);

// Null when sessions are to end with the process. InvalidArgument when the
// state would outlive the log that its positions are of; errors as
// RocksDbStateStore::Open and EtcdStateStore::Open.
struct StateStorage {
  std::shared_ptr<StateStore> store;
  // The same, if it is in RocksDB: to be closed as the log is.
  std::shared_ptr<RocksDbStateStore> durable;
  std::string place;  // a folder, or what its keys begin with
};
Result<StateStorage> OpenState(const ServiceConfig& config);

// What sessions of a process that saves nothing are told apart by, and those of
// a new state from those of one that was removed. Others can follow it.
std::uint64_t DrawOwner();

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_STORAGE_H_
