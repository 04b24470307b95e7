// Losses: who is told that events may be missing, and what is reported of it.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/router.h"

namespace streamer {

void Router::Do(AnnounceGap& work, std::vector<Effect>& effects) {
  work.what.gateways = work.targets.size();
  if (work.targets.size() == 1) {
    const Gateway* gateway = FindOpen(work.targets.front().gateway);
    if (gateway != nullptr) work.what.gateway_id = gateway->gateway_id;
  }
  losses_.push_back(work.what);
  Tell(work, effects);
}

// Who was here when it was live was told then, and whoever finds no room for
// what is before it comes by again. A stream without a session would be closed
// and come back to the same place, each time.
void Router::Do(AnnouncePastGap& work, std::vector<Effect>& effects) {
  const Gateway* gateway = FindOpen(work.gateway);
  if (gateway == nullptr || gateway->kind == GatewayKind::kSoftState ||
      gateway->overrun_after) {
    return;
  }
  const Position position = work.what.to;
  std::vector<std::string> ids;
  for (const SubscriptionHandle handle : work.subscriptions) {
    const Route* route = routes_.Find(handle);
    if (route == nullptr || !route->catches_up ||
        route->added_after < position.offset ||
        !IsPastFor(*gateway, *route, position)) {
      continue;
    }
    ids.push_back(route->subscription_id);
  }
  if (ids.empty()) return;
  AnnounceGap gap{{{work.gateway, std::move(ids)}}, std::move(work.what)};
  Do(gap, effects);
}

void Router::Tell(AnnounceGap& work, std::vector<Effect>& effects) {
  for (GapTarget& target : work.targets) {
    Gateway* gateway = FindOpen(target.gateway);
    if (gateway == nullptr) continue;
    Tell(*gateway, work.what.cause,
         {.subscription_ids = std::move(target.subscription_ids),
          .from = work.what.from,
          .to = work.what.to,
          .reason = work.what.reason},
         effects);
  }
}

// A session hears of a loss; a stream without a session has no notice to hear
// but its own end.
void Router::Tell(Gateway& gateway, LossCause cause, ResyncRequired notice,
                  std::vector<Effect>& effects) {
  if (gateway.kind == GatewayKind::kSoftState) {
    return Close(gateway, DataLoss(notice.reason), effects);
  }
  ++statistics_.resyncs[static_cast<std::size_t>(cause)];
  gateway.outbox.Append(std::move(notice));
  HandOver(gateway, effects);
}

// Only the home shard of the collection knows them.
void Router::ResyncUnsure(Position position,
                          const std::vector<ShardResult>& results,
                          const Gateway* only, std::vector<Effect>& effects) {
  std::map<GatewayHandle, std::vector<std::string>> unsure;
  for (const ShardResult& result : results) {
    if (result.malformed == nullptr) continue;
    for (SubscriptionHandle handle : result.malformed->unsure) {
      const Route* route = routes_.Find(handle);
      if (route == nullptr) continue;
      const bool concerns = only == nullptr
                                ? IsLiveFor(*route, position)
                                : IsPastFor(*only, *route, position);
      if (!concerns) continue;
      unsure[route->gateway->handle].push_back(route->subscription_id);
    }
  }
  AnnounceGap work{
      .targets = {},
      .what = {.cause = LossCause::kUnreadable,
               .reason = "an event of the source could not be read",
               .from = {position.epoch, position.offset - 1},
               .to = position}};
  for (auto& [gateway, ids] : unsure) {
    work.targets.push_back({gateway, std::move(ids)});
  }
  // That it was skipped is reported of the event.
  Tell(work, effects);
}

void Router::AnnounceLost(Gateway& gateway, const EndPastEvents& work,
                          std::vector<Effect>& effects) {
  ResyncRequired notice{
      .from = *work.lost_after, .to = work.upto, .reason = kTrimmedReason};
  for (SubscriptionHandle handle : gateway.catching_up) {
    const Route* route = routes_.Find(handle);
    if (route->after >= work.upto.offset) continue;
    notice.subscription_ids.push_back(route->subscription_id);
  }
  const bool concerns_all = gateway.has_wished_behind &&
                            gateway.behind_after->offset < work.upto.offset;
  if (notice.subscription_ids.empty() && !concerns_all) return;
  if (concerns_all) notice.subscription_ids.clear();
  ReportLoss(gateway, LossCause::kTrimmed, notice);
  Tell(gateway, LossCause::kTrimmed, std::move(notice), effects);
}

void Router::ReportLoss(const Gateway& gateway, LossCause cause,
                        const ResyncRequired& notice) {
  losses_.push_back({.cause = cause,
                     .reason = notice.reason,
                     .from = notice.from,
                     .to = notice.to,
                     .gateways = 1,
                     .gateway_id = gateway.gateway_id});
}

}  // namespace streamer
