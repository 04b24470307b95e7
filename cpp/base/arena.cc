#include "base/arena.h"

#include <algorithm>

namespace streamer {
namespace {

constexpr std::size_t kLargestBlockSize = std::size_t{64} * 1024;
constexpr std::size_t kUsualBlocks = 4;

}  // namespace

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this == &other) return *this;
  blocks_ = std::exchange(other.blocks_, {});
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  capacity_bytes_ = std::exchange(other.capacity_bytes_, 0);
  next_block_size_ = std::exchange(other.next_block_size_, kFirstBlockSize);
  return *this;
}

void* Arena::AllocateInNewBlock(std::size_t size, std::size_t alignment) {
  std::size_t block_size = std::max(next_block_size_, size + alignment);
  next_block_size_ = std::min(next_block_size_ * 2, kLargestBlockSize);
  const bool is_kept = block_size < kFirstBlockSize;
  if (blocks_.empty()) blocks_.reserve(is_kept ? 1 : kUsualBlocks);
  blocks_.push_back(
      {std::make_unique_for_overwrite<std::byte[]>(block_size), block_size});
  capacity_bytes_ += block_size;
  next_ = blocks_.back().bytes.get();
  end_ = next_ + block_size;
  return Allocate(size, alignment);
}

void Arena::Reset() {
  Block kept;
  for (Block& block : blocks_) {
    if (block.size > kept.size && block.size <= kLargestBlockSize) {
      kept = std::move(block);
    }
  }
  blocks_.clear();
  capacity_bytes_ = kept.size;
  next_ = kept.bytes.get();
  end_ = next_ + kept.size;
  if (kept.size > 0) blocks_.push_back(std::move(kept));
}

}  // namespace streamer
