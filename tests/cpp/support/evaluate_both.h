// Evaluates an expression by Program and by SlowEvaluate, and shows a value in
// one line that tells every two values apart: the shape in which tables of
// language semantics are written.
#ifndef STREAMER_TESTS_SUPPORT_EVALUATE_BOTH_H_
#define STREAMER_TESTS_SUPPORT_EVALUATE_BOTH_H_

#include <span>
#include <string>
#include <string_view>

#include "cel/expression.h"
#include "cel/program.h"
#include "value/value.h"

namespace streamer::support {

// CEL text that makes `value`, or "error: " and the message.
std::string Show(const Value& value);

// What both evaluators make of `text` with `doc` bound to the JSON `document`,
// as Show has it. "refused: " and the first line of the report when Parse or
// Compile refuses; "disagreement: …" when the evaluators differ; "over budget"
// when one of them was cut off.
std::string EvaluateBoth(std::string_view text, std::string_view document);

// Whether both evaluators mean the same: the same bits, or the same error
// with the same message. NaN counts as one value.
bool MeanTheSame(const Value& left, const Value& right);

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_EVALUATE_BOTH_H_
