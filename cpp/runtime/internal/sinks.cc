#include "runtime/internal/sinks.h"

#include <utility>

namespace streamer::internal {

void Sinks::Add(GatewayHandle gateway, std::shared_ptr<GatewaySink> sink) {
  std::lock_guard lock(mutex_);
  sinks_.insert_or_assign(gateway, std::move(sink));
}

void Sinks::Remove(GatewayHandle gateway) {
  std::shared_ptr<GatewaySink> removed;  // destroyed after the lock is gone
  std::lock_guard lock(mutex_);
  auto found = sinks_.find(gateway);
  if (found == sinks_.end()) return;
  removed = std::move(found->second);
  sinks_.erase(found);
}

void Sinks::Dispatch(std::vector<Effect>& effects) {
  groups_.clear();
  places_.clear();
  for (Effect& effect : effects) {
    // Most batches are of few gateways, and neighbours go to the same one.
    if (groups_.empty() || groups_.back().gateway != effect.gateway) {
      std::size_t place =
          places_.try_emplace(effect.gateway, groups_.size()).first->second;
      if (place == groups_.size()) {
        groups_.push_back({effect.gateway, {}});
        // Once, for the one gateway that most batches are of.
        if (place == 0) groups_.front().effects.reserve(effects.size());
      }
      groups_[place].effects.push_back(std::move(effect.what));
    } else {
      groups_.back().effects.push_back(std::move(effect.what));
    }
  }
  effects.clear();
  for (Group& group : groups_) {
    if (auto sink = Find(group.gateway)) {
      sink->OnEffects(std::move(group.effects));
    }
  }
}

std::shared_ptr<GatewaySink> Sinks::Find(GatewayHandle gateway) const {
  std::lock_guard lock(mutex_);
  auto found = sinks_.find(gateway);
  return found == sinks_.end() ? nullptr : found->second;
}

}  // namespace streamer::internal
