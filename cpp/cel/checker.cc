#include "cel/checker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "cel/internal/check_report.h"
#include "cel/internal/errors.h"
#include "cel/internal/names.h"
#include "cel/internal/overloads.h"
#include "cel/internal/unifier.h"

namespace streamer::cel {
namespace {

using internal::NameMeaning;
using internal::Overload;
using internal::ResolvedCall;

// Calls have few arguments; theirs need no memory from the heap.
using Types = absl::InlinedVector<const Type*, 4>;

// More would not help anybody.
constexpr std::size_t kMostProblems = 20;
constexpr std::size_t kMostWarnings = 20;
constexpr std::size_t kMostNames = 20;

bool IsDyn(const Type* type) {
  return type->kind == TypeKind::kDyn || type->kind == TypeKind::kError ||
         type->kind == TypeKind::kParameter;
}

bool IsLiteralNumber(const Expr& node) {
  return node.kind == ExprKind::kLiteral && node.literal.is_number();
}

bool IsArithmetic(std::string_view function) {
  return function == operators::kAdd || function == operators::kSubtract ||
         function == operators::kMultiply || function == operators::kDivide ||
         function == operators::kModulo;
}

// The name of the function, with the namespace that is its receiver as written.
std::string FullNameOf(const Expr& node, const ResolvedCall& call) {
  std::string name(node.name);
  if (node.operand == nullptr || call.has_receiver) return name;
  return QualifiedName(*node.operand) + "." + name;
}

// One walk over a tree. What was refused has the type kError, which fits
// everywhere, so that nothing is reported twice.
class Checker {
 public:
  Checker(const Variables& variables,
          std::span<const FunctionDeclaration> functions)
      : variables_(variables), unifier_(arena_) {
    for (const FunctionDeclaration& function : functions) {
      auto overloads = internal::ReadOverloads(function.overloads, arena_);
      if (overloads.ok()) declared_.push_back({&function, *overloads});
    }
  }

  CheckResult Run(const Expr& root);

 private:
  const Type* Check(const Expr& node);
  const Type* CheckLiteral(const Value& literal);
  const Type* CheckIdentifier(const Expr& node);
  [[nodiscard]] std::string Names() const;
  const Type* CheckSelect(const Expr& node);
  const Type* FieldOf(const Expr& node, const Type* operand);
  const Type* CheckCall(const Expr& node);
  const Type* CheckFunction(const Expr& node);
  const Type* CheckBlock(const Expr& node);
  const Type* CheckList(const Expr& node);
  const Type* CheckMap(const Expr& node);
  const Type* CheckFold(const Expr& node);
  bool DeclareLoop(const Expr& node, const Type* range);
  const Type* ContentOf(const Expr& node, const Type* type, bool is_optional);

  // The result of the overloads that take `arguments`, or nullptr.
  const Type* ResultOf(std::span<const Overload> overloads,
                       std::span<const Type* const> arguments);
  std::optional<const Type*> TryOverload(
      const Overload& overload, std::span<const Type* const> arguments);
  const std::vector<Overload>* FindDeclared(std::string_view name,
                                            CallStyle style) const;
  const std::vector<Overload>* FindDeclaredFor(const Expr& node,
                                               ResolvedCall& call) const;
  const Type* RefuseArguments(const Expr& node, std::string_view name,
                              std::span<const Overload> overloads,
                              std::span<const Type* const> arguments,
                              bool has_receiver);
  void WarnOfMixedNumbers(const Expr& node,
                          std::span<const Type* const> arguments);

  const Type* Meaning(const NameMeaning& meaning);
  const Type* Expect(const Expr& node, const Type* expected, const Type* got,
                     std::string_view where);
  const Type* Refuse(ProblemCode code, const Expr& node, std::string expected,
                     std::string got, std::string message);
  std::string Show(const Type* type);
  [[nodiscard]] const Type* FindLocal(std::string_view name) const;
  [[nodiscard]] bool BeginsLocally(const Expr& node) const;

  struct Local {
    std::string_view name;
    const Type* type;
  };
  struct Declared {
    const FunctionDeclaration* function;
    std::vector<Overload> overloads;
  };

  const Variables& variables_;
  Arena arena_;
  internal::Unifier unifier_;
  std::vector<Declared> declared_;
  std::vector<Local> locals_;
  CheckResult result_;
};

CheckResult Checker::Run(const Expr& root) {
  const Type* type = Check(root);
  if (unifier_.is_exhausted()) {
    Refuse(ProblemCode::kTooComplex, root, "types that can be followed",
           "larger ones",
           "expected types that can be followed, got larger ones");
  }
  result_.type = Show(type);
  std::stable_sort(result_.problems.begin(), result_.problems.end(),
                   [](const CheckProblem& left, const CheckProblem& right) {
                     return left.position.offset < right.position.offset;
                   });
  return std::move(result_);
}

const Type* Checker::Check(const Expr& node) {
  switch (node.kind) {
    case ExprKind::kLiteral:
      return CheckLiteral(node.literal);
    case ExprKind::kIdentifier:
      return CheckIdentifier(node);
    case ExprKind::kSelect:
      return CheckSelect(node);
    case ExprKind::kCall:
      return CheckCall(node);
    case ExprKind::kList:
      return CheckList(node);
    case ExprKind::kMap:
      return CheckMap(node);
    case ExprKind::kMessage:
      return Refuse(ProblemCode::kUnknownMessage, node, "a value",
                    "a message literal",
                    "expected a value, got a literal of the message '" +
                        std::string(internal::Shorten(node.name)) +
                        "': there are no message types");
    case ExprKind::kComprehension:
      return CheckFold(node);
  }
  return SimpleType(TypeKind::kDyn);
}

const Type* Checker::CheckLiteral(const Value& literal) {
  switch (literal.kind()) {
    case ValueKind::kNull:
      return SimpleType(TypeKind::kNull);
    case ValueKind::kBool:
      return SimpleType(TypeKind::kBool);
    case ValueKind::kInt:
      return SimpleType(TypeKind::kInt);
    case ValueKind::kUint:
      return SimpleType(TypeKind::kUint);
    case ValueKind::kDouble:
      return SimpleType(TypeKind::kDouble);
    case ValueKind::kString:
      return SimpleType(TypeKind::kString);
    case ValueKind::kBytes:
      return SimpleType(TypeKind::kBytes);
    case ValueKind::kList:
      break;
    default:
      return SimpleType(TypeKind::kDyn);
  }
  if (literal.list().size() == 0) {
    return ListOf(arena_, unifier_.NewParameter());
  }
  const Type* element = nullptr;
  for (const Value& item : literal.list().items()) {
    const Type* type = CheckLiteral(item);
    element = element == nullptr ? type : unifier_.Join(element, type);
    if (element->kind == TypeKind::kDyn) break;
  }
  return ListOf(arena_, element);
}

const Type* Checker::Meaning(const NameMeaning& meaning) {
  if (meaning.variable) return &variables_.type(*meaning.variable);
  return TypeOf(arena_, TypeOfName(meaning.type.text()));
}

// The names that are declared, those that can be read at a glance.
std::string Checker::Names() const {
  std::string names;
  const std::size_t shown = std::min(variables_.names().size(), kMostNames);
  for (std::size_t i = 0; i < shown; ++i) {
    names.append(i == 0 ? "" : ", ").append(variables_.names()[i]);
  }
  return shown < variables_.names().size() ? names + ", …" : names;
}

const Type* Checker::CheckIdentifier(const Expr& node) {
  if (const Type* local = FindLocal(node.name)) return local;
  if (auto meaning = internal::FindName(node, variables_)) {
    return Meaning(*meaning);
  }
  std::string name(internal::Shorten(node.name));
  const std::string names = Names();
  std::string message = "undeclared reference to '" + name + "'";
  if (!names.empty()) message += ": expected one of " + names;
  return Refuse(ProblemCode::kUndeclaredReference, node, names, name, message);
}

const Type* Checker::CheckSelect(const Expr& node) {
  if (!BeginsLocally(node)) {
    if (auto meaning = internal::FindName(node, variables_)) {
      return Meaning(*meaning);
    }
  }
  const Type* field = FieldOf(node, unifier_.Shallow(Check(*node.operand)));
  if (field->kind == TypeKind::kError || !node.is_test) return field;
  return SimpleType(TypeKind::kBool);
}

const Type* Checker::FieldOf(const Expr& node, const Type* operand) {
  if (operand->kind == TypeKind::kOptional) {
    const Type* content = unifier_.Shallow(operand->parameters[0]);
    const Type* field = FieldOf(node, content);
    return field->kind == TypeKind::kError ? field : OptionalOf(arena_, field);
  }
  if (operand->kind == TypeKind::kMap) return operand->parameters[1];
  if (IsDyn(operand)) return SimpleType(TypeKind::kDyn);
  return Refuse(ProblemCode::kNoFields, node, "map", Show(operand),
                "expected a map to select '" +
                    std::string(internal::Shorten(node.name)) + "' from, got " +
                    Show(operand));
}

const Type* Checker::CheckCall(const Expr& node) {
  if (node.operand == nullptr && node.name == operators::kBlock) {
    return CheckBlock(node);
  }
  std::span<const Overload> construct;
  if (node.operand == nullptr) {
    construct = internal::OverloadsOfConstruct(node.name);
  }
  if (construct.empty()) return CheckFunction(node);
  Types arguments;
  for (const Expr* argument : node.arguments) {
    arguments.push_back(Check(*argument));
  }
  const Type* result = ResultOf(construct, arguments);
  if (result != nullptr) return result;
  return RefuseArguments(node, node.name, construct, arguments, false);
}

const std::vector<Overload>* Checker::FindDeclared(std::string_view name,
                                                   CallStyle style) const {
  for (const Declared& declared : declared_) {
    if (declared.function->name == name && declared.function->style == style) {
      return &declared.overloads;
    }
  }
  return nullptr;
}

// A declaration comes before the table. `call` is told when its receiver is
// part of a declared name.
const std::vector<Overload>* Checker::FindDeclaredFor(
    const Expr& node, ResolvedCall& call) const {
  if (declared_.empty()) return nullptr;
  std::string name(node.name);
  std::string qualifier;
  if (node.operand != nullptr) qualifier = QualifiedName(*node.operand);
  if (!qualifier.empty()) name = qualifier + "." + name;
  const std::vector<Overload>* found = nullptr;
  if (node.operand == nullptr || !qualifier.empty()) {
    internal::VisitCandidates(
        variables_.container(), name, [&](std::string_view candidate) {
          found = FindDeclared(candidate, CallStyle::kGlobal);
          return found != nullptr;
        });
  }
  if (found != nullptr) call.has_receiver = false;
  if (found == nullptr && call.has_receiver) {
    found = FindDeclared(node.name, CallStyle::kMember);
  }
  return found;
}

const Type* Checker::CheckFunction(const Expr& node) {
  ResolvedCall call = internal::ResolveCall(
      node, variables_,
      [&](std::string_view name) { return FindLocal(name) != nullptr; });
  const std::vector<Overload>* declared = FindDeclaredFor(node, call);
  Types arguments;
  if (call.has_receiver) arguments.push_back(Check(*node.operand));
  for (const Expr* argument : node.arguments) {
    arguments.push_back(Check(*argument));
  }
  std::span<const Overload> overloads;
  if (declared != nullptr) {
    overloads = *declared;
  } else if (call.entry != nullptr) {
    overloads = internal::OverloadsOf(*call.entry);
  } else if (!IsFunctionName(FullNameOf(node, call))) {
    std::string shown(internal::Shorten(FullNameOf(node, call)));
    return Refuse(ProblemCode::kUndeclaredFunction, node, "", shown,
                  "undeclared reference to function '" + shown + "'");
  }
  if (const Type* result = ResultOf(overloads, arguments)) {
    WarnOfMixedNumbers(node, arguments);
    return result;
  }
  return RefuseArguments(node, FullNameOf(node, call), overloads, arguments,
                         call.has_receiver);
}

std::optional<const Type*> Checker::TryOverload(
    const Overload& overload, std::span<const Type* const> arguments) {
  if (overload.is_variadic) return overload.result;
  if (!overload.has_parameters) {
    if (!unifier_.AreAssignable(arguments, overload.arguments)) {
      return std::nullopt;
    }
    return overload.result;
  }
  Types types(overload.arguments.begin(), overload.arguments.end());
  types.push_back(overload.result);
  internal::Unifier::Types fresh = unifier_.Instantiate(types);
  std::span<const Type* const> wanted(fresh);
  if (!unifier_.AreAssignable(arguments, wanted.first(fresh.size() - 1))) {
    return std::nullopt;
  }
  return unifier_.Resolve(fresh.back());
}

// Several overloads take a dyn; their results must agree, or it is dyn too.
const Type* Checker::ResultOf(std::span<const Overload> overloads,
                              std::span<const Type* const> arguments) {
  const Type* result = nullptr;
  for (const Overload& overload : overloads) {
    auto type = TryOverload(overload, arguments);
    if (!type) continue;
    if (result == nullptr) {
      result = *type;
    } else if (result->kind != TypeKind::kDyn && result != *type &&
               Show(result) != Show(*type)) {
      result = SimpleType(TypeKind::kDyn);
    }
  }
  return result;
}

const Type* Checker::RefuseArguments(const Expr& node, std::string_view name,
                                     std::span<const Overload> overloads,
                                     std::span<const Type* const> arguments,
                                     bool has_receiver) {
  std::vector<std::string> shown;
  for (const Type* argument : arguments) shown.push_back(Show(argument));
  std::string expected =
      overloads.empty() ? internal::DescribeCalls(name)
                        : internal::DescribeOverloads(overloads, has_receiver);
  std::string got = internal::DescribeArguments(shown, has_receiver);
  std::string message =
      "no overload of '" + internal::SymbolOf(name) + "' takes " + got;
  if (!expected.empty()) message += ": expected " + expected;
  return Refuse(ProblemCode::kNoMatchingOverload, node, expected, got, message);
}

// doc.price * 1.5 fails for every price that is a whole number.
void Checker::WarnOfMixedNumbers(const Expr& node,
                                 std::span<const Type* const> arguments) {
  if (!IsArithmetic(node.name) || arguments.size() != 2) return;
  if (result_.warnings.size() >= kMostWarnings) return;
  for (std::size_t i = 0; i < 2; ++i) {
    const Expr& number = *node.arguments[1 - i];
    if (!IsDyn(unifier_.Shallow(arguments[i])) || !IsLiteralNumber(number)) {
      continue;
    }
    std::string type = Show(arguments[1 - i]);
    std::string message = "expected " + type + " on both sides of '";
    message += internal::SymbolOf(node.name);
    message.append("', got a dyn: write ").append(type);
    message.append("(…) around it");
    result_.warnings.push_back({ProblemCode::kMixedNumbers, node.position, type,
                                "dyn", std::move(message)});
  }
}

const Type* Checker::CheckBlock(const Expr& node) {
  std::size_t outer = locals_.size();
  const Expr& list = *node.arguments[0];
  auto declare = [&](const Type* type) {
    locals_.push_back(
        {arena_.CopyText("@index" + std::to_string(locals_.size() - outer)),
         type});
  };
  if (list.kind == ExprKind::kLiteral) {
    for (const Value& item : list.literal.list().items()) {
      declare(CheckLiteral(item));
    }
  } else {
    for (const Expr* element : list.arguments) declare(Check(*element));
  }
  const Type* result = Check(*node.arguments[1]);
  locals_.resize(outer);
  return result;
}

// What an optional element adds to its list or map.
const Type* Checker::ContentOf(const Expr& node, const Type* type,
                               bool is_optional) {
  if (!is_optional) return type;
  type = unifier_.Shallow(type);
  const Type* content = unifier_.NewParameter();
  const Type* wanted = OptionalOf(arena_, content);
  if (!unifier_.IsAssignable(type, wanted)) {
    return Expect(node, wanted, type, "an optional entry");
  }
  return unifier_.Resolve(content);
}

const Type* Checker::CheckList(const Expr& node) {
  const Type* element = nullptr;
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    const Expr& argument = *node.arguments[i];
    const Type* type =
        ContentOf(argument, Check(argument), IsOptional(node, i));
    element = element == nullptr ? type : unifier_.Join(element, type);
  }
  if (element == nullptr) element = unifier_.NewParameter();
  return ListOf(arena_, element);
}

const Type* Checker::CheckMap(const Expr& node) {
  const Type* key = nullptr;
  const Type* value = nullptr;
  for (std::size_t i = 0; i + 1 < node.arguments.size(); i += 2) {
    const Type* key_type = Check(*node.arguments[i]);
    key = key == nullptr ? key_type : unifier_.Join(key, key_type);
    const Expr& argument = *node.arguments[i + 1];
    const Type* type =
        ContentOf(argument, Check(argument), IsOptional(node, i / 2));
    value = value == nullptr ? type : unifier_.Join(value, type);
  }
  if (key == nullptr) {
    key = unifier_.NewParameter();
    value = unifier_.NewParameter();
  }
  return MapOf(arena_, key, value);
}

// The accumulator has the type that it begins with; a step may make it more
// particular, as the first element does with the type of [].
const Type* Checker::CheckFold(const Expr& node) {
  const Comprehension& fold = *node.comprehension;
  const Type* range = unifier_.Shallow(Check(*node.operand));
  const Type* accumulator = Check(*node.arguments[0]);
  std::size_t outer = locals_.size();
  locals_.push_back({fold.accumulator, accumulator});
  bool is_iterable = DeclareLoop(node, range);
  Expect(*node.arguments[1], SimpleType(TypeKind::kBool),
         Check(*node.arguments[1]), "the condition of a loop");
  const Type* step = Check(*node.arguments[2]);
  if (!unifier_.IsAssignable(step, accumulator)) {
    Expect(*node.arguments[2], accumulator, step, "the step of a loop");
  }
  locals_.resize(outer + 1);
  const Type* result = Check(*node.arguments[3]);
  locals_.resize(outer);
  return is_iterable ? unifier_.Resolve(result) : SimpleType(TypeKind::kError);
}

// The variables of the loop; false when there is nothing to loop over.
bool Checker::DeclareLoop(const Expr& node, const Type* range) {
  const Comprehension& fold = *node.comprehension;
  bool has_two = !fold.second_variable.empty();
  const Type* first = SimpleType(TypeKind::kDyn);
  const Type* second = SimpleType(TypeKind::kDyn);
  bool is_iterable = true;
  if (range->kind == TypeKind::kList) {
    first = has_two ? SimpleType(TypeKind::kInt) : range->parameters[0];
    second = range->parameters[0];
  } else if (range->kind == TypeKind::kMap) {
    first = range->parameters[0];
    second = range->parameters[1];
  } else if (range->kind == TypeKind::kParameter) {
    unifier_.IsAssignable(SimpleType(TypeKind::kDyn), range);
  } else if (!IsDyn(range)) {
    Refuse(ProblemCode::kNotIterable, *node.operand, "list or map", Show(range),
           "expected a list or map to iterate over, got " + Show(range));
    first = second = SimpleType(TypeKind::kError);
    is_iterable = false;
  }
  locals_.push_back({fold.variable, first});
  if (has_two) locals_.push_back({fold.second_variable, second});
  return is_iterable;
}

const Type* Checker::Expect(const Expr& node, const Type* expected,
                            const Type* got, std::string_view where) {
  if (unifier_.IsAssignable(got, expected)) return expected;
  return Refuse(ProblemCode::kUnexpectedType, node, Show(expected), Show(got),
                "expected " + Show(expected) + " in " + std::string(where) +
                    ", got " + Show(got));
}

const Type* Checker::Refuse(ProblemCode code, const Expr& node,
                            std::string expected, std::string got,
                            std::string message) {
  if (result_.problems.size() < kMostProblems) {
    result_.problems.push_back({code, node.position, std::move(expected),
                                std::move(got), std::move(message)});
  } else {
    ++result_.more_problems;
  }
  return SimpleType(TypeKind::kError);
}

std::string Checker::Show(const Type* type) {
  return internal::ShortenType(FormatType(*unifier_.Resolve(type)));
}

const Type* Checker::FindLocal(std::string_view name) const {
  for (std::size_t i = locals_.size(); i > 0; --i) {
    if (locals_[i - 1].name == name) return locals_[i - 1].type;
  }
  return nullptr;
}

bool Checker::BeginsLocally(const Expr& node) const {
  if (locals_.empty()) return false;
  const Expr* root = internal::RootOf(node);
  return root != nullptr && FindLocal(root->name) != nullptr;
}

}  // namespace

CheckResult Check(const Expr& expression, const Variables& variables,
                  std::span<const FunctionDeclaration> functions) {
  if (expression.depth > kMaxTreeDepth) {
    CheckResult result;
    result.problems.push_back({ProblemCode::kTooComplex, expression.position,
                               "a tree of at most 1000 levels", "a deeper one",
                               "expected a tree of at most 1000 levels, got a "
                               "deeper one"});
    return result;
  }
  return Checker(variables, functions).Run(expression);
}

CheckResult Check(const Tree& tree, const Variables& variables,
                  std::span<const FunctionDeclaration> functions) {
  return Check(tree.root(), variables, functions);
}

}  // namespace streamer::cel
