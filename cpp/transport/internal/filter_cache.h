// FilterCache: filters that are compiled once, however often they are asked
// for and however they are written.
//
//   FilterCache cache(10'000);
//   auto filter = cache.Get({.conditions = {}, .expression = "doc.a > 1"});
//
// A filter is found by its source; failing that, once it is compiled, by its
// canonical text: spaces, comments and parentheses that change nothing make no
// second filter, with its programs and patterns, to be held in memory. When a
// thousand clients come back at once with one filter, one of them pays.
//
// It keeps no filter alive: one that nobody holds any more is compiled anew.
//
// Invariant: what Get returns means what Filter::Compile would return.
// Cost: a hit is one look-up of the source. At most `capacity` sources of at
// most 1 KiB are held; when there are more, those least recently used go.
// Thread-safety: Get may be called from any thread; none waits for another to
// compile.
#ifndef STREAMER_TRANSPORT_INTERNAL_FILTER_CACHE_H_
#define STREAMER_TRANSPORT_INTERNAL_FILTER_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/hash.h"
#include "base/status.h"
#include "filter/filter.h"

namespace streamer {

class FilterCache {
 public:
  // REQUIRES: capacity > 0.
  explicit FilterCache(std::size_t capacity, FilterLimits limits = {});

  // The filter of `source`, or what Filter::Compile refuses it with; what is
  // refused is not kept.
  Result<std::shared_ptr<const Filter>> Get(const FilterSource& source);

  struct Counts {
    std::uint64_t hits = 0;    // found by source
    std::uint64_t misses = 0;  // compiled, accepted or not
  };
  [[nodiscard]] Counts counts() const;
  // How many sources are held.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string source;
    std::string text;  // canonical
    std::weak_ptr<const Filter> filter;
  };
  using Entries = std::list<Entry>;  // the most recently used first
  // One filter, and how many entries are of its text.
  struct Shared {
    std::weak_ptr<const Filter> filter;
    std::size_t entries = 0;
  };

  std::shared_ptr<const Filter> Find(const std::string& source);
  std::shared_ptr<const Filter> Add(const std::string& source,
                                    std::shared_ptr<const Filter> filter);
  void Drop(Entries::iterator entry);

  // Constant after construction.
  const std::size_t capacity_;
  const FilterLimits limits_;

  // Protected by mutex_.
  mutable std::mutex mutex_;
  Entries entries_;
  TextMap<Entries::iterator> by_source_;
  TextMap<Shared> by_text_;
  Counts counts_;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_FILTER_CACHE_H_
