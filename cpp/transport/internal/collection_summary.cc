#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "transport/internal/control_plane.h"

namespace streamer {
namespace {

Status CheckParameters(const HttpTarget& target) {
  for (const auto& [name, value] : target.query) {
    if (name == "tenant" || name == "collection") continue;
    return InvalidArgument("query: expected tenant and collection, got \"" +
                           name + "\"");
  }
  for (const char* name : {"tenant", "collection"}) {
    if (target.Parameter(name).value_or("").empty()) {
      return InvalidArgument(std::string(name) +
                             ": expected a name, got nothing");
    }
  }
  return OkStatus();
}

}  // namespace

HttpResponse SummarizeCollection(const Engine& engine,
                                 const HttpRequest& request) {
  const Status status = CheckParameters(request.target);
  if (!status.ok()) return ProblemResponse(400, MessageOf(status));
  const std::string tenant(*request.target.Parameter("tenant"));
  const std::string collection(*request.target.Parameter("collection"));
  nlohmann::json summaries = nlohmann::json::array();
  for (const std::string& bytes : engine.Summaries(tenant, collection)) {
    summaries.push_back(absl::Base64Escape(bytes));
  }
  if (summaries.empty()) {
    return ProblemResponse(
        404, "expected a collection with subscriptions, got \"" + collection +
                 "\" of tenant \"" + tenant + "\"");
  }
  return JsonResponse(200, {{"summaries", std::move(summaries)}});
}

}  // namespace streamer
