// IdSet: a set of ids in ascending order that is small when it is small.
//
// Most postings hold one id and most filters have one subscriber: one id lies
// in the set's own 8 bytes. More of them go to a B-tree, where adding and
// removing cost O(log n) and reading runs through memory in order.
//
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_ID_SET_H_
#define STREAMER_INDEX_ID_SET_H_

#include <cstddef>
#include <cstdint>
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
  ~IdSet() {
    if (is_tree()) delete tree();
  }

  // Adds `id`; false when it was there.
  bool Insert(I id);
  // Removes `id`; false when it was not there.
  bool Erase(I id);

  // Calls `visit(id)` in ascending order. The set must not change meanwhile.
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (is_tree()) {
      for (I id : *tree()) visit(id);
    } else if (!is_empty()) {
      visit(single());
    }
  }

  [[nodiscard]] bool Contains(I id) const {
    return is_tree() ? tree()->contains(id) : bits_ == BitsOf(id);
  }
  [[nodiscard]] bool is_empty() const { return bits_ == kEmpty; }
  [[nodiscard]] std::size_t size() const {
    return is_tree() ? tree()->size() : (is_empty() ? 0 : 1);
  }
  // The first id not below `id`, or the first of all when there is none.
  // REQUIRES: not empty.
  [[nodiscard]] I CyclicLowerBound(I id) const;
  // Memory outside of the set itself.
  [[nodiscard]] std::size_t memory_bytes() const {
    return is_tree() ? sizeof(Tree) + tree()->size() * sizeof(I) * 4 / 3 : 0;
  }

 private:
  using Tree = absl::btree_set<I>;
  // The lowest bit tells an id from the address of a tree.
  static constexpr std::uint64_t kEmpty = 0;

  static std::uint64_t BitsOf(I id) {
    return (static_cast<std::uint64_t>(id.value()) << 1) | 1;
  }
  [[nodiscard]] bool is_tree() const {
    return bits_ != kEmpty && (bits_ & 1) == 0;
  }
  [[nodiscard]] Tree* tree() const { return reinterpret_cast<Tree*>(bits_); }
  [[nodiscard]] I single() const {
    return I(static_cast<decltype(I().value())>(bits_ >> 1));
  }

  std::uint64_t bits_ = kEmpty;
};

// Implementation details follow.

template <typename I>
bool IdSet<I>::Insert(I id) {
  if (is_tree()) return tree()->insert(id).second;
  if (is_empty()) {
    bits_ = BitsOf(id);
    return true;
  }
  const I other = single();
  if (other == id) return false;
  bits_ = reinterpret_cast<std::uint64_t>(new Tree({other, id}));
  return true;
}

template <typename I>
bool IdSet<I>::Erase(I id) {
  if (!is_tree()) {
    if (bits_ != BitsOf(id)) return false;
    bits_ = kEmpty;
    return true;
  }
  if (tree()->erase(id) == 0) return false;
  if (tree()->size() == 1) {
    const I left = *tree()->begin();
    delete tree();
    bits_ = BitsOf(left);
  }
  return true;
}

template <typename I>
I IdSet<I>::CyclicLowerBound(I id) const {
  if (!is_tree()) return single();
  auto found = tree()->lower_bound(id);
  return found != tree()->end() ? *found : *tree()->begin();
}

}  // namespace streamer

#endif  // STREAMER_INDEX_ID_SET_H_
