// CollectionIndex: the filters of one collection, arranged so that an event
// finds those it might satisfy without looking at the others.
//
// Subscriptions with equal filters share one entry. An entry's conjunctions
// each hang on one access predicate (a constant, an interval, …); an event
// reaches a conjunction only by satisfying that, and the remaining predicates
// are verified on the spot. What only a program can decide is left to the
// caller, as a candidate that is not proven.
//
// Documents (a single == on the id) and the filter that matches everything
// stand apart: they are looked up directly.
//
// Invariant: an entry that is not among the candidates is guaranteed not to
// match. A proven candidate matches.
//
// Cost: of Add and Remove, the entry's own postings, and the shared filter's
// subscriber set. Of FindCandidates, the paths that event and filters have in
// common, one lookup for each, the derived values there are, and the
// conjunctions reached; all conjunctions when a derived value used up its
// budget, which ends the subscriptions that asked for it. It allocates nothing
// once `scratch` has grown to its size.
// Thread-safety: owned by one shard. FindCandidates and ForEachSubscriber are
// const, need their own scratch, and must not overlap a change.
#ifndef STREAMER_INDEX_COLLECTION_INDEX_H_
#define STREAMER_INDEX_COLLECTION_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "event/change_event.h"
#include "filter/filter.h"
#include "index/id_set.h"
#include "index/ids.h"
#include "index/scratch.h"

namespace streamer {

class CollectionIndex {
 public:
  CollectionIndex();
  ~CollectionIndex();
  CollectionIndex(CollectionIndex&&) noexcept;
  CollectionIndex& operator=(CollectionIndex&&) noexcept;

  // Adds a subscription; returns the entry that it shares, for Remove.
  // REQUIRES: `subscriber` is not in the index.
  EntryId Add(SubscriptionHandle subscriber,
              std::shared_ptr<const Filter> filter);

  // Removes a subscription. REQUIRES: Add returned `entry` for it.
  void Remove(SubscriptionHandle subscriber, EntryId entry);

  // Puts into scratch.candidates the entries that `input` might satisfy: a
  // proven one once, others once for each conjunction whose predicates hold,
  // unless a proven one came first; last those that are cut off. Otherwise in
  // no order that callers may rely on.
  void FindCandidates(const FilterInput& input, IndexScratch& scratch) const;

  // The same in steps. Each asks for the memory that the next one reads, so
  // that several events, taken in turn, wait for it together.
  void Begin(const FilterInput& input, IndexScratch& scratch) const;
  // Of an event whose document is text still: `input` has all variables but
  // `doc`, `data` and `before`. False, and no candidates, when the document
  // must be parsed after all.
  bool Begin(const FilterInput& input, const ChangeEvent& event,
             IndexScratch& scratch) const;
  // The next step of the event. False once its candidates are complete.
  bool Continue(IndexScratch& scratch) const;

  // Asks for what Begin reads of a small index, in this many steps; each reads
  // what the one before has asked for.
  static constexpr int kPrefetchSteps = 3;
  void Prefetch(int step) const;

  [[nodiscard]] const Filter& filter(EntryId entry) const;
  [[nodiscard]] const IdSet<SubscriptionHandle>& subscribers(
      EntryId entry) const;

  [[nodiscard]] std::size_t size() const;          // subscriptions
  [[nodiscard]] std::size_t filter_count() const;  // distinct filters
  // Conjunctions that every event reaches.
  [[nodiscard]] std::size_t scan_count() const;

  // Of the conjunctions of `filter`, how many would be among those: all that
  // is asked of them is what no look-up can find.
  [[nodiscard]] static std::size_t ScanCountOf(const Filter& filter);

  // Which predicate of a filter's conjunction (by number) it hangs on, or
  // nothing when it is scanned, never matches or is not hung.
  [[nodiscard]] std::optional<std::size_t> AccessPredicate(
      EntryId entry, std::size_t conjunction) const;

  // Memory held in tables and pools, about. An index that was emptied holds
  // what a new one does.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_COLLECTION_INDEX_H_
