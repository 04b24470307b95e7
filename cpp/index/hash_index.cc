#include "index/hash_index.h"

#include <algorithm>
#include <utility>

namespace streamer {
namespace {

constexpr std::uint32_t kSmallestCapacity = 4;
constexpr std::uint32_t kLargestCapacity = 16 * 1024;
// With 12 bits for the segment and 20 for the slot, no bit serves both.
constexpr std::uint32_t kLargestDepth = 12;

bool IsFull(std::uint32_t count, std::uint32_t capacity) {
  return count * 5 >= capacity * 4;
}
bool IsSparse(std::uint32_t count, std::uint32_t capacity) {
  return capacity > kSmallestCapacity && count * 4 < capacity;
}
std::uint32_t CapacityFor(std::uint32_t count) {
  return std::max(kSmallestCapacity, count + count / 2 + 2);
}

}  // namespace

void HashIndex::Insert(std::uint64_t hash, Number number) {
  if (segments_.empty()) {
    segments_.emplace_back();
    directory_.push_back(0);
    Resize(segments_.front(), kSmallestCapacity);
  }
  const std::uint32_t tag = TagOf(hash);
  while (true) {
    const std::uint32_t index = SegmentOf(tag);
    Segment& segment = segments_[index];
    if (!IsFull(segment.count + 1, segment.capacity)) break;
    if (segment.capacity < kLargestCapacity || segment.depth == kLargestDepth) {
      Resize(segment, CapacityFor(segment.count + 1));
    } else {
      Split(index);
    }
  }
  Segment& segment = segments_[SegmentOf(tag)];
  Place(segment, {tag, number + 1});
  ++segment.count;
  ++size_;
}

void HashIndex::Erase(std::uint64_t hash, Number number) {
  const std::uint32_t tag = TagOf(hash);
  Segment& segment = segments_[SegmentOf(tag)];
  std::uint32_t place = HomeOf(tag, segment.capacity);
  while (segment.slots[place].number_plus_one != number + 1 ||
         segment.slots[place].tag != tag) {
    if (++place == segment.capacity) place = 0;
  }
  CloseGap(segment, place);
  if (segment.bits != nullptr) ClearBit(segment, tag);
  --segment.count;
  --size_;
  if (size_ == 0) {
    *this = HashIndex(bits_);
  } else if (IsSparse(segment.count, segment.capacity)) {
    Resize(segment, CapacityFor(segment.count));
  }
}

void HashIndex::Place(Segment& segment, Slot slot) {
  std::uint32_t place = HomeOf(slot.tag, segment.capacity);
  if (segment.bits != nullptr) {
    segment.bits[place] |= BitOf(slot.tag, segment.capacity);
  }
  while (segment.slots[place].number_plus_one != 0) {
    if (++place == segment.capacity) place = 0;
  }
  segment.slots[place] = slot;
}

void HashIndex::Resize(Segment& segment, std::uint32_t capacity) const {
  Segment grown;
  grown.depth = segment.depth;
  grown.count = segment.count;
  grown.capacity = capacity;
  grown.slots = std::make_unique<Slot[]>(capacity);
  if (bits_ == Bits::kInFront) {
    grown.bits = std::make_unique<std::uint8_t[]>(capacity);
  }
  for (std::uint32_t i = 0; i < segment.capacity; ++i) {
    if (segment.slots[i].number_plus_one != 0) Place(grown, segment.slots[i]);
  }
  segment = std::move(grown);
}

// Divides a segment by the next bit of its tags. The directory doubles when
// the segment already used all of its bits; it holds one number a segment.
void HashIndex::Split(std::uint32_t segment_index) {
  if (segments_[segment_index].depth == depth_) {
    std::vector<std::uint32_t> doubled;
    doubled.reserve(directory_.size() * 2);
    for (std::uint32_t segment : directory_) {
      doubled.insert(doubled.end(), 2, segment);
    }
    directory_ = std::move(doubled);
    ++depth_;
  }
  Segment old = std::move(segments_[segment_index]);
  const std::uint32_t bit = 31 - old.depth;
  Segment halves[2];
  for (Segment& half : halves) half.depth = old.depth + 1;
  for (std::uint32_t i = 0; i < old.capacity; ++i) {
    if (old.slots[i].number_plus_one == 0) continue;
    ++halves[(old.slots[i].tag >> bit) & 1].count;
  }
  for (Segment& half : halves) Resize(half, CapacityFor(half.count));
  for (std::uint32_t i = 0; i < old.capacity; ++i) {
    if (old.slots[i].number_plus_one == 0) continue;
    Place(halves[(old.slots[i].tag >> bit) & 1], old.slots[i]);
  }
  const auto second = static_cast<std::uint32_t>(segments_.size());
  segments_[segment_index] = std::move(halves[0]);
  segments_.push_back(std::move(halves[1]));
  for (std::size_t i = 0; i < directory_.size(); ++i) {
    const bool is_upper = ((i << (32 - depth_)) >> bit) & 1;
    if (directory_[i] == segment_index && is_upper) directory_[i] = second;
  }
}

// Moves later entries of the cluster back, so that a search never stops
// early and no mark is left behind.
void HashIndex::CloseGap(Segment& segment, std::uint32_t gap) {
  const std::uint32_t capacity = segment.capacity;
  auto distance = [capacity](std::uint32_t from, std::uint32_t to) {
    return to >= from ? to - from : to + capacity - from;
  };
  std::uint32_t place = gap;
  while (true) {
    if (++place == capacity) place = 0;
    const Slot& slot = segment.slots[place];
    if (slot.number_plus_one == 0) break;
    const std::uint32_t home = HomeOf(slot.tag, capacity);
    if (distance(home, place) < distance(gap, place)) continue;
    segment.slots[gap] = slot;
    gap = place;
  }
  segment.slots[gap] = {};
}

// Unless another entry needs it: those at home in a slot lie between it and the
// next free one.
void HashIndex::ClearBit(Segment& segment, std::uint32_t tag) {
  const std::uint32_t capacity = segment.capacity;
  const std::uint32_t home = HomeOf(tag, capacity);
  std::uint32_t place = home;
  while (segment.slots[place].number_plus_one != 0) {
    const std::uint32_t other = segment.slots[place].tag;
    if (HomeOf(other, capacity) == home &&
        BitOf(other, capacity) == BitOf(tag, capacity)) {
      return;
    }
    if (++place == capacity) place = 0;
  }
  segment.bits[home] &= static_cast<std::uint8_t>(~BitOf(tag, capacity));
}

std::size_t HashIndex::memory_bytes() const {
  std::size_t bytes = segments_.capacity() * sizeof(Segment) +
                      directory_.capacity() * sizeof(std::uint32_t);
  for (const Segment& segment : segments_) {
    const std::size_t bits = segment.bits == nullptr ? 0 : 1;
    bytes += segment.capacity * (sizeof(Slot) + bits);
  }
  return bytes;
}

}  // namespace streamer
