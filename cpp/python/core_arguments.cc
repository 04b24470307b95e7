#include "python/core_arguments.h"

#include <cmath>
#include <utility>

#include "event/decoder.h"
#include "event/position.h"
#include "python/errors.h"

namespace streamer::python {

namespace py = pybind11;

Duration Seconds(const char* name, double seconds) {
  // Some 292 years of nanoseconds fit; a hundred are plenty.
  constexpr double kMost = 100.0 * 366 * 86'400;
  if (!(seconds >= 0 && seconds <= kMost)) {
    Raise(
        InvalidArgument(std::string(name) + ": expected " +
                        (seconds > kMost ? "at most 100 years" : "at least 0") +
                        ", got " + std::string(py::repr(py::float_(seconds)))));
  }
  return Duration(std::llround(seconds * 1e9));
}

std::optional<Duration> TimeToLive(std::optional<double> seconds) {
  if (!seconds.has_value()) return std::nullopt;
  const Duration ttl = Seconds("ttl_seconds", *seconds);
  if (ttl == Duration::zero()) {
    Raise(InvalidArgument("ttl_seconds: expected more than 0, got 0.0"));
  }
  return ttl;
}

std::size_t Bound(const char* name, std::int64_t value) {
  if (value < 0) {
    Raise(InvalidArgument(std::string(name) + ": expected at least 0, got " +
                          std::to_string(value)));
  }
  return static_cast<std::size_t>(value);
}

std::optional<std::int64_t> ToMillis(const std::optional<Instant>& instant) {
  if (!instant.has_value()) return std::nullopt;
  return ToUnixMillis(instant->wall);
}

Subscribe SubscribeFromArguments(
    const std::string& id, const std::string& tenant,
    const std::string& collection, const SourcedFilter* filter,
    const std::optional<std::string>& expression, const py::object& where,
    std::optional<double> ttl_seconds, bool membership) {
  RaiseIfError(CheckName("id", id));
  RaiseIfError(CheckName("tenant", tenant));
  RaiseIfError(CheckCollection(collection));
  Subscribe subscribe;
  subscribe.subscription_id = id;
  subscribe.tenant = tenant;
  subscribe.collection = collection;
  subscribe.filter = FilterFromArguments(filter, expression, where);
  subscribe.ttl = TimeToLive(ttl_seconds);
  subscribe.membership = membership;
  return subscribe;
}

SubscriptionObject ToObject(const SubscribeResponse& response,
                            const std::string& gateway) {
  RaiseIfError(response.status);
  return {.id = response.subscription_id,
          .handle = response.handle.value(),
          .gateway = gateway,
          .progress = FormatProgress(response.from),
          .expires_at_ms = ToMillis(response.expires_at)};
}

}  // namespace streamer::python
