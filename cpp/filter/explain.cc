#include "filter/explain.h"

#include <algorithm>
#include <utility>

#include "cel/checker.h"
#include "cel/cost.h"
#include "cel/macros.h"
#include "cel/printer.h"
#include "filter/internal/atom.h"
#include "filter/internal/describe.h"
#include "filter/internal/logic.h"
#include "filter/internal/reason.h"
#include "filter/internal/selectivity.h"
#include "filter/internal/trace.h"
#include "filter/internal/turn.h"

namespace streamer {
namespace {

// Of one node, but for the root.
constexpr std::size_t kTextBytes = 1000;
// Of all values together: a unit is a value, or 64 bytes of text.
constexpr cel::Units kValueUnits = 16'384;
constexpr cel::Units kLeastLargest = 32;

// The predicate through which `conjunction` would be reached, if any.
const Predicate* AccessOf(const Conjunction& conjunction) {
  auto best = std::min_element(conjunction.predicates.begin(),
                               conjunction.predicates.end(),
                               [](const Predicate& a, const Predicate& b) {
                                 return ExpectedHits(a) < ExpectedHits(b);
                               });
  return best == conjunction.predicates.end() ? nullptr : &*best;
}

// Whether the index reaches `part` when it looks for `access`: the same test,
// or one of the equalities that were put together.
bool IsPartOf(const Predicate& access, const Predicate& part) {
  if (access.variable != part.variable || access.path != part.path) {
    return false;
  }
  if (access.kind == PredicateKind::kIn) {
    return part.kind == PredicateKind::kEqual ||
           part.kind == PredicateKind::kIn;
  }
  std::string access_key;
  std::string part_key;
  Predicate same_answer = part;
  same_answer.wanted = access.wanted;
  access.AppendIdentity(access_key);
  same_answer.AppendIdentity(part_key);
  return access_key == part_key;
}

class Explainer {
 public:
  Explainer(const Filter& filter, const FilterInput& input)
      : trace_(filter, input), reader_(filter.tree().arena()) {
    for (const Conjunction& conjunction : filter.conjunctions()) {
      const Predicate* access = AccessOf(conjunction);
      if (access != nullptr) accesses_.push_back(access);
      for (const Predicate& predicate : conjunction.predicates) {
        if (predicate.variable == FilterVariable::kDerived) {
          derived_.push_back(&predicate);
        }
      }
    }
  }

  ExplainedNode Explain(const cel::Expr& expression);
  // What `node` is, or why it failed.
  void SetResult(const Value& value, ExplainedNode& node);
  [[nodiscard]] const Trace& trace() const { return trace_; }

 private:
  void AddOperands(const cel::Expr& expression, std::string_view chain,
                   ExplainedNode& node);
  void AddParts(const cel::Expr& macro, ExplainedNode& node);
  void MarkPredicate(const cel::Expr& expression, ExplainedNode& node);
  std::optional<Predicate> ReadPredicate(const cel::Expr& expression);
  OwnedValue Keep(const Value& value);

  Trace trace_;
  AtomReader reader_;
  std::vector<const Predicate*> accesses_;
  std::vector<const Predicate*> derived_;  // those of derived values
  cel::Units units_left_ = kValueUnits;
  cel::Units largest_ = kValueUnits;
  int loops_ = 0;  // around the node at hand
};

bool IsLogic(const cel::Expr& expression) {
  return JunctionOf(expression, Answer::kTrue) != Junction::kNone ||
         (expression.kind == cel::ExprKind::kCall &&
          expression.name == cel::operators::kNot);
}

bool IsChain(const cel::Expr& expression) {
  const Junction junction = JunctionOf(expression, Answer::kTrue);
  return junction == Junction::kAnd || junction == Junction::kOr;
}

ExplainedNode Explainer::Explain(const cel::Expr& expression) {
  ExplainedNode node;
  node.text = Shortened(cel::Print(expression), kTextBytes);
  if (const std::optional<Value> value = trace_.Find(expression)) {
    SetResult(*value, node);
  }
  if (loops_ == 0 && !IsLogic(expression)) MarkPredicate(expression, node);
  AddOperands(expression, IsChain(expression) ? expression.name : "", node);
  return node;
}

void Explainer::SetResult(const Value& value, ExplainedNode& node) {
  if (value.is_error()) {
    node.error = DescribeValue(value);
  } else {
    node.value = Keep(value);
  }
}

// A copy of `value`, or what is left to keep of it. Each that is too large
// halves what is looked at of the next, so that all looking is bounded too.
OwnedValue Explainer::Keep(const Value& value) {
  const cel::Units most = std::min(units_left_, largest_);
  const cel::Units units = cel::DeepSize(value, most);
  if (units <= most) {
    units_left_ -= units;
    return OwnedValue(value);
  }
  largest_ = std::max(largest_ / 2, kLeastLargest);
  const std::string described = DescribeValue(value);
  return OwnedValue(Value::String(described));
}

// Operands that are literals or mere steps of a path say nothing of their
// own; the operands of one chain stand beside one another.
void Explainer::AddOperands(const cel::Expr& expression, std::string_view chain,
                            ExplainedNode& node) {
  if (expression.kind == cel::ExprKind::kSelect) return;
  if (expression.kind == cel::ExprKind::kComprehension) {
    return AddParts(expression, node);
  }
  if (expression.operand != nullptr) {
    node.children.push_back(Explain(*expression.operand));
  }
  for (const cel::Expr* operand : expression.arguments) {
    if (operand->kind == cel::ExprKind::kLiteral) continue;
    if (IsChain(*operand) && operand->name == chain) {
      AddOperands(*operand, chain, node);
    } else {
      node.children.push_back(Explain(*operand));
    }
  }
}

// A macro as it was written: what it runs through, and what it evaluates for
// the element shown.
void Explainer::AddParts(const cel::Expr& macro, ExplainedNode& node) {
  const auto [range, bodies] = PartsOf(macro);
  if (range->kind != cel::ExprKind::kLiteral) {
    node.children.push_back(Explain(*range));
  }
  const bool is_loop = macro.comprehension->macro != cel::Macro::kBind;
  const std::string turn = ShownTurn(macro, trace_).value_or("");
  if (is_loop) ++loops_;
  for (const cel::Expr* body : bodies) {
    if (body->kind == cel::ExprKind::kLiteral) continue;
    node.children.push_back(Explain(*body));
    node.children.back().turn = turn;
  }
  if (is_loop) --loops_;
}

void Explainer::MarkPredicate(const cel::Expr& expression,
                              ExplainedNode& node) {
  const std::optional<Predicate> predicate = ReadPredicate(expression);
  if (!predicate.has_value()) return;
  const bool is_value =
      predicate->kind == PredicateKind::kIsBoolean &&
      !(node.value.has_value() && node.value->value().is(ValueKind::kBool));
  node.is_indexed = !is_value;
  node.is_access =
      node.is_indexed && std::any_of(accesses_.begin(), accesses_.end(),
                                     [&](const Predicate* access) {
                                       return IsPartOf(*access, *predicate);
                                     });
}

// A test of a derived value is one that the index keeps only where the filter
// has it as a predicate.
std::optional<Predicate> Explainer::ReadPredicate(const cel::Expr& expression) {
  std::optional<Predicate> predicate = reader_.Read(expression, Answer::kTrue);
  if (predicate.has_value() || derived_.empty()) return predicate;
  predicate = reader_.ReadDerived(expression, Answer::kTrue);
  const bool is_kept =
      predicate.has_value() &&
      std::any_of(derived_.begin(), derived_.end(), [&](const Predicate* kept) {
        return IsPartOf(*kept, *predicate);
      });
  return is_kept ? predicate : std::nullopt;
}

void FormatNode(const ExplainedNode& node, std::size_t depth,
                std::string& text) {
  text.append(2 * depth, ' ');
  text += node.text;
  if (!node.error.empty()) {
    text += " failed: " + node.error;
  } else if (node.value.has_value()) {
    text += " = " + DescribeValue(node.value->value());
  } else {
    text += " was not needed";
  }
  if (node.is_access) {
    text += "  [access]";
  } else if (node.is_indexed) {
    text += "  [indexed]";
  }
  if (!node.turn.empty()) text += "  [" + node.turn + "]";
  text += '\n';
  for (const ExplainedNode& child : node.children) {
    FormatNode(child, depth + 1, text);
  }
}

// What matching makes of it: the value, and the cost.
Value Match(const Filter& filter, const FilterInput& input, Arena& arena,
            Explanation& explanation) {
  cel::Meter meter;
  const Value value = filter.program().Evaluate(input.values, arena, meter);
  explanation.is_match = value.is_true();
  explanation.measured_cost = meter.used();
  explanation.estimated_cost =
      cel::EstimateCost(filter.tree().root(), FilterVariables());
  return value;
}

bool IsOverBudget(const Value& value) {
  return value.is_error() && value.error().code == ErrorCode::kOverBudget;
}

// The walk is slower than the program, and may end before it.
std::string SentenceFor(const cel::Expr& root, const Value& value,
                        const Trace& trace) {
  if (IsOverBudget(value)) {
    return Quoted(root) + " failed: it takes more than the " +
           std::to_string(cel::kEvaluationBudget) +
           " units that an evaluation may use";
  }
  if (root.kind == cel::ExprKind::kLiteral) {
    return "the filter is the constant " + Quoted(root);
  }
  const std::optional<Value> seen = trace.Find(root);
  if (!seen.has_value() || IsOverBudget(*seen)) {
    return Quoted(root) + (value.is_error() ? " failed: " : " is ") +
           DescribeValue(value) + "; why would take too long to find out";
  }
  return ReasonFor(root, trace);
}

}  // namespace

std::string Explanation::Format() const {
  std::string text = sentence + "\n\n";
  FormatNode(root, 0, text);
  text += '\n';
  for (const std::string& warning : warnings) {
    text += "warning: " + warning + '\n';
  }
  text += "cost: " + std::to_string(measured_cost) + " units, estimated " +
          std::to_string(estimated_cost) + '\n';
  return text;
}

Explanation Explain(const Filter& filter, const FilterInput& input) {
  Explainer explainer(filter, input);
  const cel::Expr& root = filter.tree().root();
  Explanation explanation;
  Arena arena;
  const Value value = Match(filter, input, arena, explanation);
  explanation.sentence = SentenceFor(root, value, explainer.trace());
  explanation.root = explainer.Explain(root);
  explanation.root.text = filter.text();
  explanation.root.value.reset();
  explanation.root.error.clear();
  explainer.SetResult(value, explanation.root);
  for (cel::CheckProblem& warning :
       cel::Check(filter.tree(), FilterVariables()).warnings) {
    explanation.warnings.push_back(std::move(warning.message));
  }
  return explanation;
}

}  // namespace streamer
