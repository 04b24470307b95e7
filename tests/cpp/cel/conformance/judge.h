// Judges one case of the public CEL vectors.
#ifndef STREAMER_TESTS_CEL_CONFORMANCE_JUDGE_H_
#define STREAMER_TESTS_CEL_CONFORMANCE_JUDGE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace streamer::conformance {

struct Case {
  std::string suite;
  std::string section;
  std::string name;
  nlohmann::json fields;  // original, ast, type, error
};

// Whether the case speaks of a protobuf message type, judged by `original`.
bool SpeaksOfMessages(const Case& one);

// Why the case fails; an empty text when it passes.
std::string FailureOf(const Case& one);

}  // namespace streamer::conformance

#endif  // STREAMER_TESTS_CEL_CONFORMANCE_JUDGE_H_
