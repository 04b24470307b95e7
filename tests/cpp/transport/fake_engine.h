// FakeEngine: an Engine that does nothing but write down what it was asked,
// and hands out the effects that a test wants.
#ifndef STREAMER_TESTS_TRANSPORT_FAKE_ENGINE_H_
#define STREAMER_TESTS_TRANSPORT_FAKE_ENGINE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/engine.h"

namespace streamer {

class FakeEngine final : public Engine {
 public:
  GatewayHandle Connect(GatewayOptions options,
                        std::shared_ptr<GatewaySink> gateway_sink) override {
    connected.push_back(std::move(options));
    sink = std::move(gateway_sink);
    return GatewayHandle(connected.size());
  }
  GatewayHandle OpenSession(
      SessionRequest request,
      std::shared_ptr<GatewaySink> gateway_sink) override {
    sessions.push_back(std::move(request));
    sink = std::move(gateway_sink);
    if (during_open_session) std::exchange(during_open_session, nullptr)();
    return GatewayHandle(100 + sessions.size());
  }
  GatewayHandle Manage(ManageSession command,
                       std::shared_ptr<GatewaySink> caller_sink) override {
    if (is_stopping) return {};
    managed.push_back(std::move(command));
    sink = std::move(caller_sink);
    return GatewayHandle(200 + managed.size());
  }
  void Disconnect(GatewayHandle gateway) override {
    disconnected.push_back(gateway);
    sink.reset();
  }
  void Break(GatewayHandle gateway, BrokenOff broken_off) override {
    broken.push_back(std::move(broken_off));
    Disconnect(gateway);
  }
  Status Submit(Command command, std::function<void()> when_taken) override {
    if (!submit_status.ok()) return submit_status;
    commands.push_back(std::move(command));
    taken.push_back(std::move(when_taken));
    return OkStatus();
  }
  void Grant(GatewayHandle gateway, std::size_t deliveries) override {
    granted += deliveries;
    granted_to.push_back(gateway);
  }
  void Acknowledge(GatewayHandle, std::uint64_t sequence,
                   std::function<void()> when_taken) override {
    acknowledged.push_back(sequence);
    acknowledgement_taken = std::move(when_taken);
  }

  Result<ResumePoint> Resolve(std::string_view progress) const override {
    STREAMER_ASSIGN_OR_RETURN(const Position position, ParseProgress(progress));
    if (position.offset >= first_held)
      return ResumePoint{position, OkStatus(), 0};
    return ResumePoint{position, OutOfRange("too early"), 0};
  }
  Result<Position> Ingest(std::vector<SourceEvent> batch) override {
    if (!ingest_status.ok()) return ingest_status;
    if (ingest_room < batch.size())
      return ResourceExhausted("the backlog is full");
    ingest_room -= batch.size();
    batches.push_back(batch.size());
    for (SourceEvent& event : batch) events.push_back(std::move(event));
    return Position{.epoch = 7, .offset = events.size()};
  }
  Status RecordMarker(std::string_view, std::string_view) override {
    return OkStatus();
  }
  void WhenIngestible(std::function<void()> ready) override {
    waiting.push_back(std::move(ready));
  }
  std::uint64_t first_held = 0;
  std::vector<SubscriptionInfo> ListNamed(
      std::string_view subscription_id) const override {
    std::vector<SubscriptionInfo> named;
    for (const SubscriptionInfo& info : listed) {
      if (info.subscription_id == subscription_id) named.push_back(info);
    }
    return named;
  }
  std::vector<SubscriptionInfo> List(SubscriptionHandle after,
                                     std::size_t limit) const override {
    std::vector<SubscriptionInfo> page;
    for (const SubscriptionInfo& info : listed) {
      if (info.handle > after && page.size() < limit) page.push_back(info);
    }
    return page;
  }
  std::vector<std::string> Summaries(
      const std::string& tenant, const std::string& collection) const override {
    return tenant == "t" && collection == "c" ? summaries
                                              : std::vector<std::string>();
  }
  EngineStatistics Statistics() const override { return statistics; }

  std::vector<GatewayOptions> connected;
  std::vector<SessionRequest> sessions;
  std::vector<ManageSession> managed;
  bool is_stopping = false;
  std::function<void()> acknowledgement_taken;  // of the last
  std::vector<std::uint64_t> acknowledged;
  std::vector<BrokenOff> broken;
  std::vector<GatewayHandle> granted_to;
  // What happens, once, before OpenSession returns.
  std::function<void()> during_open_session;
  std::shared_ptr<GatewaySink> sink;
  std::vector<GatewayHandle> disconnected;
  std::vector<Command> commands;
  std::vector<std::function<void()>> taken;
  Status submit_status;
  std::size_t granted = 0;
  Status ingest_status;
  std::size_t ingest_room = 1'000'000;
  std::vector<std::size_t> batches;
  std::vector<SourceEvent> events;
  std::vector<std::function<void()>> waiting;
  std::vector<SubscriptionInfo> listed;
  std::vector<std::string> summaries;  // of collection "c" of tenant "t"
  EngineStatistics statistics;
};

}  // namespace streamer

#endif  // STREAMER_TESTS_TRANSPORT_FAKE_ENGINE_H_
