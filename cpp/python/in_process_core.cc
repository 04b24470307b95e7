#include "python/in_process_core.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/memory_event_log.h"

namespace streamer::python {
namespace {

// Bounds are for gateways that may be slow. Here every delivery is handed out
// within the call that made it.
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max() / 2;

// Events are logged a batch at a time, so that the log, which is trimmed to
// what was read, stays small.
constexpr std::size_t kBatch = 1'024;

}  // namespace

// Hands the effects of one gateway to its core. Runs within a call on the
// engine, so the core's mutex is held.
class InProcessCore::Sink final : public GatewaySink {
 public:
  Sink(InProcessCore& core, std::string gateway)
      : core_(core),
        gateway_(std::make_shared<const std::string>(std::move(gateway))) {}

  void OnEffects(std::vector<GatewayEffect> effects) override {
    for (GatewayEffect& effect : effects) {
      core_.Collect(gateway_, std::move(effect));
    }
  }

 private:
  InProcessCore& core_;
  const std::shared_ptr<const std::string> gateway_;
};

InProcessCore::InProcessCore(const CoreOptions& options, WallTime start,
                             std::size_t retained_events)
    : engine_(options,
              std::make_shared<MemoryEventLog>(
                  MemoryEventLogOptions{.retained_events = retained_events}),
              Instant{MonotonicTime(), start}) {}

void InProcessCore::Collect(const std::shared_ptr<const std::string>& gateway,
                            GatewayEffect effect) {
  if (auto* delivery = std::get_if<SharedDelivery>(&effect)) {
    deliveries_.push_back(std::make_shared<const CoreDeliveryRecord>(
        gateway, std::move(*delivery)));
  } else if (auto* closed = std::get_if<SubscriptionClosed>(&effect)) {
    notices_.push_back({*gateway, std::move(*closed)});
  } else if (auto* resync = std::get_if<ResyncRequired>(&effect)) {
    notices_.push_back({*gateway, std::move(*resync)});
  } else if (auto* gone = std::get_if<GatewayClosed>(&effect)) {
    notices_.push_back({*gateway, std::move(*gone)});
    // The engine has forgotten it, and its subscriptions: the next one of that
    // name is another.
    gateways_.erase(*gateway);
  } else {
    responses_.push_back(std::move(effect));
  }
  if (notices_.size() > kNotices) {
    notices_.pop_front();
    ++dropped_notices_;
  }
}

// What is not granted for counts as under way, and the core keeps account of
// it.
void InProcessCore::GrantCollected() {
  while (granted_for_ < deliveries_.size()) {
    const std::string_view gateway = deliveries_[granted_for_]->gateway();
    std::size_t count = 0;
    do {
      ++count;
      ++granted_for_;
    } while (granted_for_ < deliveries_.size() &&
             deliveries_[granted_for_]->gateway() == gateway);
    const auto found = gateways_.find(gateway);
    if (found != gateways_.end()) engine_.Grant(found->second.handle, count);
  }
}

const InProcessCore::Gateway& InProcessCore::ConnectedGateway(
    const std::string& name) {
  const auto found = gateways_.find(name);
  if (found != gateways_.end()) return found->second;
  auto sink = std::make_shared<Sink>(*this, name);
  GatewayOptions options;
  options.gateway_id = name;
  options.limits = {.deliveries = kUnbounded, .bytes = kUnbounded};
  options.initial_credit = kUnbounded;
  const GatewayHandle handle = engine_.Connect(std::move(options), sink);
  return gateways_.emplace(name, Gateway{handle, std::move(sink)})
      .first->second;
}

Result<const InProcessCore::Gateway*> InProcessCore::FindGateway(
    const std::string& name) const {
  const auto found = gateways_.find(name);
  if (found != gateways_.end()) return &found->second;
  return NotFound("no gateway \"" + name + "\"");
}

template <typename Response>
Result<Response> InProcessCore::Ask(const Gateway& gateway, Command command) {
  std::visit(
      [&gateway](auto& one) {
        if constexpr (requires { one.gateway; }) one.gateway = gateway.handle;
      },
      command);
  responses_.clear();
  STREAMER_RETURN_IF_ERROR(engine_.Submit(std::move(command), nullptr));
  for (GatewayEffect& effect : responses_) {
    auto* response = std::get_if<Response>(&effect);
    if (response != nullptr) return std::move(*response);
  }
  return Internal("the core did not answer");
}

Result<SubscribeResponse> InProcessCore::AddSubscription(
    const std::string& gateway, Subscribe subscribe) {
  const std::lock_guard lock(mutex_);
  return Ask<SubscribeResponse>(ConnectedGateway(gateway),
                                std::move(subscribe));
}

Result<UnsubscribeResponse> InProcessCore::RemoveSubscription(
    const std::string& gateway, const std::string& id) {
  const std::lock_guard lock(mutex_);
  STREAMER_ASSIGN_OR_RETURN(const Gateway* found, FindGateway(gateway));
  return Ask<UnsubscribeResponse>(
      *found, Unsubscribe{.gateway = {}, .subscription_id = id});
}

Result<RenewResponse> InProcessCore::RenewSubscription(
    const std::string& gateway, const std::string& id,
    std::optional<Duration> ttl) {
  const std::lock_guard lock(mutex_);
  STREAMER_ASSIGN_OR_RETURN(const Gateway* found, FindGateway(gateway));
  return Ask<RenewResponse>(
      *found, Renew{.gateway = {}, .subscription_id = id, .ttl = ttl});
}

Status InProcessCore::DisconnectGateway(const std::string& gateway) {
  const std::lock_guard lock(mutex_);
  STREAMER_ASSIGN_OR_RETURN(const Gateway* found, FindGateway(gateway));
  engine_.Disconnect(found->handle);
  gateways_.erase(gateway);
  return OkStatus();
}

Result<std::shared_ptr<InProcessSession>> InProcessCore::OpenSession(
    SessionRequest request) {
  const std::lock_guard lock(mutex_);
  request.initial_credit = kUnbounded;
  return InProcessSession::Open(engine_, mutex_, std::move(request));
}

Result<Deliveries> InProcessCore::Ingest(std::vector<SourceEvent> events) {
  const std::lock_guard lock(mutex_);
  for (auto at = events.begin(); at != events.end();) {
    const auto size =
        std::min<std::ptrdiff_t>(kBatch, std::distance(at, events.end()));
    std::vector<SourceEvent> batch(std::make_move_iterator(at),
                                   std::make_move_iterator(at + size));
    STREAMER_RETURN_IF_ERROR(engine_.Ingest(std::move(batch)).status());
    GrantCollected();
    at += size;
  }
  granted_for_ = 0;
  Deliveries deliveries = std::exchange(deliveries_, {});
  std::stable_sort(deliveries.begin(), deliveries.end(),
                   [](const auto& left, const auto& right) {
                     return left->position() < right->position();
                   });
  return deliveries;
}

void InProcessCore::Advance(Duration duration) {
  const std::lock_guard lock(mutex_);
  engine_.Advance(duration);
}

WallTime InProcessCore::now() const {
  const std::lock_guard lock(mutex_);
  return engine_.now().wall;
}

std::vector<Notice> InProcessCore::TakeNotices() {
  const std::lock_guard lock(mutex_);
  std::vector<Notice> notices(std::make_move_iterator(notices_.begin()),
                              std::make_move_iterator(notices_.end()));
  notices_.clear();
  return notices;
}

std::vector<SubscriptionInfo> InProcessCore::List() const {
  const std::lock_guard lock(mutex_);
  return engine_.List(SubscriptionHandle(), kUnbounded);
}

std::uint64_t InProcessCore::dropped_notices() const {
  const std::lock_guard lock(mutex_);
  return dropped_notices_;
}

EngineStatistics InProcessCore::Statistics() const {
  const std::lock_guard lock(mutex_);
  return engine_.Statistics();
}

}  // namespace streamer::python
