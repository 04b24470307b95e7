#include "value/containers.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "value/ordering.h"

namespace streamer {
namespace {

constexpr std::size_t kLinearEntries = 8;
// In a half-full table of a million keys, chance needs this many steps once
// in a hundred thousand tables.
constexpr std::size_t kLongestProbe = 128;

// The value in a hash table whose key satisfies `is_key`, or nullptr.
template <typename IsKey>
const Value* FindHashed(std::span<const MapEntry> entries,
                        std::span<const std::uint32_t> table,
                        std::uint64_t hash, IsKey is_key) {
  std::size_t mask = table.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (table[slot] == 0) return nullptr;
    const MapEntry& entry = entries[table[slot] - 1];
    if (is_key(entry.key)) return &entry.value;
  }
}

inline bool IsSameKey(const Value& left, const Value& right) {
  if (left.is(ValueKind::kString) && right.is(ValueKind::kString)) {
    return EqualText(left.text(), right.text());
  }
  return Equal(left, right);
}

bool AllKeysAreText(std::span<const MapEntry> entries) {
  return std::all_of(entries.begin(), entries.end(), [](const MapEntry& entry) {
    return entry.key.is(ValueKind::kString);
  });
}

// The order of text keys; the order of entries decides between equal ones.
std::span<std::uint32_t> SortedByKey(Arena& arena,
                                     std::span<const MapEntry> entries) {
  std::span<std::uint32_t> order =
      arena.NewArray<std::uint32_t>(entries.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    int compared = entries[a].key.text().compare(entries[b].key.text());
    return compared != 0 ? compared < 0 : a < b;
  });
  return order;
}

// Moves the last value of every text key to its first entry and drops the
// other entries. Returns what is left.
std::span<MapEntry> DropRepeatedBySorting(Arena& arena,
                                          std::span<MapEntry> entries) {
  std::span<std::uint32_t> order = SortedByKey(arena, entries);
  for (std::size_t first = 0; first < order.size();) {
    std::size_t next = first + 1;
    while (next < order.size() && entries[order[next]].key.text() ==
                                      entries[order[first]].key.text()) {
      entries[order[first]].value = entries[order[next]].value;
      entries[order[next]].key = Value::Null();  // no longer a key
      ++next;
    }
    first = next;
  }
  auto dropped = std::remove_if(
      entries.begin(), entries.end(),
      [](const MapEntry& entry) { return entry.key.is(ValueKind::kNull); });
  return entries.first(dropped - entries.begin());
}

// Moves the last value of every key to its first entry and drops the other
// entries, comparing each key with those before it.
std::span<MapEntry> DropRepeatedInOrder(std::span<MapEntry> entries) {
  std::size_t count = 0;
  for (const MapEntry& entry : entries) {
    auto kept = entries.first(count);
    auto same = std::find_if(
        kept.begin(), kept.end(),
        [&](const MapEntry& other) { return IsSameKey(other.key, entry.key); });
    if (same != kept.end()) {
      same->value = entry.value;
    } else {
      entries[count++] = entry;
    }
  }
  return entries.first(count);
}

struct Indexed {
  std::span<MapEntry> entries;
  std::span<std::uint32_t> table;
};

// Builds the hash table and drops repeated keys on the way. When some probe is
// longer than `longest_probe` it gives up: no table, and the entries left are
// those that still matter, in order.
Indexed HashEntries(Arena& arena, std::span<MapEntry> entries,
                    std::size_t longest_probe) {
  std::span<std::uint32_t> table =
      arena.NewArray<std::uint32_t>(std::bit_ceil(entries.size() * 2));
  std::size_t mask = table.size() - 1;
  std::uint32_t count = 0;
  for (std::size_t next = 0; next < entries.size(); ++next) {
    MapEntry entry = entries[next];
    std::size_t slot = Hash(entry.key) & mask;
    std::size_t steps = 0;
    while (table[slot] != 0 &&
           !IsSameKey(entries[table[slot] - 1].key, entry.key)) {
      slot = (slot + 1) & mask;
      if (++steps > longest_probe) {
        // What lies between `count` and `next` was moved or superseded.
        auto end = std::move(entries.begin() + next, entries.end(),
                             entries.begin() + count);
        return {entries.first(end - entries.begin()), {}};
      }
    }
    if (table[slot] != 0) {
      entries[table[slot] - 1].value = entry.value;
    } else {
      entries[count++] = entry;
      table[slot] = count;
    }
  }
  return {entries.first(count), table};
}

}  // namespace

HashedText::HashedText(std::string_view key)
    : text(key), hash(Hash(Value::String(key))) {}

const MapValue* MapValue::MakeLastWins(Arena& arena,
                                       std::span<MapEntry> entries) {
  if (entries.size() <= kLinearEntries) {
    return arena.New<MapValue>(DropRepeatedInOrder(entries),
                               std::span<const std::uint32_t>());
  }
  bool may_sort = AllKeysAreText(entries);
  std::size_t longest_probe = may_sort ? kLongestProbe : entries.size();
  Indexed indexed = HashEntries(arena, entries, longest_probe);
  if (indexed.table.empty()) {
    indexed.entries = DropRepeatedBySorting(arena, indexed.entries);
    indexed.table = SortedByKey(arena, indexed.entries);
  }
  return arena.New<MapValue>(indexed.entries, indexed.table);
}

const MapValue* MapValue::MakeIfDistinct(Arena& arena,
                                         std::span<MapEntry> entries) {
  const MapValue* map = MakeLastWins(arena, entries);
  return map->size() == entries.size() ? map : nullptr;
}

const MapValue* MapValue::Make(Arena& arena,
                               std::span<const MapEntry> entries) {
  if (entries.size() <= kLinearEntries) {
    return arena.New<MapValue>(entries, std::span<const std::uint32_t>());
  }
  std::span<MapEntry> copy = arena.NewArray<MapEntry>(entries.size());
  std::copy(entries.begin(), entries.end(), copy.begin());
  return MakeLastWins(arena, copy);
}

const Value* MapValue::Find(const Value& key) const {
  if (key.is(ValueKind::kString)) return Find(key.text());
  auto is_key = [&](const Value& other) { return Equal(other, key); };
  if (!table_.empty() && !is_sorted()) {
    return FindHashed(entries_, table_, Hash(key), is_key);
  }
  // A sorted map has text keys only.
  if (!table_.empty()) return nullptr;
  for (const MapEntry& entry : entries_) {
    if (is_key(entry.key)) return &entry.value;
  }
  return nullptr;
}

const Value* MapValue::Find(std::string_view key) const {
  if (table_.empty()) return FindUnhashed(key);
  return Find(HashedText(key));
}

const Value* MapValue::FindUnhashed(std::string_view key) const {
  if (!table_.empty()) return FindSorted(key);
  for (const MapEntry& entry : entries_) {
    if (entry.key.is(ValueKind::kString) && EqualText(entry.key.text(), key)) {
      return &entry.value;
    }
  }
  return nullptr;
}

const Value* MapValue::FindSorted(std::string_view key) const {
  auto found =
      std::lower_bound(table_.begin(), table_.end(), key,
                       [&](std::uint32_t index, std::string_view wanted) {
                         return entries_[index].key.text() < wanted;
                       });
  if (found == table_.end() || entries_[*found].key.text() != key) {
    return nullptr;
  }
  return &entries_[*found].value;
}

}  // namespace streamer
