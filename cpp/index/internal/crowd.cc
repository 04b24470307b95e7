#include "index/internal/crowd.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace streamer {
namespace {

constexpr std::uint32_t kSmallest = 256;
// Up to here a block that grows chooses its columns anew.
constexpr std::uint32_t kLargestLaidOut = 1'024;
constexpr std::uint32_t kGrowth = 2;
// A block with fewer conjunctions than one in so many slots becomes smaller.
constexpr std::uint32_t kShrinking = 8;
// A column that fewer of the conjunctions than one in so many ask for is not
// worth reading.
constexpr std::uint32_t kRarest = 16;
constexpr std::uint32_t kAllCells = (1u << kCellCount) - 1;

void AppendEnds(const Constraint& constraint, std::vector<float>& ends) {
  if (constraint.kind != ConstraintKind::kNumber) return;
  for (float end : {constraint.low, constraint.high}) {
    if (std::abs(end) < Constraint::kInfinity) ends.push_back(end);
  }
}

}  // namespace

std::uint32_t Crowd::CellOf(const Column& column, float number) {
  std::uint32_t cell = 0;
  for (float bound : column.bounds) cell += bound <= number ? 1 : 0;
  return cell;
}

// The rows of which all must exclude a conjunction.
std::uint32_t Crowd::RowsOf(const Column& column, IndexScratch& scratch) {
  constexpr std::uint32_t kOtherRow = 1u << kOther;
  if (column.kind == ConstraintKind::kNumber) {
    const float number = scratch.NumberAt(column.path);
    return number == number ? 1u << CellOf(column, number) : kOtherRow;
  }
  IndexScratch::PathSlot* slot = scratch.FindPath(column.path);
  if (slot == nullptr) return kOtherRow;
  const CellSet cells = column.kind == ConstraintKind::kTerm
                            ? TermCellAt(*slot)
                            : MemberCellsAt(*slot);
  return cells == 0 ? kOtherRow : cells;
}

std::uint32_t Crowd::ExcludedRows(const Column& column,
                                  const Constraint& constraint) {
  std::uint32_t allowed = constraint.cells;
  if (constraint.kind == ConstraintKind::kNumber) {
    allowed = 0;
    const std::uint32_t last = CellOf(column, constraint.high);
    for (std::uint32_t i = CellOf(column, constraint.low); i <= last; ++i) {
      allowed |= 1u << i;
    }
    if (constraint.holds_other) allowed |= 1u << kOther;
  }
  return (kAllCells | 1u << kOther) & ~allowed;
}

// Bounds that have as many ends of ranges between them, each.
void Crowd::SetBounds(Column& column, std::vector<float>& ends) {
  if (ends.empty()) return;
  std::sort(ends.begin(), ends.end());
  for (std::size_t i = 0; i < column.bounds.size(); ++i) {
    column.bounds[i] = ends[(i + 1) * ends.size() / kCellCount];
  }
}

Crowd::Block::Block(std::span<const ConjunctionId> ids, std::uint32_t capacity,
                    const CrowdSource& source)
    : ids_(capacity, kNoConjunction),
      used_(std::make_unique<Word[]>(capacity / 64)) {
  ChooseColumns(ids, source);
}

Crowd::Block::Block(const Block& model, std::uint32_t capacity)
    : ids_(capacity, kNoConjunction),
      used_(std::make_unique<Word[]>(capacity / 64)) {
  for (const Column& column : model.columns_) {
    columns_.push_back({.path = column.path,
                        .kind = column.kind,
                        .suggested = column.suggested,
                        .bounds = column.bounds,
                        .rows = std::make_unique<Word[]>(kRows * words())});
  }
}

// The columns that most of the conjunctions ask something of.
void Crowd::Block::ChooseColumns(std::span<const ConjunctionId> ids,
                                 const CrowdSource& source) {
  std::vector<std::vector<float>> ends;
  std::vector<Constraint> constraints;
  for (ConjunctionId id : ids) {
    ReadConstraints(source[id.value()], constraints);
    for (const Constraint& constraint : constraints) {
      std::size_t i = FindColumn(constraint);
      if (i == columns_.size()) {
        columns_.push_back({.path = constraint.path, .kind = constraint.kind});
        ends.emplace_back();
      }
      ++columns_[i].suggested;
      AppendEnds(constraint, ends[i]);
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    SetBounds(columns_[i], ends[i]);
  }
  std::erase_if(columns_, [&](const Column& column) {
    return column.suggested * kRarest < ids.size();
  });
  std::stable_sort(columns_.begin(), columns_.end(),
                   [](const Column& a, const Column& b) {
                     return a.suggested > b.suggested;
                   });
  if (columns_.size() > kMostColumns) columns_.resize(kMostColumns);
  columns_.shrink_to_fit();
  for (Column& column : columns_) {
    column.rows = std::make_unique<Word[]>(kRows * words());
  }
}

std::size_t Crowd::Block::FindColumn(const Constraint& constraint) const {
  const auto found =
      std::find_if(columns_.begin(), columns_.end(), [&](const Column& column) {
        return column.path == constraint.path && column.kind == constraint.kind;
      });
  return static_cast<std::size_t>(found - columns_.begin());
}

void Crowd::Block::Insert(ConjunctionId id, const CrowdSource& source) {
  std::uint32_t word = 0;
  while (~used_[word] == 0) ++word;
  const auto bit = static_cast<std::uint32_t>(std::countr_one(used_[word]));
  used_[word] |= Word{1} << bit;
  const std::uint32_t slot = word * 64 + bit;
  ids_[slot] = id;
  ++size_;
  std::vector<Constraint> constraints;
  ReadConstraints(source[id.value()], constraints);
  for (const Constraint& constraint : constraints) {
    Write(slot, constraint, true);
  }
}

bool Crowd::Block::Erase(ConjunctionId id, const CrowdSource& source) {
  const std::uint32_t slot = FindSlot(id);
  if (slot == capacity()) return false;
  std::vector<Constraint> constraints;
  ReadConstraints(source[id.value()], constraints);
  for (const Constraint& constraint : constraints) {
    Write(slot, constraint, false);
  }
  used_[slot / 64] &= ~(Word{1} << slot % 64);
  ids_[slot] = kNoConjunction;
  --size_;
  return true;
}

void Crowd::Block::Write(std::uint32_t slot, const Constraint& constraint,
                         bool is_set) {
  const std::size_t number = FindColumn(constraint);
  if (number == columns_.size()) return;
  Column& column = columns_[number];
  column.constrained += is_set ? 1 : ~0u;
  const Word bit = Word{1} << slot % 64;
  Word* word = column.rows.get() + slot / 64;
  for (std::uint32_t rows = ExcludedRows(column, constraint); rows != 0;
       rows &= rows - 1) {
    Word& row =
        word[static_cast<std::uint32_t>(std::countr_zero(rows)) * words()];
    row = is_set ? row | bit : row & ~bit;
  }
}

void Crowd::Block::Resize(std::uint32_t capacity, const CrowdSource& source) {
  if (capacity > std::max(kLargestLaidOut, this->capacity())) {
    return Widen(capacity);
  }
  const std::vector<ConjunctionId> members = ids();
  Block resized(members, capacity, source);
  for (ConjunctionId id : members) resized.Insert(id, source);
  *this = std::move(resized);
}

void Crowd::Block::Widen(std::uint32_t capacity) {
  const std::uint32_t old_words = words();
  const std::uint32_t new_words = capacity / 64;
  auto widened = [&](const Words& from, std::uint32_t rows) {
    auto to = std::make_unique<Word[]>(rows * new_words);
    for (std::uint32_t row = 0; row < rows; ++row) {
      std::copy_n(from.get() + row * old_words, old_words,
                  to.get() + row * new_words);
    }
    return to;
  };
  used_ = widened(used_, 1);
  for (Column& column : columns_) column.rows = widened(column.rows, kRows);
  ids_.resize(capacity, kNoConjunction);
}

std::vector<ConjunctionId> Crowd::Block::ids() const {
  std::vector<ConjunctionId> ids;
  ids.reserve(size_);
  auto append = [&](ConjunctionId id) { ids.push_back(id); };
  ForEach(append);
  return ids;
}

ConjunctionId Crowd::Block::last() const {
  return *std::find_if(ids_.rbegin(), ids_.rend(),
                       [](ConjunctionId id) { return id != kNoConjunction; });
}

std::uint32_t Crowd::Block::FindSlot(ConjunctionId id) const {
  return static_cast<std::uint32_t>(std::find(ids_.begin(), ids_.end(), id) -
                                    ids_.begin());
}

std::uint32_t Crowd::Block::Choose(
    IndexScratch& scratch, std::array<Choice, kMostColumns>& choices) const {
  std::uint32_t count = 0;
  for (const Column& column : columns_) {
    if (column.constrained == 0) continue;
    const std::uint32_t set = RowsOf(column, scratch);
    const Choice choice{column.rows.get(), set};
    Prefetch(choice);
    choices[count++] = choice;
  }
  return count;
}

// Rows lie far apart, and the reader would wait for each; the whole of them is
// asked for at once. Of several rows the first, for there are few such columns.
void Crowd::Block::Prefetch(const Choice& choice) const {
  constexpr std::uint32_t kWordsPerLine = 64 / sizeof(Word);
  const Word* row =
      choice.rows +
      static_cast<std::uint32_t>(std::countr_zero(choice.set)) * words();
  for (std::uint32_t w = 0; w < words(); w += kWordsPerLine) {
    __builtin_prefetch(row + w);
  }
}

void Crowd::Block::Exclude(const Choice& choice, Word* possible) const {
  constexpr std::uint32_t kAtOnce = kSmallest / 64;
  const std::uint32_t width = words();
  auto row = [&](std::uint32_t set) {
    return choice.rows +
           static_cast<std::uint32_t>(std::countr_zero(set)) * width;
  };
  const Word* first = row(choice.set);
  const std::uint32_t others = choice.set & (choice.set - 1);
  for (std::uint32_t w = 0; w < width; w += kAtOnce) {
    std::array<Word, kAtOnce> excluded;
    for (std::uint32_t i = 0; i < kAtOnce; ++i) excluded[i] = first[w + i];
    for (std::uint32_t set = others; set != 0; set &= set - 1) {
      const Word* other = row(set);
      for (std::uint32_t i = 0; i < kAtOnce; ++i) excluded[i] &= other[w + i];
    }
    for (std::uint32_t i = 0; i < kAtOnce; ++i) possible[w + i] &= ~excluded[i];
  }
}

std::size_t Crowd::Block::memory_bytes() const {
  return sizeof(Block) + ids_.capacity() * sizeof(ConjunctionId) +
         words() * sizeof(Word) + columns_.capacity() * sizeof(Column) +
         columns_.size() * kRows * words() * sizeof(Word);
}

void Crowd::Insert(ConjunctionId id, const CrowdSource& source) {
  if (blocks_.empty()) {
    AddBlock(Block(std::span(&id, 1), kSmallest, source));
  }
  BlockWithRoom(source).Insert(id, source);
  ++size_;
}

void Crowd::InsertAll(std::span<const ConjunctionId> ids,
                      const CrowdSource& source) {
  AddBlock(Block(ids, kSmallest, source));
  for (ConjunctionId id : ids) Insert(id, source);
}

// The last block that has room. When none has, the last one grows, or another
// one begins with its columns.
Crowd::Block& Crowd::BlockWithRoom(const CrowdSource& source) {
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    if (!(*block)->is_full()) return **block;
  }
  Block& last = *blocks_.back();
  if (last.capacity() < kLargest) {
    Resize(last, last.capacity() * kGrowth, source);
    return last;
  }
  AddBlock(Block(last, kSmallest));
  return *blocks_.back();
}

void Crowd::AddBlock(Block block) {
  block_bytes_ += block.memory_bytes();
  blocks_.push_back(std::make_unique<Block>(std::move(block)));
}

void Crowd::Resize(Block& block, std::uint32_t capacity,
                   const CrowdSource& source) {
  block_bytes_ -= block.memory_bytes();
  block.Resize(capacity, source);
  block_bytes_ += block.memory_bytes();
}

bool Crowd::Erase(ConjunctionId id, const CrowdSource& source) {
  const auto found =
      std::find_if(blocks_.begin(), blocks_.end(),
                   [&](const auto& block) { return block->Erase(id, source); });
  if (found == blocks_.end()) return false;
  --size_;
  Block& block = **found;
  if (block.size() == 0) {
    block_bytes_ -= block.memory_bytes();
    std::swap(*found, blocks_.back());
    blocks_.pop_back();
  } else if (block.capacity() > kSmallest &&
             block.size() * kShrinking <= block.capacity()) {
    Resize(block, std::max(block.capacity() / kShrinking * 2, kSmallest),
           source);
  }
  return true;
}

bool Crowd::Contains(ConjunctionId id) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& block) {
    return block->FindSlot(id) < block->capacity();
  });
}

ConjunctionId Crowd::last() const { return blocks_.back()->last(); }

std::size_t Crowd::memory_bytes() const {
  return blocks_.capacity() * sizeof(blocks_[0]) + block_bytes_;
}

}  // namespace streamer
