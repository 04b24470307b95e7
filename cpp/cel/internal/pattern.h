// Pattern: a regular expression of matches(), on RE2.
//
// RE2 runs in time linear in the text whatever the pattern; memory and the
// size of the compiled pattern are bounded here.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_INTERNAL_PATTERN_H_
#define STREAMER_CEL_INTERNAL_PATTERN_H_

#include <memory>
#include <string_view>

#include "base/status.h"
#include "cel/limits.h"

namespace re2 {
class RE2;
}

namespace streamer::cel::internal {

class Pattern {
 public:
  // InvalidArgument, saying what is wrong with the pattern or which bound it
  // exceeds.
  static Result<Pattern> Compile(std::string_view pattern,
                                 const Limits& limits = {});

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // What it was compiled to: the longer, the more a match may cost.
  [[nodiscard]] int instructions() const { return instructions_; }

  // Whether some part of `text` matches.
  [[nodiscard]] bool Matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<const re2::RE2> compiled);
  std::unique_ptr<const re2::RE2> compiled_;
  int instructions_;
};

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_PATTERN_H_
