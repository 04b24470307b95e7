#include "core/internal/memberships.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "match/match_input.h"

namespace streamer::internal {
namespace {

constexpr SubscriptionHandle kEvery(std::numeric_limits<std::uint64_t>::max());

// A tombstone that was inserted is no DELETE, but nothing is there either.
bool IsGone(const ChangeEvent& event) {
  return event.operation == Operation::kDelete || event.source->is_deleted;
}

bool WasGone(const EventBody& body) {
  const Value* deleted = body.before().map().Find("deleted");
  return deleted != nullptr && deleted->is_true();
}

bool Contains(std::span<const SubscriptionHandle> ascending,
              SubscriptionHandle handle) {
  return std::binary_search(ascending.begin(), ascending.end(), handle);
}

}  // namespace

Memberships::Memberships(cel::Units evaluation_budget,
                         const MembershipOptions& options)
    : options_(options),
      matcher_(evaluation_budget),
      memory_(options.remembered_documents) {}

void Memberships::Add(SubscriptionHandle handle, std::string_view tenant,
                      std::string_view collection,
                      std::shared_ptr<const Filter> filter) {
  std::unique_ptr<Collection>& place =
      collections_.At(std::string(KeyOf(tenant, collection, key_)));
  if (place == nullptr) {
    place = std::make_unique<Collection>();
    place->number = ++last_number_;
    place->key = key_;
  }
  Collection& added_to = *place;
  if (added_to.free_slots.empty()) {
    added_to.free_slots.insert(
        static_cast<std::uint32_t>(added_to.handle_of_slot.size()));
    added_to.handle_of_slot.emplace_back();
  }
  const auto lowest = added_to.free_slots.begin();
  const std::uint32_t slot = *lowest;
  added_to.free_slots.erase(lowest);
  added_to.handle_of_slot[slot] = handle;
  added_to.slot_of_handle.emplace(handle, slot);
  collection_of_.At(handle) = &added_to;
  matcher_.Add(handle, tenant, collection, std::move(filter));
}

void Memberships::Remove(SubscriptionHandle handle) {
  Collection** const found = collection_of_.Find(handle);
  if (found == nullptr) return;
  Collection& collection = **found;
  collection_of_.Erase(handle);
  matcher_.Remove(handle);
  const auto at = collection.slot_of_handle.find(handle);
  collection.handle_of_slot[at->second] = SubscriptionHandle();
  collection.free_slots.insert(at->second);
  collection.slot_of_handle.erase(at);
  if (!collection.slot_of_handle.empty()) return;
  const std::string key = std::move(collection.key);
  collections_.Erase(key);
  if (is_empty()) memory_.Clear();
}

bool Memberships::HasCollection(std::string_view tenant,
                                std::string_view collection) const {
  return !is_empty() && Find(tenant, collection) != nullptr;
}

const Memberships::Found& Memberships::Match(const ChangeEvent& event,
                                             const EventBody& body,
                                             const MembershipWork& work) {
  found_.handles.clear();
  found_.memberships.clear();
  found_.over_budget.clear();
  const Collection* collection = Find(event.tenant(), event.collection());
  if (collection == nullptr) return found_;
  before_.over_budget.clear();
  after_.over_budget.clear();
  const std::span<const SubscriptionHandle> after = FindAfter(event, body);
  const Before before = FindBefore(event, body, work, *collection);
  NoteOverBudget();
  TellKnown(after, before);
  TellUnknown(after, before, *collection);
  if (!work.is_past) Remember(event, work, *collection);
  return found_;
}

std::vector<SubscriptionHandle> Memberships::Forget(
    const ChangeEvent& event, const MembershipWork& work) {
  std::vector<SubscriptionHandle> handles;
  const Collection* collection = Find(event.tenant(), event.collection());
  if (collection == nullptr) return handles;
  if (!work.is_past) {
    memory_.Forget(collection->number, event.document_id());
  }
  for (const auto& [handle, slot] : collection->slot_of_handle) {
    handles.push_back(handle);
  }
  return handles;
}

Memberships::Collection* Memberships::Find(std::string_view tenant,
                                           std::string_view collection) const {
  const std::unique_ptr<Collection>* found =
      collections_.Find(KeyOf(tenant, collection, key_));
  return found == nullptr ? nullptr : found->get();
}

std::span<const SubscriptionHandle> Memberships::FindAfter(
    const ChangeEvent& event, const EventBody& body) {
  after_.matches.clear();
  if (IsGone(event)) return {};
  return matcher_.Match(MakeMatchInput(event, body), after_);
}

Memberships::Before Memberships::FindBefore(const ChangeEvent& event,
                                            const EventBody& body,
                                            const MembershipWork& work,
                                            const Collection& collection) {
  if (!body.before().is(ValueKind::kNull)) return MatchImage(event, body);
  if (work.is_past) return {};
  if (event.operation == Operation::kInsert) {
    return {.in = {}, .known_upto = kEvery};
  }
  const MembershipMemory::Remembered* remembered =
      memory_.Find(collection.number, event.document_id(), work.number,
                   work.remembered_from);
  if (remembered == nullptr) return {};
  return Recall(*remembered, collection);
}

Memberships::Before Memberships::MatchImage(const ChangeEvent& event,
                                            const EventBody& body) {
  Before before{.in = {}, .known_upto = kEvery};
  if (WasGone(body)) return before;
  arena_.Reset();
  before.in = matcher_.Match(MakeBeforeInput(event, body, arena_), before_);
  return before;
}

// The slot of one that has ended is free, or another's, which is newer.
Memberships::Before Memberships::Recall(
    const MembershipMemory::Remembered& remembered,
    const Collection& collection) {
  recalled_.clear();
  remembered.ForEachSlot([&](std::uint32_t slot) {
    const SubscriptionHandle handle = collection.handle_of_slot[slot];
    if (handle != SubscriptionHandle() && handle <= remembered.newest) {
      recalled_.push_back(handle);
    }
  });
  std::sort(recalled_.begin(), recalled_.end());
  return {.in = recalled_, .known_upto = remembered.newest};
}

void Memberships::Remember(const ChangeEvent& event, const MembershipWork& work,
                           const Collection& collection) {
  const bool is_kept =
      work.number != 0 &&
      collection.slot_of_handle.size() <= options_.remembered_subscriptions;
  if (!is_kept) {
    return memory_.Forget(collection.number, event.document_id());
  }
  slots_.clear();
  for (SubscriptionHandle handle : after_.matches) {
    slots_.push_back(collection.slot_of_handle.at(handle));
  }
  memory_.Put(collection.number, event.document_id(), work.number,
              collection.slot_of_handle.rbegin()->first, slots_);
}

void Memberships::NoteOverBudget() {
  std::vector<SubscriptionHandle>& over = found_.over_budget;
  std::set_union(after_.over_budget.begin(), after_.over_budget.end(),
                 before_.over_budget.begin(), before_.over_budget.end(),
                 std::back_inserter(over));
}

void Memberships::Tell(SubscriptionHandle handle, Membership membership) {
  if (Contains(found_.over_budget, handle)) return;
  found_.handles.push_back(handle);
  found_.memberships.push_back(membership);
}

void Memberships::TellKnown(std::span<const SubscriptionHandle> after,
                            const Before& before) {
  auto in = before.in.begin();
  const auto leave_below = [&](SubscriptionHandle handle) {
    for (; in != before.in.end() && *in < handle; ++in) {
      Tell(*in, Membership::kLeft);
    }
  };
  for (SubscriptionHandle handle : after) {
    if (handle > before.known_upto) break;
    leave_below(handle);
    const bool was_in = in != before.in.end() && *in == handle;
    if (was_in) ++in;
    Tell(handle, was_in ? Membership::kChanged : Membership::kEntered);
  }
  leave_below(kEvery);
}

void Memberships::TellUnknown(std::span<const SubscriptionHandle> after,
                              const Before& before,
                              const Collection& collection) {
  if (before.known_upto == kEvery) return;
  auto at = collection.slot_of_handle.upper_bound(before.known_upto);
  for (; at != collection.slot_of_handle.end(); ++at) {
    Tell(at->first, Contains(after, at->first) ? Membership::kUnknownIn
                                               : Membership::kUnknownOut);
  }
}

// The length in front keeps ("a", "bc") and ("ab", "c") apart.
std::string_view Memberships::KeyOf(std::string_view tenant,
                                    std::string_view collection,
                                    std::string& key) {
  const std::size_t size = tenant.size();
  key.assign(reinterpret_cast<const char*>(&size), sizeof(size));
  key.append(tenant).append(collection);
  return key;
}

}  // namespace streamer::internal
