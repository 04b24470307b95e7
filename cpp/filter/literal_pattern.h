// LiteralPattern: a regular expression of nothing but characters and `.*`,
// perhaps tied to the ends of the text:
//
//   error     ^order-.*-done$     ^/v1/     \.csv$     a.*b.*c
//
// Such a pattern is a few searches for literals, and its literals are what an
// index can look up. RequiredLiteral finds one in other patterns.
//
// Invariant: Matches is what matches() answers, on every text that is UTF-8.
// Cost: of Matches, a search for each literal, in time linear in the text.
// Thread-safety: immutable.
#ifndef STREAMER_FILTER_LITERAL_PATTERN_H_
#define STREAMER_FILTER_LITERAL_PATTERN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace streamer {

class LiteralPattern {
 public:
  // Nothing when the pattern holds anything else.
  static std::optional<LiteralPattern> Read(std::string_view pattern);

  // Whether some part of `text` matches.
  [[nodiscard]] bool Matches(std::string_view text) const;

  // What every text that matches begins with, ends with, and has somewhere;
  // empty when nothing is known. The last is the longest literal.
  [[nodiscard]] std::string_view prefix() const;
  [[nodiscard]] std::string_view suffix() const;
  [[nodiscard]] std::string_view longest() const;

 private:
  [[nodiscard]] bool MatchesLine(std::string_view line, bool is_first,
                                 bool is_last) const;

  // In their order, with `.*` between; not empty, though each may be.
  std::vector<std::string> literals_;
  bool from_start_ = false;  // ^
  bool to_end_ = false;      // $
};

// A literal that every text has somewhere that `pattern` matches; the longest
// that is easily seen. Empty when there is none, or when it is not certain.
std::string RequiredLiteral(std::string_view pattern);

}  // namespace streamer

#endif  // STREAMER_FILTER_LITERAL_PATTERN_H_
