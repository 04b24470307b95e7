#include "runtime/internal/stage_statistics.h"

namespace streamer::internal {

void Report(const SequencerCounts& counts, EngineStatistics& statistics) {
  statistics.events_processed = counts.events.events_processed;
  statistics.events_skipped_delete_unresolved =
      counts.events.skipped_delete_unresolved;
  statistics.events_skipped_deleted_again = counts.events.skipped_deleted_again;
  statistics.duplicate_events = counts.events.duplicate_events;
  statistics.gaps_detected = counts.events.gaps_detected;
  statistics.events_skipped_malformed += counts.events.skipped_unreadable;
  statistics.past_events = counts.events.past_events;
  statistics.subscriptions_moved = counts.events.moved_subscriptions;
  const RegistryStatistics& registry = counts.registry;
  statistics.subscriptions_active_match_all = registry.active_match_all;
  statistics.subscriptions_active_document = registry.active_document;
  statistics.subscriptions_active_filter = registry.active_filter;
  statistics.subscriptions_registered = registry.registered;
  statistics.subscriptions_unregistered = registry.unregistered;
  statistics.subscriptions_expired = registry.expired;
  statistics.subscriptions_suspended = registry.suspended;
  statistics.quota_exceeded_gateway = registry.quota_exceeded_gateway;
  statistics.quota_exceeded_tenant = registry.quota_exceeded_tenant;
  statistics.quota_exceeded_total = registry.quota_exceeded_total;
  statistics.quota_exceeded_collection = registry.quota_exceeded_collection;
}

void Report(const ShardCounts& counts, EngineStatistics& statistics) {
  statistics.distinct_filters += counts.shard.distinct_filters;
  const MatchStatistics& from = counts.shard.match;
  MatchStatistics& to = statistics.match;
  to.events += from.events;
  to.matches += from.matches;
  to.candidates += from.candidates;
  to.evaluated_true += from.evaluated_true;
  to.evaluated_false += from.evaluated_false;
  to.evaluated_error += from.evaluated_error;
  to.over_budget += from.over_budget;
  to.derived += from.derived;
  to.bloom.turned_away += from.bloom.turned_away;
  to.bloom.false_positives += from.bloom.false_positives;
  to.bloom.rebuilds += from.bloom.rebuilds;
  counts.match_latency.AddTo(statistics.match_latency_seconds);
}

void Report(const RouterCounts& counts, EngineStatistics& statistics) {
  statistics.deliveries = counts.router.deliveries;
  statistics.outbox_depth = counts.router.waiting;
  statistics.backpressure_soft = counts.router.backpressure_soft;
  statistics.backpressure_hard = counts.router.backpressure_hard;
  statistics.resyncs = counts.router.resyncs;
  statistics.deliveries_dropped_with_gateway =
      counts.router.dropped_with_gateway;
  statistics.deliveries_not_kept = counts.router.missed;
  statistics.memberships_unknown = counts.router.memberships_unknown;
  statistics.gateways_connected = counts.router.gateways;
  statistics.sessions_connected = counts.router.sessions_connected;
  statistics.sessions_disconnected = counts.router.sessions_disconnected;
  statistics.sessions_behind = counts.router.sessions_behind;
  statistics.session_lag_events_max = counts.router.session_lag;
  statistics.coalesced_events = counts.router.coalesced;
  statistics.routed = counts.router.routed;
  statistics.events_skipped_malformed += counts.router.malformed;
  counts.matches_per_event.AddTo(statistics.matches_per_event);
  counts.delivery_latency.AddTo(statistics.delivery_latency_seconds);
}

}  // namespace streamer::internal
