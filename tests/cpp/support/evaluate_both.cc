#include "support/evaluate_both.h"

#include <utility>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/printer.h"
#include "cel/tree_builder.h"
#include "value/json.h"
#include "value/ordering.h"

namespace streamer::support {
namespace {

// So that no text, however made, takes long. The plain evaluator makes anew
// what the program grows in place.
constexpr cel::Units kBudget = 1'000'000;
constexpr cel::Units kSlowBudget = 20 * kBudget;

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

std::string Show(const Value& value) {
  if (value.is_error()) return "error: " + std::string(value.error().message);
  cel::TreeBuilder builder;
  return cel::Print(*builder.Literal(value));
}

std::string EvaluateBoth(std::string_view text, std::string_view document) {
  const cel::Variables variables({"doc"});
  Arena arena;
  Value binding = ParseJson(document, arena).value();
  auto tree = cel::Parse(text);
  if (!tree.ok()) return "refused: " + FirstLine(MessageOf(tree.status()));
  auto program = cel::Program::Compile(*tree, variables);
  if (!program.ok()) {
    return "refused: " + FirstLine(MessageOf(program.status()));
  }
  std::span<const Value> bindings(&binding, 1);
  cel::Meter meter(kBudget);
  Value fast = program->Evaluate(bindings, arena, meter);
  cel::Meter slow_meter(kSlowBudget);
  Value slow =
      cel::SlowEvaluate(tree->root(), variables, bindings, arena, slow_meter);
  if (meter.is_exhausted() || slow_meter.is_exhausted()) return "over budget";
  if (MeanTheSame(fast, slow)) return Show(fast);
  return "disagreement: " + Show(fast) + " and " + Show(slow);
}

bool MeanTheSame(const Value& left, const Value& right) {
  if (left.is_error() && right.is_error() &&
      left.error().code != right.error().code) {
    return false;
  }
  std::string left_identity;
  std::string right_identity;
  AppendIdentity(left, left_identity);
  AppendIdentity(right, right_identity);
  return left_identity == right_identity || Show(left) == Show(right);
}

}  // namespace streamer::support
