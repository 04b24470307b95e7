// IdSet: a set of ids in ascending order that is small when it is small.
//
// Most postings hold one id and most filters have one subscriber: one id lies
// in the set's own 8 bytes. A few lie in one piece of memory, so that reading
// them waits for memory once. More of them go to a B-tree, where adding and
// removing cost O(log n) and reading runs through memory in order.
//
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_ID_SET_H_
#define STREAMER_INDEX_ID_SET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "absl/container/btree_set.h"

namespace streamer {

// `I` is an Id<> whose values stay below 2^63.
template <typename I>
class IdSet {
 public:
  IdSet() = default;
  IdSet(IdSet&& other) noexcept : bits_(std::exchange(other.bits_, kEmpty)) {}
  IdSet& operator=(IdSet&& other) noexcept {
    IdSet taken(std::move(other));
    std::swap(bits_, taken.bits_);
    return *this;
  }
  ~IdSet() { Free(); }

  // Adds `id`; false when it was there.
  bool Insert(I id);
  // Removes `id`; false when it was not there.
  bool Erase(I id);

  // Calls `visit(id)` in ascending order. The set must not change meanwhile.
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (is_tree()) {
      for (I id : *tree()) visit(id);
    } else if (is_block()) {
      for (I id : block()->ids()) visit(id);
    } else if (!is_empty()) {
      visit(single());
    }
  }
  // Asks for the memory that ForEach will read.
  void Prefetch() const {
    if (is_block() || is_tree()) {
      __builtin_prefetch(reinterpret_cast<const void*>(bits_ & ~kTags));
    }
  }

  [[nodiscard]] bool Contains(I id) const;
  [[nodiscard]] bool is_empty() const { return bits_ == kEmpty; }
  [[nodiscard]] std::size_t size() const {
    if (is_tree()) return tree()->size();
    if (is_block()) return block()->size;
    return is_empty() ? 0 : 1;
  }
  // The first id not below `id`, or the first of all when there is none.
  // REQUIRES: not empty.
  [[nodiscard]] I CyclicLowerBound(I id) const;
  // Memory outside of the set itself.
  [[nodiscard]] std::size_t memory_bytes() const {
    if (is_block()) return BytesOf(block()->capacity);
    return is_tree() ? sizeof(Tree) + tree()->size() * sizeof(I) * 4 / 3 : 0;
  }

 private:
  using Tree = absl::btree_set<I>;
  struct alignas(8) Block {
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;

    I* first() { return reinterpret_cast<I*>(this + 1); }
    std::span<I> ids() { return {first(), size}; }
  };
  // The lowest two bits tell an id, the address of a block and that of a tree
  // apart.
  static constexpr std::uint64_t kEmpty = 0;
  static constexpr std::uint64_t kSingle = 1;  // in the lowest bit alone
  static constexpr std::uint64_t kBlock = 2;
  static constexpr std::uint64_t kTags = 3;
  static constexpr std::uint32_t kFirstCapacity = 2;
  static constexpr std::uint32_t kLargestBlock = 32;
  // A tree that is smaller becomes a block again.
  static constexpr std::uint32_t kSmallestTree = 16;

  static std::uint64_t BitsOf(I id) {
    return (static_cast<std::uint64_t>(id.value()) << 1) | kSingle;
  }
  static std::size_t BytesOf(std::uint32_t capacity) {
    return sizeof(Block) + capacity * sizeof(I);
  }
  [[nodiscard]] bool is_tree() const {
    return bits_ != kEmpty && (bits_ & kTags) == 0;
  }
  [[nodiscard]] bool is_block() const { return (bits_ & kTags) == kBlock; }
  [[nodiscard]] Tree* tree() const { return reinterpret_cast<Tree*>(bits_); }
  [[nodiscard]] Block* block() const {
    return reinterpret_cast<Block*>(bits_ & ~kTags);
  }
  [[nodiscard]] I single() const {
    return I(static_cast<decltype(I().value())>(bits_ >> 1));
  }

  bool InsertIntoBlock(I id);
  bool EraseFromBlock(I id);
  // Becomes a block that holds `ids`, which must not lie in this set.
  template <typename Ids>
  void MakeBlock(const Ids& ids, std::uint32_t capacity);
  void Free();

  std::uint64_t bits_ = kEmpty;
};

// Implementation details follow.

template <typename I>
bool IdSet<I>::Insert(I id) {
  if (is_tree()) return tree()->insert(id).second;
  if (is_block()) return InsertIntoBlock(id);
  if (is_empty()) {
    bits_ = BitsOf(id);
    return true;
  }
  const I other = single();
  if (other == id) return false;
  const I both[] = {std::min(id, other), std::max(id, other)};
  MakeBlock(both, kFirstCapacity);
  return true;
}

template <typename I>
bool IdSet<I>::InsertIntoBlock(I id) {
  std::span<I> ids = block()->ids();
  auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place != ids.end() && *place == id) return false;
  if (ids.size() == kLargestBlock) {
    auto* grown = new Tree(ids.begin(), ids.end());
    grown->insert(id);
    Free();
    bits_ = reinterpret_cast<std::uint64_t>(grown);
    return true;
  }
  const auto at = place - ids.begin();
  if (ids.size() == block()->capacity) {
    IdSet old(std::move(*this));
    MakeBlock(old.block()->ids(), old.block()->capacity * 2);
  }
  I* first = block()->first();
  std::move_backward(first + at, first + block()->size,
                     first + block()->size + 1);
  first[at] = id;
  ++block()->size;
  return true;
}

template <typename I>
bool IdSet<I>::Erase(I id) {
  if (is_block()) return EraseFromBlock(id);
  if (!is_tree()) {
    if (bits_ != BitsOf(id)) return false;
    bits_ = kEmpty;
    return true;
  }
  if (tree()->erase(id) == 0) return false;
  if (tree()->size() < kSmallestTree) {
    const IdSet old(std::move(*this));
    MakeBlock(*old.tree(), kSmallestTree);
  }
  return true;
}

template <typename I>
bool IdSet<I>::EraseFromBlock(I id) {
  std::span<I> ids = block()->ids();
  auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place == ids.end() || *place != id) return false;
  std::move(place + 1, ids.end(), place);
  --block()->size;
  if (block()->size == 1) {
    const I left = *block()->first();
    Free();
    bits_ = BitsOf(left);
  } else if (block()->size * 4 <= block()->capacity) {
    const IdSet old(std::move(*this));
    MakeBlock(old.block()->ids(), old.block()->capacity / 2);
  }
  return true;
}

template <typename I>
template <typename Ids>
void IdSet<I>::MakeBlock(const Ids& ids, std::uint32_t capacity) {
  auto* made = new (::operator new(BytesOf(capacity))) Block;
  made->capacity = capacity;
  made->size = static_cast<std::uint32_t>(std::size(ids));
  std::uninitialized_copy(std::begin(ids), std::end(ids), made->first());
  bits_ = reinterpret_cast<std::uint64_t>(made) | kBlock;
}

template <typename I>
void IdSet<I>::Free() {
  if (is_tree()) delete tree();
  if (is_block()) ::operator delete(block());
}

template <typename I>
bool IdSet<I>::Contains(I id) const {
  if (is_tree()) return tree()->contains(id);
  if (!is_block()) return bits_ == BitsOf(id);
  const std::span<I> ids = block()->ids();
  return std::binary_search(ids.begin(), ids.end(), id);
}

template <typename I>
I IdSet<I>::CyclicLowerBound(I id) const {
  if (is_tree()) {
    auto found = tree()->lower_bound(id);
    return found != tree()->end() ? *found : *tree()->begin();
  }
  if (!is_block()) return single();
  const std::span<I> ids = block()->ids();
  auto found = std::lower_bound(ids.begin(), ids.end(), id);
  return found != ids.end() ? *found : ids.front();
}

}  // namespace streamer

#endif  // STREAMER_INDEX_ID_SET_H_
