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
// at its hard limit is closed, a session falls behind; neither costs the
// others anything.
//
// A session that is behind stores nothing more. Once it has drained below 60 %
// it wishes for the events after the last one that it stored, until it has come
// to the newest: so it gets all of them, however slow it is. A wish says from
// where, so what was given up or unsubscribed meanwhile is not read for.
//
// Steps name a session by its home, what streams do (Grant, Acknowledge) by
// the stream; effects go to the stream that it has at present, and to no other.
//
// A subscription that its shard suspended ends here at the same event, after
// that event's delivery, and its gateway gets a SubscriptionClosed. The shell
// sends EndSuspended before it hands effects on, though the notice may have to
// wait for a stream: nothing goes on that its shard has let go of.
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
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "core/effects.h"
#include "core/internal/routed_gateway.h"
#include "core/internal/segmented_map.h"
#include "core/outbox.h"
#include "core/router_statistics.h"
#include "core/sequenced.h"
#include "event/position.h"

namespace streamer {

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
  // From where, by what the router knew then.
  std::optional<ContinueHistory::Place> place;
  // It has no wish any more: this EndPastEvents left none.
  std::optional<Ordinal> caught_up;
};

// How far everything has come, for a restart.
struct RouterProgress {
  // Every event up to here has reached the gateways that it concerned, those
  // that are behind left out.
  Position watermark;
  std::vector<SavedCursor> cursors;  // of sessions, those that moved
};

class Router {
 public:
  // `start` is the last event already behind it.
  explicit Router(Position start = {}) {
    statistics_.routed = start;
    statistics_.watermark = start;
    statistics_.slowest = start;
  }

  // Both append to `effects` what can be done now. Steps must come with dense
  // ordinals from 1; each result belongs to a RouteEvent.
  void Accept(RouterStep step, std::vector<Effect>& effects);
  void Accept(ShardResult result, std::vector<Effect>& effects);

  // Of the events routed since they were last cleared, in order.
  [[nodiscard]] const std::vector<EventReport>& reports() const {
    return reports_;
  }
  void ClearReports() { reports_.clear(); }
  // What was suspended since this was last asked, for EndSuspended.
  std::vector<SubscriptionHandle> TakeSuspended() {
    return std::exchange(suspended_, {});
  }
  // Of what subscriptions were told to have lost since this was last asked.
  std::vector<LossReport> TakeLosses() { return std::exchange(losses_, {}); }

  // Lets the gateway have `deliveries` more. A grant may come before the stream
  // does and counts then; a stream that has ended is ignored. REQUIRES: streams
  // are added in the order of their handles.
  void Grant(GatewayHandle stream, std::size_t deliveries,
             std::vector<Effect>& effects);

  // The gateway processed everything up to `sequence`. Above the last sequence
  // sent, its stream is closed with InvalidArgument.
  void Acknowledge(GatewayHandle stream, std::uint64_t sequence,
                   std::vector<Effect>& effects);

  // Closes streams without a session that have not taken what came in the order
  // of the log up to `horizon`: they would hold up the low-watermark.
  void CloseStalled(Position horizon, std::vector<Effect>& effects);

  // Since it was last asked for. A session that has not acknowledged an event
  // up to `horizon` is behind: it holds up nobody. Nothing while sessions are
  // being restored.
  std::optional<RouterProgress> TakeProgress(Position horizon);

  // What gateways that catch up have come to wish since this was last asked.
  std::vector<HistoryWish> TakeWishes() { return std::exchange(wishes_, {}); }

  // Steps that wait for results.
  [[nodiscard]] std::size_t waiting_steps() const { return steps_.size(); }
  [[nodiscard]] const RouterStatistics& statistics() const {
    return statistics_;
  }

 private:
  using Gateway = internal::RoutedGateway;
  using Route = internal::Route;
  struct Pending {
    RouterStep step;
    std::vector<ShardResult> results;
  };

  void RunReady(std::vector<Effect>& effects);
  [[nodiscard]] static bool IsReady(const Pending& pending);
  void Run(Pending& pending, std::vector<Effect>& effects);

  void Do(AddGateway& work, std::vector<Effect>& effects);
  void Do(EndRestore& work, std::vector<Effect>& effects);
  void Do(RemoveGateway& work, std::vector<Effect>& effects);
  void Do(AttachStream& work, std::vector<Effect>& effects);
  void Do(DetachStream& work, std::vector<Effect>& effects);
  void Do(RefuseStream& work, std::vector<Effect>& effects);
  void Do(RecordState& work, std::vector<Effect>& effects);
  void Do(DropLag& work, std::vector<Effect>& effects);
  void Do(AddRoute& work, std::vector<Effect>& effects);
  void Do(RemoveRoute& work, std::vector<Effect>& effects);
  void Do(ExpireRoute& work, std::vector<Effect>& effects);
  void Do(Respond& work, std::vector<Effect>& effects);
  void Do(AnnounceGap& work, std::vector<Effect>& effects);
  void Do(AnnouncePastGap& work, std::vector<Effect>& effects);
  void Tell(AnnounceGap& work, std::vector<Effect>& effects);
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
  [[nodiscard]] std::uint64_t PlaceOf(const Gateway& gateway) const;

  bool EraseRoute(SubscriptionHandle handle);

  void Restore(const AddGateway::Restored& restored, Gateway& gateway);
  void TakeEarlyCredit(Gateway& gateway);
  void ForgetCredit(GatewayHandle stream);
  // What was missed, by what the gateway said that it had. `is_first`: nobody
  // had a stream in this epoch.
  [[nodiscard]] static Continuity Resume(const AttachStream& work,
                                         bool is_first, Gateway& gateway);
  void LoseStream(Gateway& gateway);
  [[nodiscard]] static std::optional<Position> AcknowledgedOf(
      const Gateway& gateway);
  [[nodiscard]] SavedCursor CursorOf(const Gateway& gateway) const;
  [[nodiscard]] static bool IsLiveFor(const Route& route, Position position);
  [[nodiscard]] bool IsPastFor(const Gateway& gateway, const Route& route,
                               Position position) const;

  void MergeHandles(const std::vector<ShardResult>& results);
  void MergeMemberships(const std::vector<ShardResult>& results);
  void Report(const std::vector<ShardResult>& results);
  void Tell(Gateway& gateway, LossCause cause, ResyncRequired notice,
            std::vector<Effect>& effects);
  // A notice to this gateway alone.
  void ReportLoss(const Gateway& gateway, LossCause cause,
                  const ResyncRequired& notice);
  // Tells subscriptions that cannot know what is in them. Of a past event:
  // those of `only` that it is for.
  void ResyncUnsure(Position position, const std::vector<ShardResult>& results,
                    const Gateway* only, std::vector<Effect>& effects);
  void Deliver(Position position,
               const std::shared_ptr<const OutgoingEvent>& event,
               std::vector<Effect>& effects);
  void GroupByGateway(Position position);
  void Suspend(const std::vector<ShardResult>& results,
               std::vector<Effect>& effects);
  void TellClosed(Gateway& gateway, SubscriptionClosed notice,
                  std::vector<Effect>& effects);
  void Suspend(SubscriptionHandle handle, const std::string& reason,
               std::vector<Effect>& effects);
  void AppendDelivery(Gateway& gateway,
                      const std::shared_ptr<const OutgoingEvent>& event,
                      std::vector<Effect>& effects);
  void CountPressure(Gateway& gateway);
  // Answers `caller`, or, if that is null, the gateway's stream.
  void Answer(GatewayHandle handle, GatewayHandle caller, GatewayEffect effect,
              std::vector<Effect>& effects);
  void HandOver(Gateway& gateway, std::vector<Effect>& effects);
  void Count(const Delivery& delivery);
  // Of a session, only its stream.
  void Close(Gateway& gateway, Status status, std::vector<Effect>& effects);
  void CountWaiting(Gateway& gateway);
  void ForgetWaiting(Gateway& gateway);
  [[nodiscard]] Gateway* FindOpen(GatewayHandle handle);
  [[nodiscard]] Gateway* FindOfStream(GatewayHandle stream);

  std::deque<Pending> steps_;
  Ordinal newest_step_;  // that was begun
  // Results that came before their step.
  absl::flat_hash_map<Ordinal, std::vector<ShardResult>> early_;
  // In order, so that the effects of what concerns many are.
  std::map<GatewayHandle, std::unique_ptr<Gateway>> gateways_;
  absl::flat_hash_map<GatewayHandle, Gateway*> by_stream_;
  GatewayHandle newest_stream_;
  absl::flat_hash_map<GatewayHandle, std::size_t> early_credit_;
  std::size_t restoring_ = 0;  // sessions
  internal::SegmentedMap<SubscriptionHandle, Route, internal::IdHash> routes_;
  RouterStatistics statistics_;

  std::vector<EventReport> reports_;
  std::vector<LossReport> losses_;
  std::vector<HistoryWish> wishes_;
  std::vector<SubscriptionHandle> suspended_;

  // Scratch of Deliver, kept for its memory.
  std::vector<Gateway*> matched_gateways_;  // in the order of their handles'
  std::vector<SubscriptionHandle> merged_;  // what matched, ascending
  std::vector<Membership> merged_memberships_;  // of each, or empty
};

}  // namespace streamer

#endif  // STREAMER_CORE_ROUTER_H_
