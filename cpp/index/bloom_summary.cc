#include "index/bloom_summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "base/hash.h"
#include "index/internal/summary_format.h"
#include "index/internal/term_table.h"
#include "value/ordering.h"

namespace streamer {
namespace {

// Keys taken over into the next filter with each change. A change brings few
// keys, so the present one hardly grows until then.
constexpr std::uint32_t kSlice = 64;
// What the smallest filter has room for.
constexpr std::size_t kLeastKeys = 64;
// Above so many paths the answer is maybe: asking would cost more than it
// saves.
constexpr std::size_t kMostPaths = 32;
// The next filter is begun when this much of the room is taken.
constexpr double kFull = 0.9;

// The constants whose keys stand for an equality predicate.
std::span<const Value> ConstantsOf(const Predicate& predicate) {
  static constexpr std::array<Value, 2> kBooleans = {Value::Bool(false),
                                                     Value::Bool(true)};
  if (predicate.kind == PredicateKind::kIsBoolean) {
    return {&kBooleans[predicate.wanted == Answer::kTrue ? 1 : 0], 1};
  }
  if (predicate.kind == PredicateKind::kIn) {
    return predicate.operand.value().list().items();
  }
  return {&predicate.operand.value(), 1};
}

bool HasKeys(const Predicate& predicate) {
  // The event does not have what expressions make of it.
  if (predicate.variable == FilterVariable::kDerived) return false;
  const bool is_equality = predicate.kind == PredicateKind::kIsBoolean ||
                           (predicate.wanted == Answer::kTrue &&
                            (predicate.kind == PredicateKind::kEqual ||
                             predicate.kind == PredicateKind::kIn));
  if (!is_equality) return false;
  const std::span<const Value> constants = ConstantsOf(predicate);
  return std::none_of(constants.begin(), constants.end(),
                      [](const Value& constant) {
                        return LookupOf(constant) == Lookup::kNone;
                      });
}

// How many events a predicate lets pass, guessed from what it says alone: all
// events have an operation and few of its values, and many are true.
int BreadthOf(const Predicate& predicate) {
  const bool is_of_document = predicate.variable == FilterVariable::kDoc ||
                              predicate.variable == FilterVariable::kData ||
                              predicate.variable == FilterVariable::kId;
  const std::span<const Value> constants = ConstantsOf(predicate);
  const bool is_narrow = std::none_of(
      constants.begin(), constants.end(), [](const Value& constant) {
        return constant.is(ValueKind::kBool) || constant.is(ValueKind::kNull);
      });
  return (is_of_document ? 0 : 4) + (is_narrow ? 0 : 2) +
         (constants.size() > 1 ? 1 : 0);
}

// The predicate whose keys stand for the conjunction, of equals the first; or
// nullptr.
const Predicate* Choose(const Conjunction& conjunction) {
  const Predicate* best = nullptr;
  for (const Predicate& predicate : conjunction.predicates) {
    if (!HasKeys(predicate)) continue;
    if (best == nullptr || BreadthOf(predicate) < BreadthOf(*best)) {
      best = &predicate;
    }
  }
  return best;
}

// One predicate for each conjunction; empty when there is none for some, or
// the filter stands apart.
std::vector<const Predicate*> ChooseAll(const Filter& filter) {
  std::vector<const Predicate*> chosen;
  if (filter.is_match_all() || filter.document_id()) return chosen;
  for (const Conjunction& conjunction : filter.conjunctions()) {
    chosen.push_back(Choose(conjunction));
    if (chosen.back() == nullptr) return {};
  }
  return chosen;
}

// A filter that can never match has no conjunctions and needs no key.
bool IsElsewhere(const Filter& filter,
                 const std::vector<const Predicate*>& chosen) {
  if (filter.is_match_all()) return true;
  return chosen.empty() && !filter.conjunctions().empty();
}

bool IsLookedFor(const Value& value) {
  const Lookup lookup = LookupOf(value);
  return lookup == Lookup::kExact || lookup == Lookup::kChecked;
}

std::uint64_t HashOfKey(const SummaryPath& path, const Value& value) {
  return MixHash(path.hash, Hash(value));
}

template <typename Function>
void ForEachKey(const Predicate& predicate, std::uint64_t path_hash,
                Function function) {
  for (const Value& constant : ConstantsOf(predicate)) {
    if (IsLookedFor(constant)) function(MixHash(path_hash, Hash(constant)));
  }
}

bool IsDelete(const FilterInput& input) {
  const Value& operation = input[FilterVariable::kOp];
  return operation.is(ValueKind::kString) && operation.text() == "delete";
}

// The key that the event has at the path, if any.
std::optional<std::uint64_t> KeyAt(const SummaryPath& path,
                                   const FilterInput& input) {
  const Value* value = path.path.Find(input[path.variable]);
  if (value == nullptr || !IsLookedFor(*value)) return std::nullopt;
  return HashOfKey(path, *value);
}

std::string NameOf(const Predicate& predicate) {
  std::string name(1, static_cast<char>(predicate.variable));
  if (!predicate.path.is_empty()) name.append(predicate.path.Format());
  return name;
}

}  // namespace

BloomSummary::BloomSummary(const BloomOptions& options, BloomCounts& counts)
    : options_(options),
      targets_(kMostPaths + 1),
      current_(1),
      counts_(counts) {
  SetTarget();
  current_ = MakeLayer(0);
}

void BloomSummary::Add(const Filter& filter) {
  const std::vector<const Predicate*> chosen = ChooseAll(filter);
  if (IsElsewhere(filter, chosen)) ++elsewhere_;
  for (const Predicate* predicate : chosen) {
    ForEachKey(*predicate, AddPath(*predicate),
               [this](std::uint64_t key) { AddKey(key); });
  }
  BuildSlice();
}

void BloomSummary::Remove(const Filter& filter) {
  const std::vector<const Predicate*> chosen = ChooseAll(filter);
  if (IsElsewhere(filter, chosen)) --elsewhere_;
  for (const Predicate* predicate : chosen) {
    ForEachKey(*predicate, RemovePath(*predicate),
               [this](std::uint64_t key) { RemoveKey(key); });
  }
  BuildSlice();
}

bool BloomSummary::is_always_maybe() const {
  return elsewhere_ > 0 || paths_.size() > kMostPaths;
}

bool BloomSummary::MayMatch(const FilterInput& input) {
  if (is_always_maybe() || IsDelete(input)) return true;
  bool is_let_through = false;
  for (const auto& [name, counted] : paths_) {
    const std::optional<std::uint64_t> key = KeyAt(counted.path, input);
    if (!key || !current_.filter.MayHold(*key)) continue;
    if (FindKey(*key) != HashIndex::kNone) return true;
    is_let_through = true;
  }
  ++(is_let_through ? counts_.false_positives : counts_.turned_away);
  return is_let_through;
}

HashIndex::Number BloomSummary::FindKey(std::uint64_t hash) const {
  return key_of_hash_.Find(hash, [&](HashIndex::Number number) {
    return keys_[number].hash == hash;
  });
}

void BloomSummary::AddKey(std::uint64_t hash) {
  if (const HashIndex::Number known = FindKey(hash);
      known != HashIndex::kNone) {
    ++keys_[known].uses;
    return;
  }
  key_of_hash_.Insert(hash, keys_.Add({hash, 1}));
  Insert(current_, hash);
  if (next_) Insert(*next_, hash);
}

void BloomSummary::RemoveKey(std::uint64_t hash) {
  const HashIndex::Number number = FindKey(hash);
  if (--keys_[number].uses > 0) return;
  key_of_hash_.Erase(hash, number);
  keys_.Remove(number);
  ++current_.stale;
  if (next_) ++next_->stale;
}

// The hash of the path, to which one more predicate refers.
std::uint64_t BloomSummary::AddPath(const Predicate& predicate) {
  CountedPath& counted = paths_[NameOf(predicate)];
  if (counted.uses++ == 0) {
    counted.path = MakeSummaryPath(predicate.variable, predicate.path);
    SetTarget();
  }
  return counted.path.hash;
}

std::uint64_t BloomSummary::RemovePath(const Predicate& predicate) {
  const auto found = paths_.find(NameOf(predicate));
  const std::uint64_t hash = found->second.path.hash;
  if (--found->second.uses == 0) {
    paths_.erase(found);
    SetTarget();
  }
  return hash;
}

// An event is let through when any of its keys is, so each may be so much
// rarer.
void BloomSummary::SetTarget() {
  const std::size_t paths =
      std::clamp<std::size_t>(paths_.size(), 1, kMostPaths);
  if (targets_[paths] == 0) {
    targets_[paths] = BlockFilter::KeysPerBlockAt(options_.false_positive_rate /
                                                  static_cast<double>(paths));
  }
  keys_per_block_ = targets_[paths];
}

BloomSummary::Layer BloomSummary::MakeLayer(std::size_t keys) const {
  const auto room = static_cast<double>(std::max(kLeastKeys, 2 * keys));
  return Layer(static_cast<std::size_t>(std::ceil(room / keys_per_block_)));
}

void BloomSummary::Insert(Layer& layer, std::uint64_t hash) {
  if (layer.filter.Insert(hash)) ++layer.keys;
}

bool BloomSummary::IsWorn() const {
  const double room =
      keys_per_block_ * static_cast<double>(current_.filter.block_count());
  if (static_cast<double>(current_.keys) > kFull * room) return true;
  return current_.stale >= std::max(options_.rebuild_interval, keys_.size());
}

// What was added since the next filter was begun is in it already.
void BloomSummary::BuildSlice() {
  if (keys_.size() == 0 && current_.keys > 0) {
    current_ = MakeLayer(0);
    next_.reset();
    return;
  }
  if (!next_) {
    if (!IsWorn()) return;
    next_ = MakeLayer(keys_.size());
    built_ = 0;
  }
  const auto bound = static_cast<std::uint32_t>(keys_.bound());
  for (std::uint32_t i = 0; i < kSlice && built_ < bound; ++i, ++built_) {
    const Key* key = keys_.Peek(built_);
    if (key != nullptr && key->uses > 0) Insert(*next_, key->hash);
  }
  if (built_ < bound) return;
  current_ = *std::move(next_);
  next_.reset();
  ++counts_.rebuilds;
}

std::string BloomSummary::ToBytes() const {
  std::vector<SummaryPath> paths;
  if (!is_always_maybe()) {
    for (const auto& [name, counted] : paths_) paths.push_back(counted.path);
  }
  return EncodeSummary(is_always_maybe(), paths, current_.filter);
}

std::string BloomSummary::BytesOfMaybe() {
  return EncodeSummary(true, {}, BlockFilter(1));
}

std::size_t BloomSummary::memory_bytes() const {
  return keys_.memory_bytes() + key_of_hash_.memory_bytes() +
         current_.filter.memory_bytes() +
         (next_ ? next_->filter.memory_bytes() : 0) +
         paths_.size() * sizeof(CountedPath);
}

Result<ReceivedSummary> ReceivedSummary::FromBytes(std::string_view bytes) {
  STREAMER_ASSIGN_OR_RETURN(SummaryContent content, DecodeSummary(bytes));
  return ReceivedSummary(content.is_always_maybe, std::move(content.paths),
                         std::move(content.filter));
}

ReceivedSummary::ReceivedSummary(bool is_always_maybe,
                                 std::vector<SummaryPath> paths,
                                 BlockFilter filter)
    : is_always_maybe_(is_always_maybe),
      paths_(std::move(paths)),
      filter_(std::move(filter)) {}

bool ReceivedSummary::MayMatch(const FilterInput& input) const {
  if (is_always_maybe_ || IsDelete(input)) return true;
  return std::any_of(
      paths_.begin(), paths_.end(), [&](const SummaryPath& path) {
        const std::optional<std::uint64_t> key = KeyAt(path, input);
        return key && filter_.MayHold(*key);
      });
}

std::string ReceivedSummary::ToBytes() const {
  return EncodeSummary(is_always_maybe_, paths_, filter_);
}

}  // namespace streamer
