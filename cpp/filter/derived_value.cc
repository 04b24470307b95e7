#include "filter/derived_value.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cel/parser.h"
#include "cel/printer.h"
#include "filter/internal/printed.h"

namespace streamer {
namespace {

// What an expression has somewhere in it. A macro is seen as written out,
// where nothing is missing.
struct Content {
  bool has_variable = false;
  bool has_pattern = false;
};

void LookInto(const cel::Expr& expression, Content& content) {
  if (expression.kind == cel::ExprKind::kIdentifier &&
      FilterVariables().Find(expression.name).has_value()) {
    content.has_variable = true;
  }
  if (expression.kind == cel::ExprKind::kCall &&
      expression.name.ends_with("matches")) {
    content.has_pattern = true;
  }
  if (expression.operand != nullptr) LookInto(*expression.operand, content);
  for (const cel::Expr* argument : expression.arguments) {
    LookInto(*argument, content);
  }
}

}  // namespace

bool DerivedValue::IsPossible(const cel::Expr& expression) {
  Content content;
  LookInto(expression, content);
  return content.has_variable && !content.has_pattern;
}

FieldPath DerivedValue::PathOf(const cel::Expr& expression) {
  return FieldPath(std::vector<std::string>{cel::Print(expression)});
}

DerivedValue DerivedValue::Compile(const FieldPath& path) {
  const cel::Tree tree = ParsePrinted(path.segments().front());
  cel::Program program = cel::Program::Compile(tree, FilterVariables()).value();
  program.DropTree();
  return DerivedValue(std::move(program));
}

cel::Units DerivedValue::EstimateCost(const FieldPath& path) {
  const cel::Tree tree = ParsePrinted(path.segments().front());
  return cel::EstimateCost(tree.root(), FilterVariables());
}

std::optional<Value> DerivedValue::Evaluate(const FilterInput& input,
                                            Arena& arena,
                                            cel::Meter& meter) const {
  const Value value = program_.Evaluate(input.values, arena, meter);
  if (value.is_error()) return std::nullopt;
  return value;
}

}  // namespace streamer
