// Crowd: a long posting list, told apart by bit slices.
//
// For each path that its conjunctions ask something of (a *column*), the
// values are cut into sixteen cells: numbers at bounds that the conjunctions
// themselves suggest, constants by hash. For each cell there is a row of bits,
// one for each conjunction, set where a value in that cell *excludes* it. An
// event names one cell in each column (of members several, whose rows must
// agree); what no row excludes is possible:
//
//     conjunctions   0 1 2 3 4 5 6 7
//     a in cell 3    1 1 0 1 0 1 1 0      excluded by `a`
//     b in cell 7    0 1 0 1 1 1 0 1      excluded by `b`
//     possible           2                the only one to look at
//
// So a few hundred bytes of memory in a row decide what would be a cache miss
// for each conjunction, whatever the number of paths that they mention, and a
// conjunction lies in one place only, not under several keys.
//
// Conjunctions lie in blocks of up to 16,384, each with columns of its own,
// which are chosen anew while it grows; so no change costs more than a block.
//
// Invariant: what an event satisfies is possible.
// Cost: an event reads a row of each column of each block. Insert and Erase
// write a bit for each cell that is excluded, some fifteen for each constraint;
// Erase reads the ids first. A block that grows is laid out again up to 1,024.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_CROWD_H_
#define STREAMER_INDEX_INTERNAL_CROWD_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index/ids.h"
#include "index/internal/constraint.h"
#include "index/internal/hung_conjunction.h"
#include "index/pool.h"
#include "index/scratch.h"

namespace streamer {

// Where a crowd finds what its conjunctions ask.
using CrowdSource = Pool<HungConjunction>;

class Crowd {
 public:
  // Adds a conjunction, or several at once. REQUIRES: they are not there.
  void Insert(ConjunctionId id, const CrowdSource& source);
  void InsertAll(std::span<const ConjunctionId> ids, const CrowdSource& source);
  // Removes one; false when it is not there. REQUIRES: its records are those
  // of Insert.
  bool Erase(ConjunctionId id, const CrowdSource& source);
  [[nodiscard]] bool Contains(ConjunctionId id) const;
  // Any of them. REQUIRES: size() > 0.
  [[nodiscard]] ConjunctionId last() const;

  // Calls `visit(id)` for each, in no order that callers may rely on.
  template <typename Visit>
  void ForEach(Visit visit) const;
  // The same for those that the event in `scratch` does not exclude.
  template <typename Visit>
  void ForEachPossible(IndexScratch& scratch, Visit& visit) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kLargest = 4'096;
  static constexpr std::uint32_t kMostColumns = 32;
  // Of values that lie in no cell: absent, or of another type.
  static constexpr std::uint32_t kOther = kCellCount;
  static constexpr std::uint32_t kRows = kCellCount + 1;
  using Word = std::uint64_t;
  using Words = std::unique_ptr<Word[]>;

  struct Column {
    PathId path;
    ConstraintKind kind = ConstraintKind::kNumber;
    std::uint32_t constrained = 0;  // conjunctions
    std::uint32_t suggested = 0;    // by those it was chosen for
    // Of kNumber: where the cells but the first begin.
    std::array<float, kCellCount - 1> bounds{};
    Words rows;  // kRows, of a bit for each slot
  };
  // Rows that a conjunction must be in all of to be excluded.
  struct Choice {
    const Word* rows;
    std::uint32_t set;  // a bit for each
  };

  class Block {
   public:
    // An empty block, with columns that suit `ids`, or those of another block.
    Block(std::span<const ConjunctionId> ids, std::uint32_t capacity,
          const CrowdSource& source);
    explicit Block(const Block& model, std::uint32_t capacity);

    void Insert(ConjunctionId id, const CrowdSource& source);
    bool Erase(ConjunctionId id, const CrowdSource& source);
    // Chooses the columns anew, unless it becomes too large for that.
    void Resize(std::uint32_t capacity, const CrowdSource& source);

    [[nodiscard]] std::vector<ConjunctionId> ids() const;
    [[nodiscard]] ConjunctionId last() const;
    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] std::uint32_t capacity() const {
      return static_cast<std::uint32_t>(ids_.size());
    }
    [[nodiscard]] bool is_full() const { return size_ == ids_.size(); }
    // The slot of `id`, or capacity().
    [[nodiscard]] std::uint32_t FindSlot(ConjunctionId id) const;
    template <typename Visit>
    void ForEachPossible(IndexScratch& scratch, Visit& visit) const;
    template <typename Visit>
    void ForEach(Visit& visit) const;
    [[nodiscard]] std::size_t memory_bytes() const;

   private:
    [[nodiscard]] std::uint32_t words() const { return capacity() / 64; }
    void Widen(std::uint32_t capacity);
    void ChooseColumns(std::span<const ConjunctionId> ids,
                       const CrowdSource& source);
    // Its number, or that of all when there is none.
    [[nodiscard]] std::size_t FindColumn(const Constraint& constraint) const;
    void Write(std::uint32_t slot, const Constraint& constraint, bool is_set);
    // The choice of each column that says anything; how many there are.
    std::uint32_t Choose(IndexScratch& scratch,
                         std::array<Choice, kMostColumns>& choices) const;
    void Prefetch(const Choice& choice) const;
    void Exclude(const Choice& choice, Word* possible) const;

    std::vector<ConjunctionId> ids_;  // by slot; kNoConjunction: free
    Words used_;                      // a bit for each slot
    std::vector<Column> columns_;
    std::uint32_t size_ = 0;
  };

  static std::uint32_t CellOf(const Column& column, float number);
  static std::uint32_t RowsOf(const Column& column, IndexScratch& scratch);
  static std::uint32_t ExcludedRows(const Column& column,
                                    const Constraint& constraint);
  static void SetBounds(Column& column, std::vector<float>& ends);
  void AddBlock(Block block);
  Block& BlockWithRoom(const CrowdSource& source);
  void Resize(Block& block, std::uint32_t capacity, const CrowdSource& source);

  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t size_ = 0;
  std::size_t block_bytes_ = 0;
};

// Implementation details follow.

template <typename Visit>
void Crowd::ForEach(Visit visit) const {
  for (const auto& block : blocks_) block->ForEach(visit);
}

template <typename Visit>
void Crowd::ForEachPossible(IndexScratch& scratch, Visit& visit) const {
  for (const auto& block : blocks_) block->ForEachPossible(scratch, visit);
}

template <typename Visit>
void Crowd::Block::ForEach(Visit& visit) const {
  for (ConjunctionId id : ids_) {
    if (id != kNoConjunction) visit(id);
  }
}

template <typename Visit>
void Crowd::Block::ForEachPossible(IndexScratch& scratch, Visit& visit) const {
  std::array<Choice, kMostColumns> choices;
  const std::uint32_t chosen = Choose(scratch, choices);
  std::array<Word, kLargest / 64> possible;
  for (std::uint32_t w = 0; w < words(); ++w) possible[w] = used_[w];
  for (std::uint32_t i = 0; i < chosen; ++i) {
    Exclude(choices[i], possible.data());
  }
  for (std::uint32_t w = 0; w < words(); ++w) {
    for (Word left = possible[w]; left != 0; left &= left - 1) {
      visit(ids_[w * 64 + static_cast<std::uint32_t>(std::countr_zero(left))]);
    }
  }
}

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_CROWD_H_
