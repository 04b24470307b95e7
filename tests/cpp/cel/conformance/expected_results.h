// What the cases of the comprehension suite yield: the vectors hold no results
// for them, so these were worked out by hand from the expressions.
#ifndef STREAMER_TESTS_CEL_CONFORMANCE_EXPECTED_RESULTS_H_
#define STREAMER_TESTS_CEL_CONFORMANCE_EXPECTED_RESULTS_H_

#include <string_view>

namespace streamer::conformance {

struct ExpectedResult {
  std::string_view name;      // of the case
  std::string_view document;  // JSON of the variables, by name
  std::string_view result;    // as support::Show has it, or "refused: …"
};

// Nullptr if the table lacks it.
const ExpectedResult* FindExpectedResult(std::string_view name);

}  // namespace streamer::conformance

#endif  // STREAMER_TESTS_CEL_CONFORMANCE_EXPECTED_RESULTS_H_
