#include "runtime/internal/resumption.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace streamer::internal {
namespace {

// Up to where whoever names a place may have had events that the log has lost
// since; 0: nowhere. A place that somebody made up reaches no further than any
// tail does.
std::uint64_t RedeliveredUpTo(const Position& named,
                              const ResolvedPosition& resolved) {
  constexpr std::uint64_t kLongestTail = 1'000'000;
  if (!resolved.is_cut_back) return 0;
  return std::min(named.offset, resolved.position.offset + kLongestTail);
}

}  // namespace

Result<ResumePoint> ResolveProgress(const EventLog& log,
                                    std::string_view progress) {
  STREAMER_ASSIGN_OR_RETURN(const Position position, ParseProgress(progress));
  STREAMER_ASSIGN_OR_RETURN(const ResolvedPosition resolved,
                            log.history().Resolve(position));
  Status reached = log.Resolve(position).status();
  if (resolved.position.offset > log.head().offset) return reached;
  return ResumePoint{.after = resolved.position,
                     .reached = reached,
                     .redelivered_upto = RedeliveredUpTo(position, resolved)};
}

OpenSession CommandOf(const EventLog& log, GatewayHandle stream,
                      SessionRequest request) {
  OpenSession command{.stream = stream,
                      .gateway_id = std::move(request.gateway_id),
                      .credential = std::move(request.credential),
                      .session = request.session,
                      .last_sequence = request.last_sequence,
                      .limits = request.limits,
                      .initial_credit = request.initial_credit,
                      .coalesces = request.coalesces};
  const Result<Position> progress = ParseProgress(request.last_progress);
  if (!progress.ok()) return command;
  const Result<ResolvedPosition> resolved = log.Resolve(*progress);
  if (!resolved.ok()) return command;
  command.last_progress = resolved->position;
  command.redelivered_upto = RedeliveredUpTo(*progress, *resolved);
  return command;
}

DisconnectGateway BreakOf(const EventLog& log, GatewayHandle gateway,
                          BrokenOff broken_off, Duration stall_timeout) {
  constexpr Duration kMargin = std::chrono::seconds(1);
  // A peer that is gone is noticed by keepalive, which takes so long.
  constexpr Duration kNoticed = std::chrono::seconds(30);
  Position after = log.FindEarlier(log.head(), stall_timeout + kNoticed)
                       .value_or(Position{});
  if (broken_off.written.offset > after.offset) {
    const Position earlier =
        log.FindEarlier(broken_off.written, kMargin).value_or(after);
    if (earlier.offset > after.offset) after = earlier;
  }
  return {gateway, after, std::move(broken_off)};
}

Position StalledUpto(const EventLog& log, Position horizon) {
  return horizon.offset < log.first().offset ? Position{} : horizon;
}

}  // namespace streamer::internal
