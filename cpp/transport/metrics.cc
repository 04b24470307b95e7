#include "transport/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <limits>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/internal/process_statistics.h"

namespace streamer {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Families = std::vector<MetricFamily>;

// A value with, if the family has a label, that label's value.
struct Sample {
  std::string_view label_value;
  double value;
};

// Counters of 64 bits become doubles, as everything does in this format.
double AsDouble(std::uint64_t count) { return static_cast<double>(count); }

ClientMetric MakeMetric(MetricType type, std::string_view label,
                        const Sample& sample) {
  ClientMetric metric;
  if (!label.empty()) {
    metric.label.push_back(
        {std::string(label), std::string(sample.label_value)});
  }
  if (type == MetricType::Counter) metric.counter.value = sample.value;
  if (type == MetricType::Gauge) metric.gauge.value = sample.value;
  return metric;
}

void Add(Families& families, MetricType type, std::string_view name,
         std::string_view help, std::string_view label,
         std::initializer_list<Sample> samples) {
  MetricFamily family{std::string(name), std::string(help), type, {}};
  for (const Sample& sample : samples) {
    family.metric.push_back(MakeMetric(type, label, sample));
  }
  families.push_back(std::move(family));
}

void AddCounter(Families& families, std::string_view name,
                std::string_view help, std::uint64_t count) {
  Add(families, MetricType::Counter, name, help, "", {{"", AsDouble(count)}});
}

void AddGauge(Families& families, std::string_view name, std::string_view help,
              double value) {
  Add(families, MetricType::Gauge, name, help, "", {{"", value}});
}

// The engine counts each bucket for itself; Prometheus wants each with all
// below it.
void AddHistogram(Families& families, std::string_view name,
                  std::string_view help,
                  const EngineStatistics::Histogram& histogram) {
  ClientMetric metric;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    const bool is_last = i >= histogram.bounds.size();
    count += histogram.counts[i];
    metric.histogram.bucket.push_back(
        {count, is_last ? std::numeric_limits<double>::infinity()
                        : histogram.bounds[i]});
  }
  metric.histogram.sample_sum = histogram.sum;
  metric.histogram.sample_count = count;
  families.push_back({std::string(name),
                      std::string(help),
                      MetricType::Histogram,
                      {std::move(metric)}});
}

// REQUIRES: the engine was read after the transports.
void AddIngest(const EngineStatistics& engine,
               const TransportStatistics& transports, Families& families) {
  Add(families, MetricType::Counter, "streamer_events_ingested_total",
      "Events appended to the log.", "source",
      {{"http", AsDouble(engine.events_ingested - transports.puller_events)},
       {"puller", AsDouble(transports.puller_events)}});
  AddGauge(families, "streamer_ingest_lag_seconds",
           "How long before it was logged the newest event says that it "
           "happened.",
           engine.ingest_lag_seconds);
}

void AddResyncs(const EngineStatistics& engine, Families& families) {
  MetricFamily family{
      "streamer_resyncs_total",
      "Losses that sessions were told of; one notice may tell of several.",
      MetricType::Counter,
      {}};
  for (std::size_t i = 0; i < engine.resyncs.size(); ++i) {
    family.metric.push_back(MakeMetric(
        MetricType::Counter, "reason",
        {NameOf(static_cast<LossCause>(i)), AsDouble(engine.resyncs[i])}));
  }
  families.push_back(std::move(family));
}

void AddEvents(const EngineStatistics& engine, Families& families) {
  AddCounter(families, "streamer_events_processed_total",
             "Events taken from the log.", engine.events_processed);
  Add(families, MetricType::Counter, "streamer_events_skipped_total",
      "Events that were not matched, and why.", "reason",
      {{"malformed", AsDouble(engine.events_skipped_malformed)},
       {"delete_unresolved", AsDouble(engine.events_skipped_delete_unresolved)},
       {"deleted_again", AsDouble(engine.events_skipped_deleted_again)}});
  AddCounter(families, "streamer_duplicate_events_total",
             "Events that had been seen before, dropped.",
             engine.duplicate_events);
  AddCounter(families, "streamer_gaps_detected_total",
             "Breaks in the continuity of a source.", engine.gaps_detected);
  AddCounter(families, "streamer_membership_unknown_total",
             "Memberships delivered without knowing what was before.",
             engine.memberships_unknown);
  AddCounter(families, "streamer_catchup_events_total",
             "Events read again for gateways that catch up.",
             engine.past_events);
  AddCounter(families, "streamer_coalesced_events_total",
             "Deliveries merged into a later one of the same document.",
             engine.coalesced_events);
  AddResyncs(engine, families);
  Add(families, MetricType::Counter, "streamer_deliveries_dropped_total",
      "Deliveries that never left: their gateway ended, or their session is "
      "behind and reads them from the log again, or was told of the loss.",
      "reason",
      {{"gateway_ended", AsDouble(engine.deliveries_dropped_with_gateway)},
       {"session_behind", AsDouble(engine.deliveries_not_kept)}});
  Add(families, MetricType::Gauge, "streamer_sessions",
      "Sessions, by whether their gateway is there; one that is behind is also "
      "one of the others.",
      "state",
      {{"connected", AsDouble(engine.sessions_connected)},
       {"disconnected", AsDouble(engine.sessions_disconnected)},
       {"behind", AsDouble(engine.sessions_behind)}});
  AddGauge(families, "streamer_session_lag_events_max",
           "Events that the session furthest behind has not acknowledged.",
           AsDouble(engine.session_lag_events_max));
}

void AddLog(const EngineStatistics& engine, Families& families) {
  AddGauge(families, "streamer_log_backlog",
           "Events in the log that were not taken yet.",
           AsDouble(engine.log_backlog));
  AddGauge(families, "streamer_progress_age_seconds",
           "Age of the oldest event that a restart would read again.",
           engine.progress_age_seconds);
  AddGauge(families, "streamer_log_headroom_seconds",
           "How much of the log is held before what the slowest session needs; "
           "+Inf until something was dropped from it.",
           engine.log_headroom_seconds);
  AddCounter(families, "streamer_checkpoint_saves_total",
             "Transactions of sessions and progress that were saved.",
             engine.checkpoint_saves);
  AddCounter(families, "streamer_checkpoint_errors_total",
             "Transactions of sessions and progress that could not be saved.",
             engine.checkpoint_errors);
}

void AddSubscriptions(const EngineStatistics& engine, Families& families) {
  Add(families, MetricType::Gauge, "streamer_subscriptions_active",
      "Live subscriptions, by what they ask for.", "kind",
      {{"match_all", AsDouble(engine.subscriptions_active_match_all)},
       {"document", AsDouble(engine.subscriptions_active_document)},
       {"filter", AsDouble(engine.subscriptions_active_filter)}});
  AddCounter(families, "streamer_subscriptions_registered_total",
             "Subscriptions accepted.", engine.subscriptions_registered);
  AddCounter(families, "streamer_subscriptions_unregistered_total",
             "Subscriptions removed by, or with, their gateway.",
             engine.subscriptions_unregistered);
  AddCounter(families, "streamer_subscriptions_expired_total",
             "Subscriptions whose time to live passed.",
             engine.subscriptions_expired);
  AddCounter(families, "streamer_subscriptions_suspended_total",
             "Subscriptions ended because their filter cost too much.",
             engine.subscriptions_suspended);
  Add(families, MetricType::Counter, "streamer_quota_exceeded_total",
      "Subscriptions refused, by the quota that was full.", "scope",
      {{"gateway", AsDouble(engine.quota_exceeded_gateway)},
       {"tenant", AsDouble(engine.quota_exceeded_tenant)},
       {"total", AsDouble(engine.quota_exceeded_total)},
       {"collection", AsDouble(engine.quota_exceeded_collection)}});
  AddGauge(families, "streamer_distinct_filters",
           "Filters that differ, among the live subscriptions.",
           AsDouble(engine.distinct_filters));
}

void AddMatching(const EngineStatistics& engine, Families& families) {
  AddHistogram(families, "streamer_match_latency_seconds",
               "Time to match an event and those matched along with it.",
               engine.match_latency_seconds);
  AddHistogram(families, "streamer_matches_per_event",
               "Subscriptions that one event matched.",
               engine.matches_per_event);
  Add(families, MetricType::Counter, "streamer_filter_evaluations_total",
      "Filter programs run, by result.", "result",
      {{"true", AsDouble(engine.match.evaluated_true)},
       {"false", AsDouble(engine.match.evaluated_false)},
       {"error",
        AsDouble(engine.match.evaluated_error - engine.match.over_budget)},
       {"over_budget", AsDouble(engine.match.over_budget)}});
}

// Of the summaries that are kept, both; 0 as long as none was tried.
void AddBloom(const BloomCounts& bloom, Families& families) {
  const double untouched =
      AsDouble(bloom.false_positives) + AsDouble(bloom.turned_away);
  AddGauge(families, "streamer_bloom_false_positive_ratio",
           "Events that Bloom summaries let through in vain, over all that "
           "touch none of their keys.",
           untouched == 0 ? 0 : AsDouble(bloom.false_positives) / untouched);
  AddCounter(families, "streamer_bloom_rebuilds_total",
             "Times that a Bloom summary was built anew.", bloom.rebuilds);
}

void AddFilterCache(const TransportStatistics& transports, Families& families) {
  AddCounter(families, "streamer_filter_cache_hits_total",
             "Filters that were compiled already.",
             transports.filter_cache_hits);
  AddCounter(families, "streamer_filter_cache_misses_total",
             "Filters that had to be compiled.",
             transports.filter_cache_misses);
}

void AddDeliveries(const EngineStatistics& engine,
                   const TransportStatistics& transports, Families& families) {
  Add(families, MetricType::Counter, "streamer_deliveries_total",
      "Deliveries handed to a transport.", "transport",
      {{"grpc", AsDouble(transports.grpc_deliveries)}});
  Add(families, MetricType::Counter, "streamer_documents_omitted_total",
      "Documents too large for a gateway's messages: left out for a session; a "
      "plain stream ends there.",
      "transport", {{"grpc", AsDouble(transports.grpc_documents_omitted)}});
  AddHistogram(families, "streamer_delivery_latency_seconds",
               "Time from the log to the transport.",
               engine.delivery_latency_seconds);
  AddGauge(families, "streamer_outbox_depth",
           "Deliveries waiting in all outboxes.",
           AsDouble(engine.outbox_depth));
  Add(families, MetricType::Counter, "streamer_backpressure_events_total",
      "Times that an outbox reached a limit.", "level",
      {{"soft", AsDouble(engine.backpressure_soft)},
       {"hard", AsDouble(engine.backpressure_hard)}});
  AddGauge(families, "streamer_gateways_connected", "Gateways connected now.",
           AsDouble(engine.gateways_connected));
}

void AddProcess(Families& families) {
  const ProcessStatistics process = ReadProcessStatistics();
  Add(families, MetricType::Counter, "process_cpu_seconds_total",
      "Total user and system CPU time spent in seconds.", "",
      {{"", process.cpu_seconds}});
  AddGauge(families, "process_resident_memory_bytes",
           "Resident memory size in bytes.", process.resident_bytes);
  AddGauge(families, "process_virtual_memory_bytes",
           "Virtual memory size in bytes.", process.virtual_bytes);
  AddGauge(families, "process_open_fds", "Number of open file descriptors.",
           process.open_descriptors);
  AddGauge(families, "process_max_fds",
           "Maximum number of open file descriptors.", process.max_descriptors);
  AddGauge(families, "process_threads", "Number of threads.", process.threads);
  AddGauge(families, "process_start_time_seconds",
           "Start time of the process since unix epoch in seconds.",
           process.start_time_seconds);
}

}  // namespace

Metrics::Metrics(const Engine& engine,
                 std::function<TransportStatistics()> transports,
                 std::string version)
    : engine_(engine),
      transports_(std::move(transports)),
      version_(std::move(version)) {}

std::string Metrics::Scrape() const {
  const TransportStatistics transports = transports_();
  const EngineStatistics engine = engine_.Statistics();
  Families families;
  AddIngest(engine, transports, families);
  AddEvents(engine, families);
  AddLog(engine, families);
  AddSubscriptions(engine, families);
  AddMatching(engine, families);
  AddBloom(engine.match.bloom, families);
  AddFilterCache(transports, families);
  AddDeliveries(engine, transports, families);
  Add(families, MetricType::Gauge, "streamer_build_info",
      "1, with the version as label.", "version", {{version_, 1}});
  AddProcess(families);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace streamer
