// Pool: objects under dense 32-bit numbers that are used again.
//
// Objects lie in chunks of up to 4,096 and never move. A chunk that becomes
// empty gives its memory back, so a pool follows its contents both ways and
// no operation costs more than one chunk.
//
// Cost: Add and Remove are constant; a number becomes an address in a few
// instructions.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_POOL_H_
#define STREAMER_INDEX_POOL_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace streamer {

template <typename T>
class Pool {
 public:
  using Index = std::uint32_t;

  Pool() = default;
  // A moved-from pool is empty.
  Pool(Pool&& other) noexcept { Swap(other); }
  Pool& operator=(Pool&& other) noexcept {
    Pool taken(std::move(other));
    Swap(taken);
    return *this;
  }

  // Stores `object`; returns its number, which is below bound().
  Index Add(T object);

  // Destroys the object. REQUIRES: `index` is in use.
  void Remove(Index index);

  T& operator[](Index index) {
    const Place place = PlaceOf(index);
    return chunks_[place.chunk].objects[place.offset];
  }
  const T& operator[](Index index) const {
    const Place place = PlaceOf(index);
    return chunks_[place.chunk].objects[place.offset];
  }

  // The object, in its default state when the number is free; or nullptr.
  // Any number may be asked for.
  const T* Peek(Index index) const {
    const Place place = PlaceOf(index);
    if (place.chunk >= chunks_.size()) return nullptr;
    const Chunk& chunk = chunks_[place.chunk];
    return chunk.objects == nullptr ? nullptr : &chunk.objects[place.offset];
  }

  // Asks for the first objects, in two steps: the second reads what the first
  // has asked for.
  void PrefetchFirst(int step) const {
    if (step == 0) {
      __builtin_prefetch(chunks_.data());
    } else if (size_ > 0) {
      __builtin_prefetch(chunks_[0].objects.get());
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  // No number in use is this large or larger.
  [[nodiscard]] std::size_t bound() const {
    return FirstIndexOf(chunks_.size());
  }
  // Memory held, without what the objects hold themselves.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kFirstSize = 4;
  static constexpr std::uint32_t kLargestSize = 4096;
  // Chunks double in size up to here.
  static constexpr std::uint32_t kGrowingChunks =
      std::countr_zero(kLargestSize / kFirstSize) + 1;
  static constexpr std::uint32_t kGrowingEnd = 2 * kLargestSize;
  static constexpr std::uint16_t kNoSlot = 0xFFFF;

  struct Place {
    std::uint32_t chunk;
    std::uint32_t offset;
  };
  struct Chunk {
    std::unique_ptr<T[]> objects;  // null while empty
    std::unique_ptr<std::uint16_t[]> next_free;
    std::uint32_t live = 0;
    std::uint16_t first_free = 0;
    bool is_open = false;  // in open_chunks_
  };

  static Place PlaceOf(Index index) {
    const std::uint32_t shifted = index + kFirstSize;
    if (shifted < kGrowingEnd) {
      const auto width = static_cast<std::uint32_t>(std::bit_width(shifted));
      return {width - std::bit_width(kFirstSize),
              shifted - (1u << (width - 1))};
    }
    const std::uint32_t rest = shifted - kGrowingEnd;
    return {kGrowingChunks + rest / kLargestSize, rest % kLargestSize};
  }
  static std::size_t FirstIndexOf(std::size_t chunk) {
    if (chunk <= kGrowingChunks) {
      return (std::size_t{kFirstSize} << chunk) - kFirstSize;
    }
    return kGrowingEnd - kFirstSize + (chunk - kGrowingChunks) * kLargestSize;
  }
  static std::uint32_t SizeOf(std::size_t chunk) {
    return chunk < kGrowingChunks ? kFirstSize << chunk : kLargestSize;
  }

  std::uint32_t FindOpenChunk();
  void Open(std::uint32_t chunk_index);
  static void Allocate(Chunk& chunk, std::uint32_t size);
  void Swap(Pool& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(open_chunks_, other.open_chunks_);
    std::swap(size_, other.size_);
  }

  std::vector<Chunk> chunks_;
  std::vector<std::uint32_t> open_chunks_;  // a superset of those with room
  std::size_t size_ = 0;
};

// Implementation details follow.

template <typename T>
typename Pool<T>::Index Pool<T>::Add(T object) {
  const std::uint32_t chunk_index = FindOpenChunk();
  Chunk& chunk = chunks_[chunk_index];
  if (chunk.objects == nullptr) Allocate(chunk, SizeOf(chunk_index));
  const std::uint16_t slot = chunk.first_free;
  chunk.first_free = chunk.next_free[slot];
  chunk.objects[slot] = std::move(object);
  ++chunk.live;
  ++size_;
  return static_cast<Index>(FirstIndexOf(chunk_index) + slot);
}

template <typename T>
void Pool<T>::Remove(Index index) {
  const Place place = PlaceOf(index);
  Chunk& chunk = chunks_[place.chunk];
  chunk.objects[place.offset] = T();
  chunk.next_free[place.offset] = chunk.first_free;
  chunk.first_free = static_cast<std::uint16_t>(place.offset);
  --chunk.live;
  --size_;
  if (size_ == 0) {
    std::vector<Chunk>().swap(chunks_);
    std::vector<std::uint32_t>().swap(open_chunks_);
    return;
  }
  if (chunk.live == 0) {
    chunk.objects.reset();
    chunk.next_free.reset();
  }
  Open(place.chunk);
}

template <typename T>
std::uint32_t Pool<T>::FindOpenChunk() {
  while (!open_chunks_.empty()) {
    Chunk& chunk = chunks_[open_chunks_.back()];
    if (chunk.objects == nullptr || chunk.first_free != kNoSlot) {
      return open_chunks_.back();
    }
    chunk.is_open = false;
    open_chunks_.pop_back();
  }
  chunks_.emplace_back();
  Open(static_cast<std::uint32_t>(chunks_.size() - 1));
  return open_chunks_.back();
}

template <typename T>
void Pool<T>::Open(std::uint32_t chunk_index) {
  if (chunks_[chunk_index].is_open) return;
  chunks_[chunk_index].is_open = true;
  open_chunks_.push_back(chunk_index);
}

template <typename T>
void Pool<T>::Allocate(Chunk& chunk, std::uint32_t size) {
  chunk.objects = std::make_unique<T[]>(size);
  chunk.next_free = std::make_unique<std::uint16_t[]>(size);
  for (std::uint32_t i = 0; i + 1 < size; ++i) {
    chunk.next_free[i] = static_cast<std::uint16_t>(i + 1);
  }
  chunk.next_free[size - 1] = kNoSlot;
  chunk.first_free = 0;
}

template <typename T>
std::size_t Pool<T>::memory_bytes() const {
  std::size_t bytes = chunks_.capacity() * sizeof(Chunk) +
                      open_chunks_.capacity() * sizeof(std::uint32_t);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].objects == nullptr) continue;
    bytes += SizeOf(i) * (sizeof(T) + sizeof(std::uint16_t));
  }
  return bytes;
}

}  // namespace streamer

#endif  // STREAMER_INDEX_POOL_H_
