#include "python/cel_program.h"

#include <utility>

#include "cel/limits.h"
#include "cel/parser.h"
#include "cel/printer.h"

namespace streamer::python {
namespace {

using cel::Expr;
using cel::ExprKind;

// The macro as written, with the names that it binds: "exists x".
std::string LoopName(const Expr& node) {
  const cel::Comprehension& loop = *node.comprehension;
  std::string name = loop.written == nullptr ? std::string("fold")
                                             : std::string(loop.written->name);
  name += ' ';
  name += loop.variable;
  if (!loop.second_variable.empty()) {
    name += ", ";
    name += loop.second_variable;
  }
  return name;
}

// The first type in `type` that CEL does not have, or nothing.
const cel::Type* FindUnknown(const cel::Type& type) {
  if (type.kind == cel::TypeKind::kOpaque) return &type;
  for (const cel::Type* parameter : type.parameters) {
    if (const cel::Type* unknown = FindUnknown(*parameter)) return unknown;
  }
  return nullptr;
}

Status CheckTypes(const cel::Variables& variables) {
  for (std::size_t slot = 0; slot < variables.names().size(); ++slot) {
    const cel::Type* unknown = FindUnknown(variables.type(slot));
    if (unknown == nullptr) continue;
    return InvalidArgument("the type of variable '" + variables.names()[slot] +
                           "': expected a type of CEL, got '" +
                           std::string(unknown->name) + "'");
  }
  return OkStatus();
}

void AppendTree(const Expr& node, std::size_t indent, std::string& text) {
  if (!text.empty()) text += '\n';
  text.append(indent, ' ');
  text += Headline(node);
  for (const Expr* child : ChildrenOf(node)) {
    AppendTree(*child, indent + 2, text);
  }
}

// The refusal that `status` is, as the one problem it tells of: "expected …,
// got …" by its parts.
CelRefusal RefusalOf(std::string_view code, const Status& status) {
  const std::optional<cel::SourcePosition> position = cel::PositionOf(status);
  const std::optional<std::string> sentence = cel::ProblemOf(status);
  if (!position.has_value() || !sentence.has_value()) return {status, {}};
  constexpr std::string_view kExpected = "expected ";
  constexpr std::string_view kGot = ", got ";
  CelProblem problem{code, *position, "", "", *sentence};
  const std::size_t got = sentence->rfind(kGot);
  if (sentence->starts_with(kExpected) && got != std::string::npos) {
    problem.expected =
        sentence->substr(kExpected.size(), got - kExpected.size());
    problem.got = sentence->substr(got + kGot.size());
  }
  return {status, {std::move(problem)}};
}

}  // namespace

std::vector<CelProblem> ProblemsOf(
    const std::vector<cel::CheckProblem>& problems) {
  std::vector<CelProblem> told;
  told.reserve(problems.size());
  for (const cel::CheckProblem& problem : problems) {
    told.push_back({cel::NameOf(problem.code), problem.position,
                    problem.expected, problem.got, problem.message});
  }
  return told;
}

CelProgram::CelProgram(cel::Tree tree, cel::Variables variables,
                       cel::CheckResult checked, cel::Program program)
    : tree_(std::move(tree)),
      variables_(std::move(variables)),
      checked_(std::move(checked)),
      program_(std::move(program)),
      estimate_(cel::EstimateCost(tree_.root(), variables_)) {}

CelProgram::Outcome CelProgram::Compile(std::string_view text,
                                        cel::Variables variables) {
  if (const Status types = CheckTypes(variables); !types.ok()) {
    return CelRefusal{types, {}};
  }
  Result<cel::Tree> tree = cel::Parse(text);
  if (!tree.ok()) return RefusalOf("not_parsed", tree.status());
  cel::CheckResult checked = cel::Check(*tree, variables);
  if (const Status report = cel::ReportOf(*tree, checked); !report.ok()) {
    return CelRefusal{report, ProblemsOf(checked.problems)};
  }
  if (const Status cost = cel::CheckCost(*tree, variables); !cost.ok()) {
    return RefusalOf("too_costly", cost);
  }
  Result<cel::Program> program = cel::Program::Compile(*tree, variables);
  if (!program.ok()) return RefusalOf("not_compiled", program.status());
  return std::shared_ptr<CelProgram>(
      new CelProgram(*std::move(tree), std::move(variables), std::move(checked),
                     *std::move(program)));
}

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNoSuchField:
      return "no_such_field";
    case ErrorCode::kNoSuchOverload:
      return "no_such_overload";
    case ErrorCode::kUnknownVariable:
      return "unknown_variable";
    case ErrorCode::kOverflow:
      return "overflow";
    case ErrorCode::kDivisionByZero:
      return "division_by_zero";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kOverBudget:
      break;
  }
  return "over_budget";
}

std::string_view NameOf(ExprKind kind) {
  switch (kind) {
    case ExprKind::kLiteral:
      return "literal";
    case ExprKind::kIdentifier:
      return "identifier";
    case ExprKind::kSelect:
      return "select";
    case ExprKind::kCall:
      return "call";
    case ExprKind::kList:
      return "list";
    case ExprKind::kMap:
      return "map";
    case ExprKind::kMessage:
      return "message";
    case ExprKind::kComprehension:
      break;
  }
  return "comprehension";
}

std::string Headline(const Expr& node) {
  std::string line(node.is_test ? "has" : NameOf(node.kind));
  if (node.kind == ExprKind::kLiteral) return line + ' ' + cel::Print(node);
  if (node.kind == ExprKind::kComprehension) {
    return line + ' ' + LoopName(node);
  }
  if (!node.name.empty()) line += ' ' + std::string(node.name);
  return line;
}

std::vector<const Expr*> ChildrenOf(const Expr& node) {
  std::vector<const Expr*> children;
  if (node.operand != nullptr) children.push_back(node.operand);
  children.insert(children.end(), node.arguments.begin(), node.arguments.end());
  return children;
}

std::string FormatTree(const Expr& root) {
  std::string text;
  AppendTree(root, 0, text);
  return text;
}

}  // namespace streamer::python
