// BlockFilter: a Bloom filter in blocks of one cache line.
//
// A key sets one bit in each of the eight words of one block, so asking reads
// a single line. Blocks are allocated when their first key comes, a page at a
// time: neither making nor emptying a large filter stops anything.
//
// Invariant: MayHold is true of every key that was inserted.
// Cost: one line; 64 bytes a block, once a key is near.
// Thread-safety: none; const use is safe while nobody changes it.
#ifndef STREAMER_INDEX_INTERNAL_BLOCK_FILTER_H_
#define STREAMER_INDEX_INTERNAL_BLOCK_FILTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace streamer {

class BlockFilter {
 public:
  static constexpr std::size_t kWords = 8;
  using Block = std::array<std::uint64_t, kWords>;

  // Of how many keys out of those not inserted MayHold is true, when a block
  // has `keys_per_block` on average; and the other way round.
  [[nodiscard]] static double RateAt(double keys_per_block);
  [[nodiscard]] static double KeysPerBlockAt(double rate);

  // REQUIRES: at least one block.
  explicit BlockFilter(std::size_t blocks);

  // Whether that changed anything. `hash` must be mixed well.
  bool Insert(std::uint64_t hash);
  [[nodiscard]] bool MayHold(std::uint64_t hash) const;

  [[nodiscard]] std::size_t block_count() const { return block_count_; }
  // Its bits; zeros when nothing is near.
  [[nodiscard]] const Block& block(std::size_t index) const;
  // REQUIRES: index < block_count().
  void SetBlock(std::size_t index, const Block& bits);

  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kPageBlocks = 64;
  struct alignas(64) Line {
    Block bits{};
  };

  [[nodiscard]] std::size_t PlaceOf(std::uint64_t hash) const;
  Block& MutableBlock(std::size_t index);

  std::size_t block_count_;
  std::vector<std::unique_ptr<Line[]>> pages_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_BLOCK_FILTER_H_
