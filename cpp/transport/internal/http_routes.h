// HttpRoutes: which call goes where, and what the simple ones answer.
//
// One table. A request is judged in two steps, so that a body that nobody
// wants is not read: Find and Check look at method, path and header fields;
// Answer gets the whole request. POST /v1/events is not answered here: its
// body is a stream (ndjson_ingest.h).
//
// Thread-safety: immutable after construction; from any thread.
#ifndef STREAMER_TRANSPORT_INTERNAL_HTTP_ROUTES_H_
#define STREAMER_TRANSPORT_INTERNAL_HTTP_ROUTES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/engine.h"
#include "transport/http_server.h"
#include "transport/internal/http_message.h"
#include "transport/internal/subscription_calls.h"
#include "transport/metrics.h"

namespace streamer {

enum class RequestBody : std::uint8_t {
  kNone,    // passed over if there is one
  kJson,    // read whole
  kEvents,  // NDJSON, taken as it arrives
};

struct HttpRoute {
  std::string_view method;
  std::string_view path;  // "{name}" stands for one segment
  RequestBody body = RequestBody::kNone;
  std::function<HttpResponse(const HttpRequest&)> answer;
  // Instead of that, of what the engine answers.
  std::function<Management(const HttpRequest&)> manage = nullptr;
};

// What the header fields say of the body.
struct BodyHeader {
  std::string_view content_type;
  std::string_view content_encoding;
  bool has_length = false;  // Content-Length, or chunked
};

class HttpRoutes {
 public:
  // `options`, `engine`, `metrics` and `phase` outlive the object.
  HttpRoutes(const HttpServerOptions& options, const Engine& engine,
             const Metrics& metrics, const std::atomic<ServicePhase>& phase);

  // The route for a call, or why there is none: 404, or 405 with Allow. HEAD
  // goes where GET does; that its answer has no body is the connection's care.
  [[nodiscard]] std::variant<const HttpRoute*, HttpResponse> Find(
      std::string_view method, std::string_view path) const;

  // Why a body with this header is refused: 411 or 415.
  static std::optional<HttpResponse> CheckBody(const HttpRoute& route,
                                               const BodyHeader& header);

  [[nodiscard]] std::span<const HttpRoute> routes() const { return routes_; }

 private:
  void AddOperations(const Metrics& metrics);
  void AddControlPlane(const Engine& engine);
  void AddManagement(const Engine& engine);
  [[nodiscard]] HttpResponse Health() const;
  [[nodiscard]] HttpResponse Readiness() const;

  const HttpServerOptions& options_;
  const std::atomic<ServicePhase>& phase_;
  std::vector<HttpRoute> routes_;
};

// The OpenAPI description of all routes, JSON.
std::string_view OpenApiDocument();

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_HTTP_ROUTES_H_
