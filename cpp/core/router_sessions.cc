// Sessions: streams that come and go, and how far each session has come.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/router.h"
#include "event/position.h"

namespace streamer {
namespace {

using CatchingUp = SavedCursor::CatchingUp;

// The position just before that of `event`.
Position Before(Position event) { return {event.epoch, event.offset - 1}; }

Position Earlier(Position left, Position right) {
  return left.offset < right.offset ? left : right;
}

bool IsSame(const CatchingUp& left, const CatchingUp& right) {
  return left.subscription_id == right.subscription_id &&
         left.after == right.after;
}

bool IsSameNotice(const SavedResync& left, const SavedResync& right) {
  return left.from == right.from && left.to == right.to &&
         left.subscription_ids == right.subscription_ids;
}

bool IsSameEnd(const SavedClosed& left, const SavedClosed& right) {
  return left.at == right.at && left.subscription_id == right.subscription_id;
}

// Whether the gateway says it had less than it acknowledged in an earlier
// epoch.
bool HasLess(const AttachStream& gateway,
             const SavedCursor::Acknowledged& acknowledged) {
  if (gateway.session != acknowledged.session) {
    return gateway.session < acknowledged.session;
  }
  return gateway.last_sequence < acknowledged.sequence;
}

// Whether a restart would find more than the low-watermark tells it: an idle
// session moves with that.
bool HasMoved(const SavedCursor& from, const SavedCursor& to) {
  return from.is_behind != to.is_behind ||
         (to.is_behind && from.acknowledged != to.acknowledged) ||
         !std::equal(from.catching_up.begin(), from.catching_up.end(),
                     to.catching_up.begin(), to.catching_up.end(), IsSame) ||
         !std::equal(from.resyncs.begin(), from.resyncs.end(),
                     to.resyncs.begin(), to.resyncs.end(), IsSameNotice) ||
         !std::equal(from.closed.begin(), from.closed.end(), to.closed.begin(),
                     to.closed.end(), IsSameEnd);
}

// Whether `to` says that one had caught up by then, and `from` does not: else
// it would do so again after a restart, from where it began, though nothing was
// there for it. See PlaceOf in sequencer_sessions.cc.
bool IsNewsOf(std::optional<std::uint64_t> caught_up_at,
              const SavedCursor& from, const SavedCursor& to) {
  return caught_up_at && from.routed.offset <= *caught_up_at &&
         to.routed.offset > *caught_up_at;
}

}  // namespace

// What a session is behind by begins where it was, or not at all when the
// events after that are still to come.
void Router::Restore(const AddGateway::Restored& restored, Gateway& gateway) {
  ++restoring_;
  const SavedCursor& cursor = restored.cursor;
  gateway.outbox.MarkRedelivered(restored.redelivered_upto);
  for (const SavedResync& resync : cursor.resyncs) {
    gateway.outbox.Append(
        ResyncRequired{.subscription_ids = resync.subscription_ids,
                       .from = resync.from,
                       .to = resync.to,
                       .reason = resync.reason});
  }
  for (const SavedClosed& closed : cursor.closed) {
    gateway.outbox.Append(
        SubscriptionClosed{.subscription_id = closed.subscription_id,
                           .reason = closed.reason,
                           .detail = closed.detail},
        closed.at);
  }
  gateway.acknowledged_before = cursor.last_acknowledged;
  if (cursor.acknowledged.offset < statistics_.routed.offset) {
    gateway.behind_after = cursor.acknowledged;
    Wish(gateway);
  }
}

void Router::Do(EndRestore&, std::vector<Effect>&) { --restoring_; }

void Router::Do(AttachStream& work, std::vector<Effect>& effects) {
  Gateway* gateway = FindOpen(work.gateway);
  if (gateway == nullptr) return;
  if (gateway->stream != work.stream) {
    Close(*gateway,
          absl::AbortedError("a newer stream of this gateway took the session"),
          effects);
  }
  if (work.resumption == AttachStream::Resumption::kBySequence &&
      work.last_sequence > gateway->outbox.last_sequence()) {
    ForgetCredit(work.stream);
    effects.push_back({work.stream, GatewayClosed{InvalidArgument(absl::StrCat(
                                        "hello: last_seq: expected at most ",
                                        gateway->outbox.last_sequence(),
                                        ", got ", work.last_sequence))}});
    return;
  }
  const bool is_first = gateway->session == SessionNumber();
  gateway->session = work.answer.session;
  work.answer.continuity = Resume(work, is_first, *gateway);
  if (gateway->stream != work.stream) {
    gateway->stream = work.stream;
    by_stream_[work.stream] = gateway;
    statistics_.gateways = by_stream_.size();
    gateway->outbox.Attach(0);
    TakeEarlyCredit(*gateway);
  }
  gateway->outbox.AddCredit(work.credit);
  gateway->outbox.AllowMerging(work.coalesces);
  work.answer.next_sequence = gateway->outbox.acknowledged() + 1;
  const bool is_lost = work.answer.continuity == Continuity::kLost;
  if (is_lost && (!work.last_progress || work.has_asked_past)) {
    work.answer.from = {};  // nobody knows where
  } else if (work.last_progress) {
    work.answer.from = *work.last_progress;
  }
  work.answer.to = statistics_.routed;
  effects.push_back({work.stream, std::move(work.answer), true});
  HandOver(*gateway, effects);
  Wish(*gateway);
}

// A gateway that says it had less than was acknowledged, in this epoch or
// before the restart, has forgotten some of it, and that is gone here too. A
// notice that was not acknowledged is no such loss: it follows like the rest.
Continuity Router::Resume(const AttachStream& work, bool is_first,
                          Gateway& gateway) {
  Outbox& outbox = gateway.outbox;
  bool is_lost = false;
  switch (work.resumption) {
    case AttachStream::Resumption::kNone:
      return Continuity::kNew;
    case AttachStream::Resumption::kLost:
      return Continuity::kLost;
    case AttachStream::Resumption::kBySequence:
      is_lost = work.last_sequence < outbox.acknowledged();
      // Checked before: it was given.
      (void)outbox.Acknowledge(work.last_sequence);
      break;
    case AttachStream::Resumption::kByPosition:
      is_lost = outbox.acknowledged() > 0 ||
                HasLess(work, gateway.acknowledged_before);
      outbox.MarkRedelivered(work.redelivered_upto);
      // A process that has heard of this epoch goes on by its numbers, and may
      // have less than this one: then all comes that follows them.
      if (!is_first) break;
      // It says what it has, and the rest is forgotten like what was
      // acknowledged.
      if (!is_lost) {
        gateway.acknowledged_before = {work.session, work.last_sequence};
      }
      if (work.last_progress) {
        gateway.had_upto =
            std::max(gateway.had_upto, work.last_progress->offset);
        outbox.ForgetUpTo(*work.last_progress);
      }
      break;
  }
  if (is_lost) return Continuity::kLost;
  const bool is_behind =
      gateway.behind_after.has_value() || !gateway.catching_up.empty();
  return outbox.is_empty() && !is_behind ? Continuity::kNothingMissed
                                         : Continuity::kComplete;
}

void Router::Do(DetachStream& work, std::vector<Effect>&) {
  Gateway* gateway = FindOpen(work.gateway);
  if (gateway == nullptr || gateway->stream != work.stream) return;
  LoseStream(*gateway);
}

void Router::LoseStream(Gateway& gateway) {
  by_stream_.erase(gateway.stream);
  statistics_.gateways = by_stream_.size();
  gateway.stream = GatewayHandle();
  gateway.outbox.Detach();
  CountWaiting(gateway);
}

void Router::Do(RefuseStream& work, std::vector<Effect>& effects) {
  ForgetCredit(work.stream);
  effects.push_back({work.stream, GatewayClosed{std::move(work.status)}});
}

// A stream that gets no session.
void Router::ForgetCredit(GatewayHandle stream) {
  newest_stream_ = std::max(newest_stream_, stream);
  early_credit_.erase(stream);
}

// Also of a session that is gone: then there is nobody to tell.
void Router::Do(RecordState& work, std::vector<Effect>& effects) {
  const Gateway* gateway = FindOpen(work.gateway);
  effects.push_back({gateway == nullptr ? GatewayHandle() : gateway->stream,
                     std::move(work.what), true});
}

// Up to where a session acknowledged what concerned it. Nothing when there is
// nothing that it could still acknowledge.
std::optional<Position> Router::AcknowledgedOf(const Gateway& gateway) {
  std::optional<Position> acknowledged = gateway.behind_after;
  if (const auto oldest = gateway.outbox.oldest_held()) {
    const Position before = Before(*oldest);
    acknowledged = acknowledged ? Earlier(*acknowledged, before) : before;
  }
  return acknowledged;
}

// What was handed over has its number: it may still be acknowledged, and
// another stream gets it again. But nobody waits for that any more, here or
// after a restart.
void Router::Do(DropLag& work, std::vector<Effect>& effects) {
  for (auto& [handle, gateway] : gateways_) {
    if (gateway->kind != GatewayKind::kSession) continue;
    const std::optional<Position> acknowledged = AcknowledgedOf(*gateway);
    if (!acknowledged || acknowledged->offset >= work.oldest.offset) continue;
    statistics_.missed += gateway->outbox.GiveUp(work.upto);
    ResyncRequired notice{.from = *acknowledged,
                          .to = work.upto,
                          .reason = work.is_trimmed
                                        ? kTrimmedReason
                                        : "the gateway is behind by more than "
                                          "session.max_lag"};
    const LossCause cause =
        work.is_trimmed ? LossCause::kTrimmed : LossCause::kLag;
    ReportLoss(*gateway, cause, notice);
    gateway->behind_after.reset();
    gateway->has_wished_behind = false;
    Tell(*gateway, cause, std::move(notice), effects);
    Wish(*gateway);
  }
}

void Router::CloseStalled(Position horizon, std::vector<Effect>& effects) {
  for (auto& [handle, gateway] : gateways_) {
    if (gateway->is_closed || gateway->kind != GatewayKind::kSoftState) {
      continue;
    }
    const std::optional<Position> oldest = gateway->outbox.oldest_held();
    if (!oldest || oldest->offset > horizon.offset) continue;
    Close(*gateway,
          ResourceExhausted(absl::StrCat(
              "expected the gateway to take the event at ",
              FormatProgress(*oldest), " within gateway.stall_timeout")),
          effects);
  }
}

std::optional<RouterProgress> Router::TakeProgress(Position horizon) {
  if (restoring_ > 0) return std::nullopt;
  statistics_.sessions_connected = 0;
  statistics_.sessions_disconnected = 0;
  statistics_.sessions_behind = 0;
  statistics_.slowest = statistics_.routed;
  RouterProgress progress{.watermark = statistics_.routed};
  for (auto& [handle, gateway] : gateways_) {
    if (gateway->is_closed) continue;
    if (gateway->kind == GatewayKind::kSoftState) {
      if (const auto oldest = gateway->outbox.oldest_held()) {
        // What is older can be of no use to it after a restart: if it was not
        // closed as stalled, that is because the log has dropped it.
        const Position before = Before(*oldest);
        progress.watermark =
            Earlier(progress.watermark,
                    before.offset < horizon.offset ? horizon : before);
      }
      continue;
    }
    ++(gateway->stream == GatewayHandle() ? statistics_.sessions_disconnected
                                          : statistics_.sessions_connected);
    SavedCursor cursor = CursorOf(*gateway);
    cursor.is_behind |= cursor.acknowledged.offset < horizon.offset;
    if (cursor.is_behind) {
      ++statistics_.sessions_behind;
    } else {
      progress.watermark = Earlier(progress.watermark, cursor.acknowledged);
    }
    if (gateway->outbox.oldest_past() == std::nullopt) {
      gateway->settling.clear();
    }
    statistics_.slowest = Earlier(statistics_.slowest, cursor.acknowledged);
    const std::uint64_t sequence = gateway->outbox.acknowledged();
    if (gateway->saved && sequence == gateway->saved_sequence &&
        !HasMoved(*gateway->saved, cursor) &&
        !IsNewsOf(gateway->caught_up_at, *gateway->saved, cursor)) {
      continue;
    }
    gateway->saved = cursor;
    gateway->saved_sequence = sequence;
    progress.cursors.push_back(std::move(cursor));
  }
  statistics_.session_lag =
      statistics_.routed.offset - statistics_.slowest.offset;
  statistics_.slowest = Earlier(statistics_.slowest, progress.watermark);
  statistics_.watermark = progress.watermark;
  return progress;
}

// Behind the watermark it is behind, though all it is behind by waits for it:
// the watermark never goes back, not even to be saved after this cursor.
SavedCursor Router::CursorOf(const Gateway& gateway) const {
  SavedCursor cursor{.gateway_id = gateway.gateway_id,
                     .acknowledged = statistics_.routed,
                     .routed = statistics_.routed,
                     .resyncs = gateway.outbox.resyncs(),
                     .closed = gateway.outbox.closed(),
                     .last_acknowledged = gateway.acknowledged_before};
  if (const std::uint64_t sequence = gateway.outbox.acknowledged();
      sequence > 0) {
    cursor.last_acknowledged = {gateway.session, sequence};
  }
  if (const auto acknowledged = AcknowledgedOf(gateway)) {
    cursor.acknowledged = Earlier(cursor.acknowledged, *acknowledged);
  }
  cursor.is_behind = gateway.behind_after.has_value() ||
                     cursor.acknowledged.offset < statistics_.watermark.offset;
  const std::optional<Position> past = gateway.outbox.oldest_past();
  const auto keep = [&](SubscriptionHandle handle) {
    const Route* route = routes_.Find(handle);
    Position after{statistics_.routed.epoch, route->after};
    if (past) after = Earlier(after, Before(*past));
    cursor.catching_up.push_back({route->subscription_id, after});
  };
  for (SubscriptionHandle handle : gateway.catching_up) keep(handle);
  if (past) {
    for (SubscriptionHandle handle : gateway.settling) keep(handle);
  }
  return cursor;
}

}  // namespace streamer
