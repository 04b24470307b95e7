#include "index/internal/block_filter.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace streamer {
namespace {

constexpr double kBitsInWord = 64;
static_assert(BlockFilter::kWords == 8);

// The bits of a key: six bits of the mixed hash for each word.
template <typename Function>
void ForEachBit(std::uint64_t hash, Function function) {
  std::uint64_t choice = MixHash(0, hash);
  for (std::size_t word = 0; word < BlockFilter::kWords; ++word) {
    function(word, std::uint64_t{1} << (choice & 63));
    choice >>= 6;
  }
}

}  // namespace

// Keys fall on blocks as Poisson has it; with n of them a bit of a word is set
// unless all n chose others.
double BlockFilter::RateAt(double keys_per_block) {
  const double last = keys_per_block + 12 * std::sqrt(keys_per_block) + 12;
  double rate = 0;
  double chance = std::exp(-keys_per_block);  // of exactly n keys
  double is_clear = 1;                        // a bit, with n keys
  for (double n = 0; n <= last; ++n) {
    const double is_set = (1 - is_clear) * (1 - is_clear);
    rate += chance * is_set * is_set * is_set * is_set;  // in all eight words
    chance *= keys_per_block / (n + 1);
    is_clear *= 1 - 1 / kBitsInWord;
  }
  return rate;
}

double BlockFilter::KeysPerBlockAt(double rate) {
  double low = 0;
  double high = 256;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (RateAt(middle) > rate ? high : low) = middle;
  }
  return low;
}

BlockFilter::BlockFilter(std::size_t blocks)
    : block_count_(blocks), pages_((blocks + kPageBlocks - 1) / kPageBlocks) {}

// The upper half chooses the block, without a division.
std::size_t BlockFilter::PlaceOf(std::uint64_t hash) const {
  return ((hash >> 32) * block_count_) >> 32;
}

BlockFilter::Block& BlockFilter::MutableBlock(std::size_t index) {
  std::unique_ptr<Line[]>& page = pages_[index / kPageBlocks];
  if (page == nullptr) page = std::make_unique<Line[]>(kPageBlocks);
  return page[index % kPageBlocks].bits;
}

const BlockFilter::Block& BlockFilter::block(std::size_t index) const {
  static constexpr Block kZeros{};
  const std::unique_ptr<Line[]>& page = pages_[index / kPageBlocks];
  return page == nullptr ? kZeros : page[index % kPageBlocks].bits;
}

void BlockFilter::SetBlock(std::size_t index, const Block& bits) {
  MutableBlock(index) = bits;
}

bool BlockFilter::Insert(std::uint64_t hash) {
  Block& bits = MutableBlock(PlaceOf(hash));
  std::uint64_t added = 0;
  ForEachBit(hash, [&](std::size_t word, std::uint64_t bit) {
    added |= bit & ~bits[word];
    bits[word] |= bit;
  });
  return added != 0;
}

bool BlockFilter::MayHold(std::uint64_t hash) const {
  const Block& bits = block(PlaceOf(hash));
  std::uint64_t missing = 0;
  ForEachBit(hash, [&](std::size_t word, std::uint64_t bit) {
    missing |= bit & ~bits[word];
  });
  return missing == 0;
}

std::size_t BlockFilter::memory_bytes() const {
  const auto used = static_cast<std::size_t>(
      std::count_if(pages_.begin(), pages_.end(),
                    [](const auto& page) { return page != nullptr; }));
  return used * kPageBlocks * sizeof(Line) + pages_.capacity() * sizeof(void*);
}

}  // namespace streamer
