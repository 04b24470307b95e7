#include "runtime/internal/resumption.h"

#include <utility>

namespace streamer::internal {

Result<ResumePoint> ResolveProgress(const EventLog& log,
                                    std::string_view progress) {
  STREAMER_ASSIGN_OR_RETURN(const Position position, ParseProgress(progress));
  STREAMER_ASSIGN_OR_RETURN(const ResolvedPosition resolved,
                            log.history().Resolve(position));
  const Status reached = log.Resolve(position).status();
  if (resolved.position.offset > log.head().offset) return reached;
  return ResumePoint{resolved.position, reached};
}

OpenSession CommandOf(const EventLog& log, GatewayHandle stream,
                      SessionRequest request) {
  OpenSession command{.stream = stream,
                      .gateway_id = std::move(request.gateway_id),
                      .credential = std::move(request.credential),
                      .session = request.session,
                      .last_sequence = request.last_sequence,
                      .limits = request.limits,
                      .initial_credit = request.initial_credit};
  const Result<Position> progress = ParseProgress(request.last_progress);
  if (!progress.ok()) return command;
  const Result<ResolvedPosition> resolved = log.Resolve(*progress);
  if (!resolved.ok()) return command;
  command.last_progress = resolved->position;
  if (resolved->is_cut_back) command.redelivered_upto = progress->offset;
  return command;
}

}  // namespace streamer::internal
