#include "filter/internal/condition_tree.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "value/field_path.h"

namespace streamer {
namespace {

namespace operators = cel::operators;

constexpr std::array<std::string_view, 8> kOperatorFunctions = {
    operators::kEqual,        operators::kNotEqual, operators::kGreater,
    operators::kGreaterEqual, operators::kLess,     operators::kLessEqual,
    operators::kIn,           operators::kIn,
};

bool IsOrdered(Operator op) {
  return op >= Operator::kGreater && op <= Operator::kLessEqual;
}

// Types that have an order with any value at all.
bool HasOrder(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
    case ValueKind::kList:
    case ValueKind::kMap:
    case ValueKind::kType:
    case ValueKind::kError:
      return false;
    default:
      return true;
  }
}

class ConditionBuilder {
 public:
  ConditionBuilder(const FilterLimits& limits, cel::TreeBuilder& builder)
      : limits_(limits),
        builder_(builder),
        list_values_left_(limits.expression.list_values) {}

  Result<const cel::Expr*> Build(const Condition& condition);

 private:
  Result<const cel::Expr*> BuildPath(const std::string& field);
  Status CheckValue(Operator op, const Value& value) const;
  Status CheckContent(const Value& value, int depth_left);
  Status CheckItems(const Value& value, int depth_left);

  const FilterLimits& limits_;
  cel::TreeBuilder& builder_;
  std::size_t list_values_left_;
};

Result<const cel::Expr*> ConditionBuilder::Build(const Condition& condition) {
  STREAMER_ASSIGN_OR_RETURN(const cel::Expr* path, BuildPath(condition.field));
  auto op = static_cast<std::size_t>(condition.op);
  if (op >= kOperatorFunctions.size()) {
    return InvalidArgument("op: expected one of the eight operators, got " +
                           std::to_string(op));
  }
  const Value& value = condition.value.value();
  STREAMER_RETURN_IF_ERROR(CheckValue(condition.op, value));
  STREAMER_RETURN_IF_ERROR(CheckContent(value, limits_.expression.depth));
  const cel::Expr* constant = builder_.Literal(value);
  if (condition.op == Operator::kContains) std::swap(path, constant);
  return builder_.Call(kOperatorFunctions[op], {path, constant});
}

Result<const cel::Expr*> ConditionBuilder::BuildPath(const std::string& field) {
  if (field.empty()) {
    return InvalidArgument("field: expected a path, got empty text");
  }
  Result<FieldPath> path = FieldPath::Parse(field == "_id" ? "id" : field);
  if (!path.ok()) {
    return InvalidArgument("field: " + std::string(MessageOf(path.status())));
  }
  const auto depth = static_cast<std::size_t>(limits_.expression.depth);
  if (path->segments().size() >= depth) {
    return InvalidArgument("field: expected fewer than " +
                           std::to_string(depth) + " segments, got " +
                           std::to_string(path->segments().size()));
  }
  const cel::Expr* expression = builder_.Identifier("doc");
  for (const std::string& segment : path->segments()) {
    expression = builder_.Select(expression, segment);
  }
  return expression;
}

Status ConditionBuilder::CheckValue(Operator op, const Value& value) const {
  const std::string kind(NameOf(value.kind()));
  const std::string symbol(Format(op));
  if (op == Operator::kIn && !value.is(ValueKind::kList)) {
    return InvalidArgument("value: expected a list for `in`, got " + kind);
  }
  if (IsOrdered(op) && !HasOrder(value)) {
    return InvalidArgument(
        "value: expected a number, a string or a bool for `" + symbol +
        "`, got " + kind);
  }
  return OkStatus();
}

Status ConditionBuilder::CheckContent(const Value& value, int depth_left) {
  switch (value.kind()) {
    case ValueKind::kError:
    case ValueKind::kType:
      return InvalidArgument("value: expected a JSON value, got " +
                             std::string(NameOf(value.kind())));
    case ValueKind::kList:
    case ValueKind::kMap:
      if (depth_left <= 1) {
        return InvalidArgument("value: expected nesting of at most " +
                               std::to_string(limits_.expression.depth) +
                               " levels");
      }
      return CheckItems(value, depth_left - 1);
    default:
      return OkStatus();
  }
}

Status ConditionBuilder::CheckItems(const Value& value, int depth_left) {
  const bool is_list = value.is(ValueKind::kList);
  const std::size_t count = is_list ? value.list().size() : value.map().size();
  if (count > list_values_left_) {
    return InvalidArgument("value: expected at most " +
                           std::to_string(limits_.expression.list_values) +
                           " list values in all conditions, got more");
  }
  list_values_left_ -= count;
  if (is_list) {
    for (const Value& item : value.list().items()) {
      STREAMER_RETURN_IF_ERROR(CheckContent(item, depth_left));
    }
    return OkStatus();
  }
  for (const MapEntry& entry : value.map().entries()) {
    STREAMER_RETURN_IF_ERROR(CheckContent(entry.value, depth_left));
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<const cel::Expr*>> BuildConditions(
    std::span<const Condition> conditions, const FilterLimits& limits,
    cel::TreeBuilder& builder) {
  if (conditions.size() > limits.conditions) {
    return InvalidArgument(
        "filters: expected at most " + std::to_string(limits.conditions) +
        " conditions, got " + std::to_string(conditions.size()));
  }
  ConditionBuilder condition_builder(limits, builder);
  std::vector<const cel::Expr*> built;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    Result<const cel::Expr*> expression =
        condition_builder.Build(conditions[i]);
    if (!expression.ok()) {
      return InvalidArgument("filters[" + std::to_string(i) + "]." +
                             std::string(MessageOf(expression.status())));
    }
    built.push_back(*expression);
  }
  return built;
}

}  // namespace streamer
