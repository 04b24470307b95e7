#include "cel/internal/linear_pattern.h"

#include <algorithm>
#include <bit>

#include "value/utf8.h"

namespace streamer::cel::internal {
namespace {

constexpr std::size_t kMostItems = 62;
constexpr std::uint8_t kFirstContinuation = 0x80;
constexpr std::uint8_t kFirstLead = 0xC0;

}  // namespace

// Bytes as the bits of four words.
class ByteSet {
 public:
  void Add(std::uint8_t byte) { words_[byte / 64] |= Bit(byte); }
  void AddRange(std::uint8_t first, std::uint8_t last) {
    for (unsigned byte = first; byte <= last; ++byte) {
      Add(static_cast<std::uint8_t>(byte));
    }
  }
  void AddAll(const ByteSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] |= other.words_[i];
    }
  }
  [[nodiscard]] bool Has(std::uint8_t byte) const {
    return (words_[byte / 64] & Bit(byte)) != 0;
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (unsigned i = 0; i < words_.size(); ++i) {
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1) {
        visit(static_cast<std::uint8_t>(64 * i + std::countr_zero(left)));
      }
    }
  }
  // Every character that is not here, by its first byte. REQUIRES: all that is
  // here is ASCII.
  [[nodiscard]] ByteSet OtherCharacters() const {
    ByteSet others;
    others.words_ = {~words_[0], ~words_[1], 0, ~std::uint64_t{0}};
    return others;
  }
  // Whether it holds characters of several bytes.
  [[nodiscard]] bool HasLong() const { return words_[3] == ~std::uint64_t{0}; }
  bool operator==(const ByteSet&) const = default;

 private:
  static std::uint64_t Bit(std::uint8_t byte) {
    return std::uint64_t{1} << (byte % 64);
  }
  std::array<std::uint64_t, 4> words_{};
};

struct PatternItem {
  ByteSet bytes;
  char single = 0;  // the only member, if it is one
  bool is_single = false;
  bool repeats = false;      // + or *
  bool is_optional = false;  // ? or *
};

namespace {

bool IsAscii(char byte) {
  return static_cast<std::uint8_t>(byte) < kFirstContinuation;
}

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

// \d, \w, \s and their opposites; false for any other letter.
bool AddNamedClass(char letter, ByteSet& bytes) {
  ByteSet named;
  switch (letter) {
    case 'w':
    case 'W':
      named.AddRange('a', 'z');
      named.AddRange('A', 'Z');
      named.Add('_');
      [[fallthrough]];
    case 'd':
    case 'D':
      named.AddRange('0', '9');
      break;
    case 's':
    case 'S':
      for (char space : {'\t', '\n', '\f', '\r', ' '}) named.Add(space);
      break;
    default:
      return false;
  }
  bool is_opposite = letter < 'a';
  bytes.AddAll(is_opposite ? named.OtherCharacters() : named);
  return true;
}

// The character that an escape stands for, or nothing.
std::optional<char> EscapedCharacter(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      break;
  }
  constexpr std::string_view kPunctuation = R"(.\/-+*?()[]{}|^$"'@:,;#%&!=<>)";
  if (kPunctuation.find(letter) == kPunctuation.npos) return std::nullopt;
  return letter;
}

// How often an item is wanted.
struct Repetition {
  int least = 1;
  int most = 1;
  bool is_unbounded = false;
};

// Reads what it understands; anything else makes it give up.
class LinearReader {
 public:
  explicit LinearReader(std::string_view pattern) : rest_(pattern) {
    items_.reserve(std::min(pattern.size(), kMostItems));
  }

  // False when the pattern is not linear.
  bool Read() {
    from_start_ = Accept('^');
    while (!rest_.empty()) {
      if (rest_ == "$") {
        to_end_ = true;
        return true;
      }
      if (!ReadItem() || items_.size() > kMostItems) return false;
    }
    return true;
  }

  [[nodiscard]] const std::vector<PatternItem>& items() const { return items_; }
  [[nodiscard]] bool from_start() const { return from_start_; }
  [[nodiscard]] bool to_end() const { return to_end_; }

 private:
  bool Accept(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char Take() {
    char first = rest_.front();
    rest_.remove_prefix(1);
    return first;
  }

  bool ReadItem() {
    PatternItem item;
    char first = Take();
    switch (first) {
      case '.':
        item.bytes.Add('\n');
        item.bytes = item.bytes.OtherCharacters();
        break;
      case '[':
        if (!ReadClass(item.bytes)) return false;
        break;
      case '\\':
        if (!ReadEscape(item)) return false;
        break;
      case '^':
      case '$':
      case '|':
      case '(':
      case ')':
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        return false;
      default:
        SetSingle(first, item);
    }
    Repetition repetition;
    if (!ReadRepetition(repetition)) return false;
    return AddItems(item, repetition);
  }

  static void SetSingle(char byte, PatternItem& item) {
    item.bytes.Add(static_cast<std::uint8_t>(byte));
    item.single = byte;
    item.is_single = true;
  }

  bool ReadEscape(PatternItem& item) {
    if (rest_.empty()) return false;
    char letter = Take();
    if (AddNamedClass(letter, item.bytes)) return true;
    auto character = EscapedCharacter(letter);
    if (character) SetSingle(*character, item);
    return character.has_value();
  }

  // What follows a bracket. Members are ASCII.
  bool ReadClass(ByteSet& bytes) {
    bool is_opposite = Accept('^');
    ByteSet members;
    bool is_first = true;
    if (rest_.starts_with(']')) return false;
    while (!Accept(']')) {
      if (rest_.empty() || !ReadMember(members, is_first)) return false;
      is_first = false;
    }
    bytes = is_opposite ? members.OtherCharacters() : members;
    return true;
  }

  bool ReadMember(ByteSet& members, bool is_first) {
    char first = Take();
    if (first == '\\' && !rest_.empty() && AddNamedClass(rest_[0], members)) {
      // An opposite has characters that members of a class may not be.
      if (members.HasLong()) return false;
      rest_.remove_prefix(1);
      return !rest_.starts_with('-') || rest_.starts_with("-]");
    }
    if (first == '-' && !is_first && !rest_.starts_with(']')) return false;
    auto low = Member(first);
    if (!low) return false;
    if (!rest_.starts_with('-') || rest_.starts_with("-]")) {
      members.Add(static_cast<std::uint8_t>(*low));
      return true;
    }
    rest_.remove_prefix(1);
    if (rest_.empty() || rest_[0] == '-') return false;
    auto high = Member(Take());
    if (!high || *high < *low) return false;
    members.AddRange(static_cast<std::uint8_t>(*low),
                     static_cast<std::uint8_t>(*high));
    return true;
  }

  std::optional<char> Member(char first) {
    if (first == '[' || !IsAscii(first)) return std::nullopt;
    if (first != '\\') return first;
    if (rest_.empty()) return std::nullopt;
    return EscapedCharacter(Take());
  }

  bool ReadRepetition(Repetition& repetition) {
    if (rest_.empty()) return true;
    switch (rest_[0]) {
      case '?':
        repetition.least = 0;
        break;
      case '*':
        repetition = {0, 1, true};
        break;
      case '+':
        repetition.is_unbounded = true;
        break;
      case '{':
        rest_.remove_prefix(1);
        if (!ReadCounts(repetition)) return false;
        return EndRepetition();
      default:
        return true;
    }
    rest_.remove_prefix(1);
    return EndRepetition();
  }

  // Whether as much or as little as can be is taken first does not matter to
  // whether there is a match. Two repetitions in a row are RE2's to judge.
  bool EndRepetition() {
    Accept('?');
    return rest_.empty() ||
           std::string_view("*+?{").find(rest_[0]) == std::string_view::npos;
  }

  // n}, n,} or n,m}
  bool ReadCounts(Repetition& repetition) {
    auto least = ReadCount();
    if (!least || *least == 0) return false;
    repetition = {*least, *least, false};
    if (Accept(',')) {
      if (rest_.starts_with('}')) {
        repetition.is_unbounded = true;
      } else {
        auto most = ReadCount();
        if (!most || *most < *least) return false;
        repetition.most = *most;
      }
    }
    return Accept('}');
  }

  std::optional<int> ReadCount() {
    if (rest_.empty() || !IsDigit(rest_[0])) return std::nullopt;
    int count = Take() - '0';
    if (count > 0 && !rest_.empty() && IsDigit(rest_[0])) {
      count = count * 10 + (Take() - '0');
    }
    return count;
  }

  bool AddItems(PatternItem item, const Repetition& repetition) {
    bool is_once = repetition.least == 1 && repetition.most == 1 &&
                   !repetition.is_unbounded;
    // What repeats is the character; here it would be its last byte.
    if (!is_once && item.is_single && !IsAscii(item.single)) return false;
    for (int i = 0; i < repetition.most; ++i) {
      item.is_optional = i >= repetition.least;
      item.repeats = repetition.is_unbounded && i + 1 == repetition.most;
      items_.push_back(item);
    }
    return true;
  }

  std::string_view rest_;
  std::vector<PatternItem> items_;
  bool from_start_ = false;
  bool to_end_ = false;
};

}  // namespace

std::optional<LinearPattern> LinearPattern::Read(std::string_view pattern) {
  if (!std::all_of(pattern.begin(), pattern.end(), IsAscii) &&
      FindMalformed(pattern) < pattern.size()) {
    return std::nullopt;
  }
  LinearReader reader(pattern);
  if (!reader.Read()) return std::nullopt;
  LinearPattern made;
  made.from_start_ = reader.from_start();
  made.to_end_ = reader.to_end();
  made.SetText(reader.items());
  if (made.is_text_) return made;
  if (!made.SetClasses(reader.items())) return std::nullopt;
  made.SetOptional(reader.items());
  return made;
}

void LinearPattern::SetText(const std::vector<PatternItem>& items) {
  is_text_ =
      std::all_of(items.begin(), items.end(), [](const PatternItem& item) {
        return item.is_single && !item.repeats && !item.is_optional;
      });
  if (!is_text_) return;
  for (const PatternItem& item : items) text_.push_back(item.single);
}

// Bytes that all items treat alike are one class; those of no item are class
// 0. False when there would be too many, which only patterns of many different
// classes can bring about.
bool LinearPattern::SetClasses(const std::vector<PatternItem>& items) {
  std::size_t count = 1;
  ByteSet all;
  auto split = [&](const ByteSet& bytes) {
    std::array<std::uint8_t, 256> part_of{};
    bytes.ForEach([&](std::uint8_t byte) {
      std::uint8_t& part = part_of[class_of_[byte]];
      if (part == 0) part = static_cast<std::uint8_t>(count++);
      class_of_[byte] = part;
    });
    all.AddAll(bytes);
  };
  if (std::any_of(items.begin(), items.end(), [](const PatternItem& item) {
        return item.bytes.HasLong();
      })) {
    ByteSet continuations;
    continuations.AddRange(kFirstContinuation, kFirstLead - 1);
    split(continuations);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto is_same = [&](const PatternItem& other) {
      return other.bytes == items[i].bytes;
    };
    auto here = items.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(items.begin(), here, is_same)) continue;
    // A split makes at most as many classes as there are.
    if (2 * count > 255) return false;
    split(items[i].bytes);
  }
  masks_.resize(count);
  SetMasks(items, all);
  return true;
}

// `all` are the bytes of all items.
void LinearPattern::SetMasks(const std::vector<PatternItem>& items,
                             const ByteSet& all) {
  std::uint64_t place = from_start_ ? 0 : 1;
  for (Masks& masks : masks_) masks.stay = place;
  last_ = std::uint64_t{1} << items.size();
  std::array<std::uint8_t, 256> member_of{};
  all.ForEach([&](std::uint8_t byte) { member_of[class_of_[byte]] = byte; });
  for (std::size_t i = 1; i < masks_.size(); ++i) {
    std::uint8_t member = member_of[i];
    bool continues = member >= kFirstContinuation && member < kFirstLead;
    std::uint64_t bit = 2;
    for (const PatternItem& item : items) {
      bool is_member = item.bytes.Has(member);
      bool stays = is_member ? item.repeats : continues && item.bytes.HasLong();
      if (is_member) masks_[i].enter |= bit;
      if (stays) masks_[i].stay |= bit;
      bit <<= 1;
    }
  }
}

void LinearPattern::SetOptional(const std::vector<PatternItem>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_optional) continue;
    std::uint64_t bit = std::uint64_t{2} << i;
    optional_ |= bit;
    if (i == 0 || !items[i - 1].is_optional) before_optional_ |= bit >> 1;
    if (i + 1 == items.size() || !items[i + 1].is_optional) {
      last_optional_ |= bit;
    }
  }
}

// `state` with the items that need not be there: subtracting the place before
// a run from its last bit borrows through all bits below the lowest that is
// set, so that those above it are told apart.
std::uint64_t LinearPattern::WithSkipped(std::uint64_t state) const {
  std::uint64_t filled = state | last_optional_;
  return state | (optional_ & (~(filled - before_optional_) ^ filled));
}

template <bool kMaySkip>
bool LinearPattern::Run(std::string_view text) const {
  std::uint64_t state = kMaySkip ? WithSkipped(1) : 1;
  for (char byte : text) {
    if (!to_end_ && (state & last_) != 0) return true;
    const Masks& masks = masks_[class_of_[static_cast<std::uint8_t>(byte)]];
    state = ((state << 1) & masks.enter) | (state & masks.stay);
    if (kMaySkip) state = WithSkipped(state);
    if (state == 0) return false;
  }
  return (state & last_) != 0;
}

bool LinearPattern::MatchesText(std::string_view text) const {
  if (from_start_ && to_end_) return text == text_;
  if (from_start_) return text.starts_with(text_);
  if (to_end_) return text.ends_with(text_);
  return text.find(text_) != std::string_view::npos;
}

bool LinearPattern::Matches(std::string_view text) const {
  if (is_text_) return MatchesText(text);
  return optional_ != 0 ? Run<true>(text) : Run<false>(text);
}

}  // namespace streamer::cel::internal
