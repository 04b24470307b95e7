#include "match/matcher.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/hash.h"
#include "index/collection_index.h"
#include "index/hash_index.h"
#include "index/pool.h"
#include "match/internal/merge_runs.h"

namespace streamer {
namespace {

// Subscriptions that are taken into a new summary at a time: those met with
// each change and event, and each time that it is asked for.
constexpr std::uint32_t kSlice = 128;
constexpr std::uint32_t kLongSlice = 2'048;

// One event in so many is tried against the summary.
constexpr std::uint64_t kTriedEvery = 16;

struct KeptSummary {
  KeptSummary(const BloomOptions& options, BloomCounts& counts)
      : summary(options, counts) {}

  BloomSummary summary;
  // Of the memberships whose numbers are below, those of the collection are
  // in it; of the others, none.
  HashIndex::Number taken = 0;
  bool is_complete = false;  // all are, whatever their number
  std::uint64_t events = 0;

  [[nodiscard]] bool Holds(HashIndex::Number membership) const {
    return is_complete || membership < taken;
  }
};

struct Collection {
  std::string tenant;
  std::string name;
  CollectionIndex index;
  std::unique_ptr<KeptSummary> kept;  // null until somebody asks
};

using CollectionNumber = std::uint32_t;

// Where a subscription is.
struct Membership {
  SubscriptionHandle handle;
  CollectionNumber collection = 0;
  EntryId entry;
};

std::uint64_t HashOf(std::string_view tenant, std::string_view collection) {
  return HashBytes(collection, HashBytes(tenant));
}

std::uint64_t HashOf(SubscriptionHandle handle) {
  return MixHash(0, handle.value());
}

// How many texts are asked for before they are read: all at once would be
// more than a processor fetches at a time.
constexpr std::size_t kTextsAhead = 3;

// Of a long text the rest follows by itself, as memory in order does.
void PrefetchText(const MatchInput& input) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kMost = 512;
  if (input.unread == nullptr) return;
  const std::string& text = input.unread->source->document;
  for (std::size_t at = 0; at < std::min(text.size(), kMost); at += kLine) {
    __builtin_prefetch(text.data() + at);
  }
}

}  // namespace

struct Matcher::State {
  State(cel::Units budget, const BloomOptions& bloom)
      : evaluation_budget(budget), bloom_options(bloom) {}

  CollectionNumber FindCollection(std::string_view tenant,
                                  std::string_view collection) const;
  CollectionNumber AddCollection(std::string_view tenant,
                                 std::string_view collection);
  void RemoveCollection(CollectionNumber number);
  HashIndex::Number FindMembership(SubscriptionHandle handle) const;
  void FindCollections(std::span<const MatchInput> inputs,
                       std::span<MatchScratch> scratches) const;
  void Begin(const MatchInput& input, MatchScratch& scratch) const;
  bool Continue(MatchScratch& scratch) const;
  void PrefetchMatches(const MatchScratch& scratch) const;
  void Prove(const MatchInput& input, MatchScratch& scratch);
  void End(const MatchInput& input, MatchScratch& scratch);
  static const FilterInput& ReadValues(const MatchInput& input,
                                       MatchScratch& scratch);
  bool IsMatch(const CollectionIndex& index, const Candidate& candidate,
               const MatchInput& input, MatchScratch& scratch);
  void NoteOverBudget(EntryId entry, MatchScratch& scratch);
  bool Runs(const cel::Program& program, Answer wanted, EntryId entry,
            const MatchInput& input, MatchScratch& scratch);
  static void Accept(const CollectionIndex& index, EntryId entry,
                     MatchScratch& scratch);
  static void ListOverBudget(const CollectionIndex& index,
                             MatchScratch& scratch);

  void TakeIntoSummary(CollectionNumber number, std::uint32_t count);
  void TrySummary(const Collection& collection, const MatchInput& input,
                  const MatchScratch& scratch) const;

  const cel::Units evaluation_budget;
  const BloomOptions bloom_options;
  HashIndex collection_of_name;
  Pool<std::unique_ptr<Collection>> collections;
  HashIndex membership_of_handle;
  Pool<Membership> memberships;
  std::size_t filter_count = 0;
  MatchStatistics statistics;
};

CollectionNumber Matcher::State::FindCollection(
    std::string_view tenant, std::string_view collection) const {
  return collection_of_name.Find(
      HashOf(tenant, collection), [&](HashIndex::Number candidate) {
        const Collection& found = *collections[candidate];
        return found.name == collection && found.tenant == tenant;
      });
}

CollectionNumber Matcher::State::AddCollection(std::string_view tenant,
                                               std::string_view collection) {
  auto added = std::make_unique<Collection>();
  added->tenant = tenant;
  added->name = collection;
  const CollectionNumber number = collections.Add(std::move(added));
  collection_of_name.Insert(HashOf(tenant, collection), number);
  return number;
}

void Matcher::State::RemoveCollection(CollectionNumber number) {
  const Collection& collection = *collections[number];
  collection_of_name.Erase(HashOf(collection.tenant, collection.name), number);
  collections.Remove(number);
}

HashIndex::Number Matcher::State::FindMembership(
    SubscriptionHandle handle) const {
  return membership_of_handle.Find(
      HashOf(handle), [&](HashIndex::Number candidate) {
        return memberships[candidate].handle == handle;
      });
}

// A collection lies behind five reads of memory, each of which tells where the
// next one is; those of all events are waited for together.
void Matcher::State::FindCollections(std::span<const MatchInput> inputs,
                                     std::span<MatchScratch> scratches) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    scratches[i].name_hash = HashOf(inputs[i].tenant, inputs[i].collection);
    collection_of_name.Prefetch(scratches[i].name_hash);
  }
  for (MatchScratch& scratch : scratches) {
    scratch.collection = collection_of_name.Find(
        scratch.name_hash, [](HashIndex::Number) { return true; });
    if (scratch.collection != HashIndex::kNone) {
      __builtin_prefetch(&collections[scratch.collection]);
    }
  }
  for (const MatchScratch& scratch : scratches) {
    if (scratch.collection == HashIndex::kNone) continue;
    const Collection* collection = collections[scratch.collection].get();
    __builtin_prefetch(collection);
    __builtin_prefetch(&collection->index);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (scratches[i].collection == HashIndex::kNone) continue;
    scratches[i].collection =
        FindCollection(inputs[i].tenant, inputs[i].collection);
  }
  if (inputs.size() == 1) return;
  for (int step = 0; step < CollectionIndex::kPrefetchSteps; ++step) {
    for (const MatchScratch& scratch : scratches) {
      if (scratch.collection == HashIndex::kNone) continue;
      collections[scratch.collection]->index.Prefetch(step);
    }
  }
}

// The event is walked; what it reaches is for Continue to find.
// REQUIRES: its collection was found.
void Matcher::State::Begin(const MatchInput& input,
                           MatchScratch& scratch) const {
  scratch.arena.Reset();
  scratch.matches.clear();
  scratch.runs.clear();
  scratch.body.reset();
  scratch.problem = OkStatus();
  scratch.over_budget.clear();
  scratch.over_budget_entries.clear();
  scratch.has_more = scratch.collection != HashIndex::kNone;
  if (scratch.collection == HashIndex::kNone) return;
  scratch.index.evaluation_budget = evaluation_budget;
  const CollectionIndex& index = collections[scratch.collection]->index;
  if (input.unread == nullptr ||
      !index.Begin(input.values, *input.unread, scratch.index)) {
    index.Begin(ReadValues(input, scratch), scratch.index);
  }
}

bool Matcher::State::Continue(MatchScratch& scratch) const {
  scratch.has_more =
      scratch.has_more &&
      collections[scratch.collection]->index.Continue(scratch.index);
  return scratch.has_more;
}

void Matcher::State::PrefetchMatches(const MatchScratch& scratch) const {
  if (scratch.collection == HashIndex::kNone) return;
  const CollectionIndex& index = collections[scratch.collection]->index;
  for (const Candidate& candidate : scratch.index.candidates) {
    index.subscribers(candidate.entry).Prefetch();
  }
}

void Matcher::State::Prove(const MatchInput& input, MatchScratch& scratch) {
  const CollectionIndex& index = collections[scratch.collection]->index;
  for (const Candidate& candidate : scratch.index.candidates) {
    if (candidate.is_proven || IsMatch(index, candidate, input, scratch)) {
      Accept(index, candidate.entry, scratch);
    }
  }
  if (!scratch.problem.ok()) return scratch.matches.clear();
  MergeRuns(scratch.matches, scratch.runs, scratch.merged);
  if (!scratch.over_budget_entries.empty()) ListOverBudget(index, scratch);
  statistics.candidates += scratch.index.examined;
  statistics.derived += scratch.index.derived;
}

// All that is counted of an event is counted here: what was begun of one that
// is not ended leaves no trace.
void Matcher::State::End(const MatchInput& input, MatchScratch& scratch) {
  if (scratch.collection == HashIndex::kNone) return;
  ++statistics.events;
  Prove(input, scratch);
  const Collection& collection = *collections[scratch.collection];
  if (collection.kept != nullptr) {
    TakeIntoSummary(scratch.collection, kSlice);
    TrySummary(collection, input, scratch);
  }
  statistics.matches += scratch.matches.size();
}

// All values, read now if they were not before.
const FilterInput& Matcher::State::ReadValues(const MatchInput& input,
                                              MatchScratch& scratch) {
  if (input.unread == nullptr) return input.values;
  if (scratch.body != nullptr || !scratch.problem.ok()) return scratch.values;
  scratch.values = input.values;
  auto body = EventBody::Parse(*input.unread);
  if (!body.ok()) {
    scratch.problem = body.status();
    return scratch.values;
  }
  scratch.body = *std::move(body);
  scratch.values = MakeMatchInput(*input.unread, *scratch.body).values;
  return scratch.values;
}

// Proves what the index could not. An entry is accepted once, and a whole
// program runs once, whichever of its conjunctions asks first.
bool Matcher::State::IsMatch(const CollectionIndex& index,
                             const Candidate& candidate,
                             const MatchInput& input, MatchScratch& scratch) {
  const Filter& filter = index.filter(candidate.entry);
  if (candidate.is_cut_off) {
    NoteOverBudget(candidate.entry, scratch);
    return false;
  }
  if (!filter.is_exact()) {
    return scratch.index.Claim(candidate.entry) &&
           Runs(filter.program(), Answer::kTrue, candidate.entry, input,
                scratch);
  }
  if (scratch.index.IsClaimed(candidate.entry)) return false;
  for (const Residual& residual : candidate.conjunction->residuals) {
    if (!Runs(*residual.program, residual.wanted, candidate.entry, input,
              scratch)) {
      return false;
    }
  }
  return scratch.index.Claim(candidate.entry);
}

// Whether the program yields the answer wanted. Notes the entry when it could
// not, for want of budget.
bool Matcher::State::Runs(const cel::Program& program, Answer wanted,
                          EntryId entry, const MatchInput& input,
                          MatchScratch& scratch) {
  cel::Meter meter(evaluation_budget);
  const Value result =
      program.Evaluate(ReadValues(input, scratch).values, scratch.arena, meter);
  if (result.is(ValueKind::kBool)) {
    ++(result.is_true() ? statistics.evaluated_true
                        : statistics.evaluated_false);
    return result.bool_value() == (wanted == Answer::kTrue);
  }
  if (meter.is_exhausted()) {
    NoteOverBudget(entry, scratch);
  } else {
    ++statistics.evaluated_error;
  }
  return false;
}

void Matcher::State::NoteOverBudget(EntryId entry, MatchScratch& scratch) {
  ++statistics.evaluated_error;
  ++statistics.over_budget;
  scratch.over_budget_entries.push_back(entry);
}

void Matcher::State::Accept(const CollectionIndex& index, EntryId entry,
                            MatchScratch& scratch) {
  scratch.runs.push_back(scratch.matches.size());
  index.subscribers(entry).ForEach(
      [&](SubscriptionHandle handle) { scratch.matches.push_back(handle); });
}

// An entry that another of its conjunctions proved is a match whatever became
// of this one: so the outcome does not hang on which was tried first. The
// entry of a whole program is tried once, and was claimed for that.
void Matcher::State::ListOverBudget(const CollectionIndex& index,
                                    MatchScratch& scratch) {
  for (EntryId entry : scratch.over_budget_entries) {
    if (index.filter(entry).is_exact() && !scratch.index.Claim(entry)) continue;
    index.subscribers(entry).ForEach([&](SubscriptionHandle handle) {
      scratch.over_budget.push_back(handle);
    });
  }
  std::sort(scratch.over_budget.begin(), scratch.over_budget.end());
}

// Goes on with a summary that is not complete.
void Matcher::State::TakeIntoSummary(CollectionNumber number,
                                     std::uint32_t count) {
  const Collection& collection = *collections[number];
  KeptSummary& kept = *collection.kept;
  if (kept.is_complete) return;
  const auto bound = static_cast<HashIndex::Number>(memberships.bound());
  for (; count > 0 && kept.taken < bound; --count, ++kept.taken) {
    const Membership* member = memberships.Peek(kept.taken);
    if (member == nullptr || member->handle == SubscriptionHandle() ||
        member->collection != number) {
      continue;
    }
    kept.summary.Add(collection.index.filter(member->entry));
  }
  kept.is_complete = kept.taken >= bound;
}

// To know how good it is. A body that was not read so far is read for it, and
// for nothing else: what comes of the event must not depend on it.
void Matcher::State::TrySummary(const Collection& collection,
                                const MatchInput& input,
                                const MatchScratch& scratch) const {
  KeptSummary& kept = *collection.kept;
  if (!kept.is_complete || kept.events++ % kTriedEvery != 0) return;
  if (input.unread == nullptr) {
    kept.summary.MayMatch(input.values);
  } else if (scratch.body != nullptr) {
    kept.summary.MayMatch(scratch.values);
  } else if (const auto body = EventBody::Parse(*input.unread); body.ok()) {
    kept.summary.MayMatch(MakeMatchInput(*input.unread, **body).values);
  }
}

Matcher::Matcher(cel::Units evaluation_budget, const BloomOptions& bloom)
    : state_(std::make_unique<State>(evaluation_budget, bloom)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

void Matcher::Add(SubscriptionHandle handle, std::string_view tenant,
                  std::string_view collection,
                  std::shared_ptr<const Filter> filter) {
  CollectionNumber number = state_->FindCollection(tenant, collection);
  if (number == HashIndex::kNone) {
    number = state_->AddCollection(tenant, collection);
  }
  Collection& added_to = *state_->collections[number];
  CollectionIndex& index = added_to.index;
  state_->filter_count -= index.filter_count();
  const EntryId entry = index.Add(handle, std::move(filter));
  state_->filter_count += index.filter_count();
  const HashIndex::Number membership =
      state_->memberships.Add({handle, number, entry});
  state_->membership_of_handle.Insert(HashOf(handle), membership);
  if (added_to.kept == nullptr) return;
  if (added_to.kept->Holds(membership)) {
    added_to.kept->summary.Add(index.filter(entry));
  }
  state_->TakeIntoSummary(number, kSlice);
}

void Matcher::Remove(SubscriptionHandle handle) {
  const HashIndex::Number number = state_->FindMembership(handle);
  if (number == HashIndex::kNone) return;
  const Membership membership = state_->memberships[number];
  state_->membership_of_handle.Erase(HashOf(handle), number);
  state_->memberships.Remove(number);
  Collection& collection = *state_->collections[membership.collection];
  CollectionIndex& index = collection.index;
  if (collection.kept != nullptr && collection.kept->Holds(number)) {
    collection.kept->summary.Remove(index.filter(membership.entry));
  }
  state_->filter_count -= index.filter_count();
  index.Remove(handle, membership.entry);
  state_->filter_count += index.filter_count();
  if (index.size() == 0) {
    state_->RemoveCollection(membership.collection);
  } else if (collection.kept != nullptr) {
    state_->TakeIntoSummary(membership.collection, kSlice);
  }
}

std::span<const SubscriptionHandle> Matcher::Match(
    const MatchInput& input, MatchScratch& scratch) const {
  MatchBatch({&input, 1}, {&scratch, 1});
  return scratch.matches;
}

std::size_t Matcher::MatchBatch(std::span<const MatchInput> inputs,
                                std::span<MatchScratch> scratches) const {
  const std::size_t count = std::min(inputs.size(), scratches.size());
  state_->FindCollections(inputs.first(count), scratches.first(count));
  for (std::size_t i = 1; i < std::min(count, kTextsAhead); ++i) {
    PrefetchText(inputs[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kTextsAhead < count) PrefetchText(inputs[i + kTextsAhead]);
    state_->Begin(inputs[i], scratches[i]);
  }
  bool goes_on = true;
  while (goes_on) {
    goes_on = false;
    for (std::size_t i = 0; i < count; ++i) {
      goes_on |= state_->Continue(scratches[i]);
    }
  }
  for (std::size_t i = 0; i < count; ++i) state_->PrefetchMatches(scratches[i]);
  for (std::size_t i = 0; i < count; ++i) {
    state_->End(inputs[i], scratches[i]);
    if (!scratches[i].over_budget.empty()) return i + 1;
  }
  return count;
}

bool Matcher::HasCollection(std::string_view tenant,
                            std::string_view collection) const {
  return state_->FindCollection(tenant, collection) != HashIndex::kNone;
}

std::string Matcher::Summary(std::string_view tenant,
                             std::string_view collection) {
  const CollectionNumber number = state_->FindCollection(tenant, collection);
  if (number == HashIndex::kNone) return {};
  std::unique_ptr<KeptSummary>& kept = state_->collections[number]->kept;
  if (kept == nullptr) {
    kept = std::make_unique<KeptSummary>(state_->bloom_options,
                                         state_->statistics.bloom);
  }
  state_->TakeIntoSummary(number, kLongSlice);
  return kept->is_complete ? kept->summary.ToBytes()
                           : BloomSummary::BytesOfMaybe();
}

std::size_t Matcher::size() const { return state_->memberships.size(); }
std::size_t Matcher::filter_count() const { return state_->filter_count; }
std::size_t Matcher::collection_count() const {
  return state_->collections.size();
}

std::size_t Matcher::scan_count(std::string_view tenant,
                                std::string_view collection) const {
  const CollectionNumber number = state_->FindCollection(tenant, collection);
  if (number == HashIndex::kNone) return 0;
  return state_->collections[number]->index.scan_count();
}

std::size_t Matcher::memory_bytes() const {
  std::size_t bytes = state_->collection_of_name.memory_bytes() +
                      state_->collections.memory_bytes() +
                      state_->membership_of_handle.memory_bytes() +
                      state_->memberships.memory_bytes();
  for (CollectionNumber i = 0; i < state_->collections.bound(); ++i) {
    const std::unique_ptr<Collection>* collection = state_->collections.Peek(i);
    if (collection != nullptr && *collection != nullptr) {
      bytes += (*collection)->index.memory_bytes();
      if ((*collection)->kept != nullptr) {
        bytes += (*collection)->kept->summary.memory_bytes();
      }
    }
  }
  return bytes;
}

const MatchStatistics& Matcher::statistics() const {
  return state_->statistics;
}

}  // namespace streamer
