// SegmentedMap: a hash map in segments that grow singly.
//
// A hash table that doubles moves all of its entries, and with a million of
// them the whole stage stops for it. Here each segment holds one part of the
// hash values and grows on its own.
//
// Pointers to values do not survive an insertion. There is no iteration: no
// effect may follow the order of a hash table.
// Cost: as a flat hash map; a few kilobytes when empty.
// Thread-safety: none.
#ifndef STREAMER_CORE_INTERNAL_SEGMENTED_MAP_H_
#define STREAMER_CORE_INTERNAL_SEGMENTED_MAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/hash.h"
#include "base/ids.h"

namespace streamer::internal {

// `Hash` must mix well: the top bits choose the segment, the low ones the
// place in it.
template <typename Key, typename T, typename Hash,
          typename Equal = std::equal_to<>>
class SegmentedMap {
 public:
  template <typename K>
  [[nodiscard]] T* Find(const K& key) {
    Segment& segment = SegmentOf(key);
    auto found = segment.find(key);
    return found == segment.end() ? nullptr : &found->second;
  }
  template <typename K>
  [[nodiscard]] const T* Find(const K& key) const {
    return const_cast<SegmentedMap*>(this)->Find(key);
  }

  // The value under `key`, which is made if there is none.
  template <typename K = Key>
  T& At(K&& key) {
    Segment& segment = SegmentOf(key);
    return segment.try_emplace(std::forward<K>(key)).first->second;
  }

  // Whether there was one.
  template <typename K>
  bool Erase(const K& key) {
    Segment& segment = SegmentOf(key);
    auto found = segment.find(key);
    if (found == segment.end()) return false;
    segment.erase(found);
    return true;
  }

 private:
  using Segment = absl::flat_hash_map<Key, T, Hash, Equal>;
  static constexpr int kSegmentBits = 6;

  template <typename K>
  Segment& SegmentOf(const K& key) {
    std::uint64_t hash = Hash()(key);
    return segments_[hash >> (64 - kSegmentBits)];
  }

  std::array<Segment, std::size_t{1} << kSegmentBits> segments_;
};

// Of ids that count up: neighbours go to different segments.
struct IdHash {
  template <typename Tag>
  std::size_t operator()(Id<Tag> id) const {
    return MixHash(0x5bd1e995u, id.value());
  }
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SEGMENTED_MAP_H_
