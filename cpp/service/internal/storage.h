// The log that streamerd keeps: where its configuration says.
//
// Thread-safety: as of what is opened.
#ifndef STREAMER_SERVICE_INTERNAL_STORAGE_H_
#define STREAMER_SERVICE_INTERNAL_STORAGE_H_

#include <memory>

#include "base/status.h"
#include "base/time.h"
#include "service/config.h"
#include "store/event_log.h"
#include "store/rocksdb_event_log.h"

namespace streamer {

struct Storage {
  std::shared_ptr<EventLog> log;
  // The same, if it is on disk: to be closed when nothing uses it any more.
  std::shared_ptr<RocksDbEventLog> durable;
};

// Opens the log, or makes it. Errors as RocksDbEventLog::Open: what is damaged
// is refused, naming the file.
Result<Storage> OpenStorage(const LogConfig& config, Instant now);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_STORAGE_H_
