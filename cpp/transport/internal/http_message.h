// HTTP as our handlers see it: a request and a response as plain data.
//
// Whatever is wrong with a request is answered by a problem (RFC 7807,
// application/problem+json) whose detail says what was expected, what was
// got, and where.
//
// Thread-safety: plain data and pure functions.
#ifndef STREAMER_TRANSPORT_INTERNAL_HTTP_MESSAGE_H_
#define STREAMER_TRANSPORT_INTERNAL_HTTP_MESSAGE_H_

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace streamer {

struct HttpTarget {
  std::string path;  // decoded
  // Parameters of the query, decoded, in their order.
  std::vector<std::pair<std::string, std::string>> query;

  // The value of the first parameter `name`.
  [[nodiscard]] std::optional<std::string_view> Parameter(
      std::string_view name) const;
};

// Reads a request target in origin form ("/path?query"). InvalidArgument when
// it is not one, or a percent sign is not followed by two hexadecimal digits.
Result<HttpTarget> ParseTarget(std::string_view text);

struct HttpRequest {
  std::string method;
  HttpTarget target;
  std::string content_type;  // as sent
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";  // empty: there is no body
  std::string body;
  // Further header fields.
  std::vector<std::pair<std::string, std::string>> fields;
};

HttpResponse JsonResponse(unsigned status, const nlohmann::json& body);

// A problem. `members`, an object, are added to it.
HttpResponse ProblemResponse(unsigned status, std::string_view detail);
HttpResponse ProblemResponse(unsigned status, std::string_view detail,
                             const nlohmann::json& members);

// The reason phrase of `status`: "Not Found".
std::string_view ReasonOf(unsigned status);

// `content_type` without parameters, in lower case.
std::string MediaTypeOf(std::string_view content_type);

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_HTTP_MESSAGE_H_
