#include "filter/internal/atom.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "filter/derived_value.h"
#include "filter/literal_pattern.h"
#include "value/ordering.h"

namespace streamer {
namespace {

namespace operators = cel::operators;

struct OperatorKind {
  std::string_view name;
  PredicateKind kind;
  PredicateKind mirrored;  // with the operands exchanged
};

constexpr std::array<OperatorKind, 5> kComparisons = {{
    {operators::kEqual, PredicateKind::kEqual, PredicateKind::kEqual},
    {operators::kLess, PredicateKind::kLess, PredicateKind::kGreater},
    {operators::kLessEqual, PredicateKind::kLessEqual,
     PredicateKind::kGreaterEqual},
    {operators::kGreater, PredicateKind::kGreater, PredicateKind::kLess},
    {operators::kGreaterEqual, PredicateKind::kGreaterEqual,
     PredicateKind::kLessEqual},
}};

constexpr std::string_view kMatches = "matches";

struct TextTest {
  std::string_view name;
  PredicateKind kind;
};

constexpr std::array<TextTest, 4> kTextTests = {{
    {"startsWith", PredicateKind::kStartsWith},
    {"endsWith", PredicateKind::kEndsWith},
    {"contains", PredicateKind::kHasSubstring},
    {kMatches, PredicateKind::kMatches},
}};

PredicateKind Mirrored(PredicateKind kind) {
  for (const OperatorKind& comparison : kComparisons) {
    if (comparison.kind == kind) return comparison.mirrored;
  }
  return kind;
}

bool IsCall(const cel::Expr& expression, std::string_view name) {
  return expression.kind == cel::ExprKind::kCall && expression.name == name &&
         expression.operand == nullptr;
}

// The text of `expression` when it is a constant string.
std::optional<std::string_view> ConstantText(const cel::Expr& expression) {
  if (expression.kind != cel::ExprKind::kLiteral ||
      !expression.literal.is(ValueKind::kString)) {
    return std::nullopt;
  }
  return expression.literal.text();
}

// One step of a path, towards its variable: what is read from, and the name.
struct PathStep {
  const cel::Expr* operand;
  std::string_view field;
};

std::optional<PathStep> ReadStep(const cel::Expr& expression) {
  if (expression.kind == cel::ExprKind::kSelect && !expression.is_test) {
    return PathStep{expression.operand, expression.name};
  }
  if (IsCall(expression, operators::kIndex) &&
      expression.arguments.size() == 2) {
    std::optional<std::string_view> field =
        ConstantText(*expression.arguments[1]);
    if (field.has_value()) return PathStep{expression.arguments[0], *field};
  }
  return std::nullopt;
}

// Reads a chain of selects that starts at a filter variable. The result has
// the variable and the path; its kind is kIsBoolean.
std::optional<Predicate> ReadPath(const cel::Expr& expression) {
  std::vector<std::string> segments;
  const cel::Expr* current = &expression;
  while (std::optional<PathStep> step = ReadStep(*current)) {
    segments.emplace_back(step->field);
    current = step->operand;
  }
  if (current->kind != cel::ExprKind::kIdentifier) return std::nullopt;
  std::optional<std::size_t> variable = FilterVariables().Find(current->name);
  if (!variable.has_value()) return std::nullopt;
  std::reverse(segments.begin(), segments.end());
  Predicate predicate;
  predicate.variable = static_cast<FilterVariable>(*variable);
  predicate.path = FieldPath(std::move(segments));
  predicate.kind = PredicateKind::kIsBoolean;
  return predicate;
}

std::optional<Predicate> ReadPresence(const cel::Expr& expression) {
  std::optional<Predicate> predicate = ReadPath(*expression.operand);
  if (!predicate.has_value()) return std::nullopt;
  std::vector<std::string> segments = predicate->path.segments();
  segments.emplace_back(expression.name);
  predicate->path = FieldPath(std::move(segments));
  predicate->kind = PredicateKind::kPresent;
  return predicate;
}

// `items` in one order, each once. Identity decides, not equality: 1 and 1.0
// stay two items.
std::vector<Value> InOneOrder(const std::vector<Value>& items) {
  std::vector<std::pair<std::string, Value>> keyed;
  keyed.reserve(items.size());
  for (const Value& item : items) {
    AppendIdentity(item, keyed.emplace_back("", item).first);
  }
  auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
  auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  std::sort(keyed.begin(), keyed.end(), less);
  keyed.erase(std::unique(keyed.begin(), keyed.end(), same), keyed.end());
  std::vector<Value> result;
  result.reserve(keyed.size());
  for (const auto& [key, item] : keyed) result.push_back(item);
  return result;
}

}  // namespace

// Lists that are put together here, and the tree that their items lie in.
struct AtomReader::Constants {
  std::shared_ptr<const Arena> tree;
  Arena lists;
};

AtomReader::AtomReader(std::shared_ptr<const Arena> arena)
    : constants_(std::make_shared<Constants>()) {
  constants_->tree = std::move(arena);
}

std::optional<Predicate> AtomReader::Read(const cel::Expr& expression,
                                          Answer wanted) {
  const bool is_not_equal = IsCall(expression, operators::kNotEqual);
  std::optional<Predicate> predicate =
      expression.kind == cel::ExprKind::kCall &&
              !IsCall(expression, operators::kIndex)
          ? ReadCall(expression)
          : ReadPathAtom(expression);
  if (!predicate.has_value()) return std::nullopt;
  predicate->wanted = is_not_equal ? Opposite(wanted) : wanted;
  return predicate;
}

std::optional<Predicate> AtomReader::ReadDerived(const cel::Expr& expression,
                                                 Answer wanted) {
  if (expression.kind != cel::ExprKind::kCall ||
      IsCall(expression, operators::kIndex)) {
    return std::nullopt;
  }
  subjects_ = Subjects::kDerivedValues;
  std::optional<Predicate> predicate = Read(expression, wanted);
  subjects_ = Subjects::kPaths;
  return predicate;
}

std::optional<Predicate> AtomReader::ReadSubject(
    const cel::Expr& expression) const {
  if (subjects_ == Subjects::kPaths) return ReadPath(expression);
  if (!DerivedValue::IsPossible(expression)) return std::nullopt;
  Predicate predicate;
  predicate.variable = FilterVariable::kDerived;
  predicate.path = DerivedValue::PathOf(expression);
  return predicate;
}

std::optional<Predicate> AtomReader::ReadPathAtom(const cel::Expr& expression) {
  if (expression.kind == cel::ExprKind::kSelect && expression.is_test) {
    return ReadPresence(expression);
  }
  return ReadPath(expression);
}

std::optional<Predicate> AtomReader::ReadCall(const cel::Expr& expression) {
  if (expression.operand != nullptr) {
    if (expression.arguments.size() != 1) return std::nullopt;
    return ReadTextTest(expression.name, *expression.operand,
                        *expression.arguments[0]);
  }
  if (expression.arguments.size() != 2) return std::nullopt;
  const cel::Expr& left = *expression.arguments[0];
  const cel::Expr& right = *expression.arguments[1];
  if (expression.name == operators::kIn) return ReadMembership(left, right);
  if (expression.name == kMatches) return ReadTextTest(kMatches, left, right);
  if (expression.name == operators::kNotEqual) {
    return ReadComparison(PredicateKind::kEqual, left, right);
  }
  for (const OperatorKind& comparison : kComparisons) {
    if (expression.name == comparison.name) {
      return ReadComparison(comparison.kind, left, right);
    }
  }
  return std::nullopt;
}

std::optional<Predicate> AtomReader::ReadComparison(PredicateKind kind,
                                                    const cel::Expr& left,
                                                    const cel::Expr& right) {
  std::optional<Predicate> predicate = ReadSubject(left);
  const cel::Expr* constant = &right;
  if (!predicate.has_value()) {
    predicate = ReadSubject(right);
    constant = &left;
    kind = Mirrored(kind);
  }
  if (!predicate.has_value()) return std::nullopt;
  std::optional<Value> operand = ReadConstant(*constant);
  if (!operand.has_value()) return std::nullopt;
  predicate->kind = kind;
  predicate->operand = Own(*operand);
  return predicate;
}

std::optional<Predicate> AtomReader::ReadMembership(
    const cel::Expr& member, const cel::Expr& container) {
  if (std::optional<Predicate> predicate = ReadSubject(member)) {
    std::optional<Value> list = ReadConstant(container);
    if (!list.has_value() || !list->is(ValueKind::kList)) return std::nullopt;
    std::span<const Value> items = list->list().items();
    return MakeMembership(*predicate, {items.begin(), items.end()});
  }
  std::optional<Predicate> predicate = ReadSubject(container);
  std::optional<Value> operand = ReadConstant(member);
  if (!predicate.has_value() || !operand.has_value()) return std::nullopt;
  predicate->kind = PredicateKind::kContains;
  predicate->operand = Own(*operand);
  return predicate;
}

std::optional<Predicate> AtomReader::ReadTextTest(std::string_view name,
                                                  const cel::Expr& subject,
                                                  const cel::Expr& argument) {
  for (const TextTest& test : kTextTests) {
    if (name != test.name) continue;
    std::optional<Predicate> predicate = ReadSubject(subject);
    std::optional<std::string_view> text = ConstantText(argument);
    if (!predicate.has_value() || !text.has_value()) return std::nullopt;
    predicate->kind = test.kind;
    predicate->operand = Own(Value::String(*text));
    if (test.kind == PredicateKind::kMatches) {
      // A derived value has no pattern: its cost is that of its expression.
      if (subjects_ != Subjects::kPaths) return std::nullopt;
      std::optional<LiteralPattern> pattern = LiteralPattern::Read(*text);
      if (!pattern.has_value()) return std::nullopt;
      predicate->pattern =
          std::make_shared<const LiteralPattern>(*std::move(pattern));
    }
    return predicate;
  }
  return std::nullopt;
}

std::optional<Predicate> AtomReader::ReadRequiredLiteral(
    const cel::Expr& expression) {
  if (expression.kind != cel::ExprKind::kCall || expression.name != kMatches ||
      expression.arguments.empty()) {
    return std::nullopt;
  }
  const cel::Expr& subject = expression.operand != nullptr
                                 ? *expression.operand
                                 : *expression.arguments.front();
  std::optional<Predicate> predicate = ReadPath(subject);
  std::optional<std::string_view> pattern =
      ConstantText(*expression.arguments.back());
  if (!predicate.has_value() || !pattern.has_value()) return std::nullopt;
  const std::string literal = RequiredLiteral(*pattern);
  if (literal.empty()) return std::nullopt;
  predicate->kind = PredicateKind::kHasSubstring;
  predicate->operand = OwnedValue(Value::String(literal));
  return predicate;
}

Predicate AtomReader::MakeMembership(const Predicate& like,
                                     std::vector<Value> items) {
  Predicate predicate = like;
  predicate.wanted = Answer::kTrue;
  items = InOneOrder(items);
  if (items.size() == 1) {
    predicate.kind = PredicateKind::kEqual;
    predicate.operand = Own(items.front());
    return predicate;
  }
  predicate.kind = PredicateKind::kIn;
  predicate.operand = Own(MakeList(items));
  return predicate;
}

std::optional<Value> AtomReader::ReadConstant(const cel::Expr& expression) {
  if (expression.kind == cel::ExprKind::kLiteral) return expression.literal;
  if (expression.kind == cel::ExprKind::kList && expression.marks == nullptr) {
    return ReadConstantList(expression);
  }
  if (!IsCall(expression, operators::kNegate)) return std::nullopt;
  std::optional<Value> negated = ReadConstant(*expression.arguments[0]);
  if (!negated.has_value()) return std::nullopt;
  if (negated->is(ValueKind::kDouble)) {
    return Value::Double(-negated->double_value());
  }
  if (negated->is(ValueKind::kInt) &&
      negated->int_value() != std::numeric_limits<std::int64_t>::min()) {
    return Value::Int(-negated->int_value());
  }
  return std::nullopt;
}

std::optional<Value> AtomReader::ReadConstantList(const cel::Expr& expression) {
  std::vector<Value> items;
  items.reserve(expression.arguments.size());
  for (const cel::Expr* element : expression.arguments) {
    std::optional<Value> item = ReadConstant(*element);
    if (!item.has_value()) return std::nullopt;
    items.push_back(*item);
  }
  return MakeList(items);
}

Value AtomReader::MakeList(std::span<const Value> items) {
  std::span<Value> copy = constants_->lists.NewArray<Value>(items.size());
  std::copy(items.begin(), items.end(), copy.begin());
  return Value::List(constants_->lists.New<ListValue>(copy));
}

OwnedValue AtomReader::Own(const Value& value) const {
  return {std::shared_ptr<const Arena>(constants_, &constants_->lists), value};
}

}  // namespace streamer
