#include "transport/internal/http_message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace streamer {
namespace {

std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<char> DecodePercent(std::string_view text, std::size_t at) {
  const std::string_view digits = text.substr(at + 1, 2);
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || error != std::errc() ||
      end != digits.data() + digits.size()) {
    return InvalidArgument(
        "target: expected two hexadecimal digits after \"%\", got \"" +
        std::string(digits) + "\"");
  }
  return static_cast<char>(value);
}

Result<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    STREAMER_ASSIGN_OR_RETURN(char byte, DecodePercent(text, i));
    decoded += byte;
    i += 2;
  }
  return decoded;
}

Status AppendParameter(std::string_view text, HttpTarget& target) {
  const std::size_t equals = std::min(text.find('='), text.size());
  STREAMER_ASSIGN_OR_RETURN(std::string name, Decode(text.substr(0, equals)));
  std::string value;
  if (equals < text.size()) {
    STREAMER_ASSIGN_OR_RETURN(value, Decode(text.substr(equals + 1)));
  }
  target.query.emplace_back(std::move(name), std::move(value));
  return OkStatus();
}

char LowerCase(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a')
                                        : letter;
}

}  // namespace

std::optional<std::string_view> HttpTarget::Parameter(
    std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<HttpTarget> ParseTarget(std::string_view text) {
  if (text.empty() || text.front() != '/') {
    return InvalidArgument("target: expected \"/…\", got \"" +
                           std::string(text) + "\"");
  }
  HttpTarget target;
  const std::size_t question = std::min(text.find('?'), text.size());
  STREAMER_ASSIGN_OR_RETURN(target.path, Decode(text.substr(0, question)));
  std::string_view left =
      question < text.size() ? text.substr(question + 1) : std::string_view();
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('&'), left.size());
    STREAMER_RETURN_IF_ERROR(AppendParameter(left.substr(0, end), target));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return target;
}

HttpResponse JsonResponse(unsigned status, const nlohmann::json& body) {
  return {.status = status, .body = Dump(body) + "\n"};
}

HttpResponse ProblemResponse(unsigned status, std::string_view detail) {
  return ProblemResponse(status, detail, nlohmann::json::object());
}

HttpResponse ProblemResponse(unsigned status, std::string_view detail,
                             const nlohmann::json& members) {
  nlohmann::ordered_json problem = {{"type", "about:blank"},
                                    {"title", ReasonOf(status)},
                                    {"status", status},
                                    {"detail", detail}};
  for (const auto& [name, value] : members.items()) problem[name] = value;
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = problem.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response.body += '\n';
  return response;
}

std::string_view ReasonOf(unsigned status) {
  struct Reason {
    unsigned status;
    std::string_view phrase;
  };
  static constexpr std::array<Reason, 18> kReasons = {{
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {400, "Bad Request"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {413, "Payload Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
  }};
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.phrase;
  }
  return "Unknown";
}

std::string MediaTypeOf(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerCase);
  return lower;
}

}  // namespace streamer
