// ByteWriter and ByteReader: numbers and texts as bytes, the same on every
// machine. What all records of this folder are made of.
//
// A number is a varint (seven bits a byte, the lowest first) in as few bytes
// as it takes; a signed one is folded so that small ones stay short. A text
// has its length in front. So a value has one form only, and what was read
// can be written back to the very same bytes.
//
// Seal puts a checksum behind, Unseal takes it off: 64 bits of XXH3 that start
// from a seed, in which a caller puts where the record belongs: a right record
// in the wrong place is damage too.
#ifndef STREAMER_STORE_INTERNAL_BYTES_H_
#define STREAMER_STORE_INTERNAL_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace streamer::internal {

// Appends to the string that it was made with.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& bytes) : bytes_(bytes) {}

  void WriteByte(std::uint8_t byte) {
    bytes_.push_back(static_cast<char>(byte));
  }
  void WriteNumber(std::uint64_t number);
  void WriteSigned(std::int64_t number);
  void WriteText(std::string_view text);
  // Eight bytes, the highest first: sorted as bytes, they are sorted as
  // numbers.
  void WriteFixed(std::uint64_t number);

 private:
  std::string& bytes_;
};

// Reads what a ByteWriter wrote. The first thing that is not as it should be
// makes the reader fail for good; what it then gives is empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t ReadByte();
  std::uint64_t ReadNumber();
  std::int64_t ReadSigned();
  std::string_view ReadText();
  std::uint64_t ReadFixed();

  // A number of things that take at least `size` bytes each and are still to
  // be read: never more than there can be.
  std::size_t ReadCount(std::size_t size);

  void Fail() { has_failed_ = true; }
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  // Whether all was read, and nothing was wrong.
  [[nodiscard]] bool is_finished() const {
    return !has_failed_ && rest_.empty();
  }

 private:
  std::string_view rest_;
  bool has_failed_ = false;
};

inline constexpr std::size_t kSealBytes = 8;

// Appends the checksum of all that `bytes` holds from `begin` on.
void Seal(std::string& bytes, std::uint64_t seed, std::size_t begin = 0);
// Takes the checksum off the end of `bytes`. False, if it is not the right one.
[[nodiscard]] bool Unseal(std::string_view& bytes, std::uint64_t seed);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_BYTES_H_
