#include "index/internal/posting_tree.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/hash.h"

namespace streamer {
namespace {

// From here on, another form may be better for a list, and for a crowd.
constexpr std::size_t kLongList = 64;
constexpr std::size_t kLargeCrowd = 1'024;

// What the records of a conjunction order the number at a path to be.
NumberInterval IntervalAt(const HungConjunction& hung, PathId path) {
  NumberInterval interval;
  for (std::uint32_t i = 0; i < hung.record_count; ++i) {
    const PredicateRecord& record = hung.record(i);
    if (record.test != RecordTest::kNumber || record.path != path) continue;
    if (record.bounds_from_below()) {
      interval.low = std::max(interval.low, NumberBound{record.number});
    } else {
      interval.high = std::min(interval.high, NumberBound{record.number});
    }
    interval.holds_nan &= record.wanted == Answer::kFalse;
  }
  return interval;
}

}  // namespace

std::uint64_t PostingTree::SeedOf(DivisionId division, const KeySpace& space) {
  const std::uint64_t place = (std::uint64_t{space.path.value()} << 16) |
                              (static_cast<std::uint64_t>(space.kind) << 8) |
                              space.width;
  return MixHash(division.value(), place);
}

std::uint64_t PostingTree::HashOf(DivisionId division, const Key& key) {
  return MixHash(SeedOf(division, key.space), key.value);
}

void PostingTree::InsertByKeys(DivisionId& division, const KeySet& keys,
                               ConjunctionId id) {
  if (division == kNoDivision) division = DivisionId(divisions_.Add({}));
  InsertUnder(division, keys, id, 0);
}

void PostingTree::EraseByKeys(DivisionId& division, const KeySet& keys,
                              ConjunctionId id) {
  EraseUnder(division, keys, id, 0);
  if (divisions_[division.value()].postings > 0) return;
  divisions_.Remove(division.value());
  division = kNoDivision;
}

void PostingTree::Insert(PostingList& list, ConjunctionId id, Depth depth) {
  if (list.is_divided()) {
    InsertInto(list.division(), id, depth);
    MoveSome(list.division(), depth);
    return;
  }
  flat_.Insert(list, id, GuardsAt(depth));
  if (!IsToBeJudged(list)) return;
  if (depth == 0 && !list.is_crowded()) {
    flat_.ForEach(list, [&](ConjunctionId member) { long_.push_back(member); });
  }
  switch (BestFormOf(list, depth)) {
    case Form::kDivision:
      return Divide(list);
    case Form::kCrowd:
      return flat_.Crowd(list);
    case Form::kAsItIs:
      break;
  }
}

void PostingTree::Erase(PostingList& list, ConjunctionId id, Depth depth) {
  if (!list.is_divided()) {
    flat_.Erase(list, id, GuardsAt(depth));
    return;
  }
  const DivisionId division = list.division();
  EraseFrom(division, id, depth);
  if (divisions_[division.value()].postings > 0) return;
  divisions_.Remove(division.value());
  list.Clear();
}

// At each doubling of a long list.
bool PostingTree::IsToBeJudged(const PostingList& list) const {
  const std::size_t size = flat_.SizeOf(list);
  const std::size_t least = list.is_crowded() ? kLargeCrowd : kLongList;
  return size >= least && std::has_single_bit(size);
}

PostingTree::Form PostingTree::BestFormOf(const PostingList& list,
                                          Depth depth) const {
  const std::size_t size = flat_.SizeOf(list);
  ListSample sample;
  flat_.ForEach(list,
                [&](ConjunctionId id) { AddToSample(id, depth, sample); });
  const double crowd = sample.CostOfCrowd(size);
  const double division = sample.CostOfDivision(size);
  if (2 * division < crowd) return Form::kDivision;
  const bool is_better = !list.is_crowded() && crowd < ListSample::CostOf(size);
  return is_better ? Form::kCrowd : Form::kAsItIs;
}

void PostingTree::AddToSample(ConjunctionId id, Depth depth,
                              ListSample& sample) const {
  if (sample.is_full()) return;
  const HungConjunction& hung = conjunctions_[id.value()];
  std::vector<Constraint> constraints;
  ReadConstraints(hung, constraints);
  const std::uint8_t best = depth < HungConjunction::kMostKeys
                                ? BestKeyOf(hung, depth)
                                : HungConjunction::kNoKey;
  if (best == HungConjunction::kNoKey) {
    sample.Add(constraints, nullptr);
  } else {
    sample.Add(constraints, &KeysOf(hung, best).keys.front());
  }
}

void PostingTree::Divide(PostingList& list) {
  Division division;
  division.postings = static_cast<std::uint32_t>(flat_.SizeOf(list));
  division.waiting = std::exchange(list, PostingList());
  list.Divide(DivisionId(divisions_.Add(std::move(division))));
}

void PostingTree::MoveSome(DivisionId id, Depth depth) {
  constexpr int kAtOnce = 4;
  Division& division = divisions_[id.value()];
  for (int i = 0; i < kAtOnce && !division.waiting.is_empty(); ++i) {
    const ConjunctionId moved = flat_.LastOf(division.waiting);
    flat_.Erase(division.waiting, moved, GuardsAt(depth));
    --division.postings;
    InsertInto(id, moved, depth);
  }
}

void PostingTree::TakeCrowded(std::vector<ConjunctionId>& conjunctions) {
  conjunctions.insert(conjunctions.end(), long_.begin(), long_.end());
  long_.clear();
}

void PostingTree::InsertInto(DivisionId id, ConjunctionId conjunction,
                             Depth depth) {
  HungConjunction& hung = conjunctions_[conjunction.value()];
  if (depth < HungConjunction::kMostKeys &&
      hung.keys[depth] == HungConjunction::kNoKey) {
    hung.keys[depth] = BestKeyOf(hung, depth);
  }
  if (depth >= HungConjunction::kMostKeys ||
      hung.keys[depth] == HungConjunction::kNoKey) {
    divisions_[id.value()].rest.Insert(conjunction);
    ++divisions_[id.value()].postings;
    return;
  }
  AcquireTerms(hung, depth);
  InsertUnder(id, KeysOf(hung, hung.keys[depth]), conjunction, depth + 1);
}

void PostingTree::EraseFrom(DivisionId id, ConjunctionId conjunction,
                            Depth depth) {
  Division& division = divisions_[id.value()];
  if (flat_.Erase(division.waiting, conjunction, GuardsAt(depth)) ||
      division.rest.Erase(conjunction)) {
    --division.postings;
    return;
  }
  const HungConjunction& hung = conjunctions_[conjunction.value()];
  EraseUnder(id, KeysOf(hung, hung.keys[depth]), conjunction, depth + 1);
  ReleaseTerms(hung, depth);
}

void PostingTree::InsertUnder(DivisionId id, const KeySet& keys,
                              ConjunctionId conjunction, Depth depth) {
  auto insert = [&](const Key& key) {
    HashIndex::Number number = FindList(id, key);
    if (number == HashIndex::kNone) number = AddList(id, key);
    Insert(lists_[number].list, conjunction, depth);
    ++divisions_[id.value()].postings;
  };
  if (keys.is_choice) {
    insert(LeastCrowded(id, keys));
  } else {
    for (const Key& key : keys.keys) insert(key);
  }
}

// Which of several keys was chosen is not kept: it is where the conjunction is.
void PostingTree::EraseUnder(DivisionId id, const KeySet& keys,
                             ConjunctionId conjunction, Depth depth) {
  for (const Key& key : keys.keys) {
    const HashIndex::Number number = FindList(id, key);
    if (number == HashIndex::kNone) continue;
    PostingList& list = lists_[number].list;
    if (keys.is_choice && !Holds(list, conjunction, depth)) continue;
    Erase(list, conjunction, depth);
    if (list.is_empty()) RemoveList(number);
    --divisions_[id.value()].postings;
    if (keys.is_choice) return;
  }
}

const Key& PostingTree::LeastCrowded(DivisionId id, const KeySet& keys) const {
  const Key* best = nullptr;
  std::size_t least = 0;
  for (const Key& key : keys.keys) {
    const HashIndex::Number number = FindList(id, key);
    if (number == HashIndex::kNone) return key;
    const PostingList& list = lists_[number].list;
    const std::size_t size = list.is_divided()
                                 ? divisions_[list.division().value()].postings
                                 : flat_.SizeOf(list);
    if (best == nullptr || size < least) {
      best = &key;
      least = size;
    }
  }
  return *best;
}

bool PostingTree::Holds(const PostingList& list, ConjunctionId id,
                        Depth depth) const {
  if (!list.is_divided()) return flat_.Holds(list, id);
  const DivisionId division = list.division();
  if (flat_.Holds(divisions_[division.value()].waiting, id)) return true;
  if (divisions_[division.value()].rest.Contains(id)) return true;
  const HungConjunction& hung = conjunctions_[id.value()];
  if (depth >= HungConjunction::kMostKeys ||
      hung.keys[depth] == HungConjunction::kNoKey) {
    return false;
  }
  const KeySet keys = KeysOf(hung, hung.keys[depth]);
  return std::any_of(keys.keys.begin(), keys.keys.end(), [&](const Key& key) {
    const HashIndex::Number number = FindList(division, key);
    return number != HashIndex::kNone &&
           Holds(lists_[number].list, id, depth + 1);
  });
}

HashIndex::Number PostingTree::FindList(DivisionId id, const Key& key,
                                        std::uint64_t hash) const {
  return list_of_key_.Find(hash, [&](HashIndex::Number candidate) {
    return lists_[candidate].division == id && lists_[candidate].key == key;
  });
}

HashIndex::Number PostingTree::AddList(DivisionId id, const Key& key) {
  const HashIndex::Number number = lists_.Add({id, key, {}});
  list_of_key_.Insert(HashOf(id, key), number);
  std::vector<Space>& spaces = divisions_[id.value()].spaces;
  auto place = std::find_if(
      spaces.begin(), spaces.end(),
      [&](const Space& space) { return space.space == key.space; });
  if (place == spaces.end()) place = spaces.insert(place, {key.space, 0});
  ++place->lists;
  return number;
}

void PostingTree::RemoveList(HashIndex::Number number) {
  const KeyedList& keyed = lists_[number];
  std::vector<Space>& spaces = divisions_[keyed.division.value()].spaces;
  auto place = std::find_if(
      spaces.begin(), spaces.end(),
      [&](const Space& space) { return space.space == keyed.key.space; });
  if (--place->lists == 0) spaces.erase(place);
  list_of_key_.Erase(HashOf(keyed.division, keyed.key), number);
  lists_.Remove(number);
}

std::uint8_t PostingTree::BestKeyOf(const HungConjunction& hung,
                                    Depth depth) const {
  const Conjunction& conjunction = *hung.source;
  const Offers offers = OffersOf(conjunction);
  const auto count = std::min<std::uint32_t>(
      static_cast<std::uint32_t>(offers.size()), HungConjunction::kNoKey);
  double least = 1;
  std::uint8_t best = HungConjunction::kNoKey;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!offers[i].is_key || IsUsed(hung, i, depth)) continue;
    const double share = chooser_.Judge(conjunction, i, offers[i]).share;
    if (share >= least) continue;
    least = share;
    best = static_cast<std::uint8_t>(i);
  }
  return best;
}

bool PostingTree::IsUsed(const HungConjunction& hung, std::uint32_t predicate,
                         Depth depth) {
  const std::vector<Predicate>& predicates = hung.source->predicates;
  const Predicate& asked = predicates[predicate];
  if (IsSameRange(asked, predicates[hung.access_predicate])) return true;
  const auto used_end =
      hung.keys.begin() + std::min<std::size_t>(depth, hung.keys.size());
  return std::any_of(hung.keys.begin(), used_end, [&](std::uint8_t key) {
    return IsSameRange(asked, predicates[key]);
  });
}

KeySet PostingTree::KeysOf(const HungConjunction& hung,
                           std::uint32_t predicate) const {
  return streamer::KeysOf(*hung.source,
                          {AccessKindOf(*hung.source, predicate), predicate, 1},
                          PathOf(hung.source->predicates[predicate]), terms_);
}

bool PostingTree::HasTerms(const HungConjunction& hung, Depth depth) {
  const AccessKind kind = AccessKindOf(*hung.source, hung.keys[depth]);
  return kind == AccessKind::kEquality || kind == AccessKind::kMember;
}

void PostingTree::AcquireTerms(const HungConjunction& hung, Depth depth) {
  if (!HasTerms(hung, depth)) return;
  const Predicate& predicate = hung.source->predicates[hung.keys[depth]];
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) != Lookup::kNever) {
      terms_.Acquire(PathOf(predicate), constant);
    }
  }
}

void PostingTree::ReleaseTerms(const HungConjunction& hung, Depth depth) {
  if (!HasTerms(hung, depth)) return;
  const Predicate& predicate = hung.source->predicates[hung.keys[depth]];
  for (const Value& constant : ConstantsOf(predicate)) {
    if (LookupOf(constant) != Lookup::kNever) {
      terms_.Release(terms_.Find(PathOf(predicate), constant));
    }
  }
}

// Of what the records ask beside that by which the conjunction came here, what
// the fewest events should have.
Guard PostingTree::GuardOf(const HungConjunction& hung, Depth depth) const {
  const auto used = UsedPaths(hung, depth);
  Guard best;
  double least = 1;
  for (std::uint32_t i = 0; i < hung.record_count; ++i) {
    const PredicateRecord& record = hung.record(i);
    if (std::find(used.begin(), used.end(), record.path) != used.end()) {
      continue;
    }
    double share = 1;
    if (record.test == RecordTest::kTerm && record.wanted == Answer::kTrue) {
      share = chooser_.ShareOf(record.term());
      if (share < least) best = Guard::OfTerm(record.path, record.term());
    } else if (record.test == RecordTest::kNumber) {
      const NumberInterval interval = IntervalAt(hung, record.path);
      if (interval.holds_nan) continue;
      share = AccessChooser::ShareOf(interval);
      if (share < least) {
        best = Guard::Number(record.path, interval.low.number,
                             interval.high.number);
      }
    }
    least = std::min(least, share);
  }
  return best;
}

// Of the predicates that led a conjunction to `depth`.
std::array<PathId, 1 + HungConjunction::kMostKeys> PostingTree::UsedPaths(
    const HungConjunction& hung, Depth depth) const {
  const std::vector<Predicate>& predicates = hung.source->predicates;
  std::array<PathId, 1 + HungConjunction::kMostKeys> used;
  used.fill(PathOf(predicates[hung.access_predicate]));
  for (Depth i = 0; i < std::min<Depth>(depth, HungConjunction::kMostKeys);
       ++i) {
    if (hung.keys[i] == HungConjunction::kNoKey) break;
    used[1 + i] = PathOf(predicates[hung.keys[i]]);
  }
  return used;
}

void PostingTree::AddProbes(DivisionId id, std::uint32_t space_number,
                            const Verifier& verifier,
                            IndexScratch& scratch) const {
  const KeySpace& space = divisions_[id.value()].spaces[space_number].space;
  IndexScratch::PathSlot* slot = scratch.FindPath(space.path);
  if (slot == nullptr) return;
  const ProbeSite site{SeedOf(id, space), space_number};
  switch (space.kind) {
    case SpaceKind::kTerm: {
      const TermId term = verifier.TermOf(space.path, *slot);
      if (term != TermTable::kNone) AddProbe(site, term.value(), scratch);
      return;
    }
    case SpaceKind::kCell:
      if (slot->is_number && !std::isnan(slot->number)) {
        AddProbe(site, CellOf(slot->number, space.width), scratch);
      }
      return;
    case SpaceKind::kMember:
      AddMemberProbes(site, space.path, *slot->value, scratch);
      return;
    default:
      if (slot->value->is(ValueKind::kString)) {
        AddTextProbes(site, space, slot->value->text(), scratch);
      }
  }
}

void PostingTree::AddTextProbes(const ProbeSite& site, const KeySpace& space,
                                std::string_view text,
                                IndexScratch& scratch) const {
  if (text.size() < space.width) return;
  switch (space.kind) {
    case SpaceKind::kPrefix:
      AddProbe(site, LiteralKeyOf(text.substr(0, space.width)), scratch);
      return;
    case SpaceKind::kSuffix:
      AddProbe(site, LiteralKeyOf(text.substr(text.size() - space.width)),
               scratch);
      return;
    default:
      AddGramProbes(site, space.width, text, scratch);
  }
}

void PostingTree::AddMemberProbes(const ProbeSite& site, PathId path,
                                  const Value& container,
                                  IndexScratch& scratch) const {
  const std::size_t begin = scratch.members.size();
  terms_.FindMembers(path, container, scratch.members);
  for (std::size_t i = begin; i < scratch.members.size(); ++i) {
    AddProbe(site, scratch.members[i].value(), scratch);
  }
  scratch.members.resize(begin);
}

// A text has many grams and few of them lead anywhere: most end at a bit.
void PostingTree::AddGramProbes(const ProbeSite& site, std::uint8_t width,
                                std::string_view text,
                                IndexScratch& scratch) const {
  auto& probes = scratch.probes;
  const auto first = static_cast<std::ptrdiff_t>(probes.size());
  for (std::size_t at = 0; at + width <= text.size(); ++at) {
    const std::uint64_t gram = GramOf(text.substr(at), width);
    const std::uint64_t hash = MixHash(site.seed, gram);
    if (!list_of_key_.MayHold(hash)) continue;
    list_of_key_.Prefetch(hash);
    probes.push_back({hash, gram, site.space});
  }
  // A gram may be there several times.
  std::sort(probes.begin() + first, probes.end());
  probes.erase(std::unique(probes.begin() + first, probes.end()), probes.end());
}

HashIndex::Number PostingTree::LikelyList(std::uint64_t hash) const {
  return list_of_key_.Find(hash, [](HashIndex::Number) { return true; });
}

void PostingTree::KeepFound(std::size_t begin, IndexScratch& scratch) const {
  auto& probes = scratch.probes;
  std::size_t end = begin;
  for (std::size_t i = begin; i < probes.size(); ++i) {
    const HashIndex::Number number = LikelyList(probes[i].hash);
    if (number == HashIndex::kNone) continue;
    __builtin_prefetch(&lists_[number]);
    probes[end++] = probes[i];
  }
  probes.resize(end);
}

void PostingTree::AddProbe(const ProbeSite& site, std::uint64_t value,
                           IndexScratch& scratch) const {
  const std::uint64_t hash = MixHash(site.seed, value);
  list_of_key_.Prefetch(hash);
  scratch.probes.push_back({hash, value, site.space});
}

std::size_t PostingTree::memory_bytes() const {
  return flat_.memory_bytes() + divisions_.memory_bytes() +
         list_of_key_.memory_bytes() + lists_.memory_bytes();
}

}  // namespace streamer
