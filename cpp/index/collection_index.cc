#include "index/collection_index.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "index/hash_index.h"
#include "index/internal/access.h"
#include "index/internal/event_walk.h"
#include "index/internal/hung_conjunction.h"
#include "index/internal/path_trie.h"
#include "index/internal/postings.h"
#include "index/internal/record.h"
#include "index/internal/shared_predicates.h"
#include "index/internal/term_table.h"
#include "index/pool.h"

namespace streamer {
namespace {

constexpr EntryId kNoEntry{~std::uint32_t{0}};

// A canonical filter and who asked for it.
struct Entry {
  std::shared_ptr<const Filter> filter;
  IdSet<SubscriptionHandle> subscribers;
  ConjunctionId first_conjunction = kNoConjunction;
};

// The variable through which a document filter names the document.
FilterVariable IdVariable(const Filter& filter) {
  return filter.conjunctions().front().predicates.front().variable;
}

std::uint64_t HashOfDocument(std::string_view id) { return HashBytes(id); }

}  // namespace

class CollectionIndex::State {
 public:
  State()
      : verifier_(paths_, terms_, shared_),
        chooser_(paths_, terms_),
        postings_(conjunctions_, paths_, terms_, chooser_) {}

  EntryId Add(SubscriptionHandle subscriber,
              std::shared_ptr<const Filter> filter);
  void Remove(SubscriptionHandle subscriber, EntryId entry);
  void Begin(const FilterInput& input, IndexScratch& scratch) const;
  bool Begin(const FilterInput& input, const ChangeEvent& event,
             IndexScratch& scratch) const;
  bool Continue(IndexScratch& scratch) const;

  void PrefetchSmall(int step) const { paths_.PrefetchSmall(step); }

  const Entry& entry(EntryId id) const { return entries_[id.value()]; }
  std::size_t size() const { return size_; }
  std::size_t filter_count() const { return entries_.size(); }
  std::size_t scan_count() const { return postings_.scanned().size(); }
  std::optional<std::size_t> AccessPredicate(EntryId entry,
                                             std::size_t conjunction) const;
  std::size_t memory_bytes() const;

 private:
  EntryId FindEntry(const std::string& canonical_key) const;
  EntryId AddEntry(std::shared_ptr<const Filter> filter);
  void RemoveEntry(EntryId id);

  void AddConjunctions(EntryId id, const Filter& filter);
  void RemoveConjunctions(const Entry& entry);
  void Hang(ConjunctionId id, const Access& access);
  void Unhang(ConjunctionId id);
  void AddRecords(HungConjunction& hung, const Access& access);
  PredicateRecord MakeRecord(const Predicate& predicate);
  void RemoveRecords(HungConjunction& hung);
  void ReconsiderSome();
  void Reconsider(ConjunctionId id);

  EntryId FindDocument(std::string_view id, FilterVariable variable) const;
  void BeginEvent(IndexScratch& scratch) const;
  void Reach(IndexScratch& scratch) const;
  void VerifyFirst(IndexScratch& scratch) const;
  void VerifyRest(IndexScratch& scratch) const;
  void AddDocumentCandidates(const FilterInput& input,
                             IndexScratch& scratch) const;
  void AddDocument(std::string_view id, FilterVariable variable,
                   IndexScratch& scratch) const;
  void AddCandidate(const HungConjunction& hung, IndexScratch& scratch) const;
  void AddCutOff(IndexScratch& scratch) const;
  bool IsCutOff(const Conjunction& conjunction,
                const IndexScratch& scratch) const;

  Pool<Entry> entries_;
  HashIndex entry_of_key_;
  HashIndex entry_of_document_;
  EntryId match_all_ = kNoEntry;
  std::size_t size_ = 0;

  Pool<HungConjunction> conjunctions_;
  // Those for which another access may have become better.
  std::vector<ConjunctionId> to_reconsider_;

  PathTrie paths_;
  TermTable terms_;
  SharedPredicates shared_;
  Verifier verifier_;
  AccessChooser chooser_;
  Postings postings_;
};

EntryId CollectionIndex::State::Add(SubscriptionHandle subscriber,
                                    std::shared_ptr<const Filter> filter) {
  EntryId id = FindEntry(filter->canonical_key());
  if (id == kNoEntry) id = AddEntry(std::move(filter));
  entries_[id.value()].subscribers.Insert(subscriber);
  ++size_;
  return id;
}

void CollectionIndex::State::Remove(SubscriptionHandle subscriber, EntryId id) {
  Entry& entry = entries_[id.value()];
  if (!entry.subscribers.Erase(subscriber)) return;
  --size_;
  if (entry.subscribers.is_empty()) RemoveEntry(id);
}

EntryId CollectionIndex::State::FindEntry(
    const std::string& canonical_key) const {
  const HashIndex::Number number = entry_of_key_.Find(
      HashBytes(canonical_key), [&](HashIndex::Number candidate) {
        return entries_[candidate].filter->canonical_key() == canonical_key;
      });
  return EntryId(number);
}

EntryId CollectionIndex::State::AddEntry(std::shared_ptr<const Filter> filter) {
  const Filter& source = *filter;
  const EntryId id(entries_.Add({std::move(filter), {}, kNoConjunction}));
  entry_of_key_.Insert(HashBytes(source.canonical_key()), id.value());
  if (source.is_match_all()) {
    match_all_ = id;
  } else if (source.document_id().has_value()) {
    entry_of_document_.Insert(HashOfDocument(*source.document_id()),
                              id.value());
  } else {
    AddConjunctions(id, source);
    ReconsiderSome();
  }
  return id;
}

void CollectionIndex::State::RemoveEntry(EntryId id) {
  const Entry& entry = entries_[id.value()];
  const Filter& source = *entry.filter;
  entry_of_key_.Erase(HashBytes(source.canonical_key()), id.value());
  if (source.is_match_all()) {
    match_all_ = kNoEntry;
  } else if (source.document_id().has_value()) {
    entry_of_document_.Erase(HashOfDocument(*source.document_id()), id.value());
  } else {
    RemoveConjunctions(entry);
  }
  entries_.Remove(id.value());
}

void CollectionIndex::State::AddConjunctions(EntryId id, const Filter& filter) {
  for (const Conjunction& conjunction : filter.conjunctions()) {
    Entry& entry = entries_[id.value()];
    HungConjunction hung;
    hung.source = &conjunction;
    hung.entry = id;
    hung.next = entry.first_conjunction;
    hung.is_proof = filter.is_exact() && conjunction.residuals.empty();
    hung.has_siblings = filter.conjunctions().size() > 1;
    entry.first_conjunction = ConjunctionId(conjunctions_.Add(std::move(hung)));
    Hang(entry.first_conjunction, chooser_.Choose(conjunction));
  }
}

void CollectionIndex::State::RemoveConjunctions(const Entry& entry) {
  ConjunctionId id = entry.first_conjunction;
  while (id != kNoConjunction) {
    const ConjunctionId next = conjunctions_[id.value()].next;
    Unhang(id);
    conjunctions_.Remove(id.value());
    id = next;
  }
}

void CollectionIndex::State::Hang(ConjunctionId id, const Access& access) {
  HungConjunction& hung = conjunctions_[id.value()];
  hung.access = access.kind;
  hung.access_predicate = static_cast<std::uint16_t>(access.predicate);
  if (access.kind != AccessKind::kNever) AddRecords(hung, access);
  postings_.Hang(id, *hung.source, access);
}

void CollectionIndex::State::Unhang(ConjunctionId id) {
  HungConjunction& hung = conjunctions_[id.value()];
  postings_.Unhang(id, *hung.source, hung.access_kept());
  hung.keys.fill(HungConjunction::kNoKey);
  RemoveRecords(hung);
}

// Records in order of cost: numbers are compared before anything is shared.
void CollectionIndex::State::AddRecords(HungConjunction& hung,
                                        const Access& access) {
  const Conjunction& conjunction = *hung.source;
  std::vector<PredicateRecord> records;
  for (std::uint32_t i = 0; i < conjunction.predicates.size(); ++i) {
    const Predicate& predicate = conjunction.predicates[i];
    if (IsProvenByAccess(conjunction, i, access)) continue;
    records.push_back(MakeRecord(predicate));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const PredicateRecord& a, const PredicateRecord& b) {
                     return a.test < b.test;
                   });
  hung.SetRecords(records);
}

PredicateRecord CollectionIndex::State::MakeRecord(const Predicate& predicate) {
  PredicateRecord record;
  record.path = paths_.Acquire(predicate.variable, predicate.path);
  record.test = TestOf(predicate);
  record.ordering = predicate.kind;
  record.wanted = predicate.wanted;
  switch (record.test) {
    case RecordTest::kTerm:
      record.reference = {
          terms_.Acquire(record.path, ConstantsOf(predicate).front()).value(),
          CellsAskedBy(predicate)};
      ++paths_[record.path].term_references;
      break;
    case RecordTest::kNumber:
      record.number = RoundedNumber(predicate.operand.value());
      break;
    case RecordTest::kShared:
      record.reference = {shared_.Acquire(predicate).value(),
                          CellsAskedBy(predicate)};
      break;
    default:
      break;
  }
  // The constant of kIsBoolean is the answer that is wanted of it.
  if (predicate.kind == PredicateKind::kIsBoolean) {
    record.wanted = Answer::kTrue;
  }
  return record;
}

void CollectionIndex::State::RemoveRecords(HungConjunction& hung) {
  for (std::uint32_t i = 0; i < hung.record_count; ++i) {
    const PredicateRecord& record = hung.record(i);
    if (record.test == RecordTest::kTerm) {
      terms_.Release(record.term());
      --paths_[record.path].term_references;
    } else if (record.test == RecordTest::kShared) {
      shared_.Release(record.shared());
    }
    paths_.Release(record.path);
  }
  hung.SetRecords({});
}

// What was the best access when a conjunction was hung need not be any more
// when so many others hang there that their list grew long. They are looked
// at a few at a time, so that no addition ever has to stop for all of them.
void CollectionIndex::State::ReconsiderSome() {
  constexpr int kAtOnce = 2;
  postings_.TakeCrowded(to_reconsider_);
  for (int i = 0; i < kAtOnce && !to_reconsider_.empty(); ++i) {
    const ConjunctionId id = to_reconsider_.back();
    to_reconsider_.pop_back();
    Reconsider(id);
  }
}

void CollectionIndex::State::Reconsider(ConjunctionId id) {
  const HungConjunction* hung = conjunctions_.Peek(id.value());
  // It may have been removed since.
  if (hung == nullptr || hung->source == nullptr) return;
  const Access best = chooser_.Choose(*hung->source);
  const std::uint32_t access = hung->access_predicate;
  const Access present =
      chooser_.Judge(*hung->source, access, OffersOf(*hung->source)[access]);
  if (best.share * 2 > present.share) return;
  Unhang(id);
  Hang(id, best);
}

void CollectionIndex::State::Begin(const FilterInput& input,
                                   IndexScratch& scratch) const {
  BeginEvent(scratch);
  paths_.Walk(input, scratch);
  if (entry_of_document_.size() > 0) AddDocumentCandidates(input, scratch);
  postings_.BeginTerms(scratch);
}

bool CollectionIndex::State::Begin(const FilterInput& input,
                                   const ChangeEvent& event,
                                   IndexScratch& scratch) const {
  BeginEvent(scratch);
  if (!EventWalk(paths_, event, scratch).Run(input)) return false;
  if (entry_of_document_.size() > 0) {
    AddDocument(event.document_id(), FilterVariable::kId, scratch);
    AddDocument(event.document_id(), FilterVariable::kDoc, scratch);
  }
  postings_.BeginTerms(scratch);
  return true;
}

void CollectionIndex::State::BeginEvent(IndexScratch& scratch) const {
  scratch.BeginEvent(paths_.bound());
  if (match_all_ != kNoEntry) {
    scratch.candidates.push_back({match_all_, nullptr, true});
  }
}

bool CollectionIndex::State::Continue(IndexScratch& scratch) const {
  switch (scratch.step++) {
    case 0:
      postings_.ContinueTerms(scratch);
      return true;
    case 1:
      postings_.PrefetchPostings(scratch);
      return true;
    case 2:
      postings_.EndTerms(scratch);
      Reach(scratch);
      return true;
    case 3:
      VerifyFirst(scratch);
      return true;
    default:
      VerifyRest(scratch);
      return false;
  }
}

void CollectionIndex::State::Reach(IndexScratch& scratch) const {
  postings_.ForEachReached(verifier_, scratch, [&](ConjunctionId id) {
    __builtin_prefetch(&conjunctions_[id.value()]);
    scratch.reached.push_back(id);
  });
  scratch.examined = scratch.reached.size();
}

// What a conjunction has in its own cache line. Leaves those that have more.
void CollectionIndex::State::VerifyFirst(IndexScratch& scratch) const {
  std::erase_if(scratch.reached, [&](ConjunctionId id) {
    const HungConjunction& hung = conjunctions_[id.value()];
    const std::uint32_t count = std::min<std::uint32_t>(
        hung.record_count, HungConjunction::kInlineRecords);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!verifier_.Holds(hung.first_records[i], scratch)) return true;
    }
    if (hung.record_count > count) {
      __builtin_prefetch(hung.more_records.get());
      return false;
    }
    AddCandidate(hung, scratch);
    return true;
  });
}

void CollectionIndex::State::VerifyRest(IndexScratch& scratch) const {
  for (ConjunctionId id : scratch.reached) {
    const HungConjunction& hung = conjunctions_[id.value()];
    bool holds = true;
    for (std::uint32_t i = HungConjunction::kInlineRecords;
         holds && i < hung.record_count; ++i) {
      holds = verifier_.Holds(hung.record(i), scratch);
    }
    if (holds) AddCandidate(hung, scratch);
  }
  if (!scratch.cut_off.empty()) AddCutOff(scratch);
}

void CollectionIndex::State::AddDocumentCandidates(
    const FilterInput& input, IndexScratch& scratch) const {
  const Value& id = input[FilterVariable::kId];
  if (id.is(ValueKind::kString)) {
    AddDocument(id.text(), FilterVariable::kId, scratch);
  }
  const Value& doc = input[FilterVariable::kDoc];
  if (!doc.is(ValueKind::kMap)) return;
  const Value* doc_id = doc.map().Find("id");
  if (doc_id != nullptr && doc_id->is(ValueKind::kString)) {
    AddDocument(doc_id->text(), FilterVariable::kDoc, scratch);
  }
}

void CollectionIndex::State::AddDocument(std::string_view id,
                                         FilterVariable variable,
                                         IndexScratch& scratch) const {
  const EntryId found = FindDocument(id, variable);
  if (found != kNoEntry) scratch.candidates.push_back({found, nullptr, true});
}

EntryId CollectionIndex::State::FindDocument(std::string_view id,
                                             FilterVariable variable) const {
  const HashIndex::Number number = entry_of_document_.Find(
      HashOfDocument(id), [&](HashIndex::Number candidate) {
        const Filter& filter = *entries_[candidate].filter;
        return *filter.document_id() == id && IdVariable(filter) == variable;
      });
  return EntryId(number);
}

// Reached through two members of a list, or proven by two conjunctions, it is
// one candidate all the same.
void CollectionIndex::State::AddCandidate(const HungConjunction& hung,
                                          IndexScratch& scratch) const {
  if (hung.has_siblings && scratch.IsClaimed(hung.entry)) return;
  if (hung.is_proof && !scratch.Claim(hung.entry)) return;
  __builtin_prefetch(&entries_[hung.entry.value()]);
  scratch.candidates.push_back({hung.entry, hung.source, hung.is_proof});
}

// Looks at all conjunctions: it happens once to those that it finds.
void CollectionIndex::State::AddCutOff(IndexScratch& scratch) const {
  for (std::uint32_t i = 0; i < conjunctions_.bound(); ++i) {
    const HungConjunction* hung = conjunctions_.Peek(i);
    if (hung == nullptr || hung->source == nullptr ||
        hung->access == AccessKind::kNever) {
      continue;
    }
    if (IsCutOff(*hung->source, scratch)) {
      scratch.candidates.push_back({hung->entry, hung->source, false, true});
    }
  }
}

// Whether a derived value that was cut off decides: everything else that the
// index can say of the conjunction holds.
bool CollectionIndex::State::IsCutOff(const Conjunction& conjunction,
                                      const IndexScratch& scratch) const {
  bool asks_for_it = false;
  for (const Predicate& predicate : conjunction.predicates) {
    const PathId path = paths_.Find(predicate.variable, predicate.path);
    if (std::find(scratch.cut_off.begin(), scratch.cut_off.end(), path) !=
        scratch.cut_off.end()) {
      asks_for_it = true;
    } else if (!verifier_.HoldsAt(path, predicate, scratch)) {
      return false;
    }
  }
  return asks_for_it;
}

std::optional<std::size_t> CollectionIndex::State::AccessPredicate(
    EntryId entry_id, std::size_t conjunction) const {
  const Conjunction* source =
      &entry(entry_id).filter->conjunctions()[conjunction];
  ConjunctionId id = entry(entry_id).first_conjunction;
  while (conjunctions_[id.value()].source != source) {
    id = conjunctions_[id.value()].next;
  }
  const HungConjunction& hung = conjunctions_[id.value()];
  if (hung.access == AccessKind::kNever || hung.access == AccessKind::kScan) {
    return std::nullopt;
  }
  return hung.access_predicate;
}

std::size_t CollectionIndex::State::memory_bytes() const {
  return entries_.memory_bytes() + entry_of_key_.memory_bytes() +
         entry_of_document_.memory_bytes() + conjunctions_.memory_bytes() +
         paths_.memory_bytes() + terms_.memory_bytes() +
         shared_.memory_bytes() + postings_.memory_bytes() +
         to_reconsider_.capacity() * sizeof(ConjunctionId);
}

CollectionIndex::CollectionIndex() : state_(std::make_unique<State>()) {}
CollectionIndex::~CollectionIndex() = default;
CollectionIndex::CollectionIndex(CollectionIndex&&) noexcept = default;
CollectionIndex& CollectionIndex::operator=(CollectionIndex&&) noexcept =
    default;

EntryId CollectionIndex::Add(SubscriptionHandle subscriber,
                             std::shared_ptr<const Filter> filter) {
  return state_->Add(subscriber, std::move(filter));
}

void CollectionIndex::Remove(SubscriptionHandle subscriber, EntryId entry) {
  state_->Remove(subscriber, entry);
}

void CollectionIndex::FindCandidates(const FilterInput& input,
                                     IndexScratch& scratch) const {
  Begin(input, scratch);
  while (Continue(scratch)) continue;
}

void CollectionIndex::Begin(const FilterInput& input,
                            IndexScratch& scratch) const {
  state_->Begin(input, scratch);
}

bool CollectionIndex::Begin(const FilterInput& input, const ChangeEvent& event,
                            IndexScratch& scratch) const {
  return state_->Begin(input, event, scratch);
}

bool CollectionIndex::Continue(IndexScratch& scratch) const {
  return state_->Continue(scratch);
}

void CollectionIndex::Prefetch(int step) const {
  if (step > 0) return state_->PrefetchSmall(step - 1);
  constexpr std::size_t kLine = 64;
  const char* begin = reinterpret_cast<const char*>(state_.get());
  for (std::size_t i = 0; i < sizeof(State); i += kLine) {
    __builtin_prefetch(begin + i);
  }
}

const Filter& CollectionIndex::filter(EntryId entry) const {
  return *state_->entry(entry).filter;
}

const IdSet<SubscriptionHandle>& CollectionIndex::subscribers(
    EntryId entry) const {
  return state_->entry(entry).subscribers;
}

std::size_t CollectionIndex::size() const { return state_->size(); }
std::size_t CollectionIndex::filter_count() const {
  return state_->filter_count();
}
std::size_t CollectionIndex::ScanCountOf(const Filter& filter) {
  return static_cast<std::size_t>(std::count_if(
      filter.conjunctions().begin(), filter.conjunctions().end(), &IsScanned));
}

std::size_t CollectionIndex::scan_count() const { return state_->scan_count(); }

std::optional<std::size_t> CollectionIndex::AccessPredicate(
    EntryId entry, std::size_t conjunction) const {
  return state_->AccessPredicate(entry, conjunction);
}

std::size_t CollectionIndex::memory_bytes() const {
  return state_->memory_bytes();
}

}  // namespace streamer
