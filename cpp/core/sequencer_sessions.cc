// The commands of sessions.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/sequencer.h"

namespace streamer {

using internal::Sessions;

namespace {

// From where a subscription goes on after a restart.
struct RestoredPlace {
  Position after;
  bool catches_up = false;  // on its own, behind its session
};

// The cursor knows a subscription if an event was routed after it was added.
RestoredPlace PlaceOf(const SavedSubscription& saved,
                      const SavedCursor& cursor) {
  for (const SavedCursor::CatchingUp& one : cursor.catching_up) {
    if (one.subscription_id != saved.subscription_id) continue;
    return {std::max(one.after, saved.from), true};
  }
  if (saved.added.offset >= cursor.routed.offset) {
    return {saved.from, saved.from.offset < saved.added.offset};
  }
  return {saved.from.offset < cursor.acknowledged.offset ? cursor.acknowledged
                                                         : saved.from,
          false};
}

// Whether it was suspended, and the record of that was not saved any more.
bool IsSuspended(const SavedSubscription& saved, const SavedCursor& cursor) {
  return std::any_of(cursor.closed.begin(), cursor.closed.end(),
                     [&](const SavedClosed& closed) {
                       return closed.reason == CloseReason::kSuspended &&
                              closed.subscription_id == saved.subscription_id &&
                              saved.added.offset <= closed.at.offset;
                     });
}

// Whether it is the session's number of now, or of an epoch before.
bool IsOf(SessionNumber number, const Sessions::Session& session) {
  return number <= session.saved.number &&
         LineageOf(number) == LineageOf(session.saved.number);
}

}  // namespace

// One that others began is whose stream comes first, and stays there for it
// until the gateway shows that it knows it: a welcome may not arrive.
void Sequencer::Do(OpenSession& command, Instant now, SequencerOutput& output) {
  const Sessions::Session* known = sessions_.Find(command.gateway_id);
  if (known != nullptr && known->saved.credential &&
      known->saved.credential != command.credential) {
    output.steps.push_back(
        {NextOrdinal(),
         RefuseStream{
             command.stream,
             absl::PermissionDeniedError(absl::StrCat(
                 "hello: gateway_id: expected the credential that "
                 "session of gateway \"",
                 command.gateway_id, "\" was opened with, got another"))}});
    return;
  }
  if (known != nullptr && known->saved.credential &&
      IsOf(command.session, *known)) {
    return ResumeSession(*known, command, output);
  }
  if (!command.unsaved.ok()) {
    output.steps.push_back(
        {NextOrdinal(),
         RefuseStream{command.stream, std::move(command.unsaved)}});
    return;
  }
  if (known != nullptr && known->saved.is_unclaimed) {
    return TakeUnclaimed(*known, command, output);
  }
  if (known != nullptr) {
    EndSession(command.gateway_id,
               absl::AbortedError(
                   "a newer stream of this gateway began another session"),
               output);
  }
  BeginSession(command, command.session != SessionNumber(), now, output);
}

// With all that was registered for it; what its gateway knew was another.
void Sequencer::TakeUnclaimed(const Sessions::Session& session,
                              OpenSession& command, SequencerOutput& output) {
  if (!session.saved.credential) {
    sessions_.SetCredential(command.gateway_id, command.credential);
    Record(session.home, session.saved, output);
  }
  if (IsOf(command.session, session)) {
    return ResumeSession(session, command, output);
  }
  sessions_.Attach(command.gateway_id, command.stream);
  const bool is_lost = command.session != SessionNumber();
  using Resumption = AttachStream::Resumption;
  AnswerSession(session,
                {.credit = command.initial_credit,
                 .resumption = is_lost ? Resumption::kLost : Resumption::kNone,
                 .last_progress = command.last_progress,
                 .coalesces = command.coalesces},
                output);
}

void Sequencer::NoteClaim(GatewayHandle home, SequencerOutput& output) {
  const Sessions::Session* session = sessions_.AtHome(home);
  if (session == nullptr || !session->saved.is_unclaimed) return;
  sessions_.Claim(session->saved.gateway_id);
  Record(home, session->saved, output);
}

const Sessions::Session& Sequencer::MakeSession(
    ConnectGateway gateway, std::optional<std::string> credential, Instant now,
    SequencerOutput& output) {
  const Sessions::Session& session =
      sessions_.Add(gateway.gateway, gateway.gateway_id, std::move(credential),
                    now.monotonic);
  gateway.kind = GatewayKind::kSession;
  registry_.AddGateway(gateway);
  output.steps.push_back(
      {NextOrdinal(),
       AddGateway{.gateway = std::move(gateway), .has_stream = false}});
  Record(session.home, session.saved, output);
  return session;
}

void Sequencer::BeginSession(OpenSession& command, bool is_lost, Instant now,
                             SequencerOutput& output) {
  if (sessions_.is_full()) {
    output.steps.push_back(
        {NextOrdinal(), RefuseStream{command.stream, TooManySessions()}});
    return;
  }
  const Sessions::Session& session =
      MakeSession({.gateway = command.stream,
                   .gateway_id = command.gateway_id,
                   .limits = command.limits},
                  std::move(command.credential), now, output);
  sessions_.Attach(command.gateway_id, command.stream);
  using Resumption = AttachStream::Resumption;
  AnswerSession(session,
                {.credit = command.initial_credit,
                 .resumption = is_lost ? Resumption::kLost : Resumption::kNone,
                 .last_progress = command.last_progress,
                 .coalesces = command.coalesces},
                output);
}

void Sequencer::ResumeSession(const Sessions::Session& session,
                              const OpenSession& command,
                              SequencerOutput& output) {
  sessions_.Attach(command.gateway_id, command.stream);
  sessions_.NoteTaken(command.gateway_id, command.last_sequence);
  NoteClaim(session.home, output);
  using Resumption = AttachStream::Resumption;
  const bool is_same_epoch = command.session == session.saved.number;
  AnswerSession(session,
                {.credit = command.initial_credit,
                 .resumption = is_same_epoch ? Resumption::kBySequence
                                             : Resumption::kByPosition,
                 .session = command.session,
                 .last_sequence = command.last_sequence,
                 .last_progress = command.last_progress,
                 .redelivered_upto = command.redelivered_upto,
                 .coalesces = command.coalesces},
                output);
}

void Sequencer::AnswerSession(const Sessions::Session& session,
                              AttachStream step, SequencerOutput& output) {
  const Registry::Set set = registry_.SetOf(session.home);
  step.gateway = session.home;
  step.stream = session.stream;
  step.has_asked_past = session.has_asked_past;
  step.answer = {.session = session.saved.number,
                 .from = position_,
                 .to = position_,
                 .subscription_count = set.count,
                 .subscription_digest = set.digest,
                 .unasked_count = set.unasked};
  output.steps.push_back({NextOrdinal(), std::move(step)});
}

void Sequencer::Do(RestoreSession& command, Instant now,
                   SequencerOutput& output) {
  const std::string gateway_id = command.session.gateway_id;
  const Sessions::Session& session = sessions_.Restore(
      command.gateway, std::move(command.session), now.monotonic);
  ConnectGateway gateway{.gateway = command.gateway,
                         .gateway_id = gateway_id,
                         .kind = GatewayKind::kSession,
                         .limits = command.limits};
  registry_.AddGateway(gateway);
  output.steps.push_back(
      {NextOrdinal(),
       AddGateway{.gateway = std::move(gateway),
                  .has_stream = false,
                  .restored = AddGateway::Restored{command.cursor,
                                                   command.redelivered_upto}}});
  Record(session.home, session.saved, output);
  replayed_upto_ = std::max(replayed_upto_, command.replayed_upto);
  for (SavedSubscription& saved : command.subscriptions) {
    RestoreSubscription(session.home, command.cursor, saved, now, output);
  }
  output.steps.push_back({NextOrdinal(), EndRestore{session.home}});
}

// What it has had already is skipped: what the session acknowledged, or, of a
// subscription that had not caught up with its session, what it came to. That
// one goes on catching up until everything of before the restart is replayed:
// what its gateway says it had is true of the others only.
void Sequencer::RestoreSubscription(GatewayHandle home,
                                    const SavedCursor& cursor,
                                    SavedSubscription& saved, Instant now,
                                    SequencerOutput& output) {
  if (IsSuspended(saved, cursor)) {
    return Record(home,
                  SubscriptionRemoved{saved.gateway_id, saved.subscription_id},
                  output);
  }
  const Registry::Addition addition =
      registry_.Add({.gateway = home,
                     .subscription_id = saved.subscription_id,
                     .tenant = saved.tenant,
                     .collection = saved.collection,
                     .filter = saved.filter,
                     .ttl = saved.ttl,
                     .membership = saved.membership,
                     .is_managed = saved.is_managed},
                    saved.from, now, Admission::kRestored);
  if (!addition.is_new) {
    return GiveUpRestored(home, saved, addition.status, output);
  }
  const Subscription& restored = *addition.subscription;
  if (saved.from.offset < saved.added.offset) sessions_.NotePastAsked(home);
  const RestoredPlace place = PlaceOf(saved, cursor);
  const Ordinal ordinal = NextOrdinal();
  output.shards[placement_.Add(restored, registry_)].emplace_back(
      ordinal, AddFilter{restored.handle, restored.tenant, restored.collection,
                         restored.filter, restored.membership});
  if (place.catches_up) scans_.Begin(home, place.after.offset, ordinal);
  output.steps.push_back(
      {ordinal, AddRoute{home,
                         {.subscription_id = restored.subscription_id,
                          .handle = restored.handle,
                          .from = place.after},
                         place.catches_up}});
}

// Quotas are lower than they were. The gateway, told of a gap, finds that the
// subscription is no longer there.
void Sequencer::GiveUpRestored(GatewayHandle home,
                               const SavedSubscription& saved,
                               const Status& why, SequencerOutput& output) {
  Record(home, SubscriptionRemoved{saved.gateway_id, saved.subscription_id},
         output);
  output.steps.push_back(
      {NextOrdinal(),
       AnnounceGap{{{home, {saved.subscription_id}}},
                   {.cause = LossCause::kNotRestored,
                    .reason = "it could not be taken up again: " +
                              std::string(MessageOf(why)),
                    .tenant = saved.tenant,
                    .collection = saved.collection,
                    .from = saved.from,
                    .to = position_}}});
}

Status Sequencer::TooManySessions() const {
  return ResourceExhausted(absl::StrCat("quota exceeded: expected at most ",
                                        sessions_.size(),
                                        " sessions, got one more"));
}

// The session first: its state may be saved in several transactions, and what
// is left of one must not be gone on with. Behind its end in the router, which
// saves no cursor of it any more.
void Sequencer::EndSession(const std::string& gateway_id,
                           const Status& farewell, SequencerOutput& output) {
  const GatewayHandle home = sessions_.Find(gateway_id)->home;
  RecordState record{home, {}};
  record.what.changes.emplace_back(SessionRemoved{gateway_id});
  for (const Subscription& ended : EndGateway(home, farewell, output)) {
    record.what.changes.emplace_back(
        SubscriptionRemoved{gateway_id, ended.subscription_id});
  }
  output.steps.push_back({NextOrdinal(), std::move(record)});
  sessions_.Remove(gateway_id);
}

void Sequencer::Do(LimitLag& command, Instant, SequencerOutput& output) {
  output.steps.push_back(
      {NextOrdinal(), DropLag{command.oldest, position_, command.is_trimmed}});
}

void Sequencer::Record(GatewayHandle gateway, StateDelta delta,
                       SequencerOutput& output) {
  if (sessions_.AtHome(gateway) == nullptr) return;
  RecordState step{gateway, {}};
  step.what.changes.push_back(std::move(delta));
  output.steps.push_back({NextOrdinal(), std::move(step)});
}

void Sequencer::RecordBegin(const Subscription& subscription,
                            SequencerOutput& output) {
  const Sessions::Session* session = sessions_.AtHome(subscription.gateway);
  if (session == nullptr) return;
  Record(subscription.gateway,
         SavedSubscription{.gateway_id = session->saved.gateway_id,
                           .subscription_id = subscription.subscription_id,
                           .tenant = subscription.tenant,
                           .collection = subscription.collection,
                           .filter = subscription.filter,
                           .from = subscription.from,
                           .added = position_,
                           .ttl = subscription.ttl,
                           .membership = subscription.membership,
                           .is_managed = subscription.is_managed},
         output);
}

void Sequencer::RecordEnd(const Subscription& subscription,
                          SequencerOutput& output) {
  const Sessions::Session* session = sessions_.AtHome(subscription.gateway);
  if (session == nullptr) return;
  Record(subscription.gateway,
         SubscriptionRemoved{session->saved.gateway_id,
                             subscription.subscription_id},
         output);
}

}  // namespace streamer
