// Matcher: all subscriptions of one shard, and the question which of them an
// event matches.
//
// Each (tenant, collection) has an index of its own (index/). Subscriptions
// with equal filters share one entry there, so a thousand clients with the
// same query cost one evaluation. The index yields candidates; the Matcher
// proves them.
//
// Invariant: Match returns exactly the live subscriptions of the event's
// tenant and collection whose filter evaluates to true (ScanMatcher's answer).
//
// Cost: Add and Remove touch the subscription's own postings. Match follows
// the candidates, not the subscriptions.
// Thread-safety: none; owned by one shard.
#ifndef STREAMER_MATCH_MATCHER_H_
#define STREAMER_MATCH_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/ids.h"
#include "base/status.h"
#include "cel/cost.h"
#include "filter/filter.h"
#include "index/bloom_summary.h"
#include "index/scratch.h"
#include "match/match_input.h"

namespace streamer {

// Reused between events so that matching allocates nothing in steady state.
// One for each event that a thread matches at a time; it may serve several
// matchers in turn.
struct MatchScratch {
  Arena arena;  // of the programs that run for one event
  // The documents of an unread event, once somebody needed them whole; and
  // what is wrong with them.
  std::unique_ptr<const EventBody> body;
  FilterInput values;
  Status problem;
  std::vector<SubscriptionHandle> matches;
  IndexScratch index;
  // Ascending; see Matcher::Match.
  std::vector<SubscriptionHandle> over_budget;
  std::vector<EntryId> over_budget_entries;
  // Of the event's collection, and whether the index has more steps for it.
  std::uint64_t name_hash = 0;
  std::uint32_t collection = 0;
  bool has_more = false;
  // Where each ascending run of `matches` begins, and room to merge them.
  std::vector<std::size_t> runs;
  std::vector<SubscriptionHandle> merged;
};

// Counts since construction, for metrics. Single writer.
struct MatchStatistics {
  std::uint64_t events = 0;  // of collections that are in it
  std::uint64_t matches = 0;
  std::uint64_t candidates = 0;      // conjunctions looked at
  std::uint64_t evaluated_true = 0;  // programs run, by result
  std::uint64_t evaluated_false = 0;
  std::uint64_t evaluated_error = 0;  // errors and what is no boolean
  std::uint64_t over_budget = 0;      // of these, programs that were cut off
  std::uint64_t derived = 0;          // derived values evaluated
  // Of all summaries. Every sixteenth event of their collections is asked
  // about, to know how good they are.
  BloomCounts bloom;
};

class Matcher {
 public:
  // `evaluation_budget` is what one program, or one derived value, may use up
  // on one event.
  explicit Matcher(cel::Units evaluation_budget = cel::kEvaluationBudget,
                   const BloomOptions& bloom = {});
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  // Adds a subscription. REQUIRES: `handle` is not in the matcher.
  void Add(SubscriptionHandle handle, std::string_view tenant,
           std::string_view collection, std::shared_ptr<const Filter> filter);

  // Removes it; a handle that is not there is ignored.
  void Remove(SubscriptionHandle handle);

  // An event whose documents are unread is read as far as its filters need.
  // scratch.problem is not OK, and nothing matches, when they could not be
  // read that far.
  //
  // The matching subscriptions, each once, ascending. The span lies in
  // `scratch` and is valid until `scratch` is next used. So does
  // scratch.over_budget: subscriptions that are no match only because a
  // program of their filter was cut off, or a derived value that it asks for.
  // They may have missed the event.
  std::span<const SubscriptionHandle> Match(const MatchInput& input,
                                            MatchScratch& scratch) const;

  // The same for several events, each with the scratch of its number. They go
  // through the index step by step, so that their waits for memory, most of
  // the cost of a large index, overlap; eight to sixteen are enough for that.
  //
  // Returns how many were matched: all for which there is a scratch, or up to
  // and with the first that left subscriptions over budget, for the caller may
  // want to remove those before the next one.
  std::size_t MatchBatch(std::span<const MatchInput> inputs,
                         std::span<MatchScratch> scratches) const;

  // Whether any subscription could care for events of this collection.
  [[nodiscard]] bool HasCollection(std::string_view tenant,
                                   std::string_view collection) const;

  // The bytes of the collection's BloomSummary (ReceivedSummary reads them); ""
  // when nobody could care. A summary is kept from the first time on that
  // somebody asks for it. It is made a slice at a time, with each change and
  // event of the collection and each time that it is asked for, and says maybe
  // until it is complete.
  std::string Summary(std::string_view tenant, std::string_view collection);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t filter_count() const;  // distinct
  [[nodiscard]] std::size_t collection_count() const;
  // Conjunctions that every event of a collection reaches; bounded at
  // registration. 0 for a collection that is not there.
  [[nodiscard]] std::size_t scan_count(std::string_view tenant,
                                       std::string_view collection) const;
  // Memory held in tables and pools, about. An emptied matcher holds what a
  // new one does.
  [[nodiscard]] std::size_t memory_bytes() const;
  [[nodiscard]] const MatchStatistics& statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace streamer

#endif  // STREAMER_MATCH_MATCHER_H_
