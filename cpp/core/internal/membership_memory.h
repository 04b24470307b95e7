// MembershipMemory: which membership subscriptions the last event of each
// document left it in, for sources that do not say what a document was before.
//
// Bounded by a window over the events that are remembered, which the sequencer
// numbers over all shards: what is forgotten follows from the numbers, so that
// it does not show how many shards there are. It is never saved.
//
// Subscriptions are slots, bits of a set. A slot may pass to a later
// subscription: the caller asks only for those that were there already when
// the document was remembered (`newest`).
//
// Invariant: never more documents than the window.
// Cost: a look-up or two per call; some 150 bytes for each document, and a bit
// for each slot up to the highest that holds it.
// Thread-safety: none; owned by a shard.
#ifndef STREAMER_CORE_INTERNAL_MEMBERSHIP_MEMORY_H_
#define STREAMER_CORE_INTERNAL_MEMBERSHIP_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "event/recent_map.h"

namespace streamer::internal {

class MembershipMemory {
 public:
  struct Remembered {
    std::uint64_t number = 0;   // of the event
    SubscriptionHandle newest;  // of the collection, at that event
    std::vector<std::uint64_t> slots;

    template <typename Visit>
    void ForEachSlot(const Visit& visit) const {
      for (std::size_t word = 0; word < slots.size(); ++word) {
        for (std::uint64_t left = slots[word]; left != 0; left &= left - 1) {
          visit(static_cast<std::uint32_t>(
              word * 64 + static_cast<std::size_t>(__builtin_ctzll(left))));
        }
      }
    }
  };

  // `window`: an event is remembered until so many later ones have been.
  explicit MembershipMemory(std::size_t window)
      : window_(window), documents_(window) {}

  // What is remembered of the document at event `number`, and not void because
  // events after `valid_from` are missing. Valid until the next call.
  // `collection` tells collections apart, and is never used again for another.
  const Remembered* Find(std::uint64_t collection, std::string_view document,
                         std::uint64_t number, std::uint64_t valid_from);

  // REQUIRES: numbers ascend.
  void Put(std::uint64_t collection, std::string_view document,
           std::uint64_t number, SubscriptionHandle newest,
           std::span<const std::uint32_t> slots);

  void Forget(std::uint64_t collection, std::string_view document);
  void Clear() { documents_ = RecentMap<Remembered>(window_); }

  [[nodiscard]] std::size_t size() const { return documents_.size(); }

 private:
  std::string_view KeyOf(std::uint64_t collection, std::string_view document);
  [[nodiscard]] bool IsOver(const Remembered& one, std::uint64_t number) const {
    return one.number + window_ <= number;
  }

  const std::size_t window_;
  RecentMap<Remembered> documents_;
  std::string key_;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_MEMBERSHIP_MEMORY_H_
