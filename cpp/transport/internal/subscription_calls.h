// The calls of the control plane that change subscriptions.
//
// Each is read at once, and is then a command that the engine answers when the
// change is saved. They concern sessions: what a stream without one subscribes
// to ends with it, and is nobody else's to change.
//
// Thread-safety: pure functions, as far as the engine allows it.
#ifndef STREAMER_TRANSPORT_INTERNAL_SUBSCRIPTION_CALLS_H_
#define STREAMER_TRANSPORT_INTERNAL_SUBSCRIPTION_CALLS_H_

#include <functional>
#include <variant>

#include "core/commands.h"
#include "core/effects.h"
#include "core/outbox.h"
#include "runtime/engine.h"
#include "transport/internal/http_message.h"

namespace streamer {

// What is to be asked of the engine, and what its answer is to the caller.
struct ManagementCall {
  ManageSession command;
  std::function<HttpResponse(const GatewayEffect&)> answer;
};
// Or the answer at once.
using Management = std::variant<ManagementCall, HttpResponse>;

// POST /internal/v1/subscriptions: registers `{gatewayId, subscriptionId,
// tenant, collection, filters?, expression?, ttl?}` for the gateway's session,
// and begins one (within `limits`) if there is none.
Management RegisterSubscription(const HttpRequest& request,
                                const OutboxLimits& limits,
                                Duration default_ttl);

// PUT /internal/v1/subscriptions/{id}/heartbeat: its time to live begins again.
// With `gateway`, of that one; without, of whoever alone has the id.
Management RenewSubscription(const Engine& engine, const HttpRequest& request);

// DELETE /internal/v1/subscriptions/{id}, likewise. Idempotent.
Management UnregisterSubscription(const Engine& engine,
                                  const HttpRequest& request);

// DELETE /internal/v1/gateways/{id}/subscriptions
Management UnregisterGateway(const HttpRequest& request);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_SUBSCRIPTION_CALLS_H_
