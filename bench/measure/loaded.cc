#include "measure/loaded.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "measure/clock.h"
#include "workloads/catalogue.h"

namespace streamer::measure {
namespace {

constexpr std::size_t kSpare = 20'000;

double Per(std::size_t count, double amount) {
  return amount / static_cast<double>(count);
}

// Handing over the filters, so that equal ones live on once only, as they do
// in the service.
void AddAll(std::vector<Compiled> subscriptions, Loaded& loaded) {
  const std::size_t count = subscriptions.size();
  const std::size_t before = ResidentBytes();
  const double adding_start = ThreadSeconds();
  for (std::size_t i = 0; i < count; ++i) {
    Compiled& each = subscriptions[i];
    const auto start = Clock::now();
    loaded.matcher.Add(SubscriptionHandle(i + 1), each.tenant, each.collection,
                       each.filter);
    loaded.figures.longest_add_ns =
        std::max(loaded.figures.longest_add_ns, NanosecondsSince(start));
  }
  const double adding = ThreadSeconds() - adding_start;
  const std::size_t after = ResidentBytes();
  loaded.figures.add_per_second = static_cast<double>(count) / adding;
  loaded.figures.matcher_resident_bytes =
      Per(count, static_cast<double>(after) - static_cast<double>(before));
  loaded.figures.matcher_bytes =
      Per(count, static_cast<double>(loaded.matcher.memory_bytes()));
}

void LoadSubscriptions(const workloads::Workload& workload, std::size_t count,
                       Loaded& loaded) {
  std::vector<Compiled> compiled;
  compiled.reserve(count);
  const std::size_t before = ResidentBytes();
  double compiling = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const workloads::Subscription subscription = workload.subscription(i);
    const double start = ThreadSeconds();
    compiled.push_back(Compile(subscription));
    compiling += ThreadSeconds() - start;
  }
  loaded.figures.compile_per_second = static_cast<double>(count) / compiling;
  AddAll(std::move(compiled), loaded);
  loaded.figures.filter_resident_bytes =
      Per(count,
          static_cast<double>(ResidentBytes()) - static_cast<double>(before)) -
      loaded.figures.matcher_resident_bytes;
}

void LoadEvents(const workloads::Workload& workload, std::size_t count,
                Loaded& loaded) {
  for (std::size_t i = 0; i < count; ++i) {
    loaded.events.push_back(workloads::ToChangeEvent(workload.event(i), i));
    loaded.bodies.push_back(EventBody::Parse(loaded.events.back()).value());
  }
  for (std::size_t i = 0; i < count; ++i) {
    loaded.inputs.push_back(
        MakeMatchInput(loaded.events[i], *loaded.bodies[i]));
  }
}

}  // namespace

void MakeInputs(std::span<const ChangeEvent> events,
                std::span<MatchInput> inputs) {
  for (const ChangeEvent& event : events) PrefetchMatchInput(event);
  std::transform(
      events.begin(), events.end(), inputs.begin(),
      [](const ChangeEvent& event) { return MakeMatchInput(event); });
}

Compiled Compile(const workloads::Subscription& subscription) {
  auto filter = Filter::Compile(workloads::FilterSourceOf(subscription));
  if (!filter.ok()) {
    throw std::runtime_error("a filter of the workload was refused: " +
                             std::string(MessageOf(filter.status())));
  }
  return {subscription.tenant, subscription.collection, *std::move(filter)};
}

Loaded Load(const Options& options) {
  const auto workload =
      workloads::MakeWorkload(options.workload, options.shape);
  if (!workload.ok()) {
    throw std::invalid_argument(std::string(MessageOf(workload.status())));
  }
  Loaded loaded;
  const std::size_t count = options.shape.count;
  LoadSubscriptions(*workload, count, loaded);
  LoadEvents(*workload, options.events, loaded);
  for (std::size_t i = 0; i < std::min(kSpare, count); ++i) {
    loaded.spare.push_back(Compile(workload->subscription(count + i)));
  }
  return loaded;
}

}  // namespace streamer::measure
