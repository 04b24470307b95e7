#include "support/random_filter.h"

#include <algorithm>
#include <string_view>

#include "cel/checker.h"
#include "cel/printer.h"
#include "filter/filter_input.h"
#include "value/containers.h"

namespace streamer::support {
namespace {

namespace operators = cel::operators;

constexpr int kDocumentDepth = 3;

}  // namespace

// Drawn again until its types fit, for no other is accepted as a filter, also
// beside conditions.
std::string RandomFilters::Expression(int depth) {
  for (;;) {
    cel::TreeBuilder builder;
    const cel::Expr* drawn = Logic(builder, depth);
    const cel::Expr* joined = builder.Call(
        operators::kAnd, {drawn, builder.Literal(Value::Bool(true))});
    if (cel::Check(*joined, FilterVariables()).problems.empty()) {
      return cel::Print(*drawn);
    }
  }
}

std::string RandomFilters::Atom() {
  cel::TreeBuilder builder;
  return cel::Print(*Test(builder));
}

std::string RandomFilters::DerivedValue() {
  cel::TreeBuilder builder;
  return cel::Print(*Derived(builder));
}

Condition RandomFilters::Condition() {
  RandomValues values(random_, arena_, ValueRange::kJson);
  streamer::Condition condition;
  condition.field = random_.Chance(1, 8)
                        ? random_.Pick({"id", "_id"})
                        : random_.Pick(RandomValues::field_names());
  if (random_.Chance(1, 4)) {
    condition.field += "." + random_.Pick(RandomValues::field_names());
  }
  condition.op = static_cast<Operator>(random_.Below(8));
  Value value = values.Scalar();
  if (condition.op == Operator::kIn) {
    std::vector<Value> items;
    for (std::size_t i = random_.Below(12); i > 0; --i) {
      items.push_back(values.Any(1));
    }
    value = Value::List(arena_.New<ListValue>(items));
    condition.value = OwnedValue(value);
    return condition;
  }
  const bool is_ordered = condition.op >= Operator::kGreater &&
                          condition.op <= Operator::kLessEqual;
  if (is_ordered && value.is(ValueKind::kNull)) value = values.Number();
  condition.value = OwnedValue(value);
  return condition;
}

FilterSource RandomFilters::Source() {
  FilterSource source;
  for (std::size_t i = random_.Below(4); i > 0; --i) {
    source.conditions.push_back(Condition());
  }
  if (random_.Chance(1, 2)) {
    source.expression = Expression(static_cast<int>(random_.Below(5)));
  }
  return source;
}

const cel::Expr* RandomFilters::Logic(cel::TreeBuilder& builder, int depth) {
  if (depth == 0 || random_.Chance(1, 6)) return Test(builder);
  switch (random_.Below(6)) {
    case 0:
      return builder.Call(operators::kNot, {Logic(builder, depth - 1)});
    case 1:
      return builder.Call(operators::kConditional,
                          {Logic(builder, depth - 1), Logic(builder, depth - 1),
                           Logic(builder, depth - 1)});
    default: {
      std::vector<const cel::Expr*> terms;
      for (std::size_t i = random_.Below(3) + 2; i > 0; --i) {
        terms.push_back(Logic(builder, depth - 1));
      }
      return builder.Chain(
          random_.Chance(1, 2) ? operators::kAnd : operators::kOr, terms);
    }
  }
}

const cel::Expr* RandomFilters::Test(cel::TreeBuilder& builder) {
  switch (random_.Below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return Comparison(builder);
    case 4:
    case 5:
    case 6:
      return Membership(builder);
    case 7:
      return TextTest(builder);
    case 8:
      return Presence(builder);
    case 9:
      return Path(builder);
    case 10:
      return random_.Chance(1, 3)
                 ? builder.Literal(Value::Bool(random_.Chance(1, 2)))
                 : Comparison(builder);
    default:
      return NoPredicate(builder);
  }
}

const cel::Expr* RandomFilters::Comparison(cel::TreeBuilder& builder) {
  const std::string_view op = random_.Pick(
      {operators::kEqual, operators::kEqual, operators::kEqual,
       operators::kNotEqual, operators::kLess, operators::kLessEqual,
       operators::kGreater, operators::kGreaterEqual});
  const cel::Expr* subject = Subject(builder);
  const cel::Expr* constant = Constant(builder);
  if (random_.Chance(1, 4)) std::swap(subject, constant);
  return builder.Call(op, {subject, constant});
}

const cel::Expr* RandomFilters::Membership(cel::TreeBuilder& builder) {
  if (random_.Chance(1, 2)) {
    return builder.Call(operators::kIn,
                        {Subject(builder), ConstantList(builder)});
  }
  return builder.Call(operators::kIn, {Constant(builder), Subject(builder)});
}

const cel::Expr* RandomFilters::TextTest(cel::TreeBuilder& builder) {
  RandomValues values(random_, arena_, ValueRange::kJson);
  const cel::Expr* argument = builder.Literal(
      random_.Chance(1, 2)
          ? values.Text()
          : random_.Pick({Value::String("z"), Value::String("a"),
                          Value::String("0123456789")}));
  const std::string_view function =
      random_.Pick<std::string_view>({"startsWith", "endsWith", "contains"});
  return builder.MemberCall(Subject(builder), function, {&argument, 1});
}

const cel::Expr* RandomFilters::Presence(cel::TreeBuilder& builder) {
  const cel::Expr* operand = builder.Identifier(
      random_.Pick<std::string_view>({"doc", "doc", "data", "before"}));
  if (random_.Chance(1, 2)) operand = Step(builder, operand);
  return builder.Has(operand, random_.Pick(RandomValues::field_names()));
}

// Tests and values that no predicate says.
const cel::Expr* RandomFilters::NoPredicate(cel::TreeBuilder& builder) {
  const cel::Expr* path = Path(builder);
  switch (random_.Below(5)) {
    case 0: {
      const cel::Expr* size = builder.Call("size", {path});
      return builder.Call(operators::kGreater,
                          {size, builder.Literal(Value::Int(1))});
    }
    case 1:
      return builder.Call(operators::kEqual, {path, Path(builder)});
    case 2: {
      const cel::Expr* sum =
          builder.Call(operators::kAdd, {path, Constant(builder)});
      return builder.Call(operators::kLess, {sum, Constant(builder)});
    }
    case 3:
      return builder.Call(operators::kIn, {path, Path(builder)});
    default:
      // Seldom a boolean, which a dyn need not be.
      return builder.Call("dyn", {Constant(builder)});
  }
}

const cel::Expr* RandomFilters::Subject(cel::TreeBuilder& builder) {
  return random_.Chance(1, 6) ? Derived(builder) : Path(builder);
}

// Of every type that a program can make, and failing now and then.
const cel::Expr* RandomFilters::Derived(cel::TreeBuilder& builder) {
  const cel::Expr* path = Path(builder);
  switch (random_.Below(10)) {
    case 0:
      return builder.Call(
          random_.Pick<std::string_view>(
              {"size", "double", "int", "uint", "string", "timestamp", "type"}),
          {path});
    case 1:
      return builder.Call(operators::kAdd, {path, Constant(builder)});
    case 2:
      return builder.Call(operators::kAdd, {path, Path(builder)});
    case 3:
      return builder.Call(operators::kModulo,
                          {path, builder.Literal(Value::Int(3))});
    case 4:
      return builder.Call(
          operators::kDivide,
          {builder.Literal(Value::Double(6)), builder.Call("double", {path})});
    case 5:
      return builder.Call(operators::kIndex,
                          {path, builder.Literal(Value::Int(0))});
    case 6: {
      const cel::Expr* items[] = {path, Constant(builder)};
      return builder.List(items);
    }
    case 7:
      return builder.Call(operators::kConditional,
                          {path, Constant(builder), Path(builder)});
    case 8:
      return builder.Call(operators::kOptionalSelect,
                          {path, builder.Literal(Value::String(random_.Pick(
                                     RandomValues::field_names())))});
    default:
      return builder.Call("dyn", {path});
  }
}

const cel::Expr* RandomFilters::Path(cel::TreeBuilder& builder) {
  if (random_.Chance(1, 10)) {
    return builder.Identifier(random_.Pick<std::string_view>(
        {"op", "id", "tenant", "collection", "timestamp", "doc", "before"}));
  }
  const cel::Expr* path = builder.Identifier(random_.Pick<std::string_view>(
      {"doc", "doc", "doc", "doc", "data", "before"}));
  if (random_.Chance(1, 12)) return builder.Select(path, "id");
  path = Step(builder, path);
  return random_.Chance(1, 4) ? Step(builder, path) : path;
}

const cel::Expr* RandomFilters::Step(cel::TreeBuilder& builder,
                                     const cel::Expr* operand) {
  const std::string& name = random_.Pick(RandomValues::field_names());
  if (random_.Chance(3, 4)) return builder.Select(operand, name);
  return builder.Call(operators::kIndex,
                      {operand, builder.Literal(Value::String(name))});
}

const cel::Expr* RandomFilters::Constant(cel::TreeBuilder& builder) {
  RandomValues values(random_, arena_, ValueRange::kCel);
  if (random_.Chance(1, 10)) {
    return builder.Literal(random_.Pick(
        {Value::String("insert"), Value::String("d1"), Value::String("d2"),
         Value::String("rooms"), Value::Timestamp({1357034400, 0})}));
  }
  return builder.Literal(random_.Chance(1, 12) ? values.Any(2)
                                               : values.Scalar());
}

const cel::Expr* RandomFilters::ConstantList(cel::TreeBuilder& builder) {
  // Beyond eight items a list is looked up by hash.
  std::vector<const cel::Expr*> items;
  for (std::size_t i = random_.Below(14); i > 0; --i) {
    items.push_back(Constant(builder));
  }
  return builder.List(items);
}

FilterInput RandomInputs::Next() {
  arena_.Reset();
  RandomValues values(random_, arena_, range_);
  const Value id = Value::String(
      random_.Pick<std::string_view>({"d1", "d2", "d3", "d4", ""}));
  FilterInput input;
  const Value data = values.Document(kDocumentDepth);
  input[FilterVariable::kData] = data;
  input[FilterVariable::kDoc] = DocumentWithId(data, id);
  if (random_.Chance(1, 2)) {
    input[FilterVariable::kBefore] =
        DocumentWithId(values.Document(kDocumentDepth), id);
  }
  input[FilterVariable::kOp] = Value::String(
      random_.Pick<std::string_view>({"insert", "update", "delete"}));
  input[FilterVariable::kTenant] = Value::String("acme");
  input[FilterVariable::kCollection] = Value::String("rooms");
  input[FilterVariable::kId] = id;
  input[FilterVariable::kTimestamp] = Value::Timestamp(
      {random_.Pick({std::int64_t{1357034400}, std::int64_t{0}}), 0});
  return input;
}

Value RandomInputs::DocumentWithId(const Value& document, const Value& id) {
  std::span<const MapEntry> fields = document.map().entries();
  std::span<MapEntry> all = arena_.NewArray<MapEntry>(fields.size() + 2);
  std::copy(fields.begin(), fields.end(), all.begin());
  all[fields.size()] = {Value::String("id"), id};
  all[fields.size() + 1] = {Value::String("collection"),
                            Value::String("rooms")};
  return Value::Map(MapValue::Make(arena_, all));
}

}  // namespace streamer::support
