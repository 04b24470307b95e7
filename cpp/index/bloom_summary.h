// BloomSummary: could any filter of one collection care about this event?
//
// A Bloom filter over the constants that events must equal: each conjunction
// gives the keys of one of its equality predicates (path and constant; all of
// them for `in`), chosen by looking at the filter alone. An event touches a key
// when it has the constant at the path. If it touches none, nothing matches.
//
// As soon as a filter needs anything else (a range, a pattern, absence, a
// member, no condition at all, a document's id), the answer is always maybe;
// so it is for a delete.
//
// A Bloom filter cannot forget, so removals make it worse, and it has a size.
// When either has gone too far another one is built beside it, a slice with
// each change. The keys themselves are kept, counted: a slice needs nobody
// else, and the rate at which events are let through in vain is measured.
//
// What it says can be handed to another process as bytes: ReceivedSummary.
//
// Invariant: MayMatch is true of every event that a filter in it matches, at
// any time, while another is being built too.
// Cost: Add and Remove, the filter's keys and one slice. MayMatch, a hash and a
// cache line for each path that has keys; for very many paths it is maybe.
// Thread-safety: none; owned by one shard.
#ifndef STREAMER_INDEX_BLOOM_SUMMARY_H_
#define STREAMER_INDEX_BLOOM_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "filter/filter.h"
#include "filter/filter_input.h"
#include "index/hash_index.h"
#include "index/internal/block_filter.h"
#include "index/pool.h"
#include "value/field_path.h"

namespace streamer {

struct BloomOptions {
  // Of the events that touch no key, how many are let through all the same.
  double false_positive_rate = 0.01;
  // Removals before another filter is built because of them; at least half of
  // the keys must have gone too.
  std::size_t rebuild_interval = 1'024;
};

struct BloomCounts {
  // Of the events that touched no key.
  std::uint64_t turned_away = 0;
  std::uint64_t false_positives = 0;  // let through
  std::uint64_t rebuilds = 0;         // completed
};

// A path under which there are keys.
struct SummaryPath {
  FilterVariable variable = FilterVariable::kDoc;
  FieldPath path;
  std::uint64_t hash = 0;  // of both
};

class BloomSummary {
 public:
  // Counts into `counts`, which must outlive it.
  BloomSummary(const BloomOptions& options, BloomCounts& counts);

  void Add(const Filter& filter);
  // REQUIRES: it was added and not removed since.
  void Remove(const Filter& filter);

  // False: no filter matches. Counts what becomes of the event.
  bool MayMatch(const FilterInput& input);

  // Whether it says maybe whatever the event.
  [[nodiscard]] bool is_always_maybe() const;
  // For ReceivedSummary; the same for the same calls.
  [[nodiscard]] std::string ToBytes() const;
  // Those of a summary of which nothing is known: it says maybe.
  [[nodiscard]] static std::string BytesOfMaybe();

  [[nodiscard]] std::size_t key_count() const { return keys_.size(); }
  // That of a summary that was emptied is that of a new one.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Key {
    std::uint64_t hash = 0;
    std::uint32_t uses = 0;  // 0: the place is free
  };
  struct CountedPath {
    SummaryPath path;
    std::size_t uses = 0;
  };
  // A filter, and what is in it.
  struct Layer {
    explicit Layer(std::size_t blocks) : filter(blocks) {}
    BlockFilter filter;
    std::size_t keys = 0;   // that set bits, those removed since included
    std::size_t stale = 0;  // removed since it was begun
  };

  void AddKey(std::uint64_t hash);
  void RemoveKey(std::uint64_t hash);
  [[nodiscard]] HashIndex::Number FindKey(std::uint64_t hash) const;
  std::uint64_t AddPath(const Predicate& predicate);
  std::uint64_t RemovePath(const Predicate& predicate);
  void SetTarget();

  void BuildSlice();
  [[nodiscard]] bool IsWorn() const;
  [[nodiscard]] Layer MakeLayer(std::size_t keys) const;
  static void Insert(Layer& layer, std::uint64_t hash);

  const BloomOptions options_;
  std::size_t elsewhere_ = 0;  // filters that need anything but keys
  std::map<std::string, CountedPath> paths_;  // by variable and text
  Pool<Key> keys_;
  HashIndex key_of_hash_;

  // At which the rate is what is asked for, by the number of paths; 0 until
  // somebody asks.
  std::vector<double> targets_;
  double keys_per_block_ = 0;  // the present one
  Layer current_;
  std::optional<Layer> next_;  // being built
  std::uint32_t built_ = 0;    // numbers of keys below are in next_
  BloomCounts& counts_;
};

// The summary of another process, from its bytes.
//
// Thread-safety: immutable.
class ReceivedSummary {
 public:
  // InvalidArgument, with what was expected where, unless ToBytes made them.
  static Result<ReceivedSummary> FromBytes(std::string_view bytes);

  // As BloomSummary::MayMatch when ToBytes was called.
  [[nodiscard]] bool MayMatch(const FilterInput& input) const;
  // The same bytes.
  [[nodiscard]] std::string ToBytes() const;

 private:
  ReceivedSummary(bool is_always_maybe, std::vector<SummaryPath> paths,
                  BlockFilter filter);

  bool is_always_maybe_;
  std::vector<SummaryPath> paths_;
  BlockFilter filter_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_BLOOM_SUMMARY_H_
