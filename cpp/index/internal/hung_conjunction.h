// HungConjunction: a conjunction of the index, with its predicates as records
// and the keys under which it hangs. One cache line: what is reached by many
// events is mostly refused by its first records.
#ifndef STREAMER_INDEX_INTERNAL_HUNG_CONJUNCTION_H_
#define STREAMER_INDEX_INTERNAL_HUNG_CONJUNCTION_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "filter/filter.h"
#include "index/ids.h"
#include "index/internal/access.h"
#include "index/internal/record.h"

namespace streamer {

inline constexpr ConjunctionId kNoConjunction{~std::uint32_t{0}};

struct alignas(64) HungConjunction {
  static constexpr std::uint32_t kInlineRecords = 2;
  // Of its predicates, how many may be keys beside the access predicate.
  static constexpr std::size_t kMostKeys = 2;
  // No predicate with this number or a larger one is such a key.
  static constexpr std::uint8_t kNoKey = 0xFF;

  const Conjunction* source = nullptr;  // null: the place is free
  std::unique_ptr<PredicateRecord[]> more_records;
  EntryId entry;
  ConjunctionId next = kNoConjunction;  // of the same entry
  std::uint16_t access_predicate = 0;
  std::uint16_t record_count = 0;
  // Predicates by which lists on the way to it were divided; set by
  // PostingTree.
  std::array<std::uint8_t, kMostKeys> keys = {kNoKey, kNoKey};
  AccessKind access = AccessKind::kNever;
  bool is_proof : 1 = false;      // its predicates alone decide
  bool has_siblings : 1 = false;  // the entry has other conjunctions
  std::array<PredicateRecord, kInlineRecords> first_records;

  [[nodiscard]] const PredicateRecord& record(std::uint32_t i) const {
    return i < kInlineRecords ? first_records[i]
                              : more_records[i - kInlineRecords];
  }
  [[nodiscard]] Access access_kept() const {
    return {access, access_predicate, 1};
  }
  void SetRecords(const std::vector<PredicateRecord>& records);
};
static_assert(sizeof(HungConjunction) == 64);

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_HUNG_CONJUNCTION_H_
