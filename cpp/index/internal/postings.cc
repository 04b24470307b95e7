#include "index/internal/postings.h"

#include <memory>

namespace streamer {

void Postings::Hang(ConjunctionId id, const Conjunction& conjunction,
                    const Access& access) {
  if (access.kind == AccessKind::kNever) return;
  if (access.kind == AccessKind::kScan) {
    scanned_.Insert(id);
    return;
  }
  const Predicate& predicate = conjunction.predicates[access.predicate];
  const PathId path = paths_.Acquire(predicate.variable, predicate.path);
  switch (access.kind) {
    case AccessKind::kEquality:
    case AccessKind::kMember:
      HangOnTerms(id, conjunction, access, path);
      break;
    case AccessKind::kNumbers:
    case AccessKind::kTexts:
      HangOnRange(id, conjunction, access, paths_[path]);
      break;
    case AccessKind::kCells:
    case AccessKind::kLiteral:
      tree_.InsertByKeys(paths_[path].division,
                         KeysOf(conjunction, access, path, terms_), id);
      ++paths_[path].keyed_postings;
      break;
    default:
      paths_[path].present.Insert(id);
  }
}

void Postings::Unhang(ConjunctionId id, const Conjunction& conjunction,
                      const Access& access) {
  if (access.kind == AccessKind::kNever) return;
  if (access.kind == AccessKind::kScan) {
    scanned_.Erase(id);
    return;
  }
  const Predicate& predicate = conjunction.predicates[access.predicate];
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  switch (access.kind) {
    case AccessKind::kEquality:
    case AccessKind::kMember:
      UnhangFromTerms(id, conjunction, access, path);
      break;
    case AccessKind::kNumbers:
    case AccessKind::kTexts:
      UnhangFromRange(id, conjunction, access, paths_[path]);
      break;
    case AccessKind::kCells:
    case AccessKind::kLiteral:
      tree_.EraseByKeys(paths_[path].division,
                        KeysOf(conjunction, access, path, terms_), id);
      --paths_[path].keyed_postings;
      break;
    default:
      paths_[path].present.Erase(id);
  }
  paths_.Release(path);
}

// Constants that share a term (1 and 1.0) are counted each, and hang once.
void Postings::HangOnTerms(ConjunctionId id, const Conjunction& conjunction,
                           const Access& access, PathId path) {
  PathNode& node = paths_[path];
  for (const Value& constant :
       ConstantsOf(conjunction.predicates[access.predicate])) {
    if (LookupOf(constant) == Lookup::kNever) continue;
    terms_.Acquire(path, constant);
    ++node.term_references;
  }
  for (const Key& key : KeysOf(conjunction, access, path, terms_).keys) {
    Term& term = terms_[TermId(static_cast<std::uint32_t>(key.value))];
    if (access.kind == AccessKind::kEquality) {
      tree_.Insert(term.equalities, id);
      ++node.equality_postings;
    } else {
      tree_.Insert(term.members, id);
      ++node.member_postings;
    }
  }
}

void Postings::UnhangFromTerms(ConjunctionId id, const Conjunction& conjunction,
                               const Access& access, PathId path) {
  PathNode& node = paths_[path];
  for (const Key& key : KeysOf(conjunction, access, path, terms_).keys) {
    Term& term = terms_[TermId(static_cast<std::uint32_t>(key.value))];
    if (access.kind == AccessKind::kEquality) {
      tree_.Erase(term.equalities, id);
      --node.equality_postings;
    } else {
      tree_.Erase(term.members, id);
      --node.member_postings;
    }
  }
  for (const Value& constant :
       ConstantsOf(conjunction.predicates[access.predicate])) {
    if (LookupOf(constant) == Lookup::kNever) continue;
    terms_.Release(terms_.Find(path, constant));
    --node.term_references;
  }
}

void Postings::HangOnRange(ConjunctionId id, const Conjunction& conjunction,
                           const Access& access, PathNode& node) {
  if (node.ranges == nullptr) node.ranges = std::make_unique<RangePostings>();
  if (access.kind == AccessKind::kTexts) {
    const TextInterval interval = TextIntervalOf(conjunction, access);
    node.ranges->texts.Insert(interval.low, interval.high, id);
    return;
  }
  const NumberInterval interval = NumberIntervalOf(conjunction, access);
  if (interval.holds_nan) node.ranges->nans.Insert(id);
  if (!interval.is_empty()) {
    node.ranges->numbers.Insert(interval.low, interval.high, id);
  }
}

void Postings::UnhangFromRange(ConjunctionId id, const Conjunction& conjunction,
                               const Access& access, PathNode& node) {
  if (access.kind == AccessKind::kTexts) {
    const TextInterval interval = TextIntervalOf(conjunction, access);
    node.ranges->texts.Erase(interval.low, interval.high, id);
  } else {
    const NumberInterval interval = NumberIntervalOf(conjunction, access);
    if (interval.holds_nan) node.ranges->nans.Erase(id);
    if (!interval.is_empty()) {
      node.ranges->numbers.Erase(interval.low, interval.high, id);
    }
  }
  if (node.ranges->is_empty()) node.ranges.reset();
}

// Every term that a list or a record may ask for.
void Postings::BeginTerms(IndexScratch& scratch) const {
  scratch.lookups.clear();
  for (PathId path : scratch.visited()) {
    const PathNode& node = paths_[path];
    if (node.equality_postings + node.term_references == 0) continue;
    IndexScratch::PathSlot& slot = *scratch.FindPath(path);
    IndexScratch::TermLookup lookup{path};
    if (terms_.BeginFind(lookup, *slot.value)) {
      scratch.lookups.push_back(lookup);
    } else {
      slot.term = TermTable::kNone;
    }
  }
}

void Postings::ContinueTerms(IndexScratch& scratch) const {
  std::erase_if(scratch.lookups, [&](IndexScratch::TermLookup& lookup) {
    if (terms_.ContinueFind(lookup)) return false;
    scratch.FindPath(lookup.path)->term = TermTable::kNone;
    return true;
  });
}

void Postings::PrefetchPostings(const IndexScratch& scratch) const {
  for (const IndexScratch::TermLookup& lookup : scratch.lookups) {
    const Term& term = terms_.Likely(lookup);
    __builtin_prefetch(term.text.get());
    tree_.Prefetch(term.equalities);
  }
}

void Postings::EndTerms(IndexScratch& scratch) const {
  for (const IndexScratch::TermLookup& lookup : scratch.lookups) {
    IndexScratch::PathSlot& slot = *scratch.FindPath(lookup.path);
    slot.term = terms_.EndFind(lookup, *slot.value);
  }
}

}  // namespace streamer
