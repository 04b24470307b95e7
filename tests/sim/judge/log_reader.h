// What stands in the folder of a log whose process has ended.
#ifndef STREAMER_TESTS_SIM_JUDGE_LOG_READER_H_
#define STREAMER_TESTS_SIM_JUDGE_LOG_READER_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "event/log_entry.h"
#include "store/log_history.h"

namespace streamer::sim {

struct ReadLog {
  std::vector<LogEntry> entries;  // from offset 1
  LogHistory history;
};

// Reads a copy: to open the log of a process that was killed begins an epoch of
// it, and nothing that is judged may change. InvalidArgument when there is no
// such folder, OutOfRange when the log was trimmed, for then nobody can say
// what was in it, and whatever the log says when it is damaged or in use.
Result<ReadLog> ReadStoppedLog(const std::string& folder);

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_JUDGE_LOG_READER_H_
