// The Python class Subscription: what subscribing answered, in process and by
// the service. `_core` defines it; `_client` makes objects of it.
#ifndef STREAMER_PYTHON_SUBSCRIPTION_OBJECT_H_
#define STREAMER_PYTHON_SUBSCRIPTION_OBJECT_H_

#include <cstdint>
#include <optional>
#include <string>

namespace streamer::python {

struct SubscriptionObject {
  std::string id;
  std::uint64_t handle = 0;
  std::string gateway;
  std::string progress;
  std::optional<std::int64_t> expires_at_ms;
};

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_SUBSCRIPTION_OBJECT_H_
