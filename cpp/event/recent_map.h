// RecentMap: a bounded map of text to T that forgets the oldest.
//
// Invariant: never more than `most` entries; which are kept follows from the
// calls alone, so that two runs forget alike.
//
// Cost: constant per call. Tables are segments of their own: no call moves
// more than a segment.
// Thread-safety: none.
#ifndef STREAMER_EVENT_RECENT_MAP_H_
#define STREAMER_EVENT_RECENT_MAP_H_

#include <array>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/hash.h"

namespace streamer {

template <typename T>
class RecentMap {
 public:
  explicit RecentMap(std::size_t most) : most_(most) {}

  // Sets the value of `key`, which becomes the newest entry.
  void Put(std::string_view key, T value) {
    Remove(key);
    if (most_ == 0) return;
    if (entries_.size() == most_) {
      Remove(std::string_view(entries_.front().first));
    }
    auto entry = entries_.emplace(entries_.end(), key, std::move(value));
    SegmentOf(entry->first).emplace(entry->first, entry);
  }

  // Makes `key` the newest entry, and returns its value, if there is one.
  T* Touch(std::string_view key) {
    if (entries_.empty()) return nullptr;
    Segment& segment = SegmentOf(key);
    auto found = segment.find(key);
    if (found == segment.end()) return nullptr;
    entries_.splice(entries_.end(), entries_, found->second);
    return &found->second->second;
  }

  // Valid until the next Put or Remove.
  [[nodiscard]] T* Find(std::string_view key) {
    if (entries_.empty()) return nullptr;
    Segment& segment = SegmentOf(key);
    auto found = segment.find(key);
    return found == segment.end() ? nullptr : &found->second->second;
  }

  // Whether there was one.
  bool Remove(std::string_view key) {
    if (entries_.empty()) return false;
    Segment& segment = SegmentOf(key);
    auto found = segment.find(key);
    if (found == segment.end()) return false;
    auto entry = found->second;
    segment.erase(found);
    entries_.erase(entry);
    return true;
  }

  // The value of the oldest entry, or nullptr.
  [[nodiscard]] const T* Oldest() const {
    return entries_.empty() ? nullptr : &entries_.front().second;
  }
  void RemoveOldest() { Remove(std::string_view(entries_.front().first)); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, T>>;
  // Keys are views of the list's text, which stays where it is.
  using Segment = absl::flat_hash_map<std::string_view,
                                      typename Entries::iterator, TextHash>;
  static constexpr std::size_t kSegments = 16;

  Segment& SegmentOf(std::string_view key) {
    // The top bits: the tables use the low ones.
    return segments_[HashBytes(key) >> 60];
  }

  std::size_t most_;
  Entries entries_;  // oldest first
  std::array<Segment, kSegments> segments_;
};

}  // namespace streamer

#endif  // STREAMER_EVENT_RECENT_MAP_H_
