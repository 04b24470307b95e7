// IdMarks: which ids an event has come across, and a yes or no beside each.
//
// A table as large as the most ids that one event had, not as large as there
// are ids: it stays in the nearest cache, where an array over a million ids
// would be a wait for memory at each mark. Clear is constant: a mark carries
// the number of its event.
//
// Thread-safety: none.
#ifndef STREAMER_INDEX_ID_MARKS_H_
#define STREAMER_INDEX_ID_MARKS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace streamer {

class IdMarks {
 public:
  struct Marked {
    bool is_new = false;    // it was not marked before
    std::size_t place = 0;  // until the next Mark
  };

  // Marks `id`.
  Marked Mark(std::uint32_t id) {
    std::size_t place = Find(id);
    if (slots_[place].epoch == epoch_) return {false, place};
    if (++count_ * 2 > slots_.size()) {
      Grow();
      place = Find(id);
    }
    slots_[place] = {id, epoch_, 0};
    return {true, place};
  }
  [[nodiscard]] bool IsMarked(std::uint32_t id) const {
    return slots_[Find(id)].epoch == epoch_;
  }

  // The answer beside a mark; false until noted.
  void Note(std::size_t place, bool answer) { slots_[place].answer = answer; }
  [[nodiscard]] bool noted(std::size_t place) const {
    return slots_[place].answer;
  }

  // Forgets all marks.
  void Clear();

 private:
  struct Slot {
    std::uint32_t id = 0;
    std::uint32_t epoch : 31 = 0;
    std::uint32_t answer : 1 = 0;
  };
  static constexpr std::size_t kFirstSize = 64;
  static constexpr std::uint32_t kLastEpoch = (std::uint32_t{1} << 31) - 1;

  // Where `id` is, or the free slot where it would be.
  [[nodiscard]] std::size_t Find(std::uint32_t id) const {
    std::size_t place = HomeOf(id);
    while (slots_[place].epoch == epoch_ && slots_[place].id != id) {
      place = (place + 1) & (slots_.size() - 1);
    }
    return place;
  }
  [[nodiscard]] std::size_t HomeOf(std::uint32_t id) const {
    return (id * 0x9E3779B97F4A7C15u >> 32) & (slots_.size() - 1);
  }
  void Grow();

  std::vector<Slot> slots_ = std::vector<Slot>(kFirstSize);  // a power of two
  std::size_t count_ = 0;
  std::uint32_t epoch_ = 1;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_ID_MARKS_H_
