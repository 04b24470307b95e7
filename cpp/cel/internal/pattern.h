// Pattern: a regular expression of matches(), in RE2's syntax and meaning.
//
// Simple ones are matched here (internal/linear_pattern.h); RE2, which takes
// ten times as long to compile them, does the others, in time linear in the
// text whatever the pattern. Memory and the size of the compiled pattern are
// bounded.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_INTERNAL_PATTERN_H_
#define STREAMER_CEL_INTERNAL_PATTERN_H_

#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "cel/internal/linear_pattern.h"
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
  // By RE2 whatever the pattern: the slow truth of the other.
  static Result<Pattern> CompileWithRe2(std::string_view pattern,
                                        const Limits& limits = {});

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // What it was compiled to: the longer, the more each byte of a text may
  // cost.
  [[nodiscard]] int instructions() const { return instructions_; }

  // Whether some part of `text` matches.
  [[nodiscard]] bool Matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<const re2::RE2> compiled);
  explicit Pattern(LinearPattern linear);
  std::optional<LinearPattern> linear_;
  std::unique_ptr<const re2::RE2> compiled_;  // unless it is linear
  int instructions_;
};

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_PATTERN_H_
