#include "filter/internal/reason.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cel/printer.h"
#include "filter/internal/logic.h"
#include "value/json.h"

namespace streamer {
namespace {

namespace operators = cel::operators;

constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kShownReasons = 3;

std::string Quoted(const cel::Expr& expression) {
  return '`' + cel::Print(expression) + '`';
}

bool IsCall(const cel::Expr& expression, std::string_view name) {
  return expression.kind == cel::ExprKind::kCall && expression.name == name &&
         expression.operand == nullptr;
}

// `text` cut to kShownBytes without cutting a character in two.
std::string Shortened(std::string text) {
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end) + "…";
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  const std::size_t shown = std::min(parts.size(), kShownReasons);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += "; ";
    text += parts[i];
  }
  if (shown < parts.size()) {
    text += "; and " + std::to_string(parts.size() - shown) + " more";
  }
  return text;
}

// The operands of a node, receiver first.
std::vector<const cel::Expr*> OperandsOf(const cel::Expr& expression) {
  std::vector<const cel::Expr*> operands;
  if (expression.operand != nullptr) operands.push_back(expression.operand);
  operands.insert(operands.end(), expression.arguments.begin(),
                  expression.arguments.end());
  return operands;
}

class Reasoner {
 public:
  explicit Reasoner(const Trace& trace) : trace_(trace) {}

  std::string Explain(const cel::Expr& expression) const;

 private:
  std::string ExplainChain(const cel::Expr& chain) const;
  std::string ExplainChoice(const cel::Expr& choice) const;
  std::string ExplainAtom(const cel::Expr& atom) const;
  std::string ExplainFailure(const cel::Expr& failed) const;
  [[nodiscard]] std::string Facts(const cel::Expr& atom) const;
  [[nodiscard]] std::string Hint(const cel::Expr& failed) const;
  [[nodiscard]] const cel::Expr& FirstFailure(const cel::Expr& node) const;
  void Collect(const cel::Expr& expression, std::string_view name,
               std::vector<const cel::Expr*>& operands) const;
  [[nodiscard]] bool Is(const cel::Expr& node, bool wanted) const {
    const std::optional<Value> value = trace_.Find(node);
    return value.has_value() && (wanted ? value->is_true() : value->is_false());
  }

  const Trace& trace_;
};

std::string Reasoner::Explain(const cel::Expr& expression) const {
  if (IsCall(expression, operators::kAnd) ||
      IsCall(expression, operators::kOr)) {
    return ExplainChain(expression);
  }
  if (IsCall(expression, operators::kConditional)) {
    return ExplainChoice(expression);
  }
  if (IsCall(expression, operators::kNot)) {
    return Explain(*expression.arguments[0]);
  }
  return ExplainAtom(expression);
}

void Reasoner::Collect(const cel::Expr& expression, std::string_view name,
                       std::vector<const cel::Expr*>& operands) const {
  if (!IsCall(expression, name)) {
    operands.push_back(&expression);
    return;
  }
  for (const cel::Expr* operand : expression.arguments) {
    Collect(*operand, name, operands);
  }
}

// One operand decides an `and` that is false or an `or` that is true; else
// all of them are the reason, or, where an `and` failed, those that failed.
std::string Reasoner::ExplainChain(const cel::Expr& chain) const {
  const bool decisive = chain.name == operators::kOr;
  std::vector<const cel::Expr*> operands;
  Collect(chain, chain.name, operands);
  std::vector<std::string> reasons;
  for (const cel::Expr* operand : operands) {
    if (Is(*operand, decisive)) return Explain(*operand);
    const bool is_failed_and = !decisive && !Is(chain, true);
    if (is_failed_and && Is(*operand, true)) continue;
    reasons.push_back(Explain(*operand));
  }
  const std::string all = Joined(reasons);
  if (!decisive || reasons.size() < 2) return all;
  return "none of " + std::to_string(operands.size()) +
         " alternatives holds: " + all;
}

std::string Reasoner::ExplainChoice(const cel::Expr& choice) const {
  const cel::Expr& condition = *choice.arguments[0];
  if (!Is(condition, true) && !Is(condition, false)) {
    return Explain(condition);
  }
  const bool is_first = Is(condition, true);
  return Quoted(condition) + (is_first ? " is true" : " is false") + ", and " +
         Explain(*choice.arguments[is_first ? 1 : 2]);
}

std::string Reasoner::ExplainAtom(const cel::Expr& atom) const {
  const std::optional<Value> value = trace_.Find(atom);
  if (!value.has_value()) return Quoted(atom) + " was not needed";
  if (value->is_error()) {
    return Quoted(atom) + " failed: " + ExplainFailure(FirstFailure(atom));
  }
  if (!value->is(ValueKind::kBool)) {
    return Quoted(atom) + " is " + DescribeValue(*value) +
           ", which is no boolean";
  }
  const std::string facts = Facts(atom);
  return Quoted(atom) + (value->bool_value() ? " is true" : " is false") +
         (facts.empty() ? "" : ": " + facts);
}

// What the operands were, those that the reader cannot see.
std::string Reasoner::Facts(const cel::Expr& atom) const {
  if (atom.kind == cel::ExprKind::kSelect && atom.is_test) {
    return Is(atom, true) ? ""
                          : cel::Print(*atom.operand) + " has no " +
                                std::string(atom.name);
  }
  std::string facts;
  if (atom.kind != cel::ExprKind::kCall) return facts;
  for (const cel::Expr* operand : OperandsOf(atom)) {
    if (operand->kind == cel::ExprKind::kLiteral) continue;
    const std::optional<Value> value = trace_.Find(*operand);
    if (!value.has_value()) continue;
    if (!facts.empty()) facts += " and ";
    facts += cel::Print(*operand) + " is " + DescribeValue(*value);
  }
  return facts;
}

// The first node that failed although its operands did not.
const cel::Expr& Reasoner::FirstFailure(const cel::Expr& node) const {
  for (const cel::Expr* operand : OperandsOf(node)) {
    const std::optional<Value> value = trace_.Find(*operand);
    if (value.has_value() && value->is_error()) return FirstFailure(*operand);
  }
  return node;
}

std::string Reasoner::ExplainFailure(const cel::Expr& failed) const {
  const Value failure = *trace_.Find(failed);
  const ErrorValue& error = failure.error();
  if (failed.kind == cel::ExprKind::kSelect) {
    if (error.code == ErrorCode::kNoSuchField) {
      return cel::Print(failed) + " is missing";
    }
    const std::optional<Value> operand = trace_.Find(*failed.operand);
    if (operand.has_value() && !operand->is_error()) {
      return cel::Print(*failed.operand) + " is " + DescribeValue(*operand) +
             ", which has no fields";
    }
  }
  return std::string(error.message) + Hint(failed);
}

// Arithmetic never mixes numeric types; what to write instead is known.
std::string Reasoner::Hint(const cel::Expr& failed) const {
  if (failed.kind != cel::ExprKind::kCall || failed.arguments.size() != 2 ||
      trace_.Find(failed)->error().code != ErrorCode::kNoSuchOverload) {
    return "";
  }
  for (int i = 0; i < 2; ++i) {
    const cel::Expr& operand = *failed.arguments[static_cast<std::size_t>(i)];
    const std::optional<Value> value = trace_.Find(operand);
    const std::optional<Value> other =
        trace_.Find(*failed.arguments[static_cast<std::size_t>(1 - i)]);
    if (!value.has_value() || !other.has_value()) continue;
    const bool is_whole =
        value->is(ValueKind::kInt) || value->is(ValueKind::kUint);
    if (is_whole && other->is(ValueKind::kDouble)) {
      return " (write double(" + cel::Print(operand) + "))";
    }
  }
  return "";
}

}  // namespace

std::string ReasonFor(const cel::Expr& expression, const Trace& trace) {
  return Reasoner(trace).Explain(expression);
}

std::string DescribeValue(const Value& value) {
  if (value.is_error()) return std::string(value.error().message);
  return Shortened(FormatJson(value));
}

}  // namespace streamer
