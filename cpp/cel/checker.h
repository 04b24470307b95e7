// Check finds the type of an expression and everything in it that cannot work,
// before any document is seen.
//
//   CheckResult result = Check(tree, variables);
//   if (!result.problems.empty()) return ReportOf(tree, result);
//
// The report names all problems at once, twenty at most, each with line,
// column, the source line and a caret, and says how many more there are. What
// is dyn is not judged: it may turn out to fit. A dyn operand beside a number
// that is written out gets a warning, for arithmetic never mixes the types of
// numbers.
//
// It infers types as CEL's reference implementation does: a type parameter
// takes the most general of the types that it meets.
//
// Cost: linear for what people write; bounded for every tree that Parse makes.
// Thread-safety: a pure function.
#ifndef STREAMER_CEL_CHECKER_H_
#define STREAMER_CEL_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cel/expression.h"
#include "cel/functions.h"
#include "cel/variables.h"

namespace streamer::cel {

// Stable names for programs; people read the message.
enum class ProblemCode : std::uint8_t {
  kUndeclaredReference,  // a name that is not declared
  kUndeclaredFunction,   // a function that does not exist
  kNoMatchingOverload,   // a function that does not take these types
  kUnexpectedType,       // a type other than the construct needs
  kNoFields,             // a select on something without fields
  kNotIterable,          // a loop over something that is no list or map
  kUnknownMessage,       // a literal of a message type
  kTooComplex,           // types too large to follow
  kMixedNumbers,         // warning: dyn beside a number that is written out
};

// "undeclared_reference", "no_matching_overload", …
std::string_view NameOf(ProblemCode code);

struct CheckProblem {
  ProblemCode code;
  SourcePosition position;
  std::string expected;
  std::string got;
  std::string message;  // one sentence, with both
};

struct CheckResult {
  std::string type;                    // as FormatType writes it
  std::vector<CheckProblem> problems;  // in the order of the text
  std::size_t more_problems = 0;       // than the twenty that are kept
  std::vector<CheckProblem> warnings;
};

// A function that is declared beside those of the table.
struct FunctionDeclaration {
  std::string name;
  CallStyle style = CallStyle::kGlobal;
  std::string overloads;  // as in FunctionEntry
};

CheckResult Check(const Tree& tree, const Variables& variables,
                  std::span<const FunctionDeclaration> functions = {});
CheckResult Check(const Expr& expression, const Variables& variables,
                  std::span<const FunctionDeclaration> functions = {});

// InvalidArgument with every problem; PositionOf reads the first. Ok when
// there is none.
Status ReportOf(const Tree& tree, const CheckResult& result);

// The sentence that a refusal with a position is about, without the lines
// around it: by Parse, CheckCost, Program::Compile or, its first, ReportOf.
std::optional<std::string> ProblemOf(const Status& status);

}  // namespace streamer::cel

#endif  // STREAMER_CEL_CHECKER_H_
