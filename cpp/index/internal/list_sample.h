// ListSample: what some conjunctions of a posting list tell about the form in
// which it is best kept (posting_tree.h).
//
// Costs are nanoseconds of one event, about, measured on a machine of 2026:
// fetching and refusing a conjunction 50; comparing a guard 2, which refuses
// most; looking a key up in a space and fetching the list under it 30; reading
// a row of a crowd 8 and one for each 80 conjunctions. Only their order
// matters.
#ifndef STREAMER_INDEX_INTERNAL_LIST_SAMPLE_H_
#define STREAMER_INDEX_INTERNAL_LIST_SAMPLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/internal/constraint.h"
#include "index/internal/key_space.h"

namespace streamer {

class ListSample {
 public:
  // Enough to see how many keys there are: of two keys of one space that are
  // drawn, one in n is equal when the space has n.
  static constexpr std::size_t kSize = 64;

  // Adds a conjunction, whose best further key may be null.
  void Add(std::span<const Constraint> constraints, const Key* key);
  [[nodiscard]] bool is_full() const { return added_ == kSize; }

  // Of a list of `size` such conjunctions, kept as postings with guards, as a
  // crowd, or divided; infinite where it cannot be.
  static double CostOf(std::size_t size);
  [[nodiscard]] double CostOfCrowd(std::size_t size) const;
  [[nodiscard]] double CostOfDivision(std::size_t size) const;

 private:
  struct Column {
    PathId path;
    ConstraintKind kind;
  };

  std::size_t added_ = 0;
  std::vector<Column> columns_;
  double possible_ = 0;  // of those added, expected to be possible
  std::vector<Key> keys_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_LIST_SAMPLE_H_
