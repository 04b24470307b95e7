// Placement: which shard holds each subscription.
//
// The subscriptions of a collection are together on its *home* shard, which
// its name decides. When they become too many, the collection is *split*:
// each goes to the shard that its canonical filter decides, so that equal
// filters still share one entry. Far fewer, and they come together again.
// Those that ask for membership stay at home, and with them what is remembered
// for them.
//
// Nothing moves at once. A move passes over the registry in order of handle,
// a slice at a time; behind the place it has come to, and past the newest
// handle when it began, everything is where it should be, in between where it
// was. So the shard of a subscription follows from its handle, its filter and
// its collection, and is written down nowhere. A move that has begun is ended
// before the next of the same collection.
//
// Invariant: a subscription is on exactly one shard, the one that the calls
// here named last; what they name depends on the order of the calls alone.
// Cost: of a collection that is not split, a look-up; none with one shard. A
// slice looks at a bounded number of subscriptions, whatever is stored.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_PLACEMENT_H_
#define STREAMER_CORE_INTERNAL_PLACEMENT_H_

#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "core/options.h"
#include "core/registry.h"

namespace streamer::internal {

class Placement {
 public:
  struct Move {
    const Subscription* subscription = nullptr;
    std::size_t from = 0;
    std::size_t to = 0;
  };

  // REQUIRES: at least one shard.
  Placement(std::size_t shards, const SplitOptions& options)
      : shards_(shards), options_(options) {}

  // The shard for a subscription that `registry` has just added.
  std::size_t Add(const Subscription& added, const Registry& registry);
  // The shard of one that it has just removed.
  std::size_t Remove(const Subscription& removed);

  // The shards that hold subscriptions of the collection, ascending; valid
  // until the next call. REQUIRES: it has some.
  std::span<const std::size_t> ShardsOf(std::string_view tenant,
                                        std::string_view collection);

  // The next slice of what has to move, as of now; the pointers are into
  // `registry`. Usually empty.
  std::vector<Move> TakeSlice(const Registry& registry);

 private:
  struct Name {
    std::string_view tenant;
    std::string_view collection;
  };
  struct OwnName {
    std::string tenant;
    std::string collection;
  };
  struct NameLess {
    using is_transparent = void;
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const {
      const int order = left.tenant.compare(right.tenant);
      return order != 0 ? order < 0 : left.collection < right.collection;
    }
  };
  struct Split {
    bool is_spread = false;  // the aim: on all shards, or at home
    // Handles above `moved` up to `newest` are still placed by the other aim.
    SubscriptionHandle moved;
    SubscriptionHandle newest;
    std::vector<std::size_t> counts;  // subscriptions by shard
    std::size_t total = 0;

    [[nodiscard]] bool is_moving() const { return moved < newest; }
  };
  using Splits = std::map<OwnName, Split, NameLess>;

  [[nodiscard]] std::size_t HomeOf(Name name) const;
  [[nodiscard]] std::size_t ShardOf(const Subscription& subscription,
                                    bool is_spread) const;
  [[nodiscard]] std::size_t ShardOf(const Subscription& subscription,
                                    const Split& split) const;
  [[nodiscard]] Splits::iterator Find(Name name);
  Splits::iterator Begin(const Subscription& added, std::size_t others);
  void BeginMove(Splits::iterator at, bool is_spread);
  void EndMove();
  [[nodiscard]] bool IsTooSmall(const Split& split) const {
    return split.is_spread && split.total < (options_.above + 1) / 2;
  }
  void MoveToAim(const Subscription& subscription, Split& split,
                 std::vector<Move>& moves) const;

  const std::size_t shards_;
  const SplitOptions options_;
  SubscriptionHandle newest_;  // of those added
  Splits splits_;
  std::deque<Splits::iterator> moving_;  // the first is at work
  std::vector<std::size_t> found_;       // what ShardsOf returned
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_PLACEMENT_H_
