// Published<T>: the last copy of a stage's counters, for others to read.
//
// A stage counts in plain integers and publishes after every batch. The copy
// is relaxed atomic words: neither side ever waits for the other. A reader may
// see one counter before and another after a batch, which is as good as any
// two counters read one after the other.
//
// Thread-safety: one publisher, any number of readers.
#ifndef STREAMER_RUNTIME_INTERNAL_PUBLISHED_H_
#define STREAMER_RUNTIME_INTERNAL_PUBLISHED_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace streamer::internal {

template <typename T>
class Published {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(sizeof(T) % sizeof(std::uint64_t) == 0);

 public:
  Published() { Publish(T()); }

  void Publish(const T& value) {
    std::array<std::uint64_t, kWords> words;
    std::memcpy(words.data(), &value, sizeof(T));
    for (std::size_t i = 0; i < kWords; ++i) {
      words_[i].store(words[i], std::memory_order_relaxed);
    }
  }

  [[nodiscard]] T Read() const {
    std::array<std::uint64_t, kWords> words;
    for (std::size_t i = 0; i < kWords; ++i) {
      words[i] = words_[i].load(std::memory_order_relaxed);
    }
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof(T));
    return value;
  }

 private:
  static constexpr std::size_t kWords = sizeof(T) / sizeof(std::uint64_t);
  std::array<std::atomic<std::uint64_t>, kWords> words_;
};

}  // namespace streamer::internal

#endif  // STREAMER_RUNTIME_INTERNAL_PUBLISHED_H_
