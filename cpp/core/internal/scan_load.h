// ScanLoad: what is evaluated for every event of one collection: the filters
// that an index cannot help with, and the derived values.
//
// Equal filters are looked at once, whoever asks, so each counts once; so does
// each derived value, however many filters ask for it.
//
// Cost: of filters that an index can help with, nothing.
// Thread-safety: none.
#ifndef STREAMER_CORE_INTERNAL_SCAN_LOAD_H_
#define STREAMER_CORE_INTERNAL_SCAN_LOAD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "cel/limits.h"
#include "core/options.h"
#include "filter/filter.h"

namespace streamer::internal {

class ScanLoad {
 public:
  // Whether nothing of `filter` is evaluated for every event.
  [[nodiscard]] static bool IsFree(const Filter& filter);

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
  // What one filter asks for.
  struct Part {
    std::string key;  // equal for what is evaluated once
    std::size_t entries = 0;
    cel::Units cost = 0;
  };
  static std::vector<Part> PartsOf(const Filter& filter);

  std::size_t entries_ = 0;
  cel::Units cost_ = 0;
  absl::flat_hash_map<std::string, Scanned> scanned_;  // by Part::key
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_SCAN_LOAD_H_
