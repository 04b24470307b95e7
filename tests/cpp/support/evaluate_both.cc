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
  Value fast = program->Evaluate(bindings, arena);
  Value slow = cel::SlowEvaluate(tree->root(), variables, bindings, arena);
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
