// Cost: what an evaluation may use up, and what it is charged.
//
// The unit is about 10 ns of work. A Meter counts down from a budget; work is
// charged before it is done, by the size of what it works on, and memory as
// the bytes it makes. When the budget does not suffice the evaluation ends
// with ErrorCode::kOverBudget, which no `||` absorbs. What is charged depends
// on the program and its bindings alone, never on the machine or on what ran
// before.
//
// A Cost says how a function is charged. It is part of its entry in the one
// table (cel/functions.h): a function without one does not compile.
//
// The estimate is the same sum made before any document is known, for lists
// and texts of an assumed size, with every loop running to its end.
//
// Thread-safety: a Meter has one owner; the rest are pure functions.
#ifndef STREAMER_CEL_COST_H_
#define STREAMER_CEL_COST_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/status.h"
#include "cel/expression.h"
#include "cel/limits.h"
#include "cel/variables.h"
#include "value/value.h"

namespace streamer::cel {

// Of one evaluation, unless its caller says otherwise: half a millisecond, and
// a few where work is slower than it is charged.
inline constexpr Units kEvaluationBudget = 50'000;

class Meter {
 public:
  explicit Meter(Units budget = kEvaluationBudget)
      : budget_(budget), left_(budget) {}
  // For comparing evaluators, where what is bounded is the input.
  static Meter Unlimited() { return Meter(~Units{0}); }

  // Whether `units` were left. If not, none is left from now on.
  bool Charge(Units units) {
    if (units <= left_) [[likely]] {
      left_ -= units;
      return true;
    }
    left_ = 0;
    is_exhausted_ = true;
    return false;
  }

  [[nodiscard]] bool is_exhausted() const { return is_exhausted_; }
  [[nodiscard]] Units left() const { return left_; }
  [[nodiscard]] Units used() const { return budget_ - left_; }

 private:
  Units budget_;
  Units left_;
  bool is_exhausted_ = false;
};

// How the charge of a function grows with its arguments.
enum class CostRule : std::uint8_t {
  kNone,        // not an entry's: see HasCost
  kFixed,       // not at all
  kText,        // reads its texts
  kNumber,      // reads a number from a text
  kMakeText,    // makes a text as long as its texts together
  kElements,    // walks its lists and maps
  kEqual,       // compares two values deeply
  kOrder,       // compares two texts
  kAdd,         // joins two texts or lists
  kMember,      // looks for a value in a list or map
  kPoints,      // walks a text by code points, or copies a list
  kSearch,      // looks for a text in a text
  kIndex,       // likewise, and counts code points
  kSearchBack,  // likewise, from the end
  kReplace,     // looks for a text and makes another
  kSplit,       // cuts a text into many
  kJoin,        // makes one text of a list of texts
  kFormat,      // makes a text of anything
  kDeep,        // walks whole values
  kSort,        // n log n
  kDistinct,    // every element with every other
  kPairs,       // every element of one list with every one of another
  kPattern,     // compiles a pattern and runs it
  kRange,       // makes a list as long as its argument says
  kTimeZone,    // looks a time zone up
};

struct Cost {
  CostRule rule = CostRule::kNone;
  std::uint16_t units = 0;  // whatever the arguments
};

constexpr bool HasCost(Cost cost) {
  return cost.rule != CostRule::kNone && cost.units > 0;
}

// What a call with these arguments is charged beside `cost.units`. Looking
// takes no longer than `limit` units itself; more than that is enough.
Units ChargeOf(Cost cost, std::span<const Value> arguments, Units limit);

// What to charge for running a pattern of so many instructions on a text.
Units ChargeOfMatch(int instructions, std::size_t text_bytes);

// The size of a value with all that is in it, in units: one for each value and
// one for each 64 bytes of text. Stops counting above `limit`: values made by
// a program may hold the same part many times over.
Units DeepSize(const Value& value, Units limit);

// The estimate for `expression`. Saturates.
Units EstimateCost(const Expr& expression, const Variables& variables,
                   const Limits& limits = {});

// InvalidArgument, with the position, for loops nested too deep or an estimate
// too high. The limits of text and tree are Parse's.
Status CheckCost(const Tree& tree, const Variables& variables,
                 const Limits& limits = {});

}  // namespace streamer::cel

#endif  // STREAMER_CEL_COST_H_
