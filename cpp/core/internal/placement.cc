#include "core/internal/placement.h"

#include <algorithm>

#include "base/hash.h"

namespace streamer::internal {
namespace {

// A slice passes over more subscriptions than it moves, because those of other
// collections stand in between.
constexpr std::size_t kPassedForEachMoved = 16;

// The index of a shard hashes the same text: with its seed, all entries of a
// shard would agree in some bits.
constexpr std::uint64_t kSpreadSeed = 0x73707265'61640001;

}  // namespace

std::size_t Placement::Add(const Subscription& added,
                           const Registry& registry) {
  if (shards_ == 1) return 0;
  const Name name{added.tenant, added.collection};
  auto split = Find(name);
  if (split == splits_.end()) {
    const std::size_t count = registry.CountOf(name.tenant, name.collection);
    if (count > options_.above) split = Begin(added, count - 1);
  }
  newest_ = added.handle;
  if (split == splits_.end()) return HomeOf(name);
  const std::size_t shard = ShardOf(added, split->second);
  ++split->second.counts[shard];
  ++split->second.total;
  return shard;
}

std::size_t Placement::Remove(const Subscription& removed) {
  if (shards_ == 1) return 0;
  const auto found = Find({removed.tenant, removed.collection});
  if (found == splits_.end()) {
    return HomeOf({removed.tenant, removed.collection});
  }
  Split& split = found->second;
  const std::size_t shard = ShardOf(removed, split);
  --split.counts[shard];
  --split.total;
  if (split.total == 0) {
    std::erase(moving_, found);
    splits_.erase(found);
  } else if (!split.is_moving() && IsTooSmall(split)) {
    BeginMove(found, false);
  }
  return shard;
}

std::span<const std::size_t> Placement::ShardsOf(std::string_view tenant,
                                                 std::string_view collection) {
  found_.clear();
  const auto split = Find({tenant, collection});
  if (split == splits_.end()) {
    found_.push_back(HomeOf({tenant, collection}));
    return found_;
  }
  for (std::size_t shard = 0; shard < shards_; ++shard) {
    if (split->second.counts[shard] > 0) found_.push_back(shard);
  }
  return found_;
}

std::vector<Placement::Move> Placement::TakeSlice(const Registry& registry) {
  std::vector<Move> moves;
  if (moving_.empty()) return moves;
  auto& [name, split] = *moving_.front();
  const std::size_t most = options_.slice * kPassedForEachMoved;
  const std::vector<const Subscription*> next =
      registry.List(split.moved, most);
  std::size_t passed = 0;
  while (passed < next.size() && next[passed]->handle <= split.newest &&
         moves.size() < options_.slice) {
    const Subscription& subscription = *next[passed++];
    split.moved = subscription.handle;
    if (subscription.collection == name.collection &&
        subscription.tenant == name.tenant) {
      MoveToAim(subscription, split, moves);
    }
  }
  const bool has_more = passed < next.size()
                            ? next[passed]->handle <= split.newest
                            : next.size() == most;
  if (!has_more || !split.is_moving()) EndMove();
  return moves;
}

void Placement::MoveToAim(const Subscription& subscription, Split& split,
                          std::vector<Move>& moves) const {
  const std::size_t from = ShardOf(subscription, !split.is_spread);
  const std::size_t to = ShardOf(subscription, split.is_spread);
  if (from == to) return;
  --split.counts[from];
  ++split.counts[to];
  moves.push_back({&subscription, from, to});
}

std::size_t Placement::HomeOf(Name name) const {
  if (shards_ == 1) return 0;
  return HashBytes(name.collection, HashBytes(name.tenant)) % shards_;
}

std::size_t Placement::ShardOf(const Subscription& subscription,
                               bool is_spread) const {
  if (!is_spread || subscription.membership) {
    return HomeOf({subscription.tenant, subscription.collection});
  }
  return HashBytes(subscription.filter->canonical_key(), kSpreadSeed) % shards_;
}

std::size_t Placement::ShardOf(const Subscription& subscription,
                               const Split& split) const {
  const bool is_left =
      split.moved < subscription.handle && subscription.handle <= split.newest;
  return ShardOf(subscription, split.is_spread != is_left);
}

Placement::Splits::iterator Placement::Find(Name name) {
  return splits_.empty() ? splits_.end() : splits_.find(name);
}

// Of a collection with `others` at home, beside the one that is new.
Placement::Splits::iterator Placement::Begin(const Subscription& added,
                                             std::size_t others) {
  Split split;
  split.counts.resize(shards_);
  split.counts[HomeOf({added.tenant, added.collection})] = others;
  split.total = others;
  const auto at =
      splits_.emplace(OwnName{added.tenant, added.collection}, std::move(split))
          .first;
  BeginMove(at, true);
  return at;
}

void Placement::BeginMove(Splits::iterator at, bool is_spread) {
  Split& split = at->second;
  split.is_spread = is_spread;
  split.moved = SubscriptionHandle();
  split.newest = newest_;
  if (split.is_moving()) moving_.push_back(at);
}

void Placement::EndMove() {
  const auto ended = moving_.front();
  moving_.pop_front();
  Split& split = ended->second;
  split.moved = split.newest;
  if (!split.is_spread) {
    splits_.erase(ended);
  } else if (IsTooSmall(split)) {
    BeginMove(ended, false);
  }
}

}  // namespace streamer::internal
