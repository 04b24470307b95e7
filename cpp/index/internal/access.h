// Access: the one predicate through which an event reaches a conjunction.
//
// Of all predicates of a conjunction the one is chosen that the fewest events
// should satisfy, judged by what is in the index now: a constant that many
// filters name is taken to be common in events too. Where many conjunctions
// hang on one predicate, further ones lead on to them (posting_tree.h); all
// that is left is verified once a conjunction is reached.
//
// A predicate can be an access predicate when an event that satisfies it must
// have something that can be looked up: a value equal to a constant, a member
// equal to one, a value inside an interval, a literal at one of its ends or
// within, or at least any value at all. What asks for absence cannot be looked
// up; such conjunctions wait in the scan list.
#ifndef STREAMER_INDEX_INTERNAL_ACCESS_H_
#define STREAMER_INDEX_INTERNAL_ACCESS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "filter/filter.h"
#include "index/internal/bounds.h"
#include "index/internal/path_trie.h"
#include "index/internal/term_table.h"

namespace streamer {

enum class AccessKind : std::uint8_t {
  kNever,     // no event can satisfy it: hangs nowhere
  kEquality,  // the value is one of some terms
  kMember,    // the value is a list or map that holds a term
  kNumbers,   // the value lies in an interval of numbers
  kCells,     // … in one of two cells; something else can be a key too
  kTexts,     // … in an interval of texts
  kLiteral,   // the value is text with a literal in it
  kPresent,   // there is a value
  kScan,      // every event
};

struct Access {
  AccessKind kind = AccessKind::kScan;
  std::uint32_t predicate = 0;  // of Conjunction::predicates
  double share = 1;             // of events expected to come this way
};

// The constants of an equality or membership predicate. `kIsBoolean` is the
// equality with the boolean that is wanted.
std::span<const Value> ConstantsOf(const Predicate& predicate);

// A text that every value must have that satisfies a text predicate. Empty
// when there is none.
enum class LiteralPlace : std::uint8_t { kStart, kEnd, kAnywhere };
struct Literal {
  std::string_view text;
  LiteralPlace place = LiteralPlace::kAnywhere;
};
// REQUIRES: the predicate is kStartsWith, kEndsWith, kHasSubstring or kMatches.
Literal LiteralOf(const Predicate& predicate);

// What all predicates of a conjunction that order the value at one path, in
// one type class, say together. Ends are closed: the predicates decide there.
struct NumberInterval {
  NumberBound low = NumberBound::Lowest();
  NumberBound high = NumberBound::Highest();
  bool holds_nan = true;  // every one of them wants "false"

  [[nodiscard]] bool is_empty() const { return low > high; }
};
struct TextInterval {
  TextBound low = TextBound::Lowest();
  TextBound high = TextBound::Highest();

  [[nodiscard]] bool is_empty() const { return low > high; }
};
// REQUIRES: `access` is kNumbers or kCells, or kTexts.
NumberInterval NumberIntervalOf(const Conjunction& conjunction,
                                const Access& access);
TextInterval TextIntervalOf(const Conjunction& conjunction,
                            const Access& access);

// The kind of access that a predicate offers by itself, whatever is in the
// index: numbers are in no cells.
AccessKind AccessKindOf(const Conjunction& conjunction,
                        std::uint32_t predicate);

// The same, but in cells if another predicate of the conjunction is a key.
struct Offer {
  AccessKind kind = AccessKind::kScan;
  // Whether it can also be a key beside another one (key_space.h): there are
  // few keys, and no value that satisfies it has none of them.
  bool is_key = false;
};
using Offers = absl::InlinedVector<Offer, 8>;

// Of all predicates of a conjunction, by number.
Offers OffersOf(const Conjunction& conjunction);

// Whether the two say something of the same number.
bool IsSameRange(const Predicate& a, const Predicate& b);

// Whether every event that reaches `conjunction` through `access` satisfies
// predicate `index`, so that it need not be verified.
bool IsProvenByAccess(const Conjunction& conjunction, std::uint32_t index,
                      const Access& access);

// Whether Choose finds nothing for it, whatever is in the index.
bool IsScanned(const Conjunction& conjunction);

class AccessChooser {
 public:
  AccessChooser(const PathTrie& paths, const TermTable& terms)
      : paths_(paths), terms_(terms) {}

  // The best access; of equals the first.
  [[nodiscard]] Access Choose(const Conjunction& conjunction) const;

  // The access that one predicate offers, judged by the present counts.
  [[nodiscard]] Access Judge(const Conjunction& conjunction,
                             std::uint32_t predicate, const Offer& offer) const;

  // The share of events expected to have a term, or a number in an interval.
  [[nodiscard]] double ShareOf(TermId term) const;
  static double ShareOf(const NumberInterval& interval);

 private:
  [[nodiscard]] double WeightOf(const Predicate& predicate) const;
  [[nodiscard]] double ShareOfEquality(const Predicate& predicate) const;
  [[nodiscard]] double ShareOfMember(const Predicate& predicate) const;
  [[nodiscard]] double ShareOf(PathId path, const Value& constant) const;

  const PathTrie& paths_;
  const TermTable& terms_;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_ACCESS_H_
