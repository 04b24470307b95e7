#include "core/internal/membership_memory.h"

#include <utility>

namespace streamer::internal {

const MembershipMemory::Remembered* MembershipMemory::Find(
    std::uint64_t collection, std::string_view document, std::uint64_t number,
    std::uint64_t valid_from) {
  const Remembered* found = documents_.Find(KeyOf(collection, document));
  if (found == nullptr || found->number < valid_from ||
      IsOver(*found, number)) {
    return nullptr;
  }
  return found;
}

void MembershipMemory::Put(std::uint64_t collection, std::string_view document,
                           std::uint64_t number, SubscriptionHandle newest,
                           std::span<const std::uint32_t> slots) {
  while (documents_.size() > 0 && IsOver(*documents_.Oldest(), number)) {
    documents_.RemoveOldest();
  }
  Remembered added{.number = number, .newest = newest, .slots = {}};
  for (std::uint32_t slot : slots) {
    if (slot / 64 >= added.slots.size()) added.slots.resize(slot / 64 + 1);
    added.slots[slot / 64] |= std::uint64_t{1} << (slot % 64);
  }
  documents_.Put(KeyOf(collection, document), std::move(added));
}

void MembershipMemory::Forget(std::uint64_t collection,
                              std::string_view document) {
  if (documents_.size() > 0) documents_.Remove(KeyOf(collection, document));
}

std::string_view MembershipMemory::KeyOf(std::uint64_t collection,
                                         std::string_view document) {
  key_.assign(reinterpret_cast<const char*>(&collection), sizeof(collection));
  key_.append(document);
  return key_;
}

}  // namespace streamer::internal
