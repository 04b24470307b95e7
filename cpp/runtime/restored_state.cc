#include "runtime/restored_state.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/internal/state_records.h"

namespace streamer {
namespace {

// Positions of the state in the log as it is now.
class Places {
 public:
  explicit Places(const EventLog& log)
      : history_(log.history()), head_(log.head().offset) {}

  // A position that the router gave: its epoch is that of the newest event
  // then, so an offset of before that epoch was never in danger.
  void Move(Position& position) {
    const Result<ResolvedPosition> resolved = history_.Resolve(position);
    if (!resolved.ok()) {
      position = history_.At(position.offset);
      return;
    }
    if (resolved->is_cut_back) {
      lost_upto_ = std::max(lost_upto_, position.offset);
    }
    position = resolved->position;
  }

  // Up to here events may have been delivered before.
  [[nodiscard]] std::uint64_t redelivered_upto() const {
    return std::max(head_, lost_upto_);
  }
  // 0: nothing lies in a lost tail.
  [[nodiscard]] std::uint64_t lost_upto() const { return lost_upto_; }

 private:
  const LogHistory history_;
  const std::uint64_t head_;
  std::uint64_t lost_upto_ = 0;
};

void Move(Places& places, SavedCursor& cursor) {
  places.Move(cursor.acknowledged);
  places.Move(cursor.routed);
  for (SavedCursor::CatchingUp& one : cursor.catching_up) {
    places.Move(one.after);
  }
  for (SavedResync& resync : cursor.resyncs) {
    if (resync.from != Position()) places.Move(resync.from);
    places.Move(resync.to);
  }
  for (SavedClosed& closed : cursor.closed) places.Move(closed.at);
}

void Move(Places& places, RestoreSession& session) {
  Move(places, session.cursor);
  for (SavedSubscription& subscription : session.subscriptions) {
    places.Move(subscription.from);
    places.Move(subscription.added);
  }
}

// A cursor is saved now and then, and may still tell of a loss to one that has
// ended since: perhaps another has its id. REQUIRES: places as they were saved,
// for in a log cut back both may be the same.
void ForgetLossesOfEnded(RestoreSession& session) {
  std::map<std::string_view, Position> begun;
  for (const SavedSubscription& one : session.subscriptions) {
    begun.emplace(one.subscription_id, one.from);
  }
  std::erase_if(session.cursor.resyncs, [&](SavedResync& resync) {
    if (resync.subscription_ids.empty()) return false;
    std::erase_if(resync.subscription_ids, [&](const std::string& id) {
      const auto found = begun.find(id);
      return found == begun.end() || resync.to < found->second;
    });
    return resync.subscription_ids.empty();
  });
}

// The notice of an end names an id, and handles are new after a restart: to one
// that was asked for under that id since, it would be its own end. What that
// one must hear of is what lies between. REQUIRES: places as they were saved.
void TellOfEarlierLives(RestoreSession& session) {
  std::map<std::string_view, const SavedSubscription*> lives;
  for (const SavedSubscription& one : session.subscriptions) {
    lives.emplace(one.subscription_id, &one);
  }
  std::erase_if(session.cursor.closed, [&](const SavedClosed& closed) {
    const auto found = lives.find(closed.subscription_id);
    if (found == lives.end() || found->second->added < closed.at) return false;
    if (closed.at < found->second->from) {
      session.cursor.resyncs.push_back(
          {{closed.subscription_id},
           closed.at,
           found->second->from,
           "the subscription had ended before it was asked for again"});
    }
    return true;
  });
}

// With places as they were saved.
Result<std::map<std::string, RestoreSession>> ReadSessions(
    const StateSnapshot& state) {
  std::map<std::string, RestoreSession> sessions;
  for (const auto& [key, value] : state.records) {
    if (key.kind == StateKind::kSession) {
      STREAMER_ASSIGN_OR_RETURN(sessions[key.name].session,
                                internal::DecodeSession(key, value));
    } else if (key.kind == StateKind::kCursor) {
      STREAMER_ASSIGN_OR_RETURN(SavedCursor cursor,
                                internal::DecodeCursor(key, value));
      sessions[key.name].cursor = std::move(cursor);
    } else if (key.kind == StateKind::kSubscription) {
      STREAMER_ASSIGN_OR_RETURN(SavedSubscription subscription,
                                internal::DecodeSubscription(key, value));
      sessions[subscription.gateway_id].subscriptions.push_back(
          std::move(subscription));
    }
  }
  return sessions;
}

// Of a session that is not there: its end was being saved in several
// transactions. Another of its gateway must not find them.
void AddLeftovers(const std::string& gateway_id, const RestoreSession& session,
                  std::vector<StateDelta>& leftovers) {
  leftovers.emplace_back(SessionRemoved{gateway_id});
  for (const SavedSubscription& one : session.subscriptions) {
    leftovers.emplace_back(
        SubscriptionRemoved{gateway_id, one.subscription_id});
  }
}

// The saved low-watermark, or the head of the log when there is none; as far as
// the log still reaches.
Result<Position> ReadStart(const StateSnapshot& state, const EventLog& log,
                           Places& places) {
  const StateKey key{StateKind::kProgress, ""};
  const auto found = state.records.find(key);
  if (found == state.records.end()) return log.head();
  STREAMER_ASSIGN_OR_RETURN(Position watermark,
                            internal::DecodeWatermark(key, found->second));
  places.Move(watermark);
  return watermark;
}

}  // namespace

Status CheckIsOfLog(const StateStore& store, const EventLog& log) {
  STREAMER_ASSIGN_OR_RETURN(const StateSnapshot state, store.Load());
  return CheckLog(state, log.history());
}

Result<RestoredState> RestoreState(StateStore& store, const EventLog& log,
                                   const OutboxLimits& limits) {
  STREAMER_ASSIGN_OR_RETURN(const std::uint64_t owner, store.Claim());
  STREAMER_ASSIGN_OR_RETURN(const StateSnapshot state, store.Load());
  STREAMER_RETURN_IF_ERROR(CheckLog(state, log.history()));
  Places places(log);
  STREAMER_ASSIGN_OR_RETURN(const Position watermark,
                            ReadStart(state, log, places));
  STREAMER_ASSIGN_OR_RETURN(auto sessions, ReadSessions(state));
  for (auto& [gateway_id, session] : sessions) {
    ForgetLossesOfEnded(session);
    TellOfEarlierLives(session);
    Move(places, session);
  }
  const LogHistory history = log.history();
  const Position least = log.history().At(log.first().offset - 1);
  RestoredState restored{
      .owner = owner,
      .revision = state.revision,
      .start = watermark.offset < least.offset ? least : watermark,
      .watermark = watermark,
      .lost_upto = places.lost_upto(),
      .is_unclean =
          history.epochs().size() > 1 &&
          history.epochs().back().first_offset == log.head().offset + 1};
  for (auto& [gateway_id, session] : sessions) {
    if (session.session.gateway_id.empty()) {
      AddLeftovers(gateway_id, session, restored.leftovers);
      continue;
    }
    SavedCursor& cursor = session.cursor;
    if (!cursor.is_behind && cursor.acknowledged.offset < watermark.offset) {
      cursor.acknowledged = watermark;
    }
    session.limits = limits;
    session.redelivered_upto = places.redelivered_upto();
    session.replayed_upto = log.head().offset;
    restored.sessions.push_back(std::move(session));
  }
  return restored;
}

}  // namespace streamer
