#include "cel/cost.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "cel/functions.h"
#include "cel/internal/names.h"
#include "cel/macros.h"
#include "cel/parser.h"

namespace streamer::cel {
namespace {

constexpr Units kMostUnits = ~Units{0} / 4;

Units Add(Units left, Units right) {
  return std::min(left + right, kMostUnits);
}

Units Multiply(Units left, Units right) {
  if (left != 0 && right > kMostUnits / left) return kMostUnits;
  return left * right;
}

// What stands for a text or list that is not known yet: only sizes count.
std::string_view LongText() {
  static const std::string kText(std::size_t{1} << 20, 'x');
  return kText;
}
const std::vector<Value>& LongList() {
  static const std::vector<Value> kItems(std::size_t{1} << 16);
  return kItems;
}

// Walks a tree and adds up what every node may cost, once, or once for each
// turn of the loops around it.
class Estimator {
 public:
  Estimator(const Variables& variables, const Limits& limits)
      : variables_(variables), limits_(limits) {
    assumed_text_ = Value::String(LongText().substr(0, TextSize()));
    list_.emplace(std::span(LongList()).first(ListSize()));
  }

  // REQUIRES: node.depth <= kMaxTreeDepth.
  Units Estimate(const Expr& node, int loops);

  // The innermost node at which a limit was passed, and how.
  [[nodiscard]] const Expr* culprit() const { return culprit_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  Units EstimateNode(const Expr& node, int loops);
  Units EstimateAll(const Expr& node, int loops);
  Units EstimateCall(const Expr& node, int loops);
  Units EstimateFold(const Expr& node, int loops);
  Units EstimateFunction(const Expr& node);
  Units Turns(const Expr& range) const;
  void Refuse(const Expr& node, std::string problem);

  // Sizes beyond those of the shared text and list are taken for theirs.
  [[nodiscard]] std::size_t TextSize() const {
    return std::min(limits_.estimated_text_bytes, LongText().size());
  }
  [[nodiscard]] std::size_t ListSize() const {
    return std::min(limits_.estimated_list_size, LongList().size());
  }

  const Variables& variables_;
  const Limits& limits_;
  Value assumed_text_;
  std::optional<ListValue> list_;
  const Expr* culprit_ = nullptr;
  std::string problem_;
};

Units Estimator::Estimate(const Expr& node, int loops) {
  Units units = EstimateNode(node, loops);
  if (units > limits_.estimate) {
    Refuse(node,
           "expected an estimated cost of at most " +
               std::to_string(limits_.estimate) + " units, got " +
               (units >= kMostUnits ? "far more" : std::to_string(units)));
  }
  return units;
}

Units Estimator::EstimateNode(const Expr& node, int loops) {
  switch (node.kind) {
    case ExprKind::kLiteral:
    case ExprKind::kIdentifier:
      return 1;
    case ExprKind::kSelect:
      return Add(1, Estimate(*node.operand, loops));
    case ExprKind::kCall:
      return EstimateCall(node, loops);
    case ExprKind::kList:
    case ExprKind::kMap:
    case ExprKind::kMessage:
      return Add(2 * node.arguments.size() + 1, EstimateAll(node, loops));
    case ExprKind::kComprehension:
      return EstimateFold(node, loops);
  }
  return 1;
}

Units Estimator::EstimateAll(const Expr& node, int loops) {
  Units units = 0;
  if (node.operand != nullptr) units = Estimate(*node.operand, loops);
  for (const Expr* argument : node.arguments) {
    units = Add(units, Estimate(*argument, loops));
  }
  return units;
}

Units Estimator::EstimateCall(const Expr& node, int loops) {
  return Add(EstimateFunction(node), EstimateAll(node, loops));
}

// Arguments whose value is known count as they are; every other is a long text
// or a long list, whichever costs more.
Units Estimator::EstimateFunction(const Expr& node) {
  auto call = internal::ResolveCall(node, variables_,
                                    [](std::string_view) { return false; });
  if (call.entry == nullptr) return 1;
  absl::InlinedVector<Value, 4> texts;
  absl::InlinedVector<Value, 4> lists;
  auto add = [&](const Expr& argument) {
    bool is_known = argument.kind == ExprKind::kLiteral;
    texts.push_back(is_known ? argument.literal : assumed_text_);
    lists.push_back(is_known ? argument.literal : Value::List(&*list_));
  };
  if (call.has_receiver) add(*node.operand);
  for (const Expr* argument : node.arguments) add(*argument);
  // What is looked for in a list is hardly ever a list itself.
  bool is_member = call.entry->cost.rule == CostRule::kMember;
  if (is_member && node.arguments[0]->kind != ExprKind::kLiteral) {
    texts[0] = lists[0] = Value::Null();
  }
  if (call.entry->cost.rule == CostRule::kRange &&
      !texts[0].is(ValueKind::kInt)) {
    return Add(call.entry->cost.units, limits_.estimated_list_size);
  }
  return Add(call.entry->cost.units,
             std::max(ChargeOf(call.entry->cost, texts, kMostUnits),
                      ChargeOf(call.entry->cost, lists, kMostUnits)));
}

Units Estimator::Turns(const Expr& range) const {
  if (range.kind == ExprKind::kLiteral && range.literal.is(ValueKind::kList)) {
    return range.literal.list().size();
  }
  if (range.kind == ExprKind::kList) return range.arguments.size();
  if (range.kind == ExprKind::kMap) return range.arguments.size() / 2;
  return limits_.estimated_list_size;
}

// The range, the start and the result are evaluated once. What a turn adds to
// a list costs one unit, for it is added in place.
Units Estimator::EstimateFold(const Expr& node, int loops) {
  const Comprehension& fold = *node.comprehension;
  Units once =
      Add(Estimate(*node.operand, loops), Estimate(*node.arguments[0], loops));
  if (!IsLoop(fold.macro)) {
    return Add(once, Estimate(*node.arguments[3], loops));
  }
  if (loops + 1 > limits_.loops) {
    Refuse(node, "expected loops at most " + std::to_string(limits_.loops) +
                     " deep, got one more");
  }
  bool has_two = !fold.second_variable.empty();
  Units body = 2;
  for (const Expr* part : fold.written->arguments.subspan(has_two ? 2 : 1)) {
    body = Add(body, Estimate(*part, loops + 1));
  }
  return Add(once, Multiply(body, Turns(*node.operand)));
}

void Estimator::Refuse(const Expr& node, std::string problem) {
  if (culprit_ != nullptr) return;
  culprit_ = &node;
  problem_ = std::move(problem);
}

}  // namespace

Units EstimateCost(const Expr& expression, const Variables& variables,
                   const Limits& limits) {
  if (expression.depth > kMaxTreeDepth) return kMostUnits;
  return Estimator(variables, limits).Estimate(expression, 0);
}

Status CheckCost(const Tree& tree, const Variables& variables,
                 const Limits& limits) {
  const Expr& root = tree.root();
  if (root.depth > kMaxTreeDepth) {
    return ExpressionError(tree.text(), root.position,
                           "expected a tree of at most " +
                               std::to_string(kMaxTreeDepth) +
                               " levels, got more");
  }
  Estimator estimator(variables, limits);
  estimator.Estimate(root, 0);
  if (estimator.culprit() == nullptr) return OkStatus();
  return ExpressionError(tree.text(), estimator.culprit()->position,
                         estimator.problem());
}

}  // namespace streamer::cel
