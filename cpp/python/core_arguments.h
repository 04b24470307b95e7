// What calls on a Core and on its sessions are given, checked.
#ifndef STREAMER_PYTHON_CORE_ARGUMENTS_H_
#define STREAMER_PYTHON_CORE_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <pybind11/pybind11.h>

#include "base/time.h"
#include "core/commands.h"
#include "core/effects.h"
#include "python/bindings.h"
#include "python/subscription_object.h"

namespace streamer::python {

// Calls `call` without the GIL, which is what takes the core's mutex.
template <typename Call>
auto WithoutGil(const Call& call) {
  const pybind11::gil_scoped_release release;
  return call();
}

// Each raises InvalidArgument, naming the argument.
Duration Seconds(const char* name, double seconds);
std::optional<Duration> TimeToLive(std::optional<double> seconds);
std::size_t Bound(const char* name, std::int64_t value);
Subscribe SubscribeFromArguments(
    const std::string& id, const std::string& tenant,
    const std::string& collection, const SourcedFilter* filter,
    const std::optional<std::string>& expression, const pybind11::object& where,
    std::optional<double> ttl_seconds, bool membership);

// Unix time; None for none.
std::optional<std::int64_t> ToMillis(const std::optional<Instant>& instant);
// Raises what the answer says.
SubscriptionObject ToObject(const SubscribeResponse& response,
                            const std::string& gateway);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_CORE_ARGUMENTS_H_
