#include "transport/internal/subscription_calls.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "event/decoder.h"
#include "filter/filter.h"
#include "transport/internal/checked_id.h"
#include "transport/internal/json_body.h"
#include "value/json.h"

namespace streamer {
namespace {

constexpr std::chrono::seconds kLeastTtl(60);
constexpr std::chrono::seconds kMostTtl(3600);

struct Registration {
  std::string gateway_id;
  Subscribe subscribe;
  FilterSource filter;
};

Result<Duration> ReadTtl(const Value& value) {
  if (value.is(ValueKind::kInt) && value.int_value() >= kLeastTtl.count() &&
      value.int_value() <= kMostTtl.count()) {
    return std::chrono::seconds(value.int_value());
  }
  return InvalidArgument("ttl: expected " + std::to_string(kLeastTtl.count()) +
                         " to " + std::to_string(kMostTtl.count()) +
                         " whole seconds, got " + FormatJson(value));
}

Status ReadMember(const std::string& key, const Value& value,
                  Registration& read) {
  Subscribe& subscribe = read.subscribe;
  std::string* const text = key == "gatewayId" ? &read.gateway_id
                            : key == "subscriptionId"
                                ? &subscribe.subscription_id
                            : key == "tenant"     ? &subscribe.tenant
                            : key == "collection" ? &subscribe.collection
                            : key == "expression" ? &read.filter.expression
                                                  : nullptr;
  if (text != nullptr) {
    STREAMER_ASSIGN_OR_RETURN(*text, ReadText(key, value));
  } else if (key == "filters") {
    STREAMER_ASSIGN_OR_RETURN(read.filter.conditions, ReadConditions(value));
  } else if (key == "ttl") {
    STREAMER_ASSIGN_OR_RETURN(subscribe.ttl, ReadTtl(value));
  } else {
    return InvalidArgument(
        "body: expected gatewayId, subscriptionId, tenant, collection, "
        "filters, expression or ttl, got \"" +
        key + "\"");
  }
  return OkStatus();
}

Result<Registration> ReadRegistration(std::string_view body,
                                      Duration default_ttl) {
  Arena arena;
  STREAMER_ASSIGN_OR_RETURN(const Value object, ReadObject(body, arena));
  Registration read;
  read.subscribe.ttl = default_ttl;
  for (const MapEntry& entry : object.map().entries()) {
    STREAMER_RETURN_IF_ERROR(
        ReadMember(std::string(entry.key.text()), entry.value, read));
  }
  STREAMER_RETURN_IF_ERROR(CheckId("gatewayId", read.gateway_id));
  STREAMER_RETURN_IF_ERROR(
      CheckId("subscriptionId", read.subscribe.subscription_id));
  STREAMER_RETURN_IF_ERROR(CheckName("tenant", read.subscribe.tenant));
  STREAMER_RETURN_IF_ERROR(CheckCollection(read.subscribe.collection));
  STREAMER_ASSIGN_OR_RETURN(read.subscribe.filter,
                            Filter::Compile(read.filter));
  return read;
}

HttpResponse RefuseSaving(const Status& status) {
  HttpResponse response = ProblemResponse(503, MessageOf(status));
  response.fields.emplace_back("Retry-After", "1");
  return response;
}

std::string_view NameOf(const std::optional<QuotaScope>& quota) {
  if (!quota) return "sessions";
  switch (*quota) {
    case QuotaScope::kGateway:
      return "gateway";
    case QuotaScope::kTenant:
      return "tenant";
    case QuotaScope::kNode:
      return "total";
    case QuotaScope::kCollection:
      return "collection";
  }
  return "";
}

HttpResponse RefuseRegistration(const SubscribeResponse& refusal) {
  const std::string_view message = MessageOf(refusal.status);
  switch (refusal.status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return ProblemResponse(409, message);
    case absl::StatusCode::kResourceExhausted:
      return ProblemResponse(429, message, {{"quota", NameOf(refusal.quota)}});
    case absl::StatusCode::kInvalidArgument:
      return RefuseBody(refusal.status);
    default:
      return RefuseSaving(refusal.status);
  }
}

// The answer of `what`, or that nothing was saved.
template <typename Response>
std::function<HttpResponse(const GatewayEffect&)> Answering(
    std::function<HttpResponse(const Response&)> what) {
  return [what = std::move(what)](const GatewayEffect& effect) {
    if (const auto* response = std::get_if<Response>(&effect)) {
      return what(*response);
    }
    return RefuseSaving(std::get<GatewayClosed>(effect).status);
  };
}

// Of one whose expiry was just set.
std::optional<Instant> CreatedAt(const SubscribeResponse& response,
                                 Duration ttl) {
  if (!response.expires_at) return std::nullopt;
  Instant at = *response.expires_at;
  at.wall -= std::chrono::duration_cast<std::chrono::milliseconds>(ttl);
  return at;
}

nlohmann::json Registered(const std::string& gateway_id,
                          const Subscribe& subscribe,
                          const SubscribeResponse& response) {
  return {{"subscriptionId", subscribe.subscription_id},
          {"gatewayId", gateway_id},
          {"tenant", subscribe.tenant},
          {"collection", subscribe.collection},
          {"filter", subscribe.filter->text()},
          {"createdAt", TimestampJson(CreatedAt(response, *subscribe.ttl))},
          {"expiresAt", TimestampJson(response.expires_at)},
          {"fromProgress", FormatProgress(response.from)},
          // A number too large for JavaScript's.
          {"session", std::to_string(response.session.value())}};
}

// The segment of the path after `before`: "/…/subscriptions/{id}/…".
std::string SegmentAfter(std::string_view before, std::string_view path) {
  const std::size_t at = path.find(before) + before.size();
  return std::string(path.substr(at, path.find('/', at) - at));
}

Result<std::optional<std::string>> ReadGateway(const HttpTarget& target) {
  for (const auto& [name, value] : target.query) {
    if (name == "gateway") continue;
    return InvalidArgument("query: expected gateway, got \"" + name + "\"");
  }
  const std::optional<std::string_view> gateway = target.Parameter("gateway");
  if (!gateway) return std::optional<std::string>();
  STREAMER_RETURN_IF_ERROR(CheckId("gateway", *gateway));
  return std::optional(std::string(*gateway));
}

HttpResponse ManyHolders(const std::string& id,
                         const std::vector<std::string>& gateways) {
  return ProblemResponse(
      409,
      "gateway: expected which, since several hold subscription \"" + id +
          "\", got none",
      {{"gateways", gateways}});
}

HttpResponse OfStream(const std::string& id) {
  return ProblemResponse(409, "expected a subscription of a session, got \"" +
                                  id +
                                  "\" of a stream without one, with which it "
                                  "ends");
}

// Whose subscription a call with {id} concerns; empty: nobody's.
std::variant<std::string, HttpResponse> FindHolder(const Engine& engine,
                                                   const HttpRequest& request,
                                                   const std::string& id) {
  const auto gateway = ReadGateway(request.target);
  if (!gateway.ok()) return ProblemResponse(400, MessageOf(gateway.status()));
  std::vector<std::string> sessions;
  bool is_of_stream = false;
  for (const SubscriptionInfo& info : engine.ListNamed(id)) {
    if (*gateway && info.gateway_id != **gateway) continue;
    if (info.kind == GatewayKind::kSession) {
      sessions.push_back(info.gateway_id);
    } else {
      is_of_stream = true;
    }
  }
  if (sessions.size() > 1) return ManyHolders(id, sessions);
  if (sessions.size() == 1) return sessions.front();
  if (is_of_stream) return OfStream(id);
  return gateway->value_or("");
}

// The call on the subscription of the path. Of nobody's, too: that it is gone
// is an answer as any other, and waits until what ended it is saved.
template <typename Make>
Management OnSubscription(const Engine& engine, const HttpRequest& request,
                          Make make) {
  const std::string id = SegmentAfter("/subscriptions/", request.target.path);
  auto holder = FindHolder(engine, request, id);
  if (auto* refusal = std::get_if<HttpResponse>(&holder)) {
    return std::move(*refusal);
  }
  return make(std::move(std::get<std::string>(holder)), id);
}

HttpResponse NoContent() { return {.status = 204, .content_type = {}}; }

HttpResponse NotHeld(std::string_view message) {
  return ProblemResponse(404, message);
}

}  // namespace

Management RegisterSubscription(const HttpRequest& request,
                                const OutboxLimits& limits,
                                Duration default_ttl) {
  Result<Registration> read = ReadRegistration(request.body, default_ttl);
  if (!read.ok()) return RefuseBody(read.status());
  auto answer = Answering<SubscribeResponse>(
      [gateway_id = read->gateway_id,
       subscribe = read->subscribe](const SubscribeResponse& response) {
        if (!response.status.ok()) return RefuseRegistration(response);
        return JsonResponse(201, Registered(gateway_id, subscribe, response));
      });
  return ManagementCall{{.gateway_id = std::move(read->gateway_id),
                         .what = std::move(read->subscribe),
                         .limits = limits},
                        std::move(answer)};
}

Management RenewSubscription(const Engine& engine, const HttpRequest& request) {
  const auto answer =
      Answering<RenewResponse>([](const RenewResponse& response) {
        if (!response.status.ok()) return NotHeld(MessageOf(response.status));
        return JsonResponse(
            200, {{"subscriptionId", response.subscription_id},
                  {"expiresAt", TimestampJson(response.expires_at)}});
      });
  return OnSubscription(
      engine, request, [&](std::string gateway_id, const std::string& id) {
        return ManagementCall{{.gateway_id = std::move(gateway_id),
                               .what = Renew{.subscription_id = id}},
                              answer};
      });
}

Management UnregisterSubscription(const Engine& engine,
                                  const HttpRequest& request) {
  const auto answer = Answering<UnsubscribeResponse>(
      [](const UnsubscribeResponse&) { return NoContent(); });
  return OnSubscription(
      engine, request, [&](std::string gateway_id, const std::string& id) {
        return ManagementCall{{.gateway_id = std::move(gateway_id),
                               .what = Unsubscribe{.subscription_id = id}},
                              answer};
      });
}

Management UnregisterGateway(const HttpRequest& request) {
  std::string id = SegmentAfter("/gateways/", request.target.path);
  if (const Status status = CheckId("id", id); !status.ok()) {
    return ProblemResponse(400, MessageOf(status));
  }
  return ManagementCall{
      {.gateway_id = std::move(id), .what = UnsubscribeAll{}},
      Answering<UnsubscribeResponse>([](const UnsubscribeResponse& response) {
        return JsonResponse(200, {{"removed", response.ended}});
      })};
}

}  // namespace streamer
