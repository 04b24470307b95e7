#include "core/internal/lingering.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace streamer::internal {
namespace {

// None of the parts but the last can hold a line feed.
template <typename Asked>
std::string KeyOf(const Asked& asked) {
  const std::string_view id = asked.subscription_id;
  const std::string_view tenant = asked.tenant;
  const std::string_view collection = asked.collection;
  const std::string_view filter = asked.filter->canonical_key();
  std::string key(1, asked.membership ? 'm' : '-');
  key.reserve(id.size() + tenant.size() + collection.size() + filter.size() +
              5);
  for (const std::string_view part : {id, tenant, collection, filter}) {
    key.append(part).push_back('\n');
  }
  return key;
}

}  // namespace

void Lingering::Keep(const Subscription& ended, Position after,
                     MonotonicTime now) {
  if (bounds_.linger <= Duration::zero()) return;
  std::string key = KeyOf(ended);
  const std::uint64_t number = ++last_number_;
  order_.emplace_back(number, key);
  kept_.insert_or_assign(std::move(key),
                         Kept{after, now + bounds_.linger, number});
  while (order_.size() > bounds_.remembered) ForgetFirst();
}

std::optional<Position> Lingering::Find(const Subscribe& subscribe,
                                        MonotonicTime now) const {
  if (kept_.empty()) return std::nullopt;
  const auto found = kept_.find(KeyOf(subscribe));
  if (found == kept_.end() || found->second.until <= now) return std::nullopt;
  return found->second.after;
}

void Lingering::Forget(const Subscribe& subscribe) {
  if (!kept_.empty()) kept_.erase(KeyOf(subscribe));
}

void Lingering::GoOnAfter(Position place) {
  for (auto& [key, kept] : kept_) {
    if (kept.after.offset < place.offset) kept.after = place;
  }
}

void Lingering::Expire(MonotonicTime now) {
  while (!order_.empty()) {
    const auto first = FindFirst();
    if (first != kept_.end() && first->second.until > now) return;
    ForgetFirst();
  }
}

void Lingering::ForgetFirst() {
  const auto first = FindFirst();
  if (first != kept_.end()) kept_.erase(first);
  order_.pop_front();
}

// None if it was forgotten, or kept again since then under the same key.
TextMap<Lingering::Kept>::iterator Lingering::FindFirst() {
  const auto& [number, key] = order_.front();
  const auto found = kept_.find(key);
  const bool is_it = found != kept_.end() && found->second.number == number;
  return is_it ? found : kept_.end();
}

}  // namespace streamer::internal
