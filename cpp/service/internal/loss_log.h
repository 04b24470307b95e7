// What the log says when subscriptions may have lost events.
//
// Thread-safety: from any thread.
#ifndef STREAMER_SERVICE_INTERNAL_LOSS_LOG_H_
#define STREAMER_SERVICE_INTERNAL_LOSS_LOG_H_

#include <cstdint>

#include "core/loss_report.h"

namespace streamer {

// Logs one line: why, whom it concerns, and which range. `left_out` others of
// the same cause have none.
void LogLoss(const LossReport& loss, std::uint64_t left_out);

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_LOSS_LOG_H_
