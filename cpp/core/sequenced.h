// What travels between the three stages, as plain data.
//
//   Sequencer ──▶ ShardTask ──▶ Shard ──▶ ShardResult ─┐
//       └────────────▶ RouterStep ────────────────────▶ Router ──▶ Effect
//
// Every command and event gets one *ordinal*, dense from 1. The router takes
// ordinals strictly in order and waits for as many shard results as its step
// says. So shards may run ahead of one another, and the effects are those of
// one thread.
#ifndef STREAMER_CORE_SEQUENCED_H_
#define STREAMER_CORE_SEQUENCED_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "core/commands.h"
#include "core/effects.h"
#include "core/loss_report.h"
#include "core/membership.h"
#include "event/change_event.h"
#include "event/position.h"
#include "filter/filter.h"

namespace streamer {

// For a shard.

struct AddFilter {
  SubscriptionHandle handle;
  std::string tenant;
  std::string collection;
  std::shared_ptr<const Filter> filter;
  bool membership = false;
};
struct RemoveFilters {
  std::vector<SubscriptionHandle> handles;
};

// What the membership subscriptions of the event's collection need to know.
struct MembershipWork {
  // Read from the log again: unless it has a before-image, nothing is known of
  // what was before, and nothing of it is remembered.
  bool is_past = false;
  // Of the events that are remembered, over all shards; 0: not remembered.
  std::uint64_t number = 0;
  // What was remembered under a smaller number is void: events of the
  // collection were lost since.
  std::uint64_t remembered_from = 0;
};
struct MatchEvent {
  ChangeEvent event;
  std::optional<MembershipWork> membership;  // nothing: there are none
};

// A question from outside the order: the shard answers with the summary of
// what it holds of the collection, "" when that is nothing.
struct Summarize {
  std::string tenant;
  std::string collection;
  std::function<void(std::string)> answer;
};

struct ShardTask {
  // Of the step that it belongs to; of what moves between shards, or has no
  // step, the next.
  Ordinal ordinal;
  std::variant<AddFilter, RemoveFilters, MatchEvent, Summarize> work;
};

// An event whose body is no JSON object, and what is wrong with it.
struct MalformedEvent {
  ChangeEvent event;
  Status problem;
  // The membership subscriptions of its collection: what is in them is not
  // known any more. Ascending.
  std::vector<SubscriptionHandle> unsure;
};

// Subscriptions that ended at an event because their filter would have cost
// too much: it may have matched.
struct Suspension {
  std::vector<SubscriptionHandle> handles;  // ascending
  std::string reason;
};

// What a shard found for one MatchEvent: exactly one for each, whatever
// happened. All else has no result.
struct ShardResult {
  Ordinal ordinal;
  // Nothing when no subscription matched.
  std::shared_ptr<const OutgoingEvent> event;
  std::vector<SubscriptionHandle> handles;  // ascending
  // Not null: the event has to be skipped, and that must be reported.
  std::shared_ptr<const MalformedEvent> malformed;
  // Not null: these are no longer in the shard.
  std::shared_ptr<const Suspension> suspension;
  // Of each handle; empty when none of them asked.
  std::vector<Membership> memberships;
};

// For the router.

// A gateway, or the home of a session, which may have no stream yet.
// `restored`: the session was there before the start.
struct AddGateway {
  ConnectGateway gateway;
  bool has_stream = true;
  struct Restored {
    SavedCursor cursor;
    std::uint64_t redelivered_upto = 0;
  };
  std::optional<Restored> restored;
};
// All that a restored session had is there again.
struct EndRestore {
  GatewayHandle gateway;
};
// Ends the gateway; deliveries that still wait for it are dropped with it. The
// stream that it still has, if any, is closed with `farewell` unless that is
// OK.
struct RemoveGateway {
  GatewayHandle gateway;
  std::vector<SubscriptionHandle> handles;
  Status farewell;
};
// A session gets this stream, which is answered; an older one that it still has
// is closed.
struct AttachStream {
  enum class Resumption : std::uint8_t {
    kNone,        // nothing was before
    kBySequence,  // from `last_sequence`
    kByPosition,  // from `last_progress`
    kLost,        // there was a session, and it is gone
  };
  GatewayHandle gateway;
  GatewayHandle stream;
  std::size_t credit = 0;
  Resumption resumption = Resumption::kNone;
  // What the gateway says of the session that it had.
  SessionNumber session;
  std::uint64_t last_sequence = 0;
  std::optional<Position> last_progress;
  std::uint64_t redelivered_upto = 0;
  // What a subscription began with may lie before `last_progress`.
  bool has_asked_past = false;
  bool coalesces = false;
  SessionOpened answer;  // what the sequencer knows of it
};
// The session's stream is gone.
struct DetachStream {
  GatewayHandle gateway;
  GatewayHandle stream;
};
// A stream that asked for a session and gets none.
struct RefuseStream {
  GatewayHandle stream;
  Status status;
};
// To be saved before what follows for this gateway is told.
struct RecordState {
  GatewayHandle gateway;
  StateChanged what;
};
// Sessions that have not acknowledged everything up to `oldest` are told, give
// up the rest, and go on after `upto`.
struct DropLag {
  Position oldest;
  Position upto;
  bool is_trimmed = false;  // the log holds nothing up to `oldest`
};
struct AddRoute {
  GatewayHandle gateway;
  SubscribeResponse response;  // names handle, subscription id, and from where
  // What lies between there and here is still to come, as past events.
  bool catches_up = false;
  // The gateway may have had what comes up to here.
  std::uint64_t redelivered_upto = 0;
  GatewayHandle caller;  // who is answered; null: the gateway
};
struct RemoveRoute {
  GatewayHandle gateway;
  UnsubscribeResponse response;
};
// It ended by itself, or by somebody else than its gateway.
struct ExpireRoute {
  GatewayHandle gateway;
  SubscriptionClosed notice;
};
// An answer that changes no route: a refusal, a repeated subscribe, a renewal.
struct Respond {
  Effect effect;
  GatewayHandle caller;  // who is answered; null: the gateway
};
// The results of this many shards make one event's deliveries: several when
// its collection is split, none when the event was skipped or nobody
// subscribes to its collection.
struct RouteEvent {
  Position position;
  std::size_t awaited_results = 0;
};
// As RouteEvent, but for the subscriptions of one gateway that catch up.
struct RoutePastEvent {
  GatewayHandle gateway;
  Position position;
  std::size_t awaited_results = 0;
};
// Past events were routed to this gateway up to `upto`.
struct EndPastEvents {
  GatewayHandle gateway;
  Position upto;
  // There are no more: from here on it is served as all others.
  bool is_live = false;
  Ordinal step;  // its own
  // The log held nothing of what follows this, up to `upto`.
  std::optional<Position> lost_after;
};

// The source lost continuity; these gateways have subscriptions that it
// concerns.
struct GapTarget {
  GatewayHandle gateway;
  std::vector<std::string> subscription_ids;
};
struct AnnounceGap {
  std::vector<GapTarget> targets;
  LossReport what;  // but for the gateways
};
// Such a loss lies at a past event. It concerns those of these that read over
// it only now.
struct AnnouncePastGap {
  GatewayHandle gateway;
  std::vector<SubscriptionHandle> subscriptions;
  LossReport what;
};

struct RouterStep {
  Ordinal ordinal;
  std::variant<RouteEvent, RoutePastEvent, EndPastEvents, AddGateway,
               EndRestore, RemoveGateway, AttachStream, DetachStream,
               RefuseStream, RecordState, DropLag, AddRoute, RemoveRoute,
               ExpireRoute, Respond, AnnounceGap, AnnouncePastGap>
      work;
};

// How many results of shards belong to the step.
inline std::size_t AwaitedResults(const RouterStep& step) {
  if (const auto* event = std::get_if<RouteEvent>(&step.work)) {
    return event->awaited_results;
  }
  const auto* past = std::get_if<RoutePastEvent>(&step.work);
  return past == nullptr ? 0 : past->awaited_results;
}

}  // namespace streamer

#endif  // STREAMER_CORE_SEQUENCED_H_
