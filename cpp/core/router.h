// Router: puts deliveries into outboxes and hands them over.
//
// Takes steps (from the sequencer, in order) and results (from the shards, in
// any order between shards), and works strictly by ordinal: a step whose
// results are not all there holds up what follows. One event makes one
// delivery for each gateway that has a match.
//
// Promises: for one gateway, deliveries come in position order, and none of a
// subscription before its response, which may overtake older ones. At
// hand-over the ids of ended subscriptions are removed; a delivery left
// without ids is not sent and takes no sequence number. A soft-state gateway
// at its hard limit is closed, a session falls behind (core/outbox.h); neither
// costs the others anything.
//
// A subscription that its shard suspended ends here at the same event, after
// that event's delivery, and its gateway gets a SubscriptionClosed. The shell,
// seeing it, sends EndSuspended before it hands the notice on.
//
// A gateway that the router closes is dead for it at once. Its subscriptions
// end when the shell, seeing GatewayClosed, sends DisconnectGateway: so the
// sequencer hears of it as it hears of anything, as a command in the one
// order.
//
// A subscription that catches up gets past events only, until EndPastEvents
// says that there are no more: from then on it is served as all others. They
// come as its gateway has room (HistoryWish), and its outbox never grows above
// its soft limit for them.
//
// Cost: of an event, its matches, whatever the number of gateways.
// Thread-safety: none; owned by one thread.
#ifndef STREAMER_CORE_ROUTER_H_
#define STREAMER_CORE_ROUTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "core/effects.h"
#include "core/internal/segmented_map.h"
#include "core/outbox.h"
#include "core/sequenced.h"
#include "event/position.h"

namespace streamer {

struct RouterStatistics {
  std::uint64_t deliveries = 0;            // handed over
  std::uint64_t matched_ids = 0;           // in them
  std::uint64_t dropped_with_gateway = 0;  // waited for a gateway that ended
  std::uint64_t backpressure_soft = 0;     // times an outbox came above 70 %
  std::uint64_t backpressure_hard = 0;     // times one came to its limit
  std::uint64_t missed = 0;   // deliveries that a session is behind by
  std::uint64_t resyncs = 0;  // handed over
  // Events whose body is no JSON object.
  std::uint64_t malformed = 0;
  std::uint64_t waiting = 0;  // deliveries in all outboxes
  std::uint64_t gateways = 0;
  Position routed;  // the newest event whose deliveries are in outboxes
};

// What came of an event that shards looked at.
struct EventReport {
  std::size_t matches = 0;
  // Not null: the event was skipped, and why.
  std::shared_ptr<const MalformedEvent> malformed;
};

// A gateway that catches up has room for `events` past events. The shell sends
// the sequencer a ContinueHistory for it.
struct HistoryWish {
  GatewayHandle gateway;
  std::size_t events = 0;
  std::optional<Position> again_after;
};

class Router {
 public:
  // `start` is the last event already behind it.
  explicit Router(Position start = {}) { statistics_.routed = start; }

  // Both append to `effects` what can be done now. Steps must come with dense
  // ordinals from 1; each result belongs to a RouteEvent.
  void Accept(RouterStep step, std::vector<Effect>& effects);
  void Accept(ShardResult result, std::vector<Effect>& effects);

  // Of the events routed since they were last cleared, in order.
  [[nodiscard]] const std::vector<EventReport>& reports() const {
    return reports_;
  }
  void ClearReports() { reports_.clear(); }

  // Lets `gateway` have `deliveries` more. A grant may come before the gateway
  // does and counts then; an ended gateway is ignored. REQUIRES: gateways are
  // added in the order of their handles.
  void Grant(GatewayHandle gateway, std::size_t deliveries,
             std::vector<Effect>& effects);

  // The gateway processed everything up to `sequence`. Above the last sequence
  // sent, the gateway is closed with InvalidArgument.
  void Acknowledge(GatewayHandle gateway, std::uint64_t sequence,
                   std::vector<Effect>& effects);

  // What gateways that catch up have come to wish since this was last asked.
  std::vector<HistoryWish> TakeWishes() { return std::exchange(wishes_, {}); }

  // Steps that wait for results.
  [[nodiscard]] std::size_t waiting_steps() const { return steps_.size(); }
  [[nodiscard]] const RouterStatistics& statistics() const {
    return statistics_;
  }

 private:
  struct Gateway {
    explicit Gateway(const ConnectGateway& connect)
        : handle(connect.gateway),
          kind(connect.kind),
          outbox(connect.kind, connect.limits) {}
    GatewayHandle handle;
    GatewayKind kind;
    Outbox outbox;
    bool is_closed = false;               // given up; its end is on the way
    Pressure pressure = Pressure::kNone;  // last counted
    std::size_t waiting = 0;              // last counted
    // What the event at hand has for it: scratch of GroupByGateway.
    Outbox::Waiting matched;

    // Its subscriptions that catch up; some may have ended.
    std::vector<SubscriptionHandle> catching_up;
    bool has_wished = false;  // and the past events are still to come
    // Past events after this found no room and must come again.
    std::optional<Position> overrun_after;
  };
  struct Route {
    Gateway* gateway = nullptr;
    std::string subscription_id;
    // Only later events are for it; past ones while it catches up, then those
    // that are taken.
    std::uint64_t after = 0;
    bool catches_up = false;
  };
  struct Pending {
    RouterStep step;
    std::vector<ShardResult> results;
  };

  void RunReady(std::vector<Effect>& effects);
  [[nodiscard]] static bool IsReady(const Pending& pending);
  void Run(Pending& pending, std::vector<Effect>& effects);

  void Do(AddGateway& work, std::vector<Effect>& effects);
  void Do(RemoveGateway& work, std::vector<Effect>& effects);
  void Do(AddRoute& work, std::vector<Effect>& effects);
  void Do(RemoveRoute& work, std::vector<Effect>& effects);
  void Do(ExpireRoute& work, std::vector<Effect>& effects);
  void Do(Respond& work, std::vector<Effect>& effects);
  void Do(AnnounceGap& work, std::vector<Effect>& effects);
  void Do(RouteEvent& work, std::vector<ShardResult>& results,
          std::vector<Effect>& effects);
  void Do(RoutePastEvent& work, std::vector<ShardResult>& results,
          std::vector<Effect>& effects);
  void Do(EndPastEvents& work, std::vector<Effect>& effects);
  void DeliverPast(Gateway& gateway, Position position,
                   const std::shared_ptr<const OutgoingEvent>& event,
                   std::vector<Effect>& effects);
  void AnnounceLost(Gateway& gateway, const EndPastEvents& work,
                    std::vector<Effect>& effects);
  void Wish(Gateway& gateway);

  void MergeHandles(const std::vector<ShardResult>& results);
  void Report(const std::vector<ShardResult>& results);
  void Deliver(Position position,
               const std::shared_ptr<const OutgoingEvent>& event,
               std::vector<Effect>& effects);
  void GroupByGateway(Position position);
  void Suspend(const std::vector<ShardResult>& results,
               std::vector<Effect>& effects);
  void Suspend(SubscriptionHandle handle, const std::string& reason,
               std::vector<Effect>& effects);
  void AppendDelivery(Gateway& gateway,
                      const std::shared_ptr<const OutgoingEvent>& event,
                      std::vector<Effect>& effects);
  void CountPressure(Gateway& gateway);
  void Answer(GatewayHandle handle, GatewayEffect effect,
              std::vector<Effect>& effects);
  void HandOver(Gateway& gateway, std::vector<Effect>& effects);
  void Close(Gateway& gateway, Status status, std::vector<Effect>& effects);
  void CountWaiting(Gateway& gateway);
  void ForgetWaiting(Gateway& gateway);
  [[nodiscard]] Gateway* FindOpen(GatewayHandle handle);

  std::deque<Pending> steps_;
  // Results that came before their step.
  absl::flat_hash_map<Ordinal, std::vector<ShardResult>> early_;
  absl::flat_hash_map<GatewayHandle, std::unique_ptr<Gateway>> gateways_;
  GatewayHandle newest_gateway_;
  absl::flat_hash_map<GatewayHandle, std::size_t> early_credit_;
  internal::SegmentedMap<SubscriptionHandle, Route, internal::IdHash> routes_;
  RouterStatistics statistics_;

  std::vector<EventReport> reports_;
  std::vector<HistoryWish> wishes_;

  // Scratch of Deliver, kept for its memory.
  std::vector<Gateway*> matched_gateways_;  // in the order of their handles'
  std::vector<SubscriptionHandle> merged_;  // what matched, ascending
};

}  // namespace streamer

#endif  // STREAMER_CORE_ROUTER_H_
