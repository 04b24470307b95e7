// ListValue and MapValue: what a list or map Value points at.
//
// Both are views of entries in an Arena, immutable once made. A map keeps its
// entries in the order in which they were given; its keys are distinct under
// CEL equality.
//
// Cost: a map of up to 8 entries is searched in order. A larger one has a
// hash table, built when it is made; should its keys collide in numbers that
// chance does not explain, it gets a sorted table instead, so that a document
// made by an adversary costs O(n log n) and not O(n²).
// Thread-safety: immutable.
#ifndef STREAMER_VALUE_CONTAINERS_H_
#define STREAMER_VALUE_CONTAINERS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "value/equal_text.h"
#include "value/value.h"

namespace streamer {

// The elements of a list, in order.
class ListValue {
 public:
  explicit ListValue(std::span<const Value> items) : items_(items) {}
  [[nodiscard]] std::span<const Value> items() const { return items_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  std::span<const Value> items_;
};

struct MapEntry {
  Value key;
  Value value;
};

// Text with its hash, for a key that is looked up often.
struct HashedText {
  explicit HashedText(std::string_view key);
  std::string_view text;
  std::uint64_t hash;
};

class MapValue {
 public:
  // A map over `entries`, which must live as long as `arena`.
  // REQUIRES: keys are bool, int, uint or string, and distinct.
  static const MapValue* Make(Arena& arena, std::span<const MapEntry> entries);

  // As Make, but of a repeated key the last value counts, at the place of the
  // first. Rearranges `entries`.
  static const MapValue* MakeLastWins(Arena& arena,
                                      std::span<MapEntry> entries);

  // As Make, or nullptr when a key is repeated. Leaves `entries` in any order
  // then.
  static const MapValue* MakeIfDistinct(Arena& arena,
                                        std::span<MapEntry> entries);

  [[nodiscard]] std::span<const MapEntry> entries() const { return entries_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // The value under `key`, or nullptr. Numeric keys are found across numeric
  // types, as CEL's equality says; a key of any other kind is not found.
  [[nodiscard]] const Value* Find(const Value& key) const;
  [[nodiscard]] const Value* Find(std::string_view key) const;
  [[nodiscard]] const Value* Find(const HashedText& key) const;

 private:
  friend class Arena;
  MapValue(std::span<const MapEntry> entries,
           std::span<const std::uint32_t> table)
      : entries_(entries), table_(table) {}

  [[nodiscard]] const Value* FindUnhashed(std::string_view key) const;
  [[nodiscard]] const Value* FindSorted(std::string_view key) const;
  // Whether table_ lists the entries by key, rather than hashing them.
  [[nodiscard]] bool is_sorted() const {
    return table_.size() == entries_.size();
  }

  std::span<const MapEntry> entries_;
  // Empty for a small map. Else open addressing, a power of two above the
  // number of entries, index + 1 or 0; or the indexes sorted by key.
  std::span<const std::uint32_t> table_;
};

// Implementation details follow.

// In the header because it is what evaluating a filter mostly does. Only a
// hash table is larger than the entries.
inline const Value* MapValue::Find(const HashedText& key) const {
  if (table_.size() <= entries_.size()) {
    if (is_sorted() && !entries_.empty()) return FindSorted(key.text);
    for (const MapEntry& entry : entries_) {
      if (entry.key.is(ValueKind::kString) &&
          EqualText(entry.key.text(), key.text)) {
        return &entry.value;
      }
    }
    return nullptr;
  }
  std::size_t mask = table_.size() - 1;
  for (std::size_t slot = key.hash & mask;; slot = (slot + 1) & mask) {
    if (table_[slot] == 0) return nullptr;
    const MapEntry& entry = entries_[table_[slot] - 1];
    if (entry.key.is(ValueKind::kString) &&
        EqualText(entry.key.text(), key.text)) {
      return &entry.value;
    }
  }
}

}  // namespace streamer

#endif  // STREAMER_VALUE_CONTAINERS_H_
