// HashIndex: from a hash to the numbers of the objects that have it.
//
// It keeps no keys: the objects do, and the caller says which of those with
// this hash is meant. Entries lie in segments of at most some 12,000 that
// grow, split and shrink one at a time (extendible hashing), so that no
// insertion ever stops to rehash a large table.
//
// Only the upper 32 bits of a hash are kept: of these the upper choose the
// segment, the lower the slot.
//
// An index that is mostly asked for what is not there can keep *bits* in front
// of the slots: eight for each slot, one of them set for every entry whose
// search begins there. They say no in one read, eleven times out of twelve.
//
// Cost: one probe; 8 bytes an entry, 9 with bits, at a load between a half and
// four fifths.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_HASH_INDEX_H_
#define STREAMER_INDEX_HASH_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace streamer {

class HashIndex {
 public:
  using Number = std::uint32_t;
  static constexpr Number kNone = ~Number{0};

  enum class Bits : std::uint8_t { kNone, kInFront };
  explicit HashIndex(Bits bits = Bits::kNone) : bits_(bits) {}

  // False when no entry has this hash; true when one may.
  [[nodiscard]] bool MayHold(std::uint64_t hash) const {
    if (size_ == 0) return false;
    if (bits_ == Bits::kNone) return true;
    const std::uint32_t tag = TagOf(hash);
    const Segment& segment = segments_[SegmentOf(tag)];
    return (segment.bits[HomeOf(tag, segment.capacity)] &
            BitOf(tag, segment.capacity)) != 0;
  }

  // The number under `hash` for which `is_meant(number)` is true, or kNone.
  template <typename IsMeant>
  Number Find(std::uint64_t hash, IsMeant is_meant) const;

  // Asks for the memory that Find will read, to look several hashes up at
  // the cost of one.
  void Prefetch(std::uint64_t hash) const {
    if (size_ == 0) return;
    const std::uint32_t tag = TagOf(hash);
    const Segment& segment = segments_[SegmentOf(tag)];
    __builtin_prefetch(&segment.slots[HomeOf(tag, segment.capacity)]);
  }

  // Of a small one, asks for all that Find reads, in two steps: the second
  // reads what the first has asked for.
  void PrefetchSmall(int step) const {
    if (step == 0) {
      __builtin_prefetch(segments_.data());
    } else if (size_ > 0) {
      __builtin_prefetch(segments_[0].slots.get());
    }
  }

  // Adds an entry. REQUIRES: number is not kNone.
  void Insert(std::uint64_t hash, Number number);

  // Removes the entry. REQUIRES: it is there.
  void Erase(std::uint64_t hash, Number number);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number_plus_one = 0;  // 0: free
  };
  struct Segment {
    std::uint32_t depth = 0;  // how many upper bits of the tag it stands for
    std::uint32_t count = 0;
    std::uint32_t capacity = 0;
    std::unique_ptr<Slot[]> slots;
    // Of each slot, which eighths of the tags at home there occur; null when
    // none are kept.
    std::unique_ptr<std::uint8_t[]> bits;
  };

  // The upper half: hashes made by multiplication are good there.
  static std::uint32_t TagOf(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  // Multiplying spreads the lower 20 bits over any capacity, so that segments
  // need not be powers of two.
  static std::uint32_t HomeOf(std::uint32_t tag, std::uint32_t capacity) {
    return static_cast<std::uint32_t>(
        (std::uint64_t{tag & 0xFFFFF} * capacity) >> 20);
  }
  static std::uint8_t BitOf(std::uint32_t tag, std::uint32_t capacity) {
    const std::uint64_t eighth =
        (std::uint64_t{tag & 0xFFFFF} * capacity) >> 17;
    return static_cast<std::uint8_t>(1u << (eighth & 7));
  }
  [[nodiscard]] std::uint32_t SegmentOf(std::uint32_t tag) const {
    // Of a small one there is one segment, and no second place to wait for.
    if (depth_ == 0) return 0;
    return directory_[tag >> (32 - depth_)];
  }

  static void Place(Segment& segment, Slot slot);
  void Resize(Segment& segment, std::uint32_t capacity) const;
  void Split(std::uint32_t segment_index);
  static void CloseGap(Segment& segment, std::uint32_t gap);
  static void ClearBit(Segment& segment, std::uint32_t tag);

  std::vector<Segment> segments_;
  std::vector<std::uint32_t> directory_;  // by the upper depth_ bits of a tag
  std::uint32_t depth_ = 0;
  Bits bits_ = Bits::kNone;
  std::size_t size_ = 0;
};

// Implementation details follow.

template <typename IsMeant>
HashIndex::Number HashIndex::Find(std::uint64_t hash, IsMeant is_meant) const {
  if (size_ == 0) return kNone;
  const std::uint32_t tag = TagOf(hash);
  const Segment& segment = segments_[SegmentOf(tag)];
  const Slot* slots = segment.slots.get();
  std::uint32_t place = HomeOf(tag, segment.capacity);
  while (slots[place].number_plus_one != 0) {
    if (slots[place].tag == tag && is_meant(slots[place].number_plus_one - 1)) {
      return slots[place].number_plus_one - 1;
    }
    if (++place == segment.capacity) place = 0;
  }
  return kNone;
}

}  // namespace streamer

#endif  // STREAMER_INDEX_HASH_INDEX_H_
