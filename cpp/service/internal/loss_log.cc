#include "service/internal/loss_log.h"

#include "event/position.h"
#include "transport/log.h"

namespace streamer {

void LogLoss(const LossReport& loss, std::uint64_t left_out) {
  Log(LogLevel::kWarning, "events may be missing",
      {{"cause", NameOf(loss.cause)},
       {"reason", loss.reason},
       {"backend", loss.backend},
       {"tenant", loss.tenant},
       {"collection", loss.collection},
       {"from", FormatProgress(loss.from)},
       {"to", FormatProgress(loss.to)},
       {"gateways", std::uint64_t{loss.gateways}},
       {"gateway", loss.gateway_id},
       {"left_out", left_out}});
}

}  // namespace streamer
