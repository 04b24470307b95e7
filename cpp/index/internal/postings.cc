#include "index/internal/postings.h"

#include <algorithm>
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
      HangOnTerms(id, predicate, path, access.kind);
      break;
    case AccessKind::kNumbers:
    case AccessKind::kTexts:
      HangOnRange(id, conjunction, access, paths_[path]);
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
      UnhangFromTerms(id, predicate, path, access.kind);
      break;
    case AccessKind::kNumbers:
    case AccessKind::kTexts:
      UnhangFromRange(id, conjunction, access, paths_[path]);
      break;
    default:
      paths_[path].present.Erase(id);
  }
  paths_.Release(path);
}

// Constants that share a term (1 and 1.0) are counted each, and hang once.
void Postings::HangOnTerms(ConjunctionId id, const Predicate& predicate,
                           PathId path, AccessKind kind) {
  PathNode& node = paths_[path];
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) == Lookup::kNever) continue;
    Term& term = terms_[terms_.Acquire(path, constant)];
    ++node.term_references;
    if (kind == AccessKind::kEquality) {
      term.equalities.Insert(id);
      ++node.equality_postings;
    } else {
      term.members.Insert(id);
      ++node.member_postings;
    }
  }
}

void Postings::UnhangFromTerms(ConjunctionId id, const Predicate& predicate,
                               PathId path, AccessKind kind) {
  PathNode& node = paths_[path];
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) == Lookup::kNever) continue;
    const TermId term = terms_.Find(path, constant);
    if (kind == AccessKind::kEquality) {
      terms_[term].equalities.Erase(id);
      --node.equality_postings;
    } else {
      terms_[term].members.Erase(id);
      --node.member_postings;
    }
    terms_.Release(term);
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

// The terms of the members of `container`, each once: a list may repeat one.
void Postings::FindMembers(PathId path, const Value& container,
                           IndexScratch& scratch) const {
  std::vector<TermId>& members = scratch.members;
  members.clear();
  auto add = [&](const Value& member) {
    const TermId term = terms_.Find(path, member);
    if (term != TermTable::kNone) members.push_back(term);
  };
  if (container.is(ValueKind::kList)) {
    for (const Value& item : container.list().items()) add(item);
  } else if (container.is(ValueKind::kMap)) {
    for (const MapEntry& entry : container.map().entries()) add(entry.key);
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
}

std::size_t Postings::CrowdOf(const Conjunction& conjunction,
                              const Access& access) const {
  if (access.kind != AccessKind::kEquality &&
      access.kind != AccessKind::kMember) {
    return 0;
  }
  const Predicate& predicate = conjunction.predicates[access.predicate];
  const std::span<const Value> constants = ConstantsOf(predicate);
  if (constants.size() != 1) return 0;
  const PathId path = paths_.Find(predicate.variable, predicate.path);
  const Term& term = terms_[terms_.Find(path, constants.front())];
  return access.kind == AccessKind::kEquality ? term.equalities.size()
                                              : term.members.size();
}

}  // namespace streamer
