#include "support/random_expression.h"

#include <utility>

#include "cel/functions.h"
#include "cel/macros.h"

namespace streamer::support {
namespace {

using cel::CallStyle;
using cel::Expr;
using cel::FunctionEntry;
namespace operators = cel::operators;

const std::vector<std::string_view>& Relations() {
  static const std::vector<std::string_view> kRelations = {
      operators::kEqual,     operators::kNotEqual, operators::kLess,
      operators::kLessEqual, operators::kGreater,  operators::kGreaterEqual};
  return kRelations;
}

const std::vector<std::string_view>& TextTests() {
  static const std::vector<std::string_view> kTests = {"startsWith", "endsWith",
                                                       "contains"};
  return kTests;
}

}  // namespace

const cel::Variables& RandomExpressions::variables() {
  static const cel::Variables kVariables({"doc", "before", "op"});
  return kVariables;
}

std::vector<Value> RandomExpressions::DrawBindings(RandomValues& values) {
  std::vector<Value> bindings = {values.Document(2), Value::Null(),
                                 Value::String("update")};
  if (random_.Chance(1, 2)) bindings[1] = values.Document(1);
  if (style_ == ExpressionStyle::kAnything && random_.Chance(1, 8)) {
    bindings[random_.Below(3)] = values.Any(2);
  }
  return bindings;
}

cel::Tree RandomExpressions::Draw(int depth) {
  cel::TreeBuilder builder;
  const Expr* root = Draw(builder, depth);
  return std::move(builder).Finish(root, "");
}

const Expr* RandomExpressions::Draw(cel::TreeBuilder& builder, int depth) {
  arena_.Reset();
  builder_ = &builder;
  return style_ == ExpressionStyle::kFilter ? Filter(depth) : Anything(depth);
}

const Expr* RandomExpressions::Path() {
  std::string_view variable =
      random_.Chance(1, 8) ? std::string_view("before") : "doc";
  const Expr* path = builder_->Identifier(variable);
  for (std::size_t steps = random_.Chance(1, 4) ? 2 : 1; steps > 0; --steps) {
    path = builder_->Select(path, random_.Pick(RandomValues::field_names()));
  }
  return path;
}

const Expr* RandomExpressions::Text() {
  return builder_->Literal(constants_.Text());
}

const Expr* RandomExpressions::Constant() {
  return builder_->Literal(random_.Chance(1, 8) ? constants_.Any(2)
                                                : constants_.Scalar());
}

const Expr* RandomExpressions::ConstantList() {
  std::vector<const Expr*> items(random_.Below(10));
  for (const Expr*& item : items) item = Constant();
  return builder_->List(items);
}

const Expr* RandomExpressions::Pattern() {
  return builder_->Literal(Value::String(random_.Pick(
      {"", "a", "^a.*", "[0-9]+$", "(?i)ZEB", "a|b", "[a-zé]{2}"})));
}

const Expr* RandomExpressions::TextTest() {
  const Expr* path = Path();
  if (random_.Chance(1, 5)) {
    const Expr* pattern = Pattern();
    return builder_->MemberCall(path, "matches", std::span(&pattern, 1));
  }
  const Expr* text = Text();
  return builder_->MemberCall(path, random_.Pick(TextTests()),
                              std::span(&text, 1));
}

// One test of one field.
const Expr* RandomExpressions::Test() {
  if (random_.Chance(1, 16)) return LoopTest();
  switch (random_.Below(10)) {
    case 0:
      return builder_->Call(operators::kIn, {Path(), ConstantList()});
    case 1:
      return builder_->Call(operators::kIn, {Constant(), Path()});
    case 2:
      return builder_->Has(builder_->Identifier("doc"),
                           random_.Pick(RandomValues::field_names()));
    case 3:
      return TextTest();
    case 4:
      return builder_->Call(
          random_.Pick(Relations()),
          {builder_->Call("size", {Path()}), builder_->Literal(Value::Int(2))});
    case 5:
      return builder_->Call(random_.Pick(Relations()), {Path(), Path()});
    default:
      return random_.Chance(1, 6) ? builder_->Call(random_.Pick(Relations()),
                                                   {Constant(), Path()})
                                  : builder_->Call(random_.Pick(Relations()),
                                                   {Path(), Constant()});
  }
}

// A chain of up to five terms, as it is parsed.
const Expr* RandomExpressions::Chain(int depth) {
  std::vector<const Expr*> terms(2 + random_.Below(4));
  for (const Expr*& term : terms) {
    term = style_ == ExpressionStyle::kFilter ? Filter(depth - 1)
                                              : Anything(depth - 1);
  }
  return builder_->Chain(
      random_.Chance(1, 2) ? operators::kAnd : operators::kOr, terms);
}

const Expr* RandomExpressions::Join(int depth) {
  switch (random_.Below(6)) {
    case 0:
      return builder_->Call(operators::kNot, {Filter(depth - 1)});
    case 1:
      return builder_->Call(
          operators::kConditional,
          {Filter(depth - 1), Filter(depth - 1), Filter(depth - 1)});
    case 2:
      return Chain(depth);
    default:
      return builder_->Call(
          random_.Chance(1, 2) ? operators::kAnd : operators::kOr,
          {Filter(depth - 1), Filter(depth - 1)});
  }
}

const Expr* RandomExpressions::Filter(int depth) {
  if (depth <= 1 || random_.Chance(1, 4)) return Test();
  return Join(depth);
}

// A call of any function of the table, or of && || ?: and has(), which are
// not in it.
const Expr* RandomExpressions::AnyCall(int depth) {
  std::span<const FunctionEntry> entries = cel::AllFunctions();
  std::size_t drawn = random_.Below(entries.size() + 8);
  if (drawn >= entries.size() + 4) return Chain(depth);
  if (drawn >= entries.size() + 2) {
    return builder_->Call(
        operators::kConditional,
        {Anything(depth - 1), Anything(depth - 1), Anything(depth - 1)});
  }
  if (drawn >= entries.size()) {
    return builder_->Has(Anything(depth - 1),
                         random_.Pick(RandomValues::field_names()));
  }
  const FunctionEntry& entry = entries[drawn];
  // Only macros call these.
  if (entry.name == operators::kMapInsert || entry.name == operators::kSortBy) {
    return AnyMacro(depth);
  }
  std::vector<const Expr*> arguments(
      entry.argument_count == cel::kAnyNumber ? 3 : entry.argument_count);
  for (const Expr*& argument : arguments) argument = Anything(depth - 1);
  if (entry.name == "matches" && random_.Chance(3, 4)) {
    arguments.back() = Pattern();
  }
  if (entry.name == operators::kOptionalSelect) {
    arguments[1] = builder_->Literal(
        Value::String(random_.Pick(RandomValues::field_names())));
  }
  return CallOf(entry, std::move(arguments));
}

// As the parser reads it: of math.abs(x), `math` is the receiver.
const Expr* RandomExpressions::CallOf(const FunctionEntry& entry,
                                      std::vector<const Expr*> arguments) {
  std::span<const Expr* const> all(arguments);
  if (entry.style == CallStyle::kMember) {
    return builder_->MemberCall(arguments[0], entry.name, all.subspan(1));
  }
  std::size_t dot = entry.name.rfind('.');
  if (dot == entry.name.npos || entry.name.starts_with('_')) {
    return builder_->Call(entry.name, all);
  }
  return builder_->MemberCall(builder_->Identifier(entry.name.substr(0, dot)),
                              entry.name.substr(dot + 1), all);
}

const Expr* RandomExpressions::Variable() {
  return builder_->Identifier(random_.Pick(variables_));
}

// A loop or a binding, with its variables in scope.
const Expr* RandomExpressions::AnyMacro(int depth) {
  struct Shape {
    std::string_view name;
    std::size_t variables;
    std::size_t bodies;
  };
  static const std::vector<Shape> kShapes = {{"all", 1, 1},
                                             {"all", 2, 1},
                                             {"exists", 1, 1},
                                             {"exists", 2, 1},
                                             {"exists_one", 1, 1},
                                             {"existsOne", 2, 1},
                                             {"map", 1, 1},
                                             {"map", 1, 2},
                                             {"filter", 1, 1},
                                             {"transformList", 2, 1},
                                             {"transformList", 2, 2},
                                             {"transformMap", 2, 1},
                                             {"transformMap", 2, 2},
                                             {"transformMapEntry", 2, 1},
                                             {"transformMapEntry", 2, 2},
                                             {"optMap", 1, 1},
                                             {"optFlatMap", 1, 1},
                                             {"sortBy", 1, 1},
                                             {"bind", 1, 2}};
  const Shape shape = random_.Pick(kShapes);
  const Expr* receiver = shape.name == "bind"   ? builder_->Identifier("cel")
                         : random_.Chance(1, 2) ? Path()
                                                : AnyContainer(depth - 1);
  std::size_t outer = variables_.size();
  std::vector<const Expr*> arguments;
  std::size_t bodies = shape.bodies;
  const Expr* bound = nullptr;  // outside the scope of its name
  if (shape.name == "bind") {
    bound = Anything(depth - 1);
    --bodies;
  }
  for (std::size_t i = 0; i < shape.variables; ++i) {
    variables_.push_back(i == 0 ? random_.Pick({"v", "w", "doc"}) : "u");
    arguments.push_back(builder_->Identifier(variables_.back()));
  }
  if (bound != nullptr) arguments.push_back(bound);
  for (std::size_t i = 0; i < bodies; ++i) {
    arguments.push_back(random_.Chance(1, 3) ? Variable()
                                             : Anything(depth - 1));
  }
  variables_.resize(outer);
  cel::Macro macro = cel::FindMacro(shape.name, *receiver, arguments.size());
  return cel::ExpandMacro(*builder_, macro, shape.name, receiver, arguments);
}

// doc.list.exists(v, v == "x")
const Expr* RandomExpressions::LoopTest() {
  bool is_all = random_.Chance(1, 3);
  const Expr* path = Path();
  const Expr* variable = builder_->Identifier("v");
  const Expr* test = builder_->Call(random_.Pick(Relations()),
                                    {builder_->Identifier("v"), Constant()});
  const Expr* arguments[] = {variable, test};
  return cel::ExpandMacro(*builder_,
                          is_all ? cel::Macro::kAll : cel::Macro::kExists,
                          is_all ? "all" : "exists", path, arguments);
}

const Expr* RandomExpressions::AnyContainer(int depth) {
  bool is_map = random_.Chance(1, 2);
  std::vector<const Expr*> parts(random_.Below(4) * (is_map ? 2 : 1));
  for (const Expr*& part : parts) part = Anything(depth - 1);
  // Keys that fit, mostly, or no map would ever be made.
  for (std::size_t i = 0; is_map && i < parts.size(); i += 2) {
    if (random_.Chance(7, 8)) parts[i] = Text();
  }
  bool are_optional[4] = {};
  for (bool& flag : are_optional) flag = random_.Chance(1, 12);
  std::span<const bool> flags(are_optional,
                              is_map ? parts.size() / 2 : parts.size());
  return is_map ? builder_->Map(parts, flags) : builder_->List(parts, flags);
}

const Expr* RandomExpressions::Anything(int depth) {
  if (!variables_.empty() && random_.Chance(1, 4)) return Variable();
  if (depth <= 1) return random_.Chance(1, 2) ? Path() : Constant();
  if (random_.Chance(1, 8)) return AnyMacro(depth);
  switch (random_.Below(12)) {
    case 0:
      return Constant();
    case 1:
      return Path();
    case 2:
      return AnyContainer(depth);
    case 3:
      return builder_->Select(Anything(depth - 1),
                              random_.Pick(RandomValues::field_names()));
    case 4:
      return builder_->Identifier(
          random_.Pick({"doc", ".doc", "op", "before", "int", "string"}));
    case 5:
    case 6:
    case 7:
      return Filter(depth);
    default:
      return AnyCall(depth);
  }
}

}  // namespace streamer::support
