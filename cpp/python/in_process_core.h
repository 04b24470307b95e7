// InProcessCore: the whole core in the caller's thread, its gateways known by
// name, and what it answers returned instead of called back.
//
// A gateway exists from its first subscription on, until it is disconnected or
// closed by the core, which a notice says. Deliveries of one call come
// in log order; of one event, in the order in which its gateways came.
//
// Thread-safety: every method from any thread; calls are serialised by a
// mutex. Nothing of Python in here.
#ifndef STREAMER_PYTHON_IN_PROCESS_CORE_H_
#define STREAMER_PYTHON_IN_PROCESS_CORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
#include "core/effects.h"
#include "core/options.h"
#include "python/event_records.h"
#include "python/in_process_session.h"
#include "python/notice.h"
#include "runtime/inline_engine.h"

namespace streamer::python {

using Deliveries = std::vector<std::shared_ptr<const CoreDeliveryRecord>>;

class InProcessCore {
 public:
  // Notices kept until they are taken; the oldest go first, and are counted.
  static constexpr std::size_t kNotices = 10'000;

  // Time starts at `start` and stands still until Advance. Of what was sent,
  // the log keeps `retained_events` for sessions that are behind and for
  // subscriptions that begin in the past.
  InProcessCore(const CoreOptions& options, WallTime start,
                std::size_t retained_events);

  // The answer's status says whether the subscription exists.
  Result<SubscribeResponse> AddSubscription(const std::string& gateway,
                                            Subscribe subscribe);
  Result<UnsubscribeResponse> RemoveSubscription(const std::string& gateway,
                                                 const std::string& id);
  Result<RenewResponse> RenewSubscription(const std::string& gateway,
                                          const std::string& id,
                                          std::optional<Duration> ttl);
  // Ends the gateway and its subscriptions. NotFound when there is none.
  Status DisconnectGateway(const std::string& gateway);

  // Opens a stream of a session, which must not outlive the core.
  Result<std::shared_ptr<InProcessSession>> OpenSession(SessionRequest request);

  Result<Deliveries> Ingest(std::vector<SourceEvent> events);

  void Advance(Duration duration);
  [[nodiscard]] WallTime now() const;

  std::vector<Notice> TakeNotices();
  [[nodiscard]] std::vector<SubscriptionInfo> List() const;
  [[nodiscard]] EngineStatistics Statistics() const;
  // That were never taken.
  [[nodiscard]] std::uint64_t dropped_notices() const;

 private:
  class Sink;
  struct Gateway {
    GatewayHandle handle;
    std::shared_ptr<Sink> sink;
  };

  const Gateway& ConnectedGateway(const std::string& name);
  Result<const Gateway*> FindGateway(const std::string& name) const;
  template <typename Response>
  Result<Response> Ask(const Gateway& gateway, Command command);
  void Collect(const std::shared_ptr<const std::string>& gateway,
               GatewayEffect effect);
  // Tells the engine that what was collected has reached its gateways.
  void GrantCollected();

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  TextMap<Gateway> gateways_;
  std::vector<GatewayEffect> responses_;
  Deliveries deliveries_;
  std::size_t granted_for_ = 0;  // of deliveries_
  std::deque<Notice> notices_;
  std::uint64_t dropped_notices_ = 0;
  // Last, so that it goes first: its sinks refer to what is above.
  InlineEngine engine_;
};

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_IN_PROCESS_CORE_H_
