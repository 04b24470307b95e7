"""Known-wrong changes of the service, each of which the simulation must find.

A bug is a place in a source of the service, as it is and as it would be wrong.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """`what` goes wrong when `was`, which `file` has once, is `becomes`.

    `also` are further such pairs of the same file.
    """

    what: str
    file: str
    was: str
    becomes: str
    also: tuple[tuple[str, str], ...] = ()

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        return ((self.was, self.becomes), *self.also)


BUGS = [
    Bug(
        "nobody is told of a delete that cannot be named",
        "cpp/core/sequencer.cc",
        "subscription.tenant == event.tenant &&",
        "subscription.tenant != event.tenant &&",
    ),
    Bug(
        "a stream that is closed drops what waits in it",
        "cpp/transport/internal/gateway_stream.cc",
        "  Lock lock(mutex_);\n  BeginClose(lock, status, Queued::kKeep);\n",
        "  Lock lock(mutex_);\n  BeginClose(lock, status, Queued::kDrop);\n",
    ),
    Bug(
        "subscribed is said before it is saved",
        "cpp/runtime/checkpoint.cc",
        "  if (!effect.is_session) return false;\n",
        "  if (effect.is_session || !effect.is_session) return false;\n",
    ),
    Bug(
        "progress is saved ahead of the slowest gateway",
        "cpp/core/router_sessions.cc",
        "      progress.watermark = Earlier(progress.watermark, "
        "cursor.acknowledged);\n",
        "",
    ),
    Bug(
        "what the saved state does not cover is jumped to now",
        "cpp/runtime/restored_state.cc",
        "  places.Move(watermark);\n  return watermark;\n",
        "  places.Move(watermark);\n  return true ? log.head() : watermark;\n",
    ),
    Bug(
        "a session that was behind is not, after a restart",
        "cpp/core/router_sessions.cc",
        "    gateway.behind_after = cursor.acknowledged;\n",
        "",
    ),
    Bug(
        "the saved low-watermark goes back",
        "cpp/core/router_sessions.cc",
        "  cursor.is_behind = gateway.behind_after.has_value() ||\n"
        "                     cursor.acknowledged.offset < "
        "statistics_.watermark.offset;\n",
        "  cursor.is_behind = gateway.behind_after.has_value();\n",
    ),
    Bug(
        "an older state is taken for the newest",
        "cpp/store/internal/revision_file.cc",
        "  if (revision >= noted->revision()) return noted;\n",
        "  if (revision + 1'000 >= noted->revision()) return noted;\n",
    ),
    Bug(
        "a damaged note of the state is taken for a new one",
        "cpp/store/internal/revision_file.cc",
        "  if (!first && !second) {\n",
        "  if (!first && !second && bytes.size() > 1'000'000) {\n",
    ),
    Bug(
        "a damaged record of the state is taken as it is",
        "cpp/store/internal/state_layout.cc",
        "  if (!Unseal(bytes, HashBytes(key)) || bytes.empty() ||\n",
        "  if ((!Unseal(bytes, HashBytes(key)) && bytes.empty()) || "
        "bytes.empty() ||\n",
    ),
    Bug(
        "a damaged record of the state is taken for one that is not there",
        "cpp/store/internal/state_layout.cc",
        "  STREAMER_ASSIGN_OR_RETURN(std::string value, "
        "DecodeStateValue(key, bytes));\n",
        "  if (!DecodeStateValue(key, bytes).ok()) return OkStatus();\n"
        "  STREAMER_ASSIGN_OR_RETURN(std::string value, "
        "DecodeStateValue(key, bytes));\n",
    ),
    Bug(
        "a damaged head of the state is taken as it is",
        "cpp/store/internal/state_layout.cc",
        "  bool is_whole = Unseal(bytes, 0);\n",
        "  bool is_whole = Unseal(bytes, 0) || !bytes.empty();\n",
    ),
    Bug(
        "a state that lost the name of its log is taken for a new one",
        "cpp/store/state_store.cc",
        "    return FailedPrecondition(\n"
        '        "state: expected the log that it is of, got none");\n',
        "    return OkStatus();\n",
    ),
    Bug(
        "a process that forgot what another acknowledged is told nothing",
        "cpp/core/router_sessions.cc",
        "  return gateway.last_sequence < acknowledged.sequence;\n",
        "  return false;\n",
    ),
    Bug(
        "a notice of a gap that was not acknowledged is not saved",
        "cpp/core/router_sessions.cc",
        "                     .resyncs = gateway.outbox.resyncs(),\n",
        "",
    ),
    Bug(
        "catch-up goes on at the head when the log no longer holds its place",
        "cpp/runtime/internal/past_reader.cc",
        "      sequencer.LosePast(*wanted, after, "
        "history.At(log.first().offset - 1),\n"
        "                         output);\n",
        "      sequencer.AcceptPast(*wanted, {}, output);\n",
    ),
    Bug(
        "an outbox that is full drops",
        "cpp/core/router.cc",
        "    gateway.behind_after = Position{position.epoch, "
        "position.offset - 1};\n",
        "    return;\n",
    ),
    Bug(
        "what is not acknowledged is not sent again",
        "cpp/core/outbox.cc",
        "  to_send_again_ = sent_.size();\n",
        "  to_send_again_ = 0;\n",
    ),
    Bug(
        "an acknowledgement takes one too many",
        "cpp/core/outbox.cc",
        "sent_.front().sequence <= sequence) {",
        "sent_.front().sequence <= sequence + 1) {",
    ),
    Bug(
        "what comes again does not say so",
        "cpp/core/outbox.cc",
        "FirstPlace(waiting) <= redelivered_upto_;",
        "FirstPlace(waiting) < 1;",
    ),
    Bug(
        "a session that came back in time ends at its time",
        "cpp/core/internal/sessions.cc",
        "  if (session.expires_at) expiries_.erase("
        "{*session.expires_at, session.home});\n",
        "",
    ),
    Bug(
        "an older stream is not fenced",
        "cpp/core/internal/sessions.cc",
        "  by_stream_.erase(session.stream);\n  session.stream = stream;\n",
        "  session.stream = stream;\n",
    ),
    Bug(
        "live begins one event before catch-up ends",
        "cpp/core/sequencer.cc",
        "  step.is_live = step.upto.offset >= position_.offset &&\n",
        "  step.is_live = step.upto.offset + 1 >= position_.offset &&\n",
    ),
    Bug(
        "one scan for two subscriptions begins where the later one does",
        "cpp/core/router.cc",
        "    place = std::min(place, route->after);\n",
        "    place = route->after;\n",
    ),
    Bug(
        "too far behind, nobody is told",
        "cpp/core/router_sessions.cc",
        "    Tell(*gateway, cause, std::move(notice), effects);\n",
        "    HandOver(*gateway, effects);\n",
    ),
    Bug(
        "a gap of the source is counted and not told",
        "cpp/core/sequencer.cc",
        "  Announce(LossAt(entry), output);\n",
        "  if (!is_gap) Announce(LossAt(entry), output);\n",
    ),
    Bug(
        "an unreadable event is counted and not told",
        "cpp/core/sequencer.cc",
        "  Announce(LossAt(entry), output);\n",
        "  if (is_gap) Announce(LossAt(entry), output);\n",
    ),
    Bug(
        "what is known of deletions outlives a loss",
        "cpp/core/sequencer.cc",
        "  normalizer_.Lose(entry.event->tenant);\n",
        "",
    ),
    Bug(
        "a loss that is read from the log again is passed over",
        "cpp/core/sequencer.cc",
        "      AnnouncePast(wanted.gateway, LossAt(entry), output);\n",
        "",
    ),
    Bug(
        "duplicates are told by their content",
        "cpp/event/fingerprint.cc",
        "std::string_view(event.backend), std::string_view(event.event_id),",
        "std::string_view(event.backend), std::string_view(),",
    ),
    Bug(
        "a document that comes back is not new",
        "cpp/event/normalizer.cc",
        "      RememberDeletion(*source);\n",
        "",
    ),
    Bug(
        "the tenant is left out of a collection's name",
        "cpp/match/matcher.cc",
        "return found.name == collection && found.tenant == tenant;",
        "return found.name == collection;",
        also=(
            (
                "  return HashBytes(collection, HashBytes(tenant));\n",
                "  return HashBytes(collection, tenant.size());\n",
            ),
        ),
    ),
    Bug(
        "what lies behind a lost tail counts as known",
        "cpp/store/log_history.cc",
        "  if (next != epochs_.end() && position.offset >= next->first_offset) "
        "{\n",
        "  if (next == epochs_.end() && position.offset >= next->first_offset) "
        "{\n",
    ),
    Bug(
        "the source is gone on with where it was read, not where it was stored",
        "cpp/transport/source_consumer.cc",
        "  if (status.ok()) {\n    for (std::size_t i = 0; i < count; ++i) "
        "Pop();\n",
        "  if (status.ok() || !status.ok()) {\n"
        "    for (std::size_t i = 0; i < count; ++i) Pop();\n",
    ),
    Bug(
        "a marker that is gone is forgotten and nobody is told",
        "cpp/transport/source_consumer.cc",
        "  gap.upstream_marker = marker_ = queued_marker_ = oldest;\n"
        "  PushGap(std::move(gap));\n",
        "  marker_ = oldest;\n",
    ),
    Bug(
        "changes are joined for who did not ask",
        "cpp/puller/puller_session.cc",
        "      coalesces_(coalesces),\n",
        "      coalesces_(coalesces || !coalesces),\n",
    ),
    Bug(
        "an event's marker runs ahead of the events read with it",
        "cpp/puller/puller_session.cc",
        "    sent_ = batch_.front().progress;\n",
        "    batch_.front().progress = WholeMarker(read_);\n",
    ),
    Bug(
        "a stream that joins changes says that all before an event was sent",
        "cpp/puller/puller_session.cc",
        "    const bool is_held = complete < entry.position.offset;\n",
        "    const bool is_held = complete > entry.position.offset;\n",
    ),
    Bug(
        "the client acknowledges what it has received",
        "cpp/client/session_receiver.cc",
        "is_idle ? last_seq() : outstanding_.front().number.seq - 1;",
        "last_seq();",
    ),
    Bug(
        "the state of a client forgets that a loss was not read",
        "cpp/client/client_session_resumption.cc",
        "  place.has_unread_loss |= "
        "has_untold_loss_ || loss_hold_.use_count() > 1;\n",
        "",
    ),
    Bug(
        "the client tells nobody that its session is lost",
        "cpp/client/client_session_resumption.cc",
        "    OpenGap(id, entry, kLost, welcome.from_progress);\n"
        "    entry.loss_hold = loss_hold_;\n"
        "    entry.gap_to = welcome.to_progress;\n",
        "",
    ),
    Bug(
        "the client announces a place that it has not processed",
        "cpp/client/session_receiver.cc",
        "  if (next != outstanding_.end()) {\n",
        "  if (next == outstanding_.begin() && next == outstanding_.end()) {\n",
    ),
    Bug(
        "what the client received is lost when another acknowledged it",
        "cpp/client/session_receiver.cc",
        "IsKept(welcome.continuity) || HasAllBefore(welcome);",
        "IsKept(welcome.continuity);",
    ),
    Bug(
        "a document that leaves is not told",
        "cpp/core/internal/memberships.cc",
        "  leave_below(kEvery);\n",
        "",
    ),
    Bug(
        "what is remembered of documents outlives a loss",
        "cpp/core/sequencer.cc",
        "          ->remembered_from = last_remembered_ + 1;\n",
        "          ->remembered_from = 0;\n",
    ),
    Bug(
        "what is replayed is remembered of documents",
        "cpp/core/sequencer.cc",
        "  const bool is_replayed = position_.offset <= replayed_upto_;\n",
        "  const bool is_replayed = position_.offset <= 0;\n",
    ),
    Bug(
        "an outbox has no bound",
        "cpp/core/outbox.cc",
        "    return Pressure::kHard;\n",
        "    return Pressure::kSoft;\n",
    ),
    Bug(
        "progress runs ahead of what waits within a later event",
        "cpp/core/outbox.cc",
        "  if (merging_ == nullptr) return position;\n",
        "  if (merging_ == nullptr || position.offset > 0) return position;\n",
    ),
    Bug(
        "the cursor passes what waits within a later event",
        "cpp/core/outbox.cc",
        "  return first && oldest && first->offset < oldest->offset ? first : "
        "oldest;\n",
        "  return first && oldest && first->offset == 0 ? first : oldest;\n",
    ),
    Bug(
        "explain says otherwise than what is delivered",
        "cpp/filter/explain.cc",
        "  explanation.is_match = value.is_true();\n",
        "  explanation.is_match = !value.is_true();\n",
    ),
    Bug(
        "a past delete that nobody can name is passed over",
        "cpp/core/sequencer.cc",
        "AnnouncePast(wanted.gateway, UnresolvedDelete(entry), output);",
        "",
    ),
    Bug(
        "a subscription that goes to another shard does not arrive",
        "cpp/core/sequencer.cc",
        "    output.shards[move.to].emplace_back(\n",
        "    if (move.to == 0) output.shards[move.to].emplace_back(\n",
    ),
    Bug(
        "events of a split collection go to its first shard only",
        "cpp/core/internal/placement.cc",
        "    if (split->second.counts[shard] > 0) found_.push_back(shard);\n",
        "    if (split->second.counts[shard] > 0 && found_.empty())"
        " found_.push_back(shard);\n",
    ),
    Bug(
        "who lost the marker waits as after a failure",
        "cpp/transport/source_consumer.cc",
        "    backoff_.Reset();\n    retry_at_ = now;\n"
        "    if (std::exchange(was_refused_, true)) "
        "retry_at_ += backoff_.Next();\n",
        "",
    ),
    Bug(
        "a gap that the source reports is passed over",
        "cpp/transport/source_consumer.cc",
        "    PushGap(*std::move(message.gap));\n",
        "",
    ),
    Bug(
        "a gap is told to the tenants of other backends",
        "cpp/event/gap_detector.cc",
        "backend.empty() || has_unknown_past_ ||",
        "!backend.empty() || has_unknown_past_ ||",
    ),
    Bug(
        "a client that is closed forgets that a loss was not read",
        "cpp/client/client_session.cc",
        "    has_untold_loss_ |= entry.loss_hold != nullptr;\n",
        "",
    ),
    Bug(
        "the state of a closed client forgets who caught up",
        "cpp/client/client_session_resumption.cc",
        "state_ == ClientState::kClosed || IsHere(id)",
        "IsHere(id)",
    ),
    Bug(
        "what another process has is forgotten in an epoch that is known",
        "cpp/core/router_sessions.cc",
        "      if (!is_first) break;\n",
        "      (void)is_first;\n",
    ),
    Bug(
        "an unreadable event is told to every tenant",
        "cpp/core/sequencer.cc",
        "IsOneOf(one.tenant, event.tenant)",
        "IsOneOf(one.tenant, {})",
    ),
    Bug(
        "what is lost to one that catches up begins at the newest delivery",
        "cpp/client/client_session_resumption.cc",
        "EarlierOf(behind->second, from_progress);\n",
        "from_progress;\n",
    ),
]
