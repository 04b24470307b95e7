// LinearPattern: a regular expression that is one run of characters and
// classes, each perhaps repeated, and needs no general engine:
//
//   active   ^Ada.*ace$   ^[a-z]+[0-9]$   \d{4}-\d\d   ^.?x*
//
// Every item is one bit of a word; a byte of the text moves all of them at
// once (Navarro and Raffinot's extended Shift-And). A character of several
// bytes is matched by its first byte, and the bytes that follow it change
// nothing, unless they are written out in the pattern.
//
// Invariant: where Read yields a pattern, Matches is what RE2 answers, on
// every text that is UTF-8.
// Cost: about 2 ns for each byte of the text, less when it can stop early;
// Read is linear in the pattern.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_INTERNAL_LINEAR_PATTERN_H_
#define STREAMER_CEL_INTERNAL_LINEAR_PATTERN_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace streamer::cel::internal {

class ByteSet;
struct PatternItem;

class LinearPattern {
 public:
  // Nothing if the pattern has groups, alternatives, flags, more than 62
  // items, or anything else that is better left to RE2: what is wrong with a
  // pattern is RE2's to say.
  static std::optional<LinearPattern> Read(std::string_view pattern);

  // Whether some part of `text` matches. REQUIRES: `text` is UTF-8.
  [[nodiscard]] bool Matches(std::string_view text) const;

 private:
  // The items that a byte of some class leads into, and those that it leaves
  // as they are. Bit 0 is the place before the first item.
  struct Masks {
    std::uint64_t enter = 0;
    std::uint64_t stay = 0;
  };

  LinearPattern() = default;
  void SetText(const std::vector<PatternItem>& items);
  bool SetClasses(const std::vector<PatternItem>& items);
  void SetMasks(const std::vector<PatternItem>& items, const ByteSet& all);
  void SetOptional(const std::vector<PatternItem>& items);
  [[nodiscard]] std::uint64_t WithSkipped(std::uint64_t state) const;
  [[nodiscard]] bool MatchesText(std::string_view text) const;
  template <bool kMaySkip>
  [[nodiscard]] bool Run(std::string_view text) const;

  bool from_start_ = false;  // ^
  bool to_end_ = false;      // $
  bool is_text_ = false;     // nothing but characters, those of text_
  std::string text_;
  std::array<std::uint8_t, 256> class_of_{};
  std::vector<Masks> masks_;  // of each class
  std::uint64_t last_ = 1;    // the last item
  // Runs of items that may be left out: all of them, the place before each
  // run, and its last.
  std::uint64_t optional_ = 0;
  std::uint64_t before_optional_ = 0;
  std::uint64_t last_optional_ = 0;
};

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_LINEAR_PATTERN_H_
