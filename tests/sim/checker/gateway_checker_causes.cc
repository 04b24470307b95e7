// Of GatewayChecker: whether what a gateway was told to have lost has one of
// its allowed causes (I11).
#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "sim/change_generator.h"
#include "sim/checker/gateway_checker.h"

namespace streamer::sim {
namespace {

// What a resync says, and which cause it needs.
struct Reason {
  std::string_view text;
  Cause::Kind kind;
};
constexpr Reason kReasons[] = {
    {"the source lost events", Cause::Kind::kSourceGap},
    {"the source's cluster time went back", Cause::Kind::kSourceGap},
    {"an event of the source could not be read", Cause::Kind::kUnreadable},
};
constexpr std::string_view kUnnamed =
    "a deleted document could not be identified";

}  // namespace

bool GatewayChecker::IsAtWork(const Cause& cause, Cause::Kind kind) const {
  return cause.kind == kind && cause.at <= now_ &&
         (cause.gateway_id.empty() || cause.gateway_id == gateway_.gateway_id);
}

bool GatewayChecker::HasCause(Cause::Kind kind) const {
  return std::any_of(history_.causes.begin(), history_.causes.end(),
                     [&](const Cause& cause) { return IsAtWork(cause, kind); });
}

// Of a tenant that it was told to.
bool GatewayChecker::HasCauseOf(Cause::Kind kind,
                                const Noticed& noticed) const {
  return std::any_of(
      history_.causes.begin(), history_.causes.end(), [&](const Cause& cause) {
        return IsAtWork(cause, kind) && MayConcern(noticed, cause);
      });
}

bool GatewayChecker::MayConcern(const Noticed& noticed,
                                const Cause& cause) const {
  const auto& ids = noticed.gap.subscription_ids;
  // Several made one are for subscriptions that have ended, too; and one that
  // is still to be answered is of nobody knows which tenant.
  const std::uint64_t from = OffsetOf(noticed.gap.from_progress).value_or(0);
  const auto to = OffsetOf(noticed.gap.to_progress);
  if (ids.empty() || !to || *to > from + 1) return true;
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    const auto life = lives_.find(id);
    // Of one that ended, and was asked for again before the notice came.
    return life == lives_.end() ||
           MayBeOf(cause, life->second.request.tenant) ||
           *to <= life->second.from;
  });
}

// After a restart nobody knows which other tenants a backend had.
bool GatewayChecker::MayBeOf(const Cause& cause,
                             const std::string& tenant) const {
  if (!cause.tenant.empty() && cause.tenant != tenant) return false;
  return ChangeGenerator::IsFrom(cause.backend, tenant) ||
         (history_.starts.size() > 1 && history_.starts[1] <= now_);
}

// In the range that was told, of a tenant that it was told to.
bool GatewayChecker::MayBeUnnamed(const Noticed& noticed) const {
  if (std::any_of(history_.lost.begin(), history_.lost.end(),
                  [](const auto& lost) {
                    return ChangeGenerator::IsBareDelete(*lost.second.event);
                  })) {
    return true;
  }
  const std::uint64_t from = OffsetOf(noticed.gap.from_progress).value_or(0);
  const std::uint64_t to =
      OffsetOf(noticed.gap.to_progress).value_or(noticed.log.head);
  const auto& ids = noticed.gap.subscription_ids;
  // Several made one are for subscriptions that have ended, too.
  const bool is_merged = to > from + 1;
  if (ids.empty() || is_merged) return truth_.HasUnnamed("", from, to);
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    // One that is still to be answered is of nobody knows which tenant.
    const auto life = lives_.find(id);
    return truth_.HasUnnamed(
        life == lives_.end() ? "" : life->second.request.tenant, from, to);
  });
}

void GatewayChecker::CheckCause(const Noticed& noticed) {
  const std::string& reason = noticed.gap.reason;
  if (HasCause(Cause::Kind::kStoreLost)) return;
  for (const Reason& known : kReasons) {
    if (reason.find(known.text) == std::string::npos) continue;
    if (HasCauseOf(known.kind, noticed)) return;
  }
  if (reason.find(kUnnamed) != std::string::npos && MayBeUnnamed(noticed)) {
    return;
  }
  const std::uint64_t from = OffsetOf(noticed.gap.from_progress).value_or(0);
  const bool is_trimmed = from + 1 < noticed.log.newest_first;
  if (is_trimmed && reason == "the log no longer holds these events") return;
  const bool is_lagging = from + history_.max_lag <= noticed.log.newest_head;
  if (is_lagging && reason.find("session.max_lag") != std::string::npos) {
    return;
  }
  if (reason == kLostSession && was_told_of_loss_ &&
      (HasCause(Cause::Kind::kGatewayLost) ||
       HasCause(Cause::Kind::kExpired))) {
    return;
  }
  // Its time to live had passed.
  if (reason == "the subscription had ended before it was asked for again") {
    return;
  }
  // Places that were cut back look like those of other subscriptions.
  const bool is_not_held =
      reason == "the service did not hold the subscription";
  if (is_not_held && !history_.lost.empty()) return;
  // So does what the process before had found out of them and not told yet.
  const bool is_of_process_before =
      reason == "the process before was told of a loss and did not read of it";
  if (is_of_process_before && (was_told_of_loss_ || !history_.lost.empty())) {
    return;
  }
  Complain("I11", absl::StrCat("resync without a cause, from \"",
                               noticed.gap.from_progress, "\" to \"",
                               noticed.gap.to_progress, "\": ", reason));
}

}  // namespace streamer::sim
