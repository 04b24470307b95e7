#include "cel/internal/compiler.h"

#include <algorithm>
#include <utility>

#include "cel/functions.h"
#include "cel/internal/errors.h"
#include "cel/internal/names.h"
#include "cel/parser.h"
#include "value/owned_value.h"

namespace streamer::cel::internal {
namespace {

bool IsCallOf(const Expr& node, std::string_view function) {
  return node.kind == ExprKind::kCall && node.operand == nullptr &&
         node.name == function;
}

bool AreConstant(std::span<const CodeNode> nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const CodeNode& node) {
    return node.opcode == Opcode::kConstant;
  });
}

struct OperatorOpcode {
  std::string_view function;
  Opcode opcode;
  Opcode of_path;  // of a path and a constant, if there is such a one
};

// Operators with an operation of their own; the others are calls.
constexpr OperatorOpcode kOperatorOpcodes[] = {
    {operators::kEqual, Opcode::kEqual, Opcode::kPathEqual},
    {operators::kNotEqual, Opcode::kNotEqual, Opcode::kPathNotEqual},
    {operators::kLess, Opcode::kLess, Opcode::kPathLess},
    {operators::kLessEqual, Opcode::kLessEqual, Opcode::kPathLessEqual},
    {operators::kGreater, Opcode::kGreater, Opcode::kPathGreater},
    {operators::kGreaterEqual, Opcode::kGreaterEqual,
     Opcode::kPathGreaterEqual},
    {operators::kConditional, Opcode::kConditional, Opcode::kConditional},
};

CodeNode Make(Opcode opcode) {
  CodeNode node;
  node.opcode = opcode;
  node.run = RunnerOf(opcode);
  return node;
}

// Turns `node` into one of `opcode`, its content kept.
void SetOpcode(CodeNode& node, Opcode opcode) {
  node.opcode = opcode;
  node.run = RunnerOf(opcode);
}

// One problem ends it; the nodes made until then are dropped with the store.
class Compiler {
 public:
  Compiler(std::string_view text, const Variables& variables, CodeStore& store)
      : text_(text), variables_(variables), store_(store) {}

  CodeNode Compile(const Expr& node);
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  CodeNode CompileIdentifier(const Expr& node);
  CodeNode CompileSelect(const Expr& node);
  CodeNode CompileCall(const Expr& node);
  CodeNode CompileOperator(const Expr& node, const OperatorOpcode& entry);
  CodeNode CompileChain(const Expr& node, Opcode opcode);
  CodeNode CompileFunction(const Expr& node);
  bool UseSet(CodeNode& call);
  bool UsePattern(const Expr& node, CodeNode& call);

  CodeNode Constant(const Value& value);
  CodeNode Fold(const CodeNode& node);
  std::span<CodeNode> CompileAll(std::span<const Expr* const> nodes);
  std::span<const CodeNode> Keep(std::span<const CodeNode> nodes);
  std::span<const FieldStep> ExtendPath(std::span<const FieldStep> path,
                                        std::string_view field);
  CodeNode Refuse(const Expr& node, const std::string& problem);
  std::string NamesInScope();

  std::string_view text_;
  const Variables& variables_;
  CodeStore& store_;
  Status status_;
};

CodeNode Compiler::Compile(const Expr& node) {
  switch (node.kind) {
    case ExprKind::kLiteral:
      return Constant(CopyValue(store_.arena, node.literal));
    case ExprKind::kIdentifier:
      return CompileIdentifier(node);
    case ExprKind::kSelect:
      return CompileSelect(node);
    case ExprKind::kCall:
      return CompileCall(node);
    case ExprKind::kList:
    case ExprKind::kMap: {
      CodeNode made =
          Make(node.kind == ExprKind::kList ? Opcode::kList : Opcode::kMap);
      made.children = CompileAll(node.arguments);
      return Fold(made);
    }
  }
  return {};
}

CodeNode Compiler::CompileIdentifier(const Expr& node) {
  if (auto slot = FindVariable(node, variables_)) {
    CodeNode variable = Make(Opcode::kVariable);
    variable.slot = static_cast<std::uint32_t>(*slot);
    return variable;
  }
  if (auto type = FindTypeName(node, variables_)) return Constant(*type);
  return Refuse(node, "undeclared reference to '" +
                          std::string(Shorten(node.name)) +
                          "': expected one of " + NamesInScope());
}

CodeNode Compiler::CompileSelect(const Expr& node) {
  if (auto type = FindTypeName(node, variables_)) return Constant(*type);
  CodeNode operand = Compile(*node.operand);
  bool is_path =
      operand.opcode == Opcode::kVariable || operand.opcode == Opcode::kPath;
  if (is_path && !node.is_test) {
    SetOpcode(operand, Opcode::kPath);
    operand.fields = ExtendPath(operand.fields, node.name);
    return operand;
  }
  CodeNode select = Make(node.is_test ? Opcode::kHas : Opcode::kSelect);
  select.fields = ExtendPath({}, node.name);
  select.children = Keep(std::span(&operand, 1));
  return Fold(select);
}

CodeNode Compiler::CompileCall(const Expr& node) {
  if (IsCallOf(node, operators::kAnd)) return CompileChain(node, Opcode::kAnd);
  if (IsCallOf(node, operators::kOr)) return CompileChain(node, Opcode::kOr);
  for (const OperatorOpcode& entry : kOperatorOpcodes) {
    if (!IsCallOf(node, entry.function)) continue;
    return CompileOperator(node, entry);
  }
  return CompileFunction(node);
}

CodeNode Compiler::CompileOperator(const Expr& node,
                                   const OperatorOpcode& entry) {
  CodeNode call = Make(entry.opcode);
  call.children = CompileAll(node.arguments);
  if (!status_.ok() || entry.of_path == entry.opcode) return Fold(call);
  const CodeNode& left = call.children[0];
  const CodeNode& right = call.children[1];
  bool is_path = left.opcode == Opcode::kPath &&
                 right.opcode == Opcode::kConstant &&
                 !right.constant.is_error();
  if (!is_path) return Fold(call);
  CodeNode comparison = Make(entry.of_path);
  comparison.slot = left.slot;
  comparison.fields = left.fields;
  comparison.constant = right.constant;
  return comparison;
}

// A chain is one node. A constant that absorbs decides it; one that does not
// is left out, unless nothing else is left.
CodeNode Compiler::CompileChain(const Expr& node, Opcode opcode) {
  std::vector<CodeNode> terms;
  for (const Expr* argument : node.arguments) {
    CodeNode term = Compile(*argument);
    if (term.opcode == opcode) {
      terms.insert(terms.end(), term.children.begin(), term.children.end());
    } else {
      terms.push_back(term);
    }
  }
  bool absorbing = opcode == Opcode::kOr;
  auto is_bool = [](const CodeNode& term, bool wanted) {
    return term.opcode == Opcode::kConstant &&
           term.constant.is(ValueKind::kBool) &&
           term.constant.bool_value() == wanted;
  };
  for (const CodeNode& term : terms) {
    if (is_bool(term, absorbing)) return term;
  }
  std::erase_if(
      terms, [&](const CodeNode& term) { return is_bool(term, !absorbing); });
  if (terms.empty()) return Constant(Value::Bool(!absorbing));
  CodeNode chain = Make(opcode);
  chain.children = Keep(terms);
  return Fold(chain);
}

CodeNode Compiler::CompileFunction(const Expr& node) {
  bool is_member = node.operand != nullptr;
  std::size_t count = node.arguments.size() + (is_member ? 1 : 0);
  const FunctionEntry* entry = FindFunction(
      node.name, is_member ? CallStyle::kMember : CallStyle::kGlobal, count);
  if (entry == nullptr) {
    std::string name(Shorten(node.name));
    if (!IsFunctionName(node.name)) {
      return Refuse(node, "undeclared reference to function '" + name + "'");
    }
    return Refuse(node, "no function '" + name + "' that is called " +
                            (is_member ? "on a value" : "by itself") +
                            " with " + std::to_string(node.arguments.size()) +
                            " arguments");
  }
  std::vector<const Expr*> operands;
  if (is_member) operands.push_back(node.operand);
  operands.insert(operands.end(), node.arguments.begin(), node.arguments.end());
  CodeNode call = Make(Opcode::kCall);
  call.function = entry->function;
  call.children = CompileAll(operands);
  if (!status_.ok()) return call;
  if (node.name == operators::kIn) UseSet(call);
  if (entry->name == "matches" && !UsePattern(node, call)) return call;
  return Fold(call);
}

// x in [constants]
bool Compiler::UseSet(CodeNode& call) {
  const CodeNode& container = call.children[1];
  if (container.opcode != Opcode::kConstant ||
      !container.constant.is(ValueKind::kList)) {
    return false;
  }
  SetOpcode(call, Opcode::kInSet);
  call.set = store_.arena.New<ConstantSet>(store_.arena,
                                           container.constant.list().items());
  call.children = call.children.first(1);
  return true;
}

// x.matches("constant"): false when the pattern is refused.
bool Compiler::UsePattern(const Expr& node, CodeNode& call) {
  const CodeNode& text = call.children[1];
  if (text.opcode != Opcode::kConstant ||
      !text.constant.is(ValueKind::kString)) {
    return true;
  }
  auto pattern = Pattern::Compile(text.constant.text());
  if (!pattern.ok()) {
    Refuse(*node.arguments.back(), std::string(MessageOf(pattern.status())));
    return false;
  }
  store_.patterns.push_back(
      std::make_unique<const Pattern>(*std::move(pattern)));
  SetOpcode(call, Opcode::kMatches);
  call.pattern = store_.patterns.back().get();
  call.children = call.children.first(1);
  return true;
}

CodeNode Compiler::Constant(const Value& value) {
  CodeNode constant = Make(Opcode::kConstant);
  constant.constant = value;
  return constant;
}

// An operation on constants has one result, be it an error.
CodeNode Compiler::Fold(const CodeNode& node) {
  if (!status_.ok()) return node;
  if (AreConstant(node.children)) {
    return Constant(Run(node, {nullptr, store_.arena}));
  }
  bool is_decided = node.opcode == Opcode::kConditional &&
                    node.children[0].opcode == Opcode::kConstant;
  if (!is_decided) return node;
  const Value& condition = node.children[0].constant;
  if (condition.is_true()) return node.children[1];
  if (condition.is_false()) return node.children[2];
  return Constant(Run(node, {nullptr, store_.arena}));
}

std::span<CodeNode> Compiler::CompileAll(std::span<const Expr* const> nodes) {
  std::span<CodeNode> compiled = store_.arena.NewArray<CodeNode>(nodes.size());
  for (std::size_t i = 0; i < nodes.size() && status_.ok(); ++i) {
    compiled[i] = Compile(*nodes[i]);
  }
  return compiled;
}

std::span<const CodeNode> Compiler::Keep(std::span<const CodeNode> nodes) {
  std::span<CodeNode> kept = store_.arena.NewArray<CodeNode>(nodes.size());
  std::copy(nodes.begin(), nodes.end(), kept.begin());
  return kept;
}

std::span<const FieldStep> Compiler::ExtendPath(std::span<const FieldStep> path,
                                                std::string_view field) {
  auto* steps = static_cast<FieldStep*>(store_.arena.Allocate(
      (path.size() + 1) * sizeof(FieldStep), alignof(FieldStep)));
  FieldStep* last = std::uninitialized_copy(path.begin(), path.end(), steps);
  std::string_view name = store_.arena.CopyText(field);
  new (last)
      FieldStep{HashedText(name), NoSuchKey(Value::String(name), store_.arena)};
  return {steps, path.size() + 1};
}

CodeNode Compiler::Refuse(const Expr& node, const std::string& problem) {
  if (status_.ok()) {
    status_ = ExpressionError(text_, node.position, problem);
  }
  return {};
}

std::string Compiler::NamesInScope() {
  std::string names;
  for (const std::string& name : variables_.names()) {
    if (!names.empty()) names.append(", ");
    names.append(name);
  }
  return names;
}

}  // namespace

Result<const CodeNode*> CompileCode(const Expr& root, std::string_view text,
                                    const Variables& variables,
                                    CodeStore& store) {
  if (root.depth > kMaxTreeDepth) {
    return ExpressionError(text, root.position,
                           "expected a tree of at most " +
                               std::to_string(kMaxTreeDepth) +
                               " levels, got more");
  }
  Compiler compiler(text, variables, store);
  CodeNode code = compiler.Compile(root);
  if (!compiler.status().ok()) return compiler.status();
  return store.arena.New<CodeNode>(code);
}

}  // namespace streamer::cel::internal
