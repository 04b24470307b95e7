// Sinks: which sink belongs to which gateway, and handing effects to them.
//
// Thread-safety: Add and Remove from any thread; Dispatch from one. A sink is
// called without any lock held, so it may call back into the engine.
#ifndef STREAMER_RUNTIME_INTERNAL_SINKS_H_
#define STREAMER_RUNTIME_INTERNAL_SINKS_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "core/effects.h"
#include "runtime/engine.h"

namespace streamer::internal {

class Sinks {
 public:
  void Add(GatewayHandle gateway, std::shared_ptr<GatewaySink> sink);
  // The sink is released once a Dispatch under way is done with it.
  void Remove(GatewayHandle gateway);

  // Hands each gateway its effects, in order, in one call; gateways in the
  // order of their first effect. Empties `effects`.
  void Dispatch(std::vector<Effect>& effects);

 private:
  struct Group {
    GatewayHandle gateway;
    std::vector<GatewayEffect> effects;
  };
  std::shared_ptr<GatewaySink> Find(GatewayHandle gateway) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  absl::flat_hash_map<GatewayHandle, std::shared_ptr<GatewaySink>> sinks_;

  // Scratch of Dispatch, kept for its memory.
  std::vector<Group> groups_;
  absl::flat_hash_map<GatewayHandle, std::size_t> places_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_SINKS_H_
