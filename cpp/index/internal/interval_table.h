// IntervalTable: closed intervals, and which of them hold a point.
//
// A centered interval tree over a skeleton that is never built. Bounds have
// 64-bit chunks that order as they do. Take the highest bit in which the
// chunks of the two ends differ: above it they agree, and the interval
// straddles the middle of that aligned block. Every interval lies in exactly
// one block, and a point can only be in intervals of the blocks around it, at
// most one for each bit. In a block a point below the middle is in those
// intervals that begin at or before it, so two sorted lists (by low end, by
// high end) yield exactly the intervals that hold it:
//
//   block 10..   [8 ─────────── 11]        middle 10 (binary 1010)
//                    [9 ── 10]             point 9 is below the middle: read
//                [8 ───── 10]              by low end while it is <= 9
//
// There is nothing to balance: neither the order of insertion nor nested or
// equal intervals can make it slow. Ends that agree in a whole chunk go on to
// their next chunks, so long common prefixes of text cost nothing.
//
// Cost: Stab looks up one block for each level in use (in practice some ten,
// at most 64 a chunk) and reads nothing but what it yields. Insert and Erase
// are O(log n) of one block.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_INTERVAL_TABLE_H_
#define STREAMER_INDEX_INTERNAL_INTERVAL_TABLE_H_

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "base/hash.h"
#include "index/hash_index.h"
#include "index/pool.h"

namespace streamer {

// `B` is NumberBound or TextBound; `I` an Id<>.
template <typename B, typename I>
class IntervalTable {
 public:
  // Adds `id` under [low, high]. REQUIRES: low <= high; the pair is new.
  void Insert(const B& low, const B& high, I id);
  // Removes it. REQUIRES: it is there.
  void Erase(const B& low, const B& high, I id);

  // Calls `visit(id)` for every interval that holds `point`, each once, in no
  // order that callers may rely on; of texts perhaps also for some that differ
  // from one that does in zero bytes at an end.
  template <typename Visit>
  void Stab(const B& point, Visit visit) const;

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kProbesAtOnce = 64;

  struct Key {
    std::uint64_t prefix = 0;  // hash of the chunks before this depth
    std::uint64_t block = 0;   // the chunk without its lower `level` bits
    std::uint16_t depth = 0;
    std::uint16_t level = 0;

    friend bool operator==(const Key&, const Key&) = default;
    [[nodiscard]] std::uint64_t Hash() const {
      return MixHash(MixHash(prefix, block),
                     (std::uint64_t{depth} << 16) | level);
    }
  };
  using End = std::pair<B, I>;
  struct ByHighEnd {
    bool operator()(const End& a, const End& b) const {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    }
  };
  struct Lists {
    absl::btree_set<End> by_low;
    absl::btree_set<End, ByHighEnd> by_high;
  };
  // Most blocks of a large table hold one interval; it needs no lists.
  struct Block {
    Key key;
    B low;
    B high;
    I id;
    std::unique_ptr<Lists> lists;
  };
  // A block that the point may be in, on the way to it.
  struct Probe {
    Key key;
    std::uint64_t hash = 0;
    std::uint64_t chunk = 0;
  };
  struct LevelCount {
    std::uint16_t depth;
    std::uint16_t level;
    std::uint32_t blocks;
  };

  static std::uint64_t WithoutLowBits(std::uint64_t chunk, int level) {
    return level == 64 ? 0 : chunk >> level;
  }
  static Key KeyOf(const B& low, const B& high);
  [[nodiscard]] HashIndex::Number FindBlock(const Key& key,
                                            std::uint64_t hash) const;
  void AddToBlock(Block& block, const B& low, const B& high, I id);
  void CountLevel(const Key& key, std::int32_t change);
  template <typename Visit>
  void StabBlocks(std::span<Probe> probes, const B& point, Visit& visit) const;
  template <typename Visit>
  void StabBlock(const Block& block, std::uint64_t chunk, const B& point,
                 Visit& visit) const;

  HashIndex block_of_key_;
  Pool<Block> blocks_;
  std::vector<LevelCount> levels_;  // in use, by depth
  std::size_t size_ = 0;
  std::size_t listed_ = 0;  // in lists, but for the first of each block
};

// Implementation details follow.

template <typename B, typename I>
typename IntervalTable<B, I>::Key IntervalTable<B, I>::KeyOf(const B& low,
                                                             const B& high) {
  Key key;
  for (int depth = 0;; ++depth) {
    const std::uint64_t low_chunk = low.Chunk(depth);
    const std::uint64_t difference = low_chunk ^ high.Chunk(depth);
    const bool is_decided = difference != 0;
    if (is_decided || !low.GoesBeyond(depth) || !high.GoesBeyond(depth)) {
      const int level = 64 - std::countl_zero(difference);
      key.depth = static_cast<std::uint16_t>(depth);
      key.level = static_cast<std::uint16_t>(level);
      key.block = WithoutLowBits(low_chunk, level);
      return key;
    }
    key.prefix = MixHash(key.prefix, low_chunk);
  }
}

template <typename B, typename I>
void IntervalTable<B, I>::Insert(const B& low, const B& high, I id) {
  const Key key = KeyOf(low, high);
  const std::uint64_t hash = key.Hash();
  ++size_;
  const HashIndex::Number found = FindBlock(key, hash);
  if (found != HashIndex::kNone) {
    AddToBlock(blocks_[found], low, high, id);
    return;
  }
  Block block;
  block.key = key;
  block.low = low;
  block.high = high;
  block.id = id;
  block_of_key_.Insert(hash, blocks_.Add(std::move(block)));
  CountLevel(key, +1);
}

template <typename B, typename I>
void IntervalTable<B, I>::AddToBlock(Block& block, const B& low, const B& high,
                                     I id) {
  if (block.lists == nullptr) {
    block.lists = std::make_unique<Lists>();
    block.lists->by_low.emplace(block.low, block.id);
    block.lists->by_high.emplace(block.high, block.id);
  }
  block.lists->by_low.emplace(low, id);
  block.lists->by_high.emplace(high, id);
  ++listed_;
}

template <typename B, typename I>
void IntervalTable<B, I>::Erase(const B& low, const B& high, I id) {
  const Key key = KeyOf(low, high);
  const HashIndex::Number number = FindBlock(key, key.Hash());
  Block& block = blocks_[number];
  --size_;
  if (block.lists == nullptr) {
    block_of_key_.Erase(key.Hash(), number);
    blocks_.Remove(number);
    CountLevel(key, -1);
    return;
  }
  Lists& lists = *block.lists;
  lists.by_low.erase(End(low, id));
  lists.by_high.erase(End(high, id));
  --listed_;
  if (lists.by_low.size() > 1) return;
  block.low = lists.by_low.begin()->first;
  block.high = lists.by_high.begin()->first;
  block.id = lists.by_low.begin()->second;
  block.lists.reset();
}

template <typename B, typename I>
template <typename Visit>
void IntervalTable<B, I>::Stab(const B& point, Visit visit) const {
  std::array<Probe, kProbesAtOnce> probes;
  std::size_t count = 0;
  Probe probe;
  probe.chunk = point.Chunk(0);
  int depth = 0;
  for (const LevelCount& level : levels_) {
    while (depth < level.depth && point.GoesBeyond(depth)) {
      probe.key.prefix = MixHash(probe.key.prefix, probe.chunk);
      probe.chunk = point.Chunk(++depth);
    }
    if (depth < level.depth) break;
    probe.key.depth = level.depth;
    probe.key.level = level.level;
    probe.key.block = WithoutLowBits(probe.chunk, level.level);
    probe.hash = probe.key.Hash();
    block_of_key_.Prefetch(probe.hash);
    probes[count++] = probe;
    if (count == kProbesAtOnce) {
      StabBlocks(probes, point, visit);
      count = 0;
    }
  }
  StabBlocks({probes.data(), count}, point, visit);
}

// Asks for the memory of all blocks before it reads the first: they lie far
// apart, and waiting for one at a time is what a large table would cost.
template <typename B, typename I>
template <typename Visit>
void IntervalTable<B, I>::StabBlocks(std::span<Probe> probes, const B& point,
                                     Visit& visit) const {
  for (const Probe& probe : probes) {
    const HashIndex::Number likely =
        block_of_key_.Find(probe.hash, [](HashIndex::Number) { return true; });
    if (likely != HashIndex::kNone) __builtin_prefetch(&blocks_[likely]);
  }
  for (const Probe& probe : probes) {
    const HashIndex::Number number = FindBlock(probe.key, probe.hash);
    if (number == HashIndex::kNone) continue;
    StabBlock(blocks_[number], probe.chunk, point, visit);
  }
}

template <typename B, typename I>
template <typename Visit>
void IntervalTable<B, I>::StabBlock(const Block& block, std::uint64_t chunk,
                                    const B& point, Visit& visit) const {
  if (block.lists == nullptr) {
    if (!(point < block.low) && !(block.high < point)) visit(block.id);
    return;
  }
  // At level 0 the chunks of both ends are the point's own, and only the
  // bounds themselves tell. Such a block holds one number, or text that
  // differs in zero bytes at its end: there more may be yielded than holds
  // the point.
  const bool is_upper_half =
      block.key.level > 0 && ((chunk >> (block.key.level - 1)) & 1) != 0;
  if (is_upper_half) {
    for (const End& end : block.lists->by_high) {
      if (end.first < point) break;
      visit(end.second);
    }
    return;
  }
  for (const End& end : block.lists->by_low) {
    if (point < end.first) break;
    visit(end.second);
  }
}

template <typename B, typename I>
HashIndex::Number IntervalTable<B, I>::FindBlock(const Key& key,
                                                 std::uint64_t hash) const {
  return block_of_key_.Find(hash, [&](HashIndex::Number number) {
    return blocks_[number].key == key;
  });
}

template <typename B, typename I>
void IntervalTable<B, I>::CountLevel(const Key& key, std::int32_t change) {
  auto place = levels_.begin();
  auto rank = [](std::uint16_t depth, std::uint16_t level) {
    return (std::uint32_t{depth} << 16) | level;
  };
  while (place != levels_.end() &&
         rank(place->depth, place->level) < rank(key.depth, key.level)) {
    ++place;
  }
  if (place == levels_.end() || place->depth != key.depth ||
      place->level != key.level) {
    place = levels_.insert(place, {key.depth, key.level, 0});
  }
  place->blocks += static_cast<std::uint32_t>(change);
  if (place->blocks == 0) levels_.erase(place);
}

template <typename B, typename I>
std::size_t IntervalTable<B, I>::memory_bytes() const {
  // A B-tree holds its entries in nodes filled to three quarters on average.
  return block_of_key_.memory_bytes() + blocks_.memory_bytes() +
         levels_.capacity() * sizeof(LevelCount) +
         2 * listed_ * sizeof(End) * 4 / 3;
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_INTERVAL_TABLE_H_
