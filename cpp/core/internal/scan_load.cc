#include "core/internal/scan_load.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "filter/derived_value.h"
#include "index/collection_index.h"

namespace streamer::internal {
namespace {

// The derived values that `filter` asks for, each once.
std::vector<FieldPath> DerivedOf(const Filter& filter) {
  std::vector<FieldPath> derived;
  for (const Conjunction& conjunction : filter.conjunctions()) {
    for (const Predicate& predicate : conjunction.predicates) {
      if (predicate.variable == FilterVariable::kDerived) {
        derived.push_back(predicate.path);
      }
    }
  }
  std::sort(derived.begin(), derived.end());
  derived.erase(std::unique(derived.begin(), derived.end()), derived.end());
  return derived;
}

}  // namespace

bool ScanLoad::IsFree(const Filter& filter) {
  return CollectionIndex::ScanCountOf(filter) == 0 && DerivedOf(filter).empty();
}

std::vector<ScanLoad::Part> ScanLoad::PartsOf(const Filter& filter) {
  std::vector<Part> parts;
  const std::size_t entries = CollectionIndex::ScanCountOf(filter);
  if (entries > 0) {
    parts.push_back(
        {"f" + filter.canonical_key(), entries, filter.estimated_cost()});
  }
  for (const FieldPath& derived : DerivedOf(filter)) {
    parts.push_back({"d" + derived.segments().front(), 1,
                     DerivedValue::EstimateCost(derived)});
  }
  return parts;
}

Status ScanLoad::Check(const Filter& filter, const QuotaOptions& quota) const {
  std::size_t entries = entries_;
  cel::Units cost = cost_;
  for (const Part& part : PartsOf(filter)) {
    if (scanned_.contains(part.key)) continue;
    entries += part.entries;
    cost += part.cost;
  }
  if (entries > entries_ && entries > quota.scan_entries) {
    return ResourceExhausted(
        absl::StrCat("quota exceeded: expected at most ", quota.scan_entries,
                     " scanned conjunctions per collection, got ", entries,
                     "; nothing in the filter can be looked up in an index"));
  }
  if (cost > cost_ && cost > quota.scan_cost) {
    return ResourceExhausted(absl::StrCat(
        "quota exceeded: expected at most ", quota.scan_cost,
        " estimated units of scanned filters per collection, got ", cost,
        "; nothing in the filter can be looked up in an index"));
  }
  return OkStatus();
}

void ScanLoad::Add(const Filter& filter) {
  for (Part& part : PartsOf(filter)) {
    Scanned& scanned = scanned_[std::move(part.key)];
    if (scanned.uses++ > 0) continue;
    scanned.entries = part.entries;
    scanned.cost = part.cost;
    entries_ += scanned.entries;
    cost_ += scanned.cost;
  }
}

void ScanLoad::Remove(const Filter& filter) {
  for (const Part& part : PartsOf(filter)) {
    const auto found = scanned_.find(part.key);
    if (--found->second.uses > 0) continue;
    entries_ -= found->second.entries;
    cost_ -= found->second.cost;
    scanned_.erase(found);
  }
}

}  // namespace streamer::internal
