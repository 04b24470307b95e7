#include "index/scratch.h"

#include "index/internal/numbers.h"

namespace streamer {
namespace {

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
  GrowTo(memos_, shared_predicates);
  GrowTo(claimed_, entries);
  visited_.clear();
  candidates.clear();
  reached.clear();
  examined = 0;
  arena.Reset();
}

void IndexScratch::SetPath(PathId path, const Value& value) {
  const bool is_number = value.is_number();
  paths_[path.value()] = {&value, is_number ? RoundedNumber(value) : 0, epoch_,
                          kUnresolvedTerm, is_number};
  visited_.push_back(path);
}

}  // namespace streamer
