// Memberships: the membership subscriptions of one shard, and what an event
// does to the documents that each of them sees.
//
// A document is in a subscription when the filter holds and it is not deleted.
// What it was before the event is told, exactly, by the before-image; by the
// event itself when it is an insert; else by a bounded memory of what the last
// event left, for the subscriptions that were there then. For the others it is
// unknown, and each of them is told so, whether the filter holds now or not. Of
// a past event only the before-image tells.
//
// They have a matcher of their own: the before-image is matched against them
// alone, and events of collections without any pay nothing for them.
//
// Invariant: a subscription is not told of an event only if its document is
// known not to have been in it before, and is not in it now.
// Cost: of an event, one or two matches; of one whose document is not
// remembered, all membership subscriptions of its collection.
// Thread-safety: none; owned by one shard.
#ifndef STREAMER_CORE_INTERNAL_MEMBERSHIPS_H_
#define STREAMER_CORE_INTERNAL_MEMBERSHIPS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/ids.h"
#include "core/internal/membership_memory.h"
#include "core/internal/segmented_map.h"
#include "core/membership.h"
#include "core/options.h"
#include "core/sequenced.h"
#include "event/body.h"
#include "event/change_event.h"
#include "match/matcher.h"

namespace streamer::internal {

class Memberships {
 public:
  Memberships(cel::Units evaluation_budget, const MembershipOptions& options);

  // REQUIRES: handles ascend.
  void Add(SubscriptionHandle handle, std::string_view tenant,
           std::string_view collection, std::shared_ptr<const Filter> filter);
  // One that is not there is ignored.
  void Remove(SubscriptionHandle handle);

  [[nodiscard]] bool is_empty() const { return matcher_.size() == 0; }
  [[nodiscard]] bool HasCollection(std::string_view tenant,
                                   std::string_view collection) const;

  struct Found {
    // Of those that the event is for, ascending, and what it did to each.
    std::vector<SubscriptionHandle> handles;
    std::vector<Membership> memberships;
    // Ascending. These may have missed it, and are to be removed.
    std::vector<SubscriptionHandle> over_budget;
  };
  // REQUIRES: `body` is the body of `event`. Valid until the next call.
  const Found& Match(const ChangeEvent& event, const EventBody& body,
                     const MembershipWork& work);

  // The event could not be read: what it did to its document is not known. The
  // subscriptions of its collection, ascending.
  std::vector<SubscriptionHandle> Forget(const ChangeEvent& event,
                                         const MembershipWork& work);

  [[nodiscard]] const MatchStatistics& statistics() const {
    return matcher_.statistics();
  }
  [[nodiscard]] std::size_t filter_count() const {
    return matcher_.filter_count();
  }
  [[nodiscard]] std::size_t remembered() const { return memory_.size(); }

 private:
  struct Collection {
    std::uint64_t number = 0;  // never used again
    std::string key;
    absl::btree_map<SubscriptionHandle, std::uint32_t> slot_of_handle;
    std::vector<SubscriptionHandle> handle_of_slot;  // 0: free
    // The lowest is given first: what is remembered of a document stays short.
    absl::btree_set<std::uint32_t> free_slots;
  };
  // What is known of the document before the event.
  struct Before {
    std::span<const SubscriptionHandle> in;  // ascending
    // About later subscriptions, nothing is.
    SubscriptionHandle known_upto;
  };

  Collection* Find(std::string_view tenant, std::string_view collection) const;
  std::span<const SubscriptionHandle> FindAfter(const ChangeEvent& event,
                                                const EventBody& body);
  Before FindBefore(const ChangeEvent& event, const EventBody& body,
                    const MembershipWork& work, const Collection& collection);
  Before MatchImage(const ChangeEvent& event, const EventBody& body);
  Before Recall(const MembershipMemory::Remembered& remembered,
                const Collection& collection);
  void Remember(const ChangeEvent& event, const MembershipWork& work,
                const Collection& collection);
  void NoteOverBudget();
  void Tell(SubscriptionHandle handle, Membership membership);
  void TellKnown(std::span<const SubscriptionHandle> after,
                 const Before& before);
  void TellUnknown(std::span<const SubscriptionHandle> after,
                   const Before& before, const Collection& collection);
  static std::string_view KeyOf(std::string_view tenant,
                                std::string_view collection, std::string& key);

  const MembershipOptions options_;
  Matcher matcher_;
  MembershipMemory memory_;
  std::uint64_t last_number_ = 0;
  SegmentedMap<std::string, std::unique_ptr<Collection>, TextHash> collections_;
  SegmentedMap<SubscriptionHandle, Collection*, IdHash> collection_of_;

  // Scratch of Match, kept for its memory.
  Arena arena_;
  MatchScratch after_;
  MatchScratch before_;
  std::vector<SubscriptionHandle> recalled_;
  std::vector<std::uint32_t> slots_;
  mutable std::string key_;
  Found found_;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_MEMBERSHIPS_H_
