#include "index/internal/hung_conjunction.h"

#include <algorithm>

namespace streamer {

void HungConjunction::SetRecords(const std::vector<PredicateRecord>& records) {
  record_count = static_cast<std::uint16_t>(records.size());
  const std::size_t inline_count =
      std::min<std::size_t>(records.size(), kInlineRecords);
  std::copy_n(records.begin(), inline_count, first_records.begin());
  more_records.reset();
  if (records.size() == inline_count) return;
  more_records =
      std::make_unique<PredicateRecord[]>(records.size() - inline_count);
  std::copy(records.begin() + kInlineRecords, records.end(),
            more_records.get());
}

}  // namespace streamer
