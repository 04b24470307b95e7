// Arena: memory for things that die together.
//
// A parsed document or one evaluation makes many small pieces with one
// lifetime. An Arena hands them out by bumping a pointer and frees them all
// at once. Invariant: what it hands out stays where it is until Reset or
// destruction. It runs no destructors: only trivially destructible types may
// live in it, which New and NewArray check.
//
// Cost: a few instructions per allocation; blocks double from 1 KiB, or from
// what the constructor is told, to 64 KiB.
// Reset keeps the largest of them, so a reused Arena soon stops asking the
// heap, and never keeps more than 64 KiB.
// Thread-safety: none; one owner.
#ifndef STREAMER_BASE_ARENA_H_
#define STREAMER_BASE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace streamer {

class Arena {
 public:
  Arena() = default;
  // For what is made once and kept: the first block has `first_block_size`
  // bytes. REQUIRES: it is not 0.
  explicit Arena(std::size_t first_block_size)
      : next_block_size_(first_block_size) {}
  // What `other` handed out stays where it is and belongs to this arena;
  // `other` is left as if new.
  Arena(Arena&& other) noexcept { *this = std::move(other); }
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `size` bytes aligned to `alignment`, a power of two up to 16. No bytes
  // may be nullptr.
  void* Allocate(std::size_t size, std::size_t alignment) {
    std::size_t padding =
        -reinterpret_cast<std::uintptr_t>(next_) & (alignment - 1);
    if (size + padding > static_cast<std::size_t>(end_ - next_)) {
      return AllocateInNewBlock(size, alignment);
    }
    std::byte* start = next_ + padding;
    next_ = start + size;
    return start;
  }

  template <typename T, typename... Arguments>
  T* New(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (Allocate(sizeof(T), alignof(T)))
        T(std::forward<Arguments>(arguments)...);
  }

  // `count` value-initialised elements.
  template <typename T>
  std::span<T> NewArray(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(Allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  // A copy of `text` that lives as long as the arena.
  std::string_view CopyText(std::string_view text) {
    if (text.empty()) return {};
    char* copy = static_cast<char*>(Allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }

  // Frees everything but one block. All that was handed out is gone.
  void Reset();

  // Bytes taken from the heap.
  [[nodiscard]] std::size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  static constexpr std::size_t kFirstBlockSize = 1024;
  void* AllocateInNewBlock(std::size_t size, std::size_t alignment);

  std::vector<Block> blocks_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t capacity_bytes_ = 0;
  std::size_t next_block_size_ = kFirstBlockSize;
};

}  // namespace streamer

#endif  // STREAMER_BASE_ARENA_H_
