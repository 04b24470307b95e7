// KeySpace: one way in which conjunctions are told apart by the value at one
// path, and the keys of predicates and of events in it.
//
//   kTerm      the value is this constant
//   kMember    the value is a container that holds this constant
//   kCell      the value is a number of this aligned block of 2^width numbers
//   kPrefix    the value is text whose first `width` bytes are these
//   kSuffix    … whose last `width` bytes are these
//   kGram      … in which these `width` bytes follow one another
//
// A predicate has a few keys in a space of its own making; an event has in
// every space at most one key, but for members and grams. Whoever satisfies
// the predicate has (one of) its keys, so a table of keys finds all that could
// match, whatever the number of predicates.
//
// A range of numbers is two adjacent cells at most: of the width that is just
// not smaller than the range. Of a substring one gram is a key, whichever is
// rarest where it comes to hang.
#ifndef STREAMER_INDEX_INTERNAL_KEY_SPACE_H_
#define STREAMER_INDEX_INTERNAL_KEY_SPACE_H_

#include <compare>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "filter/filter.h"
#include "index/ids.h"
#include "index/internal/access.h"
#include "index/internal/path_trie.h"
#include "index/internal/term_table.h"

namespace streamer {

enum class SpaceKind : std::uint8_t {
  kTerm,
  kMember,
  kCell,
  kPrefix,
  kSuffix,
  kGram,
};

struct KeySpace {
  PathId path;
  SpaceKind kind = SpaceKind::kTerm;
  std::uint8_t width = 0;

  friend auto operator<=>(const KeySpace&, const KeySpace&) = default;
};

struct Key {
  KeySpace space;
  std::uint64_t value = 0;

  friend bool operator==(const Key&, const Key&) = default;
};

// The keys that a predicate asks for.
struct KeySet {
  std::vector<Key> keys;
  // The event must have each of them and one is enough to hang on; otherwise
  // it has just one of them, and the conjunction hangs on all.
  bool is_choice = false;
};

// The keys of what `access` says, whose terms must be in the table.
// REQUIRES: `access` is an equality, a membership, numbers that do not hold
// for NaN, or a literal.
KeySet KeysOf(const Conjunction& conjunction, const Access& access, PathId path,
              const TermTable& terms);

// The key of a number in a space of cells.
std::uint64_t CellOf(double number, std::uint8_t width);

// The first `width` bytes as a number. REQUIRES: text is as long, and width is
// one of those that grams have.
inline std::uint64_t GramOf(std::string_view text, std::uint8_t width) {
  const auto read = [&]<typename Word>(Word word) -> std::uint64_t {
    std::memcpy(&word, text.data(), sizeof(Word));
    return word;
  };
  switch (width) {
    case 8:
      return read(std::uint64_t{0});
    case 4:
      return read(std::uint32_t{0});
    case 2:
      return read(std::uint16_t{0});
    default:
      return read(std::uint8_t{0});
  }
}

// The key of the whole of `text` in a space of prefixes or suffixes.
std::uint64_t LiteralKeyOf(std::string_view text);

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_KEY_SPACE_H_
