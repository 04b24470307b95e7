// ScanLoad: what the filters that an index cannot help with cost every event
// of one collection.
//
// Equal filters are looked at once, whoever asks, so each counts once.
//
// Cost: of filters that an index can help with, nothing.
// Thread-safety: none.
#ifndef STREAMER_CORE_INTERNAL_SCAN_LOAD_H_
#define STREAMER_CORE_INTERNAL_SCAN_LOAD_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "cel/limits.h"
#include "core/options.h"
#include "filter/filter.h"

namespace streamer::internal {

class ScanLoad {
 public:
  // ResourceExhausted, with the bound, when `filter` would be one too many.
  [[nodiscard]] Status Check(const Filter& filter,
                             const QuotaOptions& quota) const;
  void Add(const Filter& filter);
  // REQUIRES: it was added.
  void Remove(const Filter& filter);

 private:
  struct Scanned {
    std::size_t uses = 0;
    std::size_t entries = 0;
    cel::Units cost = 0;
  };

  std::size_t entries_ = 0;
  cel::Units cost_ = 0;
  absl::flat_hash_map<std::string, Scanned> filters_;  // by canonical key
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SCAN_LOAD_H_
