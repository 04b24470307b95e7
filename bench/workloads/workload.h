// Workload: subscriptions and the events that meet them.
//
// Rule i and event i depend on (name, count, seed, i) alone. Most events are
// made from a rule drawn at random, so that something matches however many
// rules there are.
//
// Thread-safety: immutable once made.
#ifndef STREAMER_BENCH_WORKLOADS_WORKLOAD_H_
#define STREAMER_BENCH_WORKLOADS_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "event/change_event.h"
#include "workloads/rule.h"

namespace streamer::workloads {

// How large, and which of the many alike.
struct Shape {
  std::size_t count = 1'000;  // subscriptions
  std::uint64_t seed = 1;
  std::string data;  // file of JSON lines; for real data only
};

struct Subscription {
  std::string tenant = "acme";
  std::string collection = "items";
  Rule rule;
  // As CEL text rather than conditions.
  bool is_expression = false;
};

struct Event {
  std::string tenant = "acme";
  std::string collection = "items";
  std::string document;  // raw JSON
};

struct Workload {
  std::function<Subscription(std::size_t)> subscription;
  std::function<Event(std::size_t)> event;
};

FilterSource FilterSourceOf(const Subscription& subscription);

// An update of the document numbered `index`.
ChangeEvent ToChangeEvent(const Event& event, std::size_t index);

}  // namespace streamer::workloads

#endif  // STREAMER_BENCH_WORKLOADS_WORKLOAD_H_
