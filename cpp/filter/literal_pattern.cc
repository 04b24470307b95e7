#include "filter/literal_pattern.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace streamer {
namespace {

constexpr std::string_view kMeta = R"(\.+*?()|[]{}^$)";

bool IsMeta(char byte) { return kMeta.find(byte) != std::string_view::npos; }

bool IsQuantifier(char byte) {
  return byte == '*' || byte == '+' || byte == '?' || byte == '{';
}

// Goes through a pattern from its begin to its end.
class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  [[nodiscard]] char next() const { return rest_.front(); }
  [[nodiscard]] bool IsNext(std::string_view text) const {
    return rest_.starts_with(text);
  }
  bool Skip(std::string_view text) {
    if (!IsNext(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void SkipByte() { rest_.remove_prefix(1); }

  // The character, all its bytes, if it stands for itself alone: a plain one
  // or an escaped sign, not followed by a quantifier.
  std::optional<std::string_view> TakeLiteral() {
    const std::optional<std::string_view> character = PeekCharacter();
    if (!character.has_value()) return std::nullopt;
    const std::size_t length = character->size() + (next() == '\\' ? 1 : 0);
    if (length < rest_.size() && IsQuantifier(rest_[length])) {
      return std::nullopt;
    }
    rest_.remove_prefix(length);
    return character;
  }

  // Skips what is no plain character, without its quantifier. False, having
  // skipped any part of it, when it would need more care.
  bool SkipItem() {
    constexpr std::string_view kUncertain = "|)]{}";
    if (kUncertain.find(next()) != std::string_view::npos) return false;
    if (IsNext("[")) return SkipClass();
    if (IsNext("(")) return SkipGroup();
    if (Skip(R"(\)")) {
      // \d and \b and the like; others go on with braces or more letters.
      constexpr std::string_view kClasses = "dDwWsSbB";
      if (is_at_end() || kClasses.find(next()) == std::string_view::npos) {
        return false;
      }
    }
    SkipByte();
    return true;
  }

 private:
  bool SkipClass() {
    SkipByte();
    Skip("^");
    Skip("]");
    while (!is_at_end() && !IsNext("]")) {
      if (IsNext("[")) return false;
      if (!SkipEscaped()) return false;
    }
    return Skip("]");
  }
  bool SkipGroup() {
    int depth = 0;
    do {
      if (is_at_end()) return false;
      if (IsNext("[")) {
        if (!SkipClass()) return false;
        continue;
      }
      if (Skip("(")) {
        ++depth;
        // Flags may go on behind the group.
        if (IsNext("?") && !Skip("?:")) return false;
      } else if (Skip(")")) {
        --depth;
      } else if (!SkipEscaped()) {
        return false;
      }
    } while (depth > 0);
    return true;
  }

  static bool IsContinuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
  }

  // One byte, or a backslash and the one after it; but no \Q, behind which
  // signs are none.
  bool SkipEscaped() {
    if (IsNext(R"(\Q)")) return false;
    Skip(R"(\)");
    if (is_at_end()) return false;
    SkipByte();
    return true;
  }

  [[nodiscard]] std::optional<std::string_view> PeekCharacter() const {
    if (rest_.empty()) return std::nullopt;
    if (rest_[0] == '\\') {
      if (rest_.size() < 2 || !IsMeta(rest_[1])) return std::nullopt;
      return rest_.substr(1, 1);
    }
    // A line break ends what `.` goes through; it is left to the others.
    if (IsMeta(rest_[0]) || rest_[0] == '\n') return std::nullopt;
    std::size_t length = 1;
    while (length < rest_.size() && IsContinuation(rest_[length])) ++length;
    return rest_.substr(0, length);
  }

  std::string_view rest_;
};

}  // namespace

std::optional<LiteralPattern> LiteralPattern::Read(std::string_view pattern) {
  LiteralPattern read;
  PatternReader reader(pattern);
  read.from_start_ = reader.Skip("^");
  std::string literal;
  while (!reader.is_at_end()) {
    if (reader.Skip(".*")) {
      // A third sign would make it lazy or an error.
      if (!reader.is_at_end() && IsQuantifier(reader.next())) {
        return std::nullopt;
      }
      read.literals_.push_back(std::exchange(literal, {}));
      continue;
    }
    if (reader.Skip("$")) {
      read.to_end_ = true;
      if (!reader.is_at_end()) return std::nullopt;
      break;
    }
    const std::optional<std::string_view> character = reader.TakeLiteral();
    if (!character.has_value()) return std::nullopt;
    literal += *character;
  }
  read.literals_.push_back(std::move(literal));
  return read;
}

// No literal holds a line break and `.` matches none, so all of a match lies
// in one line, though ^ and $ mean the ends of the text.
bool LiteralPattern::Matches(std::string_view text) const {
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const bool is_last = end == text.size();
    if (MatchesLine(text.substr(begin, end - begin), begin == 0, is_last)) {
      return true;
    }
    // Without ^ a later line may match; with it none can.
    if (is_last || from_start_) return false;
    begin = end + 1;
  }
}

// The leftmost place of each literal leaves the most room for the next.
bool LiteralPattern::MatchesLine(std::string_view line, bool is_first,
                                 bool is_last) const {
  if ((from_start_ && !is_first) || (to_end_ && !is_last)) return false;
  std::size_t first = 0;
  std::size_t last = literals_.size();
  if (from_start_) {
    if (!line.starts_with(literals_.front())) return false;
    line.remove_prefix(literals_.front().size());
    if (last == 1) return !to_end_ || line.empty();
    first = 1;
  }
  if (to_end_) {
    if (!line.ends_with(literals_.back())) return false;
    line.remove_suffix(literals_.back().size());
    --last;
  }
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t place = line.find(literals_[i]);
    if (place == std::string_view::npos) return false;
    line.remove_prefix(place + literals_[i].size());
  }
  return true;
}

std::string_view LiteralPattern::prefix() const {
  return from_start_ ? literals_.front() : std::string_view();
}

std::string_view LiteralPattern::suffix() const {
  return to_end_ ? literals_.back() : std::string_view();
}

std::string_view LiteralPattern::longest() const {
  return *std::max_element(literals_.begin(), literals_.end(),
                           [](std::string_view a, std::string_view b) {
                             return a.size() < b.size();
                           });
}

// Runs of plain characters outside of any brackets. A pattern of alternatives
// or with flags requires what hangs on more than that.
std::string RequiredLiteral(std::string_view pattern) {
  std::string longest;
  std::string run;
  auto end_run = [&] {
    if (run.size() > longest.size()) longest = run;
    run.clear();
  };
  PatternReader reader(pattern);
  while (!reader.is_at_end()) {
    if (const auto character = reader.TakeLiteral()) {
      run += *character;
      continue;
    }
    end_run();
    if (!reader.SkipItem()) return {};
    while (!reader.is_at_end() && IsQuantifier(reader.next())) {
      if (reader.next() == '{') return {};
      reader.SkipByte();
    }
  }
  end_run();
  return longest;
}

}  // namespace streamer
