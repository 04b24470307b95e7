#include "core/internal/scan_load.h"

#include "absl/strings/str_cat.h"
#include "index/collection_index.h"

namespace streamer::internal {

Status ScanLoad::Check(const Filter& filter, const QuotaOptions& quota) const {
  const std::size_t entries = CollectionIndex::ScanCountOf(filter);
  if (entries == 0 || filters_.contains(filter.canonical_key())) {
    return OkStatus();
  }
  if (entries_ + entries > quota.scan_entries) {
    return ResourceExhausted(absl::StrCat(
        "quota exceeded: expected at most ", quota.scan_entries,
        " scanned conjunctions per collection, got ", entries_ + entries,
        "; nothing in the filter can be looked up in an index"));
  }
  if (cost_ + filter.estimated_cost() > quota.scan_cost) {
    return ResourceExhausted(
        absl::StrCat("quota exceeded: expected at most ", quota.scan_cost,
                     " estimated units of scanned filters per collection, got ",
                     cost_ + filter.estimated_cost(),
                     "; nothing in the filter can be looked up in an index"));
  }
  return OkStatus();
}

void ScanLoad::Add(const Filter& filter) {
  const std::size_t entries = CollectionIndex::ScanCountOf(filter);
  if (entries == 0) return;
  Scanned& scanned = filters_[filter.canonical_key()];
  if (scanned.uses++ > 0) return;
  scanned.entries = entries;
  scanned.cost = filter.estimated_cost();
  entries_ += scanned.entries;
  cost_ += scanned.cost;
}

void ScanLoad::Remove(const Filter& filter) {
  const auto found = filters_.find(filter.canonical_key());
  if (found == filters_.end() || --found->second.uses > 0) return;
  entries_ -= found->second.entries;
  cost_ -= found->second.cost;
  filters_.erase(found);
}

}  // namespace streamer::internal
