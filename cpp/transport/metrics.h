// Metrics: what `/metrics` shows, in Prometheus's text format.
//
// Nothing is counted here. Each stage counts for itself; a scrape reads the
// counters of the engine and of the transports and names them as
// 5-interfaces.md does. A name appears once what it counts exists.
//
// Labels have values from fixed sets only: nothing that a client sends becomes
// one.
// Thread-safety: every method, from any thread.
#ifndef STREAMER_TRANSPORT_METRICS_H_
#define STREAMER_TRANSPORT_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/engine.h"

namespace streamer {

// What the transports counted.
struct TransportStatistics {
  std::uint64_t grpc_deliveries = 0;
  std::uint64_t grpc_documents_omitted = 0;  // too large for a message
  std::uint64_t puller_events = 0;           // ingested from a puller
  std::uint64_t filter_cache_hits = 0;
  std::uint64_t filter_cache_misses = 0;
};

class Metrics {
 public:
  // `engine`, and what `transports` reads, outlive the object.
  Metrics(const Engine& engine, std::function<TransportStatistics()> transports,
          std::string version);

  // Every metric, as text. Costs a read of the counters and of /proc/self.
  [[nodiscard]] std::string Scrape() const;

 private:
  const Engine& engine_;
  std::function<TransportStatistics()> transports_;
  std::string version_;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_METRICS_H_
