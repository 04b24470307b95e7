// Limits: what an expression may be before it is accepted.
//
// All of them are checked before an expression runs at all: those of the text
// and the tree while it is parsed (cel/parser.h), those of patterns when it is
// compiled (cel/program.h), nesting of loops and the estimate by CheckLimits
// (cel/cost.h). None is unbounded; the defaults are what a server that serves
// strangers can afford.
#ifndef STREAMER_CEL_LIMITS_H_
#define STREAMER_CEL_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace streamer::cel {

// Cost is counted in units of about 10 ns; see cel/cost.h.
using Units = std::uint64_t;

struct Limits {
  std::size_t text_bytes = 64 * 1024;
  // A constant list counts one node; its elements count in list_values.
  std::size_t nodes = 2000;
  // Chains of one associative operator (&&, ||, !) count one level.
  int depth = 64;
  std::size_t list_values = 10'000;
  // Loops within loops; cel.bind and has are none.
  int loops = 2;
  // The static estimate, for lists and texts of these sizes.
  Units estimate = 1'000'000;
  std::size_t estimated_list_size = 256;
  std::size_t estimated_text_bytes = 1024;
  // Of a constant pattern of matches().
  int pattern_instructions = 1000;
  std::size_t pattern_bytes = 4096;
  std::size_t pattern_memory = 256 << 10;

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_LIMITS_H_
