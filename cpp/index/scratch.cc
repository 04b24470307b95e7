#include "index/scratch.h"

#include <limits>

#include "index/internal/numbers.h"

namespace streamer {
namespace {

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

template <typename T>
void GrowTo(std::vector<T>& vector, std::size_t size) {
  if (vector.size() < size) vector.resize(size);
}

}  // namespace

void IndexScratch::BeginEvent(std::size_t paths, std::size_t shared_predicates,
                              std::size_t entries) {
  if (++epoch_ == 0) {
    // After 2^32 events old notes would look new.
    paths_.assign(paths_.size(), {});
    memos_.assign(memos_.size(), {});
    claimed_.assign(claimed_.size(), 0);
    epoch_ = 1;
  }
  GrowTo(paths_, paths);
  if (numbers_.size() < paths) numbers_.resize(paths, kNoNumber);
  for (PathId path : visited_) numbers_[path.value()] = kNoNumber;
  GrowTo(memos_, shared_predicates);
  GrowTo(claimed_, entries);
  visited_.clear();
  candidates.clear();
  reached.clear();
  examined = 0;
  derived = 0;
  cut_off.clear();
  arena.Reset();
}

void IndexScratch::SetPath(PathId path, const Value& value) {
  const bool is_number = value.is_number();
  const double number = is_number ? RoundedNumber(value) : 0;
  paths_[path.value()] = {.value = &value,
                          .number = number,
                          .epoch = epoch_,
                          .term = kUnresolvedTerm,
                          .is_number = is_number};
  if (is_number) numbers_[path.value()] = static_cast<float>(number);
  visited_.push_back(path);
}

}  // namespace streamer
