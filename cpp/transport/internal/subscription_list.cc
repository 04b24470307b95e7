#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transport/internal/control_plane.h"
#include "transport/internal/json_body.h"

namespace streamer {
namespace {

constexpr std::uint64_t kDefaultLimit = 100;
constexpr std::uint64_t kMaxLimit = 1'000;
// Subscriptions read from the engine at a time.
constexpr std::size_t kRead = 1'000;

struct Query {
  std::optional<std::string_view> tenant;
  std::optional<std::string_view> collection;
  std::optional<std::string_view> gateway;
  std::uint64_t limit = kDefaultLimit;
  SubscriptionHandle after;

  [[nodiscard]] bool Wants(const SubscriptionInfo& info) const {
    return (!tenant || *tenant == info.tenant) &&
           (!collection || *collection == info.collection) &&
           (!gateway || *gateway == info.gateway_id);
  }
};

Status CheckParameters(const HttpTarget& target) {
  constexpr std::array<std::string_view, 5> kKnown = {
      "tenant", "collection", "gateway", "limit", "cursor"};
  for (const auto& [name, value] : target.query) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) continue;
    return InvalidArgument(
        "query: expected tenant, collection, gateway, limit or cursor, got "
        "\"" +
        name + "\"");
  }
  return OkStatus();
}

// The whole number of parameter `name`, or `absent` when it is not given.
Result<std::uint64_t> ReadNumber(const HttpTarget& target,
                                 std::string_view name, std::uint64_t least,
                                 std::uint64_t most, std::uint64_t absent) {
  const std::optional<std::string_view> text = target.Parameter(name);
  if (!text.has_value()) return absent;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc() && stopped == end && number >= least &&
      number <= most) {
    return number;
  }
  return InvalidArgument(std::string(name) + ": expected " +
                         std::to_string(least) + " to " + std::to_string(most) +
                         ", got \"" + std::string(*text) + "\"");
}

Result<Query> ReadQuery(const HttpTarget& target) {
  STREAMER_RETURN_IF_ERROR(CheckParameters(target));
  Query query{.tenant = target.Parameter("tenant"),
              .collection = target.Parameter("collection"),
              .gateway = target.Parameter("gateway")};
  STREAMER_ASSIGN_OR_RETURN(
      query.limit, ReadNumber(target, "limit", 1, kMaxLimit, kDefaultLimit));
  STREAMER_ASSIGN_OR_RETURN(
      std::uint64_t after,
      ReadNumber(target, "cursor", 1, ~std::uint64_t{0}, 0));
  query.after = SubscriptionHandle(after);
  return query;
}

nlohmann::json ToJson(const SubscriptionInfo& info) {
  return {{"subscriptionId", info.subscription_id},
          {"gatewayId", info.gateway_id},
          {"tenant", info.tenant},
          {"collection", info.collection},
          {"filter", info.filter},
          {"handle", info.handle.value()},
          {"expiresAt", TimestampJson(info.expires_at)}};
}

}  // namespace

HttpResponse ListSubscriptions(const Engine& engine,
                               const HttpRequest& request) {
  const Result<Query> query = ReadQuery(request.target);
  if (!query.ok()) return ProblemResponse(400, MessageOf(query.status()));
  nlohmann::json page = nlohmann::json::array();
  nlohmann::json cursor = nullptr;
  SubscriptionHandle after = query->after;
  while (cursor.is_null()) {
    const std::vector<SubscriptionInfo> read = engine.List(after, kRead);
    for (const SubscriptionInfo& info : read) {
      if (!query->Wants(info)) continue;
      if (page.size() == query->limit) {
        // There is more: the next page begins after the last one shown.
        cursor = std::to_string(page.back()["handle"].get<std::uint64_t>());
        break;
      }
      page.push_back(ToJson(info));
    }
    if (read.size() < kRead) break;
    after = read.back().handle;
  }
  return JsonResponse(200, {{"subscriptions", std::move(page)},
                            {"nextCursor", std::move(cursor)}});
}

}  // namespace streamer
