// Engine: the core at work. What transports and bindings talk to.
//
//   ThreadedEngine engine(options, log);
//   GatewayHandle gateway = engine.Connect({.gateway_id = "g"}, sink);
//   engine.Submit(Subscribe{gateway, "s1", "t", "rooms", filter}, nullptr);
//   engine.Ingest(std::move(events));        // sink gets the deliveries
//
// Order: what one caller does takes effect in the order in which it was done.
// A subscription does not see an event whose Ingest returned before its Submit
// was called, and sees every one whose Ingest was called after.
//
// Flow control: a gateway receives deliveries only against credit (Grant), so
// a slow one fills its own outbox and nothing else. Responses and notices need
// no credit.
//
// Two engines: InlineEngine does everything in the calling thread before a
// call returns; ThreadedEngine has a thread for each stage.
// Thread-safety: of ThreadedEngine, every method from any thread; InlineEngine
// is used by one thread at a time.
#ifndef STREAMER_RUNTIME_ENGINE_H_
#define STREAMER_RUNTIME_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "core/effects.h"
#include "core/loss_report.h"
#include "core/options.h"
#include "event/change_event.h"
#include "event/position.h"
#include "match/matcher.h"

namespace streamer {

// Where the effects of one gateway go.
class GatewaySink {
 public:
  virtual ~GatewaySink() = default;

  // Takes effects, in order, several at once. Called by one thread at a time
  // (the router's); must not block. It may call Grant, Acknowledge, Submit
  // and Disconnect, which take effect afterwards.
  virtual void OnEffects(std::vector<GatewayEffect> effects) = 0;
};

struct GatewayOptions {
  std::string gateway_id;
  GatewayKind kind = GatewayKind::kSoftState;
  OutboxLimits limits;
  std::size_t initial_credit = 0;
};

// A stream that asks for a session; see OpenSession in core/commands.h.
struct SessionRequest {
  std::string gateway_id;
  std::string credential;
  SessionNumber session;
  std::uint64_t last_sequence = 0;
  std::string last_progress;  // empty: none
  OutboxLimits limits;
  std::size_t initial_credit = 0;
  bool coalesces = false;
};

// Where somebody who names a place goes on.
struct ResumePoint {
  Position after;
  // OutOfRange when the log no longer holds all that follows.
  Status reached;
  // They may have had events up to here, which the log has lost since; 0: none.
  std::uint64_t redelivered_upto = 0;
};

// A subscription as listed.
struct SubscriptionInfo {
  SubscriptionHandle handle;
  GatewayHandle gateway;
  std::string gateway_id;
  GatewayKind kind = GatewayKind::kSoftState;
  std::string subscription_id;
  std::string tenant;
  std::string collection;
  std::string filter;  // CEL text
  std::optional<Instant> expires_at;
};

// Counters and gauges of all stages, read without stopping them.
struct EngineStatistics {
  std::uint64_t events_ingested = 0;
  std::uint64_t events_processed = 0;
  std::uint64_t events_skipped_malformed = 0;
  std::uint64_t events_skipped_delete_unresolved = 0;
  std::uint64_t events_skipped_deleted_again = 0;
  std::uint64_t duplicate_events = 0;
  std::uint64_t gaps_detected = 0;
  std::uint64_t past_events = 0;  // read again for gateways that catch up
  std::uint64_t subscriptions_active_match_all = 0;
  std::uint64_t subscriptions_active_document = 0;
  std::uint64_t subscriptions_active_filter = 0;
  std::uint64_t subscriptions_registered = 0;
  std::uint64_t subscriptions_unregistered = 0;
  std::uint64_t subscriptions_expired = 0;
  std::uint64_t subscriptions_suspended = 0;
  std::uint64_t subscriptions_moved = 0;  // between shards
  std::uint64_t quota_exceeded_gateway = 0;
  std::uint64_t quota_exceeded_tenant = 0;
  std::uint64_t quota_exceeded_total = 0;
  std::uint64_t quota_exceeded_collection = 0;
  std::uint64_t distinct_filters = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t outbox_depth = 0;  // deliveries waiting, all gateways
  std::uint64_t backpressure_soft = 0;
  std::uint64_t backpressure_hard = 0;
  std::uint64_t gateways_connected = 0;
  // Losses that sessions were told of, by LossCause.
  std::array<std::uint64_t, kLossCauses> resyncs = {};
  std::uint64_t deliveries_dropped_with_gateway = 0;
  // For sessions that are behind, and get them from the log, or were told.
  std::uint64_t deliveries_not_kept = 0;
  // About once a second. One that is behind is also one of the others.
  std::uint64_t sessions_connected = 0;
  std::uint64_t sessions_disconnected = 0;
  std::uint64_t sessions_behind = 0;
  std::uint64_t session_lag_events_max = 0;
  // Deliveries merged into a later one while they waited.
  std::uint64_t coalesced_events = 0;
  // Handed over without knowing where the document was before the event.
  std::uint64_t memberships_unknown = 0;
  std::uint64_t log_backlog = 0;  // events logged and not yet sequenced
  // How long before it was logged the newest event says that it happened.
  double ingest_lag_seconds = 0;
  std::uint64_t checkpoint_saves = 0;  // transactions of state
  std::uint64_t checkpoint_errors = 0;
  // How long ago the oldest event was logged that a restart would read again.
  double progress_age_seconds = 0;
  // How much of the log is held before what the slowest session needs.
  // Infinite as long as nothing was ever dropped from it.
  double log_headroom_seconds = 0;
  Position head;    // newest event logged
  Position routed;  // newest event whose deliveries are queued
  MatchStatistics match;
  // counts[i] samples did not exceed bounds[i] but exceeded bounds[i - 1]; the
  // last count, one more than bounds, is of what exceeded them all.
  struct Histogram {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;
    double sum = 0;
  };
  Histogram match_latency_seconds;
  Histogram matches_per_event;
  Histogram delivery_latency_seconds;  // logged → handed to the sink
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Makes a gateway. Its first effects may come before Connect returns. The
  // null handle when the engine is stopping.
  virtual GatewayHandle Connect(GatewayOptions options,
                                std::shared_ptr<GatewaySink> sink) = 0;
  // Makes a stream of a session, which its first effect answers: SessionOpened,
  // or GatewayClosed, with Unavailable when the session would be a new one and
  // nothing can be saved. What the gateway asks goes by the handle returned.
  virtual GatewayHandle OpenSession(SessionRequest request,
                                    std::shared_ptr<GatewaySink> sink) = 0;
  // Asks something of the session of a gateway from outside its streams. The
  // only effect for `sink` answers: SubscribeResponse, UnsubscribeResponse or
  // RenewResponse; or GatewayClosed, with Unavailable, when it was not saved.
  // Then, or when nobody waits any more, the handle returned is disconnected:
  // that changes nothing else. The null handle when the engine is stopping.
  virtual GatewayHandle Manage(ManageSession command,
                               std::shared_ptr<GatewaySink> sink) = 0;
  // Ends it and its subscriptions; of a session, the stream. OnEffects may run
  // once more meanwhile; the sink is released afterwards. Idempotent.
  virtual void Disconnect(GatewayHandle gateway) = 0;
  // The same, of a stream that broke: a gateway that comes back soon and asks
  // for the same goes on a second before the newest event that it was given
  // whole, or after the one that was too large for it.
  virtual void Break(GatewayHandle gateway, BrokenOff broken_off) = 0;

  // Queues a command (Subscribe, Unsubscribe, Renew). `taken`, if any, runs
  // once the sequencer has taken it: until then the caller should read no
  // more from its source. Unavailable when the engine is stopping, and
  // `taken` does not run.
  virtual Status Submit(Command command, std::function<void()> taken) = 0;

  // Lets the gateway receive `deliveries` more.
  virtual void Grant(GatewayHandle gateway, std::size_t deliveries) = 0;
  // Everything up to `sequence` was processed (session gateways). `taken`, if
  // any, runs once the router has taken it: until then the caller should keep
  // what comes, of which the newest says all.
  virtual void Acknowledge(GatewayHandle gateway, std::uint64_t sequence,
                           std::function<void()> taken) = 0;

  // What `progress`, as somebody was given it, means in the log now: where a
  // subscription may resume. InvalidArgument when it is none, OutOfRange when
  // no log with this history gave it.
  virtual Result<ResumePoint> Resolve(std::string_view progress) const = 0;

  // Appends to the log. Returns the position of the last event.
  // ResourceExhausted when the log's reader is too far behind: wait with
  // WhenIngestible and repeat. Unavailable when the log cannot be written or
  // the engine is stopping. On failure nothing was appended.
  virtual Result<Position> Ingest(std::vector<SourceEvent> events) = 0;
  // As EventLog::RecordMarker. Like Ingest, it shows whether the log can be
  // written.
  virtual Status RecordMarker(std::string_view backend,
                              std::string_view marker) = 0;
  // Runs `ready` once, from any thread, when Ingest may succeed again; at
  // once if it may now.
  virtual void WhenIngestible(std::function<void()> ready) = 0;

  // Live subscriptions in order of handle, at most `limit`, after `after`.
  virtual std::vector<SubscriptionInfo> List(SubscriptionHandle after,
                                             std::size_t limit) const = 0;
  // Those of one id, each of another gateway, likewise. Cost: a look-up for
  // each gateway.
  virtual std::vector<SubscriptionInfo> ListNamed(
      std::string_view subscription_id) const = 0;

  // What shards know of a collection: ReceivedSummary reads each, and an event
  // can concern somebody only if one of them lets it through. Empty when nobody
  // subscribes to it, or the engine has stopped. Waits until each shard has
  // come to the question; so not from a sink. See Matcher::Summary.
  virtual std::vector<std::string> Summaries(
      const std::string& tenant, const std::string& collection) const = 0;

  virtual EngineStatistics Statistics() const = 0;
};

}  // namespace streamer

#endif  // STREAMER_RUNTIME_ENGINE_H_
