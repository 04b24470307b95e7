#include "cel/macros.h"

#include <vector>

namespace streamer::cel {
namespace {

// No text can spell these, so no name of the user's is hidden by them.
constexpr std::string_view kAccumulator = "@result";
constexpr std::string_view kUnused = "#unused";
constexpr std::string_view kTarget = "@target";
constexpr std::string_view kSortInput = "@__sortBy_input__";

struct MacroEntry {
  std::string_view name;
  std::size_t argument_count;
  Macro macro;
  int variables;
};

constexpr MacroEntry kMacros[] = {
    {"all", 2, Macro::kAll, 1},
    {"all", 3, Macro::kAll, 2},
    {"exists", 2, Macro::kExists, 1},
    {"exists", 3, Macro::kExists, 2},
    {"exists_one", 2, Macro::kExistsOne, 1},
    {"exists_one", 3, Macro::kExistsOne, 2},
    {"existsOne", 2, Macro::kExistsOne, 1},
    {"existsOne", 3, Macro::kExistsOne, 2},
    {"map", 2, Macro::kMap, 1},
    {"map", 3, Macro::kMapFiltered, 1},
    {"filter", 2, Macro::kFilter, 1},
    {"transformList", 3, Macro::kTransformList, 2},
    {"transformList", 4, Macro::kTransformListFiltered, 2},
    {"transformMap", 3, Macro::kTransformMap, 2},
    {"transformMap", 4, Macro::kTransformMapFiltered, 2},
    {"transformMapEntry", 3, Macro::kTransformMapEntry, 2},
    {"transformMapEntry", 4, Macro::kTransformMapEntryFiltered, 2},
    {"optMap", 2, Macro::kOptMap, 1},
    {"optFlatMap", 2, Macro::kOptFlatMap, 1},
    {"sortBy", 2, Macro::kSortBy, 1},
};

struct BlockName {
  std::string_view name;
  std::size_t arguments;
  std::string_view prefix;
};

constexpr BlockName kBlockNames[] = {
    {"index", 1, "@index"}, {"iterVar", 2, "@it:"}, {"accuVar", 2, "@ac:"}};

bool IsName(const Expr& node, std::string_view name) {
  return node.kind == ExprKind::kIdentifier && node.name == name;
}

// Writes one macro out; every node takes the position of the macro.
class Expansion {
 public:
  Expansion(TreeBuilder& builder, Macro macro, std::string_view name,
            const Expr* receiver, std::span<const Expr* const> arguments)
      : builder_(builder),
        macro_(macro),
        range_(receiver),
        arguments_(arguments),
        written_(builder.MemberCall(receiver, name, arguments)) {
    bool is_bind = macro == Macro::kBind;
    bool has_two = !is_bind && NumberOfVariables() == 2;
    if (has_two) {
      variable_ = arguments[0]->name;
      second_variable_ = arguments[1]->name;
    } else {
      variable_ = arguments[0]->name;
    }
    rest_ = arguments.subspan(has_two ? 2 : 1);
  }

  const Expr* Run();

 private:
  [[nodiscard]] int NumberOfVariables() const;
  const Expr* Accumulator() { return builder_.Identifier(kAccumulator); }
  const Expr* True() { return builder_.Literal(Value::Bool(true)); }
  const Expr* Int(int number) { return builder_.Literal(Value::Int(number)); }

  const Expr* Loop(const Expr* start, const Expr* condition, const Expr* step,
                   const Expr* result);
  const Expr* Quantifier(bool is_all);
  const Expr* ExistsOne();
  const Expr* Collect(const Expr* filter, const Expr* element);
  const Expr* CollectEntries(const Expr* filter, bool are_entries);
  const Expr* When(const Expr* filter, const Expr* step);
  const Expr* Bind(std::string_view name, const Expr* value, const Expr* body,
                   const Expr* written, Macro macro);
  const Expr* OptionalMap(bool is_flat);
  const Expr* SortBy();

  TreeBuilder& builder_;
  Macro macro_;
  const Expr* range_;
  std::span<const Expr* const> arguments_;
  const Expr* written_;
  std::string_view variable_;
  std::string_view second_variable_;
  std::span<const Expr* const> rest_;  // the arguments after the variables
};

int Expansion::NumberOfVariables() const {
  for (const MacroEntry& entry : kMacros) {
    if (entry.macro == macro_ && entry.argument_count == arguments_.size()) {
      return entry.variables;
    }
  }
  return 1;
}

const Expr* Expansion::Run() {
  switch (macro_) {
    case Macro::kAll:
      return Quantifier(true);
    case Macro::kExists:
      return Quantifier(false);
    case Macro::kExistsOne:
      return ExistsOne();
    case Macro::kMap:
    case Macro::kTransformList:
      return Collect(nullptr, rest_[0]);
    case Macro::kMapFiltered:
    case Macro::kTransformListFiltered:
      return Collect(rest_[0], rest_[1]);
    case Macro::kFilter:
      return Collect(rest_[0], arguments_[0]);
    case Macro::kTransformMap:
      return CollectEntries(nullptr, false);
    case Macro::kTransformMapFiltered:
      return CollectEntries(rest_[0], false);
    case Macro::kTransformMapEntry:
      return CollectEntries(nullptr, true);
    case Macro::kTransformMapEntryFiltered:
      return CollectEntries(rest_[0], true);
    case Macro::kBind:
      return Bind(variable_, rest_[0], rest_[1], written_, Macro::kBind);
    case Macro::kOptMap:
      return OptionalMap(false);
    case Macro::kOptFlatMap:
      return OptionalMap(true);
    case Macro::kSortBy:
      return SortBy();
    case Macro::kNone:
      break;
  }
  return written_;
}

const Expr* Expansion::Loop(const Expr* start, const Expr* condition,
                            const Expr* step, const Expr* result) {
  return builder_.Fold(
      {variable_, second_variable_, kAccumulator, macro_, written_}, range_,
      {start, condition, step, result});
}

// Goes on while the answer is open; what is neither true nor false leaves it
// so, and a later element may still decide.
const Expr* Expansion::Quantifier(bool is_all) {
  const Expr* start = builder_.Literal(Value::Bool(is_all));
  const Expr* open = Accumulator();
  if (!is_all) open = builder_.Call(operators::kNot, {open});
  const Expr* condition = builder_.Call(operators::kNotStrictlyFalse, {open});
  const Expr* step = builder_.Call(is_all ? operators::kAnd : operators::kOr,
                                   {Accumulator(), rest_[0]});
  return Loop(start, condition, step, Accumulator());
}

const Expr* Expansion::ExistsOne() {
  const Expr* start = Int(0);
  const Expr* condition = True();
  const Expr* step =
      When(rest_[0], builder_.Call(operators::kAdd, {Accumulator(), Int(1)}));
  const Expr* result =
      builder_.Call(operators::kEqual, {Accumulator(), Int(1)});
  return Loop(start, condition, step, result);
}

const Expr* Expansion::Collect(const Expr* filter, const Expr* element) {
  const Expr* start = builder_.List({});
  const Expr* condition = True();
  // Even a constant element is an element of a list that is made anew.
  const Expr* made = builder_.List(std::span(&element, 1));
  const Expr* step = builder_.Call(operators::kAdd, {Accumulator(), made});
  return Loop(start, condition, When(filter, step), Accumulator());
}

const Expr* Expansion::CollectEntries(const Expr* filter, bool are_entries) {
  const Expr* start = builder_.Map({});
  const Expr* condition = True();
  const Expr* added = rest_.back();
  const Expr* step =
      are_entries ? builder_.Call(operators::kMapInsert, {Accumulator(), added})
                  : builder_.Call(
                        operators::kMapInsert,
                        {Accumulator(), builder_.Identifier(variable_), added});
  return Loop(start, condition, When(filter, step), Accumulator());
}

const Expr* Expansion::When(const Expr* filter, const Expr* step) {
  if (filter == nullptr) return step;
  return builder_.Call(operators::kConditional, {filter, step, Accumulator()});
}

// A fold over nothing: its accumulator is the name, its result the body.
const Expr* Expansion::Bind(std::string_view name, const Expr* value,
                            const Expr* body, const Expr* written,
                            Macro macro) {
  const Expr* nothing = builder_.List({});
  const Expr* condition = builder_.Literal(Value::Bool(false));
  const Expr* step = builder_.Identifier(name);
  return builder_.Fold({kUnused, {}, name, macro, written}, nothing,
                       {value, condition, step, body});
}

// The target is named, so that it is evaluated once.
const Expr* Expansion::OptionalMap(bool is_flat) {
  auto target = [&] { return builder_.Identifier(kTarget); };
  const Expr* has_value = builder_.MemberCall(target(), "hasValue", {});
  const Expr* content = builder_.MemberCall(target(), "value", {});
  const Expr* body =
      Bind(variable_, content, rest_[0],
           builder_.MemberCall(
               builder_.Identifier("cel"), "bind",
               std::vector<const Expr*>{arguments_[0], content, rest_[0]}),
           Macro::kBind);
  auto library = [&] { return builder_.Identifier("optional"); };
  if (!is_flat) {
    body = builder_.MemberCall(library(), "of", std::span(&body, 1));
  }
  const Expr* none = builder_.MemberCall(library(), "none", {});
  const Expr* chosen =
      builder_.Call(operators::kConditional, {has_value, body, none});
  return Bind(kTarget, range_, chosen, written_, macro_);
}

const Expr* Expansion::SortBy() {
  auto input = [&] { return builder_.Identifier(kSortInput); };
  const Expr* parts[] = {arguments_[0], rest_[0]};
  const Expr* keys = ExpandMacro(builder_, Macro::kMap, "map", input(), parts);
  const Expr* sorted = builder_.Call(operators::kSortBy, {input(), keys});
  return Bind(kSortInput, range_, sorted, written_, macro_);
}

}  // namespace

Macro FindMacro(std::string_view name, const Expr& receiver,
                std::size_t argument_count) {
  if (name == "bind" && argument_count == 3 && IsName(receiver, "cel")) {
    return Macro::kBind;
  }
  for (const MacroEntry& entry : kMacros) {
    if (entry.name == name && entry.argument_count == argument_count) {
      return entry.macro;
    }
  }
  return Macro::kNone;
}

std::string MacroProblem(Macro macro, std::span<const Expr* const> arguments,
                         const Expr*& culprit) {
  std::size_t variables = 1;
  for (const MacroEntry& entry : kMacros) {
    if (entry.macro == macro && entry.argument_count == arguments.size()) {
      variables = static_cast<std::size_t>(entry.variables);
    }
  }
  for (const Expr* argument : arguments.first(variables)) {
    culprit = argument;
    if (argument->kind != ExprKind::kIdentifier ||
        argument->name.starts_with('.')) {
      return "expected a name for the variable of the macro";
    }
    if (argument->name == "__result__") {
      return "expected a name that does not hide the result of the macro, got "
             "'__result__'";
    }
  }
  if (variables == 2 && arguments[0]->name == arguments[1]->name) {
    return "expected two names that differ for the variables of the macro";
  }
  return {};
}

const Expr* ExpandMacro(TreeBuilder& builder, Macro macro,
                        std::string_view name, const Expr* receiver,
                        std::span<const Expr* const> arguments) {
  return Expansion(builder, macro, name, receiver, arguments).Run();
}

bool IsListOfEntries(const Expr& node) {
  if (node.kind == ExprKind::kLiteral) {
    return node.literal.is(ValueKind::kList);
  }
  return node.kind == ExprKind::kList && node.marks == nullptr;
}

std::optional<std::string> BlockVariable(
    std::string_view name, std::span<const Expr* const> arguments) {
  for (const BlockName& block : kBlockNames) {
    if (block.name != name || block.arguments != arguments.size()) continue;
    std::string variable(block.prefix);
    for (const Expr* argument : arguments) {
      bool is_number = argument->kind == ExprKind::kLiteral &&
                       argument->literal.is(ValueKind::kInt) &&
                       argument->literal.int_value() >= 0;
      if (!is_number) return std::nullopt;
      if (argument != arguments[0]) variable.push_back(':');
      variable.append(std::to_string(argument->literal.int_value()));
    }
    return variable;
  }
  return std::nullopt;
}

std::optional<std::string> WriteBlockVariable(std::string_view name) {
  for (const BlockName& block : kBlockNames) {
    if (!name.starts_with(block.prefix)) continue;
    std::string written = "cel.";
    written.append(block.name).push_back('(');
    for (char byte : name.substr(block.prefix.size())) {
      if (byte == ':') {
        written.append(", ");
      } else {
        written.push_back(byte);
      }
    }
    return written + ")";
  }
  return std::nullopt;
}

bool IsLoop(Macro macro) {
  return macro != Macro::kBind && macro != Macro::kOptMap &&
         macro != Macro::kOptFlatMap && macro != Macro::kSortBy;
}

}  // namespace streamer::cel
