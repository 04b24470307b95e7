#include "index/id_marks.h"

#include <utility>

namespace streamer {

void IdMarks::Clear() {
  count_ = 0;
  if (epoch_ < kLastEpoch) {
    ++epoch_;
    return;
  }
  // The next number is that of old marks.
  slots_.assign(slots_.size(), {});
  epoch_ = 1;
}

void IdMarks::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.epoch == epoch_) slots_[Find(slot.id)] = slot;
  }
}

}  // namespace streamer
