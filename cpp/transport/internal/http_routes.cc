#include "transport/internal/http_routes.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "transport/internal/control_plane.h"

namespace streamer {
namespace {

std::string_view NameOf(ServicePhase phase) {
  switch (phase) {
    case ServicePhase::kStarting:
      return "starting";
    case ServicePhase::kReplaying:
      return "replaying";
    case ServicePhase::kReady:
      return "ready";
    case ServicePhase::kLogFailing:
      return "log failing";
    case ServicePhase::kStateFailing:
      return "state failing";
    case ServicePhase::kSourceLost:
      return "source lost";
    case ServicePhase::kDraining:
      return "draining";
  }
  return "unknown";
}

// Takes the first segment off `path`, which begins with a slash.
std::string_view TakeSegment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool Matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = TakeSegment(pattern);
    const std::string_view got = TakeSegment(path);
    if (wanted.starts_with('{') ? got.empty() : wanted != got) return false;
  }
  return pattern.empty() && path.empty();
}

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += ", ";
    text += part;
  }
  return text;
}

HttpResponse NotOffered(const HttpRequest& request) {
  return ProblemResponse(501,
                         request.method + " " + request.target.path +
                             ": expected a call of this version, got one that "
                             "it does not offer yet");
}

std::span<const std::string_view> MediaTypesOf(RequestBody body) {
  static constexpr std::array<std::string_view, 1> kJson = {"application/json"};
  static constexpr std::array<std::string_view, 6> kEvents = {
      "application/x-ndjson", "application/ndjson", "application/jsonl",
      "application/json",     "text/plain",         "application/octet-stream"};
  if (body == RequestBody::kEvents) return kEvents;
  return kJson;
}

}  // namespace

HttpRoutes::HttpRoutes(const HttpServerOptions& options, const Engine& engine,
                       const Metrics& metrics,
                       const std::atomic<ServicePhase>& phase)
    : options_(options), phase_(phase) {
  routes_.push_back({"POST", "/v1/events", RequestBody::kEvents, nullptr});
  AddOperations(metrics);
  AddControlPlane(engine);
  AddManagement(engine);
}

void HttpRoutes::AddOperations(const Metrics& metrics) {
  const auto add = [this](std::string_view path, auto answer) {
    routes_.push_back({"GET", path, RequestBody::kNone, std::move(answer)});
  };
  add("/health/live", [](const HttpRequest&) {
    return JsonResponse(200, {{"status", "live"}});
  });
  add("/health/ready", [this](const HttpRequest&) { return Readiness(); });
  add("/health", [this](const HttpRequest&) { return Health(); });
  add("/metrics", [&metrics](const HttpRequest&) {
    return HttpResponse{.content_type = "text/plain; version=0.0.4",
                        .body = metrics.Scrape()};
  });
  add("/openapi.json", [](const HttpRequest&) {
    return HttpResponse{.body = std::string(OpenApiDocument())};
  });
}

void HttpRoutes::AddControlPlane(const Engine& engine) {
  routes_.push_back(
      {"POST", "/internal/v1/filters/check", RequestBody::kJson,
       [](const HttpRequest& request) { return CheckFilter(request); }});
  routes_.push_back({"GET", "/internal/v1/subscriptions", RequestBody::kNone,
                     [&engine](const HttpRequest& request) {
                       return ListSubscriptions(engine, request);
                     }});
  routes_.push_back({"GET", "/internal/v1/collections/summary",
                     RequestBody::kNone, [&engine](const HttpRequest& request) {
                       return SummarizeCollection(engine, request);
                     }});
  routes_.push_back({"GET", "/v1/deliveries", RequestBody::kNone, NotOffered});
}

void HttpRoutes::AddManagement(const Engine& engine) {
  const auto add = [this](std::string_view method, std::string_view path,
                          RequestBody body, auto manage) {
    routes_.push_back({method, path, body, nullptr, std::move(manage)});
  };
  add("POST", "/internal/v1/subscriptions", RequestBody::kJson,
      [this](const HttpRequest& request) {
        return RegisterSubscription(request, options_.outbox,
                                    options_.default_ttl);
      });
  add("PUT", "/internal/v1/subscriptions/{id}/heartbeat", RequestBody::kNone,
      [&engine](const HttpRequest& request) {
        return RenewSubscription(engine, request);
      });
  add("DELETE", "/internal/v1/subscriptions/{id}", RequestBody::kNone,
      [&engine](const HttpRequest& request) {
        return UnregisterSubscription(engine, request);
      });
  add("DELETE", "/internal/v1/gateways/{id}/subscriptions", RequestBody::kNone,
      UnregisterGateway);
}

std::variant<const HttpRoute*, HttpResponse> HttpRoutes::Find(
    std::string_view method, std::string_view path) const {
  std::vector<std::string> allowed;
  for (const HttpRoute& route : routes_) {
    if (!Matches(route.path, path)) continue;
    const bool is_get = route.method == "GET";
    if (route.method == method || (is_get && method == "HEAD")) return &route;
    allowed.emplace_back(route.method);
    if (is_get) allowed.emplace_back("HEAD");
  }
  const std::string got = std::string(method) + " " + std::string(path);
  if (allowed.empty()) {
    return ProblemResponse(404, "expected a path of /openapi.json, got " + got);
  }
  HttpResponse response =
      ProblemResponse(405, "expected " + Join(allowed) + ", got " + got);
  response.fields.emplace_back("Allow", Join(allowed));
  return response;
}

std::optional<HttpResponse> HttpRoutes::CheckBody(const HttpRoute& route,
                                                  const BodyHeader& header) {
  if (route.body == RequestBody::kNone) return std::nullopt;
  if (!header.has_length) {
    return ProblemResponse(
        411,
        "expected Content-Length or Transfer-Encoding: chunked, got "
        "neither");
  }
  if (!header.content_encoding.empty() &&
      header.content_encoding != "identity") {
    return ProblemResponse(415, "Content-Encoding: expected identity, got \"" +
                                    std::string(header.content_encoding) +
                                    "\"");
  }
  // Without a type the body is taken for what it should be.
  const std::string type = MediaTypeOf(header.content_type);
  const std::span<const std::string_view> types = MediaTypesOf(route.body);
  if (type.empty() ||
      std::find(types.begin(), types.end(), type) != types.end()) {
    return std::nullopt;
  }
  return ProblemResponse(415, "Content-Type: expected " +
                                  std::string(types.front()) + ", got \"" +
                                  type + "\"");
}

HttpResponse HttpRoutes::Readiness() const {
  const ServicePhase phase = phase_.load();
  if (phase == ServicePhase::kReady) {
    return JsonResponse(200, {{"status", NameOf(phase)}});
  }
  return ProblemResponse(
      503,
      "expected the service to be ready, got " + std::string(NameOf(phase)),
      {{"phase", NameOf(phase)}});
}

HttpResponse HttpRoutes::Health() const {
  return JsonResponse(
      200, {{"status", NameOf(phase_.load())}, {"version", options_.version}});
}

}  // namespace streamer
