// The ends of intervals, of the two type classes that are indexed by range.
//
// An IntervalTable wants of a bound its order and its *chunks*: 64-bit numbers
// that order as the bounds do, the first chunk first. A number has one chunk,
// text one for every eight bytes.
#ifndef STREAMER_INDEX_INTERNAL_BOUNDS_H_
#define STREAMER_INDEX_INTERNAL_BOUNDS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

namespace streamer {

// A number, rounded to double; infinities are ends too, NaN is not.
struct NumberBound {
  double number = 0;

  static NumberBound Lowest() {
    return {-std::numeric_limits<double>::infinity()};
  }
  static NumberBound Highest() {
    return {std::numeric_limits<double>::infinity()};
  }
  friend auto operator<=>(NumberBound, NumberBound) = default;

  [[nodiscard]] std::uint64_t Chunk(int /*depth*/) const {
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
    // Adding zero makes -0.0 the 0.0 that it equals.
    const auto bits = std::bit_cast<std::uint64_t>(number + 0.0);
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  [[nodiscard]] bool GoesBeyond(int /*depth*/) const { return false; }
};

// Text, or with `is_after_prefix` the place after all text that begins so.
// The bound does not own the text.
struct TextBound {
  std::string_view text;
  bool is_after_prefix = false;

  static TextBound Lowest() { return {"", false}; }
  static TextBound Highest() { return {"", true}; }

  friend bool operator==(const TextBound&, const TextBound&) = default;
  friend std::strong_ordering operator<=>(const TextBound& left,
                                          const TextBound& right) {
    const std::size_t shared = std::min(left.text.size(), right.text.size());
    const auto order =
        left.text.substr(0, shared) <=> right.text.substr(0, shared);
    if (order != 0) return order;
    if (left.text.size() == right.text.size()) {
      return left.is_after_prefix <=> right.is_after_prefix;
    }
    // The shorter one comes first unless it stands after all that begin so.
    if (left.text.size() == shared) {
      return left.is_after_prefix ? std::strong_ordering::greater
                                  : std::strong_ordering::less;
    }
    return right.is_after_prefix ? std::strong_ordering::less
                                 : std::strong_ordering::greater;
  }

  [[nodiscard]] std::uint64_t Chunk(int depth) const {
    const std::uint64_t filler = is_after_prefix ? 0xFF : 0;
    std::uint64_t chunk = 0;
    const std::size_t start = static_cast<std::size_t>(depth) * 8;
    for (std::size_t i = start; i < start + 8; ++i) {
      chunk = (chunk << 8) |
              (i < text.size() ? static_cast<unsigned char>(text[i]) : filler);
    }
    return chunk;
  }
  // Whether the whole chunk is text, so that the next one tells more.
  [[nodiscard]] bool GoesBeyond(int depth) const {
    constexpr int kDeepestChunk = 31;
    return depth < kDeepestChunk &&
           text.size() >= static_cast<std::size_t>(depth + 1) * 8;
  }
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_BOUNDS_H_
