#include "core/sequencer.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace streamer {
namespace {

// Up to where a subscription of a stream that broke had everything, as far as
// anybody knows.
Position HadUpTo(const Subscription& ended, const DisconnectGateway& broken,
                 bool has_all_past) {
  const std::vector<SubscriptionHandle>& passing =
      broken.broken_off.too_large_for;
  if (std::binary_search(passing.begin(), passing.end(), ended.handle)) {
    return broken.broken_off.too_large;
  }
  if (ended.begins_in_past && !has_all_past) return ended.from;
  const Position after = *broken.broke_after;
  return after.offset < ended.from.offset ? ended.from : after;
}

// What is missing at `entry`.
LossReport ReportOf(const LogEntry& entry, LossCause cause,
                    std::string reason) {
  return {.cause = cause,
          .reason = std::move(reason),
          .backend = entry.event->backend,
          .tenant = entry.event->tenant,
          .collection = entry.event->collection,
          .from = {entry.position.epoch, entry.position.offset - 1},
          .to = entry.position};
}

// An empty name is any.
bool IsOneOf(std::string_view name, std::string_view wanted) {
  return wanted.empty() || name == wanted;
}

}  // namespace

void SequencerOutput::Clear() {
  for (std::vector<ShardTask>& tasks : shards) tasks.clear();
  steps.clear();
}

Sequencer::Sequencer(const CoreOptions& options, std::size_t shards,
                     Position start)
    : shards_(shards),
      registry_(options.quota),
      placement_(shards, options.split),
      duplicates_(options.duplicates),
      gaps_(options.duplicates.age),
      normalizer_(options.normalizer),
      verdicts_(options.remembered_verdicts),
      sessions_(options.session),
      lingering_(options.soft_state),
      recovery_window_(options.soft_state.recovery_window),
      start_(start),
      recovers_at_(start),
      position_(start) {}

void Sequencer::Remember(const LogEntry& entry, MonotonicTime at) {
  if (entry.event->loss != nullptr) {
    return normalizer_.Lose(entry.event->tenant);
  }
  if (duplicates_.IsDuplicate(*entry.event, at)) {
    verdicts_.NoteDuplicate(entry);
    return;
  }
  FindGap(entry);
  verdicts_.Note(entry, normalizer_.Normalize(entry.event));
}

void Sequencer::Remember(const EventFingerprint& fingerprint,
                         MonotonicTime at) {
  duplicates_.Remember(fingerprint, at);
}

void Sequencer::Accept(Command command, Instant now, SequencerOutput& output) {
  MoveSlice(output);
  std::visit([&](auto& one) { Do(one, now, output); }, command);
}

void Sequencer::Accept(const LogEntry& entry, Instant now,
                       SequencerOutput& output) {
  MoveSlice(output);
  ++statistics_.events_processed;
  position_ = entry.position;
  if (entry.event->loss != nullptr) return AcceptLoss(entry, output);
  if (duplicates_.IsDuplicate(*entry.event, now.monotonic)) {
    ++statistics_.duplicate_events;
    verdicts_.NoteDuplicate(entry);
    output.steps.push_back({NextOrdinal(), RouteEvent{position_, 0}});
    return;
  }
  if (const Gap* gap = FindGap(entry)) {
    ++statistics_.gaps_detected;
    GoOnBehind({position_.epoch, position_.offset - 1});
    Announce(GapBefore(entry, *gap), output);
  }
  NormalizedEvent normalized = normalizer_.Normalize(entry.event);
  verdicts_.Note(entry, normalized);
  if (normalized.outcome == NormalizeOutcome::kDeleteUnresolved) {
    ++statistics_.skipped_delete_unresolved;
    Announce(UnresolvedDelete(entry), output);
  }
  Route(std::move(normalized), entry, output);
}

void Sequencer::AcceptLoss(const LogEntry& entry, SequencerOutput& output) {
  const bool is_gap = entry.event->loss->kind == SourceLoss::Kind::kGap;
  ++(is_gap ? statistics_.gaps_detected : statistics_.skipped_unreadable);
  if (is_gap) GoOnBehind(position_);
  normalizer_.Lose(entry.event->tenant);
  Announce(LossAt(entry), output);
  output.steps.push_back({NextOrdinal(), RouteEvent{position_, 0}});
}

// Who comes back after a gap does not go on across it in silence: the answer
// says where it does. Streams that the gap ends have been told.
void Sequencer::GoOnBehind(Position gap) {
  lingering_.GoOnAfter(gap);
  recovers_at_ = gap;
}

Sequencer::Loss Sequencer::UnresolvedDelete(const LogEntry& entry) {
  return {[&event = *entry.event](const Subscription& subscription) {
            return subscription.tenant == event.tenant &&
                   SeesEveryChange(subscription);
          },
          ReportOf(entry, LossCause::kDeleteUnresolved,
                   "a deleted document could not be identified"),
          true};
}

// The source's cluster time went back: what lay between was not followed.
const Gap* Sequencer::FindGap(const LogEntry& entry) {
  std::optional<Gap> gap = gaps_.FindGap(*entry.event);
  if (!gap) return nullptr;
  normalizer_.Lose({});
  verdicts_.NoteGap(entry, *std::move(gap));
  return verdicts_.GapAt(entry);
}

Sequencer::Loss Sequencer::GapBefore(const LogEntry& entry, const Gap& gap) {
  LossReport report = ReportOf(entry, LossCause::kClusterTime,
                               "the source's cluster time went back");
  report.tenant.clear();
  report.collection.clear();
  return {[&gap](const Subscription& subscription) {
            return gap.Concerns(subscription.tenant);
          },
          std::move(report)};
}

// Which tenants a gap concerns may be known better when it is read again.
Sequencer::Loss Sequencer::LossAt(const LogEntry& entry) {
  const SourceEvent& event = *entry.event;
  if (event.loss->kind == SourceLoss::Kind::kGap) {
    return {[gap = gaps_.Reported(event.backend)](const Subscription& one) {
              return gap.Concerns(one.tenant);
            },
            ReportOf(entry, LossCause::kSourceGap,
                     "the source lost events: " + event.loss->reason)};
  }
  return {[&event](const Subscription& one) {
            return IsOneOf(one.tenant, event.tenant) &&
                   IsOneOf(one.collection, event.collection) &&
                   SeesEveryChange(one);
          },
          ReportOf(entry, LossCause::kUnreadable,
                   "an event of the source could not be read"),
          true};
}

void Sequencer::Route(NormalizedEvent normalized, const LogEntry& entry,
                      SequencerOutput& output) {
  if (normalized.outcome == NormalizeOutcome::kDeletedAgain) {
    ++statistics_.skipped_deleted_again;
  }
  const Ordinal ordinal = NextOrdinal();
  Audience audience;
  if (normalized.outcome == NormalizeOutcome::kChanged) {
    audience = AudienceOf(*normalized.source);
  }
  if (audience.has_memberships()) {
    audience.membership = WorkFor(normalized, *audience.collection);
  }
  output.steps.push_back(
      {ordinal, RouteEvent{position_, audience.shards.size()}});
  SendToShards(audience, ordinal, std::move(normalized), entry, output);
}

Sequencer::Audience Sequencer::AudienceOf(const SourceEvent& source) {
  SubscribedCollection* collection =
      registry_.Find(source.tenant, source.collection);
  if (collection == nullptr) return {};
  return {.collection = collection,
          .shards = placement_.ShardsOf(source.tenant, source.collection),
          .membership = std::nullopt};
}

// Of an event after which nothing will be asked, nothing is remembered: while
// before-images come, memory is not needed. Nor of what is replayed, which some
// have had and some not.
MembershipWork Sequencer::WorkFor(const NormalizedEvent& normalized,
                                  SubscribedCollection& collection) {
  if (normalized.operation != Operation::kInsert) {
    collection.has_before_images = !normalized.source->before.empty();
  }
  MembershipWork work{.remembered_from = collection.remembered_from};
  const bool is_replayed = position_.offset <= replayed_upto_;
  if (!collection.has_before_images && !is_replayed) {
    work.number = ++last_remembered_;
  }
  return work;
}

void Sequencer::SendToShards(const Audience& audience, Ordinal ordinal,
                             NormalizedEvent normalized, const LogEntry& entry,
                             SequencerOutput& output) {
  if (audience.shards.empty()) return;
  const ChangeEvent event{entry.position, normalized.operation,
                          std::move(normalized.source), entry.logged_at.wall,
                          entry.logged_at.monotonic.time_since_epoch().count()};
  for (std::size_t shard : audience.shards) {
    output.shards[shard].emplace_back(ordinal,
                                      MatchEvent{event, audience.membership});
  }
}

std::optional<Sequencer::PastWanted> Sequencer::NextPast() const {
  const std::optional<internal::Scans::Turn> turn = scans_.Next();
  if (!turn) return std::nullopt;
  const std::uint64_t left =
      position_.offset - std::min(turn->after, position_.offset);
  // Nobody has caught up with a replay before it ends.
  if (left == 0 && position_.offset < replayed_upto_) return std::nullopt;
  return PastWanted{turn->gateway, turn->after,
                    std::min<std::uint64_t>(turn->events, left)};
}

void Sequencer::AcceptPast(const PastWanted& wanted,
                           std::span<const LogEntry> entries,
                           SequencerOutput& output) {
  MoveSlice(output);
  for (const LogEntry& entry : entries) {
    ++statistics_.past_events;
    if (entry.event->loss != nullptr) {
      AnnouncePast(wanted.gateway, LossAt(entry), output);
      continue;
    }
    if (const Gap* gap = verdicts_.GapAt(entry)) {
      AnnouncePast(wanted.gateway, GapBefore(entry, *gap), output);
    }
    std::optional<NormalizedEvent> normalized = verdicts_.Recall(entry);
    if (!normalized) continue;
    if (normalized->outcome == NormalizeOutcome::kDeleteUnresolved) {
      AnnouncePast(wanted.gateway, UnresolvedDelete(entry), output);
      continue;
    }
    Audience audience = AudienceOf(*normalized->source);
    if (audience.shards.empty()) continue;
    if (audience.has_memberships()) {
      audience.membership = MembershipWork{.is_past = true};
    }
    const Ordinal ordinal = NextOrdinal();
    output.steps.push_back(
        {ordinal, RoutePastEvent{wanted.gateway, entry.position,
                                 audience.shards.size()}});
    SendToShards(audience, ordinal, *std::move(normalized), entry, output);
  }
  Position upto = position_;
  if (!entries.empty()) upto = entries.back().position;
  EndPast(wanted, {.gateway = wanted.gateway, .upto = upto}, output);
}

void Sequencer::AnnouncePast(GatewayHandle gateway, Loss loss,
                             SequencerOutput& output) {
  AnnouncePastGap work{gateway, {}, std::move(loss.report)};
  for (const Subscription* subscription : registry_.ListOf(gateway)) {
    if (loss.concerns(*subscription)) {
      work.subscriptions.push_back(subscription->handle);
    }
  }
  if (work.subscriptions.empty()) return;
  output.steps.push_back({NextOrdinal(), std::move(work)});
}

void Sequencer::LosePast(const PastWanted& wanted, Position after,
                         Position upto, SequencerOutput& output) {
  // Nobody can begin there any more.
  if (trimmed_upto_.offset < upto.offset) trimmed_upto_ = upto;
  if (start_.offset < upto.offset) recovers_until_.reset();
  EndPast(wanted,
          {.gateway = wanted.gateway, .upto = upto, .lost_after = after},
          output);
}

void Sequencer::EndPast(const PastWanted& wanted, EndPastEvents step,
                        SequencerOutput& output) {
  step.is_live = step.upto.offset >= position_.offset &&
                 position_.offset >= replayed_upto_;
  step.step = NextOrdinal();
  if (step.is_live) {
    scans_.End(wanted.gateway);
    past_ends_.Reach(wanted.gateway, step.step, position_);
  } else {
    scans_.Rest(wanted.gateway, step.upto.offset);
  }
  output.steps.push_back({step.step, step});
}

void Sequencer::Do(ConnectGateway& command, Instant, SequencerOutput& output) {
  registry_.AddGateway(command);
  output.steps.push_back(
      {NextOrdinal(), AddGateway{.gateway = std::move(command)}});
}

void Sequencer::Do(DisconnectGateway& command, Instant now,
                   SequencerOutput& output) {
  if (const auto* session = sessions_.OfStream(command.gateway)) {
    const GatewayHandle home = session->home;
    sessions_.Detach(command.gateway, now.monotonic);
    output.steps.push_back(
        {NextOrdinal(), DetachStream{home, command.gateway}});
    return;
  }
  if (!sessions_.HomeOf(command.gateway)) return;
  if (!registry_.HasGateway(command.gateway)) return;
  const bool has_all_past =
      past_ends_.IsPassed(command.gateway, command.broken_off.written);
  const std::vector<Subscription> ended =
      EndGateway(command.gateway, OkStatus(), output);
  if (!command.broke_after) return;
  for (const Subscription& subscription : ended) {
    lingering_.Keep(subscription, HadUpTo(subscription, command, has_all_past),
                    now.monotonic);
  }
}

std::vector<Subscription> Sequencer::EndGateway(GatewayHandle gateway,
                                                const Status& farewell,
                                                SequencerOutput& output) {
  std::vector<Subscription> removed = registry_.RemoveGateway(gateway);
  const Ordinal ordinal = NextOrdinal();
  RemoveGateway work{gateway, {}, farewell};
  for (const Subscription& subscription : removed) {
    work.handles.push_back(subscription.handle);
  }
  RemoveFromShards(removed, ordinal, output);
  scans_.End(gateway);
  past_ends_.Forget(gateway);
  output.steps.push_back({ordinal, std::move(work)});
  return removed;
}

void Sequencer::Recover(MonotonicTime now) {
  recovers_until_ = now + recovery_window_;
}

// A session is told where it was by its own state.
std::optional<Position> Sequencer::ResumeAfter(const Subscribe& command,
                                               MonotonicTime now) const {
  if (command.resume_after || sessions_.AtHome(command.gateway) != nullptr) {
    return command.resume_after;
  }
  std::optional<Position> after = lingering_.Find(command, now);
  // What is gone it would only be told of, perhaps once more.
  if (after && after->offset < trimmed_upto_.offset) after.reset();
  if (!after && recovers_until_ && now < *recovers_until_) after = recovers_at_;
  return after;
}

void Sequencer::Do(Subscribe& command, Instant now, SequencerOutput& output) {
  const std::optional<GatewayHandle> home = sessions_.HomeOf(command.gateway);
  if (!home) return;
  command.gateway = *home;
  NoteClaim(*home, output);
  AddSubscription(command, GatewayHandle(), now, output);
}

bool Sequencer::AddSubscription(Subscribe& command, GatewayHandle caller,
                                Instant now, SequencerOutput& output) {
  command.resume_after = ResumeAfter(command, now.monotonic);
  const Position from = command.resume_after.value_or(position_);
  Registry::Addition addition = registry_.Add(command, from, now);
  SubscribeResponse response{.subscription_id = command.subscription_id,
                             .status = addition.status,
                             .from = position_,
                             .quota = addition.quota};
  const Subscription* subscription = addition.subscription;
  if (subscription != nullptr) {
    response.handle = subscription->handle;
    response.from = subscription->from;
    response.expires_at = subscription->expires_at;
  }
  if (caller != GatewayHandle()) {
    response.session = sessions_.AtHome(command.gateway)->saved.number;
    if (response.status.ok() && !addition.is_new) {
      response.status = AlreadyExists(absl::StrCat(
          "subscription \"", command.subscription_id, "\" exists already"));
    }
  }
  if (!addition.is_new) {
    output.steps.push_back(
        {NextOrdinal(),
         Respond{{command.gateway, std::move(response)}, caller}});
    return false;
  }
  if (sessions_.AtHome(command.gateway) == nullptr) lingering_.Forget(command);
  RecordBegin(*subscription, output);
  const Ordinal ordinal = NextOrdinal();
  const std::size_t shard = placement_.Add(*subscription, registry_);
  output.shards[shard].emplace_back(
      ordinal, AddFilter{subscription->handle, subscription->tenant,
                         subscription->collection, subscription->filter,
                         subscription->membership});
  const bool catches_up = from.offset < position_.offset;
  if (catches_up) {
    scans_.Begin(command.gateway, from.offset, ordinal);
    past_ends_.Begin(command.gateway);
    sessions_.NotePastAsked(command.gateway);
  }
  output.steps.push_back(
      {ordinal, AddRoute{command.gateway, std::move(response), catches_up,
                         command.redelivered_upto, caller}});
  return true;
}

void Sequencer::Do(Unsubscribe& command, Instant, SequencerOutput& output) {
  const std::optional<GatewayHandle> home = sessions_.HomeOf(command.gateway);
  if (!home) return;
  command.gateway = *home;
  NoteClaim(*home, output);
  Result<Subscription> removed =
      registry_.Remove(command.gateway, command.subscription_id);
  UnsubscribeResponse response{command.subscription_id, removed.status(), {}};
  if (!removed.ok()) {
    output.steps.push_back(
        {NextOrdinal(), Respond{{command.gateway, std::move(response)}, {}}});
    return;
  }
  RecordEnd(*removed, output);
  const Ordinal ordinal = NextOrdinal();
  response.handle = removed->handle;
  RemoveFromShards({*removed}, ordinal, output);
  output.steps.push_back(
      {ordinal, RemoveRoute{command.gateway, std::move(response)}});
}

void Sequencer::Do(Renew& command, Instant now, SequencerOutput& output) {
  const std::optional<GatewayHandle> home = sessions_.HomeOf(command.gateway);
  if (!home) return;
  command.gateway = *home;
  RenewResponse response = Renewed(command, now);
  output.steps.push_back(
      {NextOrdinal(), Respond{{command.gateway, std::move(response)}, {}}});
}

RenewResponse Sequencer::Renewed(const Renew& renew, Instant now) {
  const Result<std::optional<Instant>> expiry = registry_.Renew(renew, now);
  return {renew.subscription_id, expiry.status(),
          expiry.ok() ? *expiry : std::nullopt};
}

// Shard and router let go of them when it happened; but one that moved since
// then is again on a shard.
void Sequencer::Do(EndSuspended& command, Instant, SequencerOutput& output) {
  const std::vector<Subscription> ended = registry_.Suspend(command.handles);
  for (const Subscription& subscription : ended) {
    RecordEnd(subscription, output);
  }
  RemoveFromShards(ended, Ordinal(last_ordinal_ + 1), output);
}

void Sequencer::Do(ContinueHistory& command, Instant, SequencerOutput&) {
  if (!registry_.HasGateway(command.gateway)) return;
  if (command.place) {
    scans_.MoveTo(command.gateway, command.place->after, command.place->as_of);
  }
  scans_.Allow(command.gateway, command.events);
  if (command.caught_up) {
    past_ends_.Confirm(command.gateway, *command.caught_up);
  }
}

void Sequencer::Do(Tick&, Instant now, SequencerOutput& output) {
  duplicates_.Expire(now.monotonic);
  lingering_.Expire(now.monotonic);
  for (const Subscription& expired : registry_.Expire(now)) {
    TellEnd(expired, CloseReason::kExpired, output);
  }
  for (const std::string& gateway_id : sessions_.Expired(now.monotonic)) {
    const auto last = LastExpiry(sessions_.Find(gateway_id)->home);
    if (last) {
      sessions_.KeepUntil(gateway_id, *last);
    } else {
      EndSession(gateway_id, OkStatus(), output);
    }
  }
}

void Sequencer::TellEnd(const Subscription& ended, CloseReason reason,
                        SequencerOutput& output) {
  RecordEnd(ended, output);
  const Ordinal ordinal = NextOrdinal();
  RemoveFromShards({ended}, ordinal, output);
  output.steps.push_back(
      {ordinal, ExpireRoute{ended.gateway,
                            {ended.subscription_id, ended.handle, reason}}});
}

// What moves has no step of its own and stands before the next.
void Sequencer::MoveSlice(SequencerOutput& output) {
  const Ordinal ordinal(last_ordinal_ + 1);
  for (const internal::Placement::Move& move :
       placement_.TakeSlice(registry_)) {
    const Subscription& moved = *move.subscription;
    output.shards[move.from].emplace_back(ordinal,
                                          RemoveFilters{{moved.handle}});
    output.shards[move.to].emplace_back(
        ordinal, AddFilter{moved.handle, moved.tenant, moved.collection,
                           moved.filter, moved.membership});
    ++statistics_.moved_subscriptions;
  }
}

void Sequencer::RemoveFromShards(const std::vector<Subscription>& subscriptions,
                                 Ordinal ordinal, SequencerOutput& output) {
  std::vector<RemoveFilters> removals(shards_);
  for (const Subscription& subscription : subscriptions) {
    removals[placement_.Remove(subscription)].handles.push_back(
        subscription.handle);
  }
  for (std::size_t shard = 0; shard < shards_; ++shard) {
    if (removals[shard].handles.empty()) continue;
    output.shards[shard].emplace_back(ordinal, std::move(removals[shard]));
  }
}

// Tells each gateway which of its subscriptions are affected, gateways in the
// order of their handles. What was remembered for them may be wrong.
void Sequencer::Announce(Loss loss, SequencerOutput& output) {
  std::map<GatewayHandle, std::vector<std::string>> affected;
  const auto candidates =
      loss.is_for_watching
          ? registry_.ListWatching(loss.report.tenant)
          : registry_.List(SubscriptionHandle(0),
                           std::numeric_limits<std::size_t>::max());
  for (const Subscription* subscription : candidates) {
    if (!loss.concerns(*subscription)) continue;
    affected[subscription->gateway].push_back(subscription->subscription_id);
    if (subscription->membership) {
      registry_.Find(subscription->tenant, subscription->collection)
          ->remembered_from = last_remembered_ + 1;
    }
  }
  AnnounceGap work{{}, std::move(loss.report)};
  for (auto& [gateway, ids] : affected) {
    work.targets.push_back({gateway, std::move(ids)});
  }
  output.steps.push_back({NextOrdinal(), std::move(work)});
}

}  // namespace streamer
