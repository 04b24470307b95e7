#include "index/scratch.h"

#include <limits>

#include "index/internal/numbers.h"

namespace streamer {
namespace {

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

}  // namespace

void IndexScratch::BeginEvent(std::size_t paths) {
  if (++epoch_ == 0) {
    // After 2^32 events old notes would look new.
    paths_.assign(paths_.size(), {});
    epoch_ = 1;
  }
  if (paths_.size() < paths) paths_.resize(paths);
  if (numbers_.size() < paths) numbers_.resize(paths, kNoNumber);
  for (PathId path : visited_) numbers_[path.value()] = kNoNumber;
  memos_.Clear();
  claimed_.Clear();
  visited_.clear();
  step = 0;
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
