#include "filter/internal/reason.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cel/macros.h"
#include "cel/printer.h"
#include "filter/internal/describe.h"
#include "filter/internal/logic.h"
#include "filter/internal/turn.h"

namespace streamer {
namespace {

namespace operators = cel::operators;

constexpr std::size_t kShownReasons = 3;
constexpr std::size_t kSentenceBytes = 2000;
constexpr std::size_t kShownPathBytes = 100;

using cel::Macro;

// An operand as a sentence names it.
std::string Named(const cel::Expr& expression) {
  return Shortened(cel::Print(expression), kShownPathBytes);
}

std::string Elements(std::size_t count, const cel::Expr& range) {
  return std::to_string(count) + (count == 1 ? " element" : " elements") +
         " of " + Named(range);
}

bool IsCall(const cel::Expr& expression, std::string_view name) {
  return expression.kind == cel::ExprKind::kCall && expression.name == name &&
         expression.operand == nullptr;
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
  [[nodiscard]] std::string MacroFacts(const cel::Expr& macro) const;
  [[nodiscard]] std::string OneFacts(const cel::Expr& macro,
                                     const std::string& turn) const;
  [[nodiscard]] std::string Hint(const cel::Expr& failed) const;
  [[nodiscard]] const cel::Expr& FirstFailure(const cel::Expr& node,
                                              std::string& where) const;
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
  std::string all = Joined(reasons);
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
    std::string where;
    const cel::Expr& failed = FirstFailure(atom, where);
    return Quoted(atom) + " failed: " + ExplainFailure(failed) + where;
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
    return Is(atom, true)
               ? ""
               : Named(*atom.operand) + " has no " + std::string(atom.name);
  }
  if (atom.kind == cel::ExprKind::kComprehension) return MacroFacts(atom);
  std::string facts;
  if (atom.kind != cel::ExprKind::kCall) return facts;
  for (const cel::Expr* operand : OperandsOf(atom)) {
    if (operand->kind == cel::ExprKind::kLiteral) continue;
    const std::optional<Value> value = trace_.Find(*operand);
    if (!value.has_value()) continue;
    if (!facts.empty()) facts += " and ";
    facts += Named(*operand) + " is " + DescribeValue(*value);
  }
  return facts;
}

// Which element decided, or that none did.
std::string Reasoner::MacroFacts(const cel::Expr& macro) const {
  const Macro kind = macro.comprehension->macro;
  const auto [range, bodies] = PartsOf(macro);
  if (kind == Macro::kBind) return Explain(*bodies[0]);
  const std::optional<std::string> turn = ShownTurn(macro, trace_);
  if (!turn.has_value()) return Named(*range) + " is empty";
  if (kind == Macro::kExistsOne) return OneFacts(macro, *turn);
  const bool is_all = kind == Macro::kAll;
  std::string at_turn = "for " + *turn + ", " + Explain(*bodies[0]);
  if (Is(macro, !is_all)) return at_turn;
  const std::string elements = Elements(SizeOfRange(*range, trace_), *range);
  if (is_all) return "it holds for all " + elements;
  return "it holds for none of " + elements + "; " + at_turn;
}

// Of exists_one(), whose result compares the number of elements with 1.
std::string Reasoner::OneFacts(const cel::Expr& macro,
                               const std::string& turn) const {
  if (Is(macro, true)) return "it holds for " + turn + " only";
  const auto [range, bodies] = PartsOf(macro);
  const std::optional<Value> count =
      trace_.Find(*macro.arguments[3]->arguments[0]);
  const std::string elements = Elements(SizeOfRange(*range, trace_), *range);
  if (!count.has_value() || count->int_value() == 0) {
    return "it holds for none of " + elements + "; for " + turn + ", " +
           Explain(*bodies[0]);
  }
  return "it holds for " + std::to_string(count->int_value()) + " of " +
         elements + ", the last being " + turn;
}

// The first node that failed although its operands did not. `where` becomes
// the elements at which the loops around it were.
const cel::Expr& Reasoner::FirstFailure(const cel::Expr& node,
                                        std::string& where) const {
  for (const cel::Expr* operand : OperandsOf(node)) {
    const std::optional<Value> value = trace_.Find(*operand);
    if (!value.has_value() || !value->is_error()) continue;
    const bool is_in_loop = node.comprehension != nullptr &&
                            cel::IsLoop(node.comprehension->macro) &&
                            operand != node.operand;
    if (is_in_loop) {
      const std::optional<std::string> turn = ShownTurn(node, trace_);
      if (turn.has_value()) where += " for " + *turn;
    }
    return FirstFailure(*operand, where);
  }
  return node;
}

std::string Reasoner::ExplainFailure(const cel::Expr& failed) const {
  const Value failure = *trace_.Find(failed);
  const ErrorValue& error = failure.error();
  if (failed.kind == cel::ExprKind::kSelect) {
    if (error.code == ErrorCode::kNoSuchField) {
      return Named(failed) + " is missing";
    }
    const std::optional<Value> operand = trace_.Find(*failed.operand);
    if (operand.has_value() && !operand->is_error()) {
      return Named(*failed.operand) + " is " + DescribeValue(*operand) +
             ", which has no fields";
    }
  }
  return DescribeValue(failure) + Hint(failed);
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
      return " (write double(" + Named(operand) + "))";
    }
  }
  return "";
}

}  // namespace

std::string ReasonFor(const cel::Expr& expression, const Trace& trace) {
  return Shortened(Reasoner(trace).Explain(expression), kSentenceBytes);
}

}  // namespace streamer
