// What the tests of matching share: filters and inputs from text, and the
// handles that matched as plain numbers.
#ifndef STREAMER_TESTS_MATCH_MATCHED_H_
#define STREAMER_TESTS_MATCH_MATCHED_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "filter/filter.h"
#include "match/match_input.h"
#include "match/matcher.h"
#include "value/document.h"

namespace streamer {

using Handles = std::vector<std::uint64_t>;

inline std::shared_ptr<const Filter> CompileText(
    const std::string& expression) {
  return Filter::Compile({.conditions = {}, .expression = expression}).value();
}

// An event of collection `rooms` of tenant `acme`.
inline MatchInput InputOf(const Value& document) {
  MatchInput input;
  input.tenant = "acme";
  input.collection = "rooms";
  input.values = MakeTrialInput(document);
  return input;
}

inline Handles ToHandles(std::span<const SubscriptionHandle> matches) {
  Handles handles;
  for (SubscriptionHandle handle : matches) handles.push_back(handle.value());
  return handles;
}

// Of a Matcher or a ScanMatcher.
template <typename AnyMatcher>
Handles MatchedBy(const AnyMatcher& matcher, const MatchInput& input,
                  MatchScratch& scratch) {
  return ToHandles(matcher.Match(input, scratch));
}

template <typename AnyMatcher>
Handles MatchedBy(const AnyMatcher& matcher, const std::string& json) {
  auto document = Document::Parse(json).value();
  MatchScratch scratch;
  return MatchedBy(matcher, InputOf(document->root()), scratch);
}

}  // namespace streamer

#endif  // STREAMER_TESTS_MATCH_MATCHED_H_
