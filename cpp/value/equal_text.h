// EqualText: the same bytes or not, without a call for short texts.
//
// Looking fields up and comparing them with constants is what evaluating a
// filter mostly does, and most keys and constants have at most 16 bytes; the
// call of memcmp would cost more than the comparison.
#ifndef STREAMER_VALUE_EQUAL_TEXT_H_
#define STREAMER_VALUE_EQUAL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace streamer {

bool EqualText(std::string_view left, std::string_view right);

// Implementation details follow.

namespace internal {

// The first and the last word cover a text of one to two words.
template <typename Word>
inline bool EqualEnds(const char* left, const char* right, std::size_t size) {
  Word left_words[2];
  Word right_words[2];
  std::size_t last = size - sizeof(Word);
  std::memcpy(&left_words[0], left, sizeof(Word));
  std::memcpy(&left_words[1], left + last, sizeof(Word));
  std::memcpy(&right_words[0], right, sizeof(Word));
  std::memcpy(&right_words[1], right + last, sizeof(Word));
  return ((left_words[0] ^ right_words[0]) |
          (left_words[1] ^ right_words[1])) == 0;
}

}  // namespace internal

inline bool EqualText(std::string_view left, std::string_view right) {
  std::size_t size = left.size();
  if (size != right.size()) return false;
  if (size > 16) return std::memcmp(left.data(), right.data(), size) == 0;
  if (size >= 8) {
    return internal::EqualEnds<std::uint64_t>(left.data(), right.data(), size);
  }
  if (size >= 4) {
    return internal::EqualEnds<std::uint32_t>(left.data(), right.data(), size);
  }
  if (size == 0) return true;
  // The first, the middle and the last byte cover three.
  std::size_t middle = size / 2;
  return left[0] == right[0] && left[middle] == right[middle] &&
         left[size - 1] == right[size - 1];
}

}  // namespace streamer

#endif  // STREAMER_VALUE_EQUAL_TEXT_H_
