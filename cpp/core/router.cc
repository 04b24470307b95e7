#include "core/router.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace streamer {
namespace {

// Past events in one wish: enough that asking costs little, few enough that
// they soon make way.
constexpr std::size_t kPastTogether = 256;

// All shards that know a matching subscription have the event; any will do.
const std::shared_ptr<const OutgoingEvent>& EventOf(
    const std::vector<ShardResult>& results) {
  return std::find_if(
             results.begin(), results.end(),
             [](const ShardResult& one) { return one.event != nullptr; })
      ->event;
}

}  // namespace

void Router::Accept(RouterStep step, std::vector<Effect>& effects) {
  Pending pending{std::move(step), {}};
  const auto early = early_.find(pending.step.ordinal);
  if (early != early_.end()) {
    pending.results = std::move(early->second);
    early_.erase(early);
  }
  steps_.push_back(std::move(pending));
  RunReady(effects);
}

void Router::Accept(ShardResult result, std::vector<Effect>& effects) {
  if (steps_.empty() || steps_.back().step.ordinal < result.ordinal) {
    early_[result.ordinal].push_back(std::move(result));
    return;
  }
  // Ordinals are dense, so the step's place is its distance from the first.
  const std::uint64_t first = steps_.front().step.ordinal.value();
  assert(result.ordinal.value() >= first);
  steps_[result.ordinal.value() - first].results.push_back(std::move(result));
  RunReady(effects);
}

void Router::RunReady(std::vector<Effect>& effects) {
  while (!steps_.empty() && IsReady(steps_.front())) {
    Run(steps_.front(), effects);
    steps_.pop_front();
  }
}

bool Router::IsReady(const Pending& pending) {
  return pending.results.size() == AwaitedResults(pending.step);
}

void Router::Run(Pending& pending, std::vector<Effect>& effects) {
  newest_step_ = pending.step.ordinal;
  std::visit(
      [&](auto& work) {
        if constexpr (requires { work.awaited_results; }) {
          Do(work, pending.results, effects);
        } else {
          Do(work, effects);
        }
      },
      pending.step.work);
}

void Router::Do(AddGateway& work, std::vector<Effect>&) {
  const GatewayHandle handle = work.gateway.gateway;
  const auto added = gateways_
                         .emplace(handle, std::make_unique<Gateway>(
                                              work.gateway, work.has_stream))
                         .first;
  Gateway& gateway = *added->second;
  if (work.restored) Restore(*work.restored, gateway);
  if (!work.has_stream) return;
  by_stream_.emplace(handle, &gateway);
  statistics_.gateways = by_stream_.size();
  gateway.outbox.AddCredit(work.gateway.initial_credit);
  TakeEarlyCredit(gateway);
}

void Router::TakeEarlyCredit(Gateway& gateway) {
  newest_stream_ = std::max(newest_stream_, gateway.stream);
  const auto early = early_credit_.find(gateway.stream);
  if (early == early_credit_.end()) return;
  gateway.outbox.AddCredit(early->second);
  early_credit_.erase(early);
}

void Router::Do(RemoveGateway& work, std::vector<Effect>& effects) {
  for (SubscriptionHandle handle : work.handles) routes_.Erase(handle);
  auto found = gateways_.find(work.gateway);
  if (found == gateways_.end()) return;
  Gateway& gateway = *found->second;
  if (!work.farewell.ok() && gateway.stream != GatewayHandle()) {
    effects.push_back({gateway.stream, GatewayClosed{work.farewell}, true});
  }
  ForgetWaiting(gateway);
  by_stream_.erase(gateway.stream);
  gateways_.erase(found);
  statistics_.gateways = by_stream_.size();
}

void Router::Do(AddRoute& work, std::vector<Effect>& effects) {
  auto gateway = gateways_.find(work.gateway);
  if (gateway == gateways_.end()) return;
  const SubscriptionHandle handle = work.response.handle;
  routes_.At(handle) = {.gateway = gateway->second.get(),
                        .subscription_id = work.response.subscription_id,
                        .after = work.response.from.offset,
                        .catches_up = work.catches_up,
                        .added_after = statistics_.routed.offset};
  gateway->second->outbox.MarkRedelivered(work.redelivered_upto);
  Answer(work.gateway, work.caller, std::move(work.response), effects);
  if (!work.catches_up) return;
  gateway->second->catching_up.insert(handle);
  Wish(*gateway->second);
}

// Of what comes and goes without end, nothing is kept. Whether it was there.
bool Router::EraseRoute(SubscriptionHandle handle) {
  const Route* route = routes_.Find(handle);
  if (route == nullptr) return false;
  route->gateway->catching_up.erase(handle);
  route->gateway->settling.erase(handle);
  return routes_.Erase(handle);
}

void Router::Do(RemoveRoute& work, std::vector<Effect>& effects) {
  EraseRoute(work.response.handle);
  Answer(work.gateway, {}, std::move(work.response), effects);
}

void Router::Do(ExpireRoute& work, std::vector<Effect>& effects) {
  const bool is_known = EraseRoute(work.notice.handle);
  Gateway* gateway = FindOpen(work.gateway);
  // One that was suspended before it expired has had its notice.
  if (gateway == nullptr || !is_known) return;
  TellClosed(*gateway, std::move(work.notice), effects);
}

// Who never acknowledges could have ever more of them.
void Router::TellClosed(Gateway& gateway, SubscriptionClosed notice,
                        std::vector<Effect>& effects) {
  gateway.outbox.Append(std::move(notice), statistics_.routed);
  HandOver(gateway, effects);
  if (!gateway.outbox.has_too_many_closed()) return;
  if (gateway.stream == GatewayHandle()) return;
  Close(gateway,
        ResourceExhausted(absl::StrCat(
            "expected the gateway to acknowledge notices of subscriptions "
            "that ended, got more than ",
            Outbox::kMostClosed, " unacknowledged")),
        effects);
}

// A repeated subscribe may find the subscription in the registry although it
// was suspended already; "it exists" would then be a promise nobody keeps.
void Router::Do(Respond& work, std::vector<Effect>& effects) {
  if (auto* response = std::get_if<SubscribeResponse>(&work.effect.what)) {
    if (response->status.ok() && routes_.Find(response->handle) == nullptr) {
      response->status = ResourceExhausted(absl::StrCat(
          "subscription \"", response->subscription_id, "\" was suspended"));
      response->handle = SubscriptionHandle();
    }
  }
  Answer(work.effect.gateway, work.caller, std::move(work.effect.what),
         effects);
}

void Router::Do(RouteEvent& work, std::vector<ShardResult>& results,
                std::vector<Effect>& effects) {
  statistics_.routed = std::max(statistics_.routed, work.position);
  if (results.empty()) return;
  MergeHandles(results);
  Report(results);
  if (reports_.back().malformed != nullptr) {
    ResyncUnsure(work.position, results, nullptr, effects);
  }
  if (!merged_.empty()) Deliver(work.position, EventOf(results), effects);
  Suspend(results, effects);
}

// What was malformed was reported when it was taken; a stream without a session
// is not told of what lies in its past: see AnnouncePastGap.
void Router::Do(RoutePastEvent& work, std::vector<ShardResult>& results,
                std::vector<Effect>& effects) {
  MergeHandles(results);
  Gateway* gateway = FindOpen(work.gateway);
  if (gateway != nullptr && !merged_.empty()) {
    DeliverPast(*gateway, work.position, EventOf(results), effects);
  } else if (gateway != nullptr && gateway->kind == GatewayKind::kSession &&
             !gateway->overrun_after) {
    ResyncUnsure(work.position, results, gateway, effects);
  }
  Suspend(results, effects);
}

// What the session is behind by holds, as what comes live does; what single
// subscriptions catch up with does not. So it is not one delivery.
void Router::DeliverPast(Gateway& gateway, Position position,
                         const std::shared_ptr<const OutgoingEvent>& event,
                         std::vector<Effect>& effects) {
  if (gateway.overrun_after) return;  // this comes again
  Outbox::Waiting own{.event = event, .is_catching_up = true, .holds = false};
  Outbox::Waiting behind{.event = event, .is_catching_up = true};
  for (std::size_t i = 0; i < merged_.size(); ++i) {
    const Route* route = routes_.Find(merged_[i]);
    if (route == nullptr || !IsPastFor(gateway, *route, position)) continue;
    Outbox::Waiting& delivery = route->catches_up ? own : behind;
    delivery.handles.push_back(merged_[i]);
    if (!merged_memberships_.empty()) {
      delivery.AddMembership(merged_memberships_[i]);
    }
    delivery.id_bytes += route->subscription_id.size();
  }
  if (own.handles.empty() && behind.handles.empty()) return;
  // By bytes it may overrun: documents are as large as they are.
  if (gateway.outbox.pressure() == Pressure::kHard) {
    gateway.overrun_after = Position{position.epoch, position.offset - 1};
    return;
  }
  if (!own.handles.empty()) gateway.outbox.Append(std::move(own));
  if (!behind.handles.empty()) gateway.outbox.Append(std::move(behind));
  CountWaiting(gateway);
  HandOver(gateway, effects);
}

bool Router::IsPastFor(const Gateway& gateway, const Route& route,
                       Position position) const {
  if (route.gateway != &gateway || position.offset <= route.after) return false;
  if (route.catches_up) return true;
  return gateway.has_wished_behind &&
         position.offset >
             std::max(gateway.behind_after->offset, gateway.had_upto);
}

void Router::Do(EndPastEvents& work, std::vector<Effect>& effects) {
  Gateway* gateway = FindOpen(work.gateway);
  if (gateway == nullptr) return;
  if (work.lost_after) AnnounceLost(*gateway, work, effects);
  if (gateway->is_closed) return;
  gateway->has_wished = false;
  const Position upto = gateway->overrun_after.value_or(work.upto);
  const bool is_live = work.is_live && !gateway->overrun_after;
  absl::erase_if(gateway->catching_up, [&](SubscriptionHandle handle) {
    Route* route = routes_.Find(handle);
    route->after = std::max(route->after, upto.offset);
    route->catches_up = !is_live;
    if (is_live) gateway->caught_up_at = statistics_.routed.offset;
    if (is_live && gateway->kind == GatewayKind::kSession) {
      gateway->settling.insert(handle);
    }
    return is_live;
  });
  if (std::exchange(gateway->has_wished_behind, false)) {
    if (gateway->behind_after->offset < upto.offset) {
      gateway->behind_after = upto;
    }
    if (is_live) gateway->behind_after.reset();
  }
  if (is_live && gateway->kind == GatewayKind::kSoftState) {
    wishes_.push_back({.gateway = gateway->handle, .caught_up = work.step});
  }
  Wish(*gateway);
}

// One wish at a time: the next when what came of it has been routed and the
// gateway has taken most of it. Each says from where: what ended or was given
// up since the last is not read for.
void Router::Wish(Gateway& gateway) {
  if (gateway.has_wished || gateway.is_closed) return;
  if (gateway.catching_up.empty() && !gateway.behind_after) return;
  const std::size_t room = gateway.outbox.room_for_past();
  if (room == 0) return;
  gateway.has_wished = true;
  gateway.has_wished_behind = gateway.behind_after.has_value();
  gateway.overrun_after.reset();
  wishes_.push_back({.gateway = gateway.handle,
                     .events = std::min(room, kPastTogether),
                     .place = {{newest_step_, PlaceOf(gateway)}}});
}

// After which it wants past events: where the last of it is.
std::uint64_t Router::PlaceOf(const Gateway& gateway) const {
  std::uint64_t place = std::numeric_limits<std::uint64_t>::max();
  if (gateway.behind_after) place = gateway.behind_after->offset;
  for (SubscriptionHandle handle : gateway.catching_up) {
    const Route* route = routes_.Find(handle);
    place = std::min(place, route->after);
  }
  return place;
}

// Handles ascend over all shards together, so that how many shards there are
// shows nowhere. What one shard could not read, no other may deliver: each
// reads only as far as it needs.
void Router::MergeHandles(const std::vector<ShardResult>& results) {
  merged_.clear();
  merged_memberships_.clear();
  bool has_memberships = false;
  for (const ShardResult& result : results) {
    if (result.malformed != nullptr) return merged_.clear();
    merged_.insert(merged_.end(), result.handles.begin(), result.handles.end());
    has_memberships |= !result.memberships.empty();
  }
  if (results.size() > 1) std::sort(merged_.begin(), merged_.end());
  if (has_memberships) MergeMemberships(results);
}

// A handle has one result: it is on one shard.
void Router::MergeMemberships(const std::vector<ShardResult>& results) {
  merged_memberships_.resize(merged_.size(), Membership::kNone);
  for (const ShardResult& result : results) {
    auto at = merged_.begin();
    for (std::size_t i = 0; i < result.memberships.size(); ++i) {
      at = std::lower_bound(at, merged_.end(), result.handles[i]);
      merged_memberships_[static_cast<std::size_t>(at - merged_.begin())] =
          result.memberships[i];
    }
  }
}

void Router::Report(const std::vector<ShardResult>& results) {
  EventReport report{merged_.size(), nullptr};
  for (const ShardResult& result : results) {
    if (result.malformed != nullptr) report.malformed = result.malformed;
  }
  if (report.malformed != nullptr) ++statistics_.malformed;
  reports_.push_back(std::move(report));
}

// What a session that is behind does not store comes again as a past event.
bool Router::IsLiveFor(const Route& route, Position position) {
  return !route.catches_up && position.offset > route.after &&
         !route.gateway->behind_after;
}

void Router::Deliver(Position position,
                     const std::shared_ptr<const OutgoingEvent>& event,
                     std::vector<Effect>& effects) {
  GroupByGateway(position);
  for (Gateway* gateway : matched_gateways_) {
    AppendDelivery(*gateway, event, effects);
  }
}

void Router::GroupByGateway(Position position) {
  matched_gateways_.clear();
  for (std::size_t i = 0; i < merged_.size(); ++i) {
    const Route* route = routes_.Find(merged_[i]);
    if (route == nullptr || route->catches_up ||
        position.offset <= route->after) {
      continue;
    }
    Outbox::Waiting& matched = route->gateway->matched;
    if (matched.handles.empty()) matched_gateways_.push_back(route->gateway);
    matched.handles.push_back(merged_[i]);
    if (!merged_memberships_.empty()) {
      matched.AddMembership(merged_memberships_[i]);
    }
    matched.id_bytes += route->subscription_id.size();
  }
}

// In order of handle over all shards, as the matches. The reason names budget
// and event only, and is the same from each.
void Router::Suspend(const std::vector<ShardResult>& results,
                     std::vector<Effect>& effects) {
  std::map<SubscriptionHandle, const Suspension*> ended;
  for (const ShardResult& result : results) {
    if (result.suspension == nullptr) continue;
    for (SubscriptionHandle handle : result.suspension->handles) {
      ended.emplace(handle, result.suspension.get());
    }
  }
  for (const auto& [handle, suspension] : ended) {
    Suspend(handle, suspension->reason, effects);
  }
}

void Router::Suspend(SubscriptionHandle handle, const std::string& reason,
                     std::vector<Effect>& effects) {
  Route* found = routes_.Find(handle);
  if (found == nullptr) return;
  Route route = *found;
  EraseRoute(handle);
  suspended_.push_back(handle);
  if (route.gateway->is_closed) return;
  TellClosed(*route.gateway,
             {.subscription_id = std::move(route.subscription_id),
              .handle = handle,
              .reason = CloseReason::kSuspended,
              .detail = reason},
             effects);
}

void Router::AppendDelivery(Gateway& gateway,
                            const std::shared_ptr<const OutgoingEvent>& event,
                            std::vector<Effect>& effects) {
  Outbox::Waiting delivery = std::exchange(gateway.matched, {});
  if (gateway.is_closed) {
    ++statistics_.dropped_with_gateway;
    return;
  }
  const Position position = event->event.position;
  if (position.offset <= gateway.had_upto) return;
  CountPressure(gateway);
  if (gateway.pressure == Pressure::kHard &&
      gateway.kind == GatewayKind::kSoftState) {
    Close(gateway,
          ResourceExhausted(
              absl::StrCat("outbox full: ", gateway.outbox.waiting(),
                           " deliveries wait; the gateway reads too slowly")),
          effects);
    return;
  }
  if (gateway.pressure == Pressure::kHard && !gateway.behind_after) {
    gateway.behind_after = Position{position.epoch, position.offset - 1};
  }
  if (gateway.behind_after) {
    ++statistics_.missed;
    return;
  }
  delivery.event = event;
  if (gateway.outbox.Append(std::move(delivery))) ++statistics_.coalesced;
  CountWaiting(gateway);
  HandOver(gateway, effects);
}

// Counts that a limit was come to, once each time.
void Router::CountPressure(Gateway& gateway) {
  Pressure pressure = gateway.outbox.pressure();
  if (pressure > gateway.pressure) {
    if (gateway.pressure == Pressure::kNone) ++statistics_.backpressure_soft;
    if (pressure == Pressure::kHard) ++statistics_.backpressure_hard;
  }
  gateway.pressure = pressure;
}

void Router::Grant(GatewayHandle stream, std::size_t deliveries,
                   std::vector<Effect>& effects) {
  if (stream > newest_stream_) {
    early_credit_[stream] += deliveries;
    return;
  }
  Gateway* gateway = FindOfStream(stream);
  if (gateway == nullptr) return;
  gateway->outbox.AddCredit(deliveries);
  HandOver(*gateway, effects);
  Wish(*gateway);
}

void Router::Acknowledge(GatewayHandle stream, std::uint64_t sequence,
                         std::vector<Effect>& effects) {
  Gateway* gateway = FindOfStream(stream);
  if (gateway == nullptr) return;
  Status status = gateway->outbox.Acknowledge(sequence);
  if (!status.ok()) return Close(*gateway, std::move(status), effects);
  HandOver(*gateway, effects);
  Wish(*gateway);
}

void Router::Answer(GatewayHandle handle, GatewayHandle caller,
                    GatewayEffect effect, std::vector<Effect>& effects) {
  if (caller != GatewayHandle()) {
    effects.push_back({caller, std::move(effect), true});
    return;
  }
  const Gateway* gateway = FindOpen(handle);
  if (gateway == nullptr || gateway->stream == GatewayHandle()) return;
  effects.push_back({gateway->stream, std::move(effect),
                     gateway->kind == GatewayKind::kSession});
}

void Router::HandOver(Gateway& gateway, std::vector<Effect>& effects) {
  auto find_id = [this](SubscriptionHandle handle) -> const std::string* {
    const Route* route = routes_.Find(handle);
    return route == nullptr ? nullptr : &route->subscription_id;
  };
  while (auto effect = gateway.outbox.HandOver(find_id)) {
    if (const auto* delivery = std::get_if<SharedDelivery>(&*effect)) {
      Count(**delivery);
    }
    effects.push_back({gateway.stream, *std::move(effect),
                       gateway.kind == GatewayKind::kSession});
  }
  CountWaiting(gateway);
}

void Router::Count(const Delivery& delivery) {
  ++statistics_.deliveries;
  statistics_.matched_ids += delivery.handles.size();
  statistics_.memberships_unknown += static_cast<std::uint64_t>(std::count_if(
      delivery.memberships.begin(), delivery.memberships.end(), &IsUnknown));
}

void Router::Close(Gateway& gateway, Status status,
                   std::vector<Effect>& effects) {
  const GatewayHandle stream = gateway.stream;
  if (gateway.kind == GatewayKind::kSession) {
    LoseStream(gateway);
  } else {
    ForgetWaiting(gateway);
    gateway.is_closed = true;
  }
  if (stream == GatewayHandle()) return;
  effects.push_back({stream, GatewayClosed{std::move(status)},
                     gateway.kind == GatewayKind::kSession});
}

void Router::CountWaiting(Gateway& gateway) {
  const std::size_t waiting =
      gateway.stream == GatewayHandle() ? 0 : gateway.outbox.waiting();
  statistics_.waiting += waiting - gateway.waiting;
  gateway.waiting = waiting;
}

void Router::ForgetWaiting(Gateway& gateway) {
  statistics_.dropped_with_gateway += gateway.outbox.waiting();
  statistics_.waiting -= std::exchange(gateway.waiting, 0);
  gateway.outbox.Clear();
}

Router::Gateway* Router::FindOpen(GatewayHandle handle) {
  auto found = gateways_.find(handle);
  if (found == gateways_.end() || found->second->is_closed) return nullptr;
  return found->second.get();
}

Router::Gateway* Router::FindOfStream(GatewayHandle stream) {
  auto found = by_stream_.find(stream);
  if (found == by_stream_.end() || found->second->is_closed) return nullptr;
  return found->second;
}

}  // namespace streamer
