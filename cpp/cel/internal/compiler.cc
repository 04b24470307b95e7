#include "cel/internal/compiler.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "cel/functions.h"
#include "cel/internal/errors.h"
#include "cel/internal/names.h"
#include "cel/internal/optionals.h"
#include "cel/macros.h"
#include "cel/parser.h"
#include "value/owned_value.h"

namespace streamer::cel::internal {
namespace {

bool IsCallOf(const Expr& node, std::string_view function) {
  return node.kind == ExprKind::kCall && node.operand == nullptr &&
         node.name == function;
}

bool AreConstant(std::span<const CodeNode> nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const CodeNode& node) {
    return node.opcode == Opcode::kConstant;
  });
}

struct OperatorOpcode {
  std::string_view function;
  Opcode opcode;
  Opcode of_path;  // of a path and a constant, if there is such a one
};

// Operators with an operation of their own; the others are calls.
constexpr OperatorOpcode kOperatorOpcodes[] = {
    {operators::kEqual, Opcode::kEqual, Opcode::kPathEqual},
    {operators::kNotEqual, Opcode::kNotEqual, Opcode::kPathNotEqual},
    {operators::kLess, Opcode::kLess, Opcode::kPathLess},
    {operators::kLessEqual, Opcode::kLessEqual, Opcode::kPathLessEqual},
    {operators::kGreater, Opcode::kGreater, Opcode::kPathGreater},
    {operators::kGreaterEqual, Opcode::kGreaterEqual,
     Opcode::kPathGreaterEqual},
    {operators::kConditional, Opcode::kConditional, Opcode::kConditional},
};

constexpr std::size_t kNoSlot = ~std::size_t{0};

// Enough for what people write; some 160 KiB of values at most.
constexpr Units kFoldBudget = 5000;

CodeNode Make(Opcode opcode) {
  CodeNode node;
  node.opcode = opcode;
  return node;
}

// What it calls for each kind of node is not inlined: the frame of a deep walk
// is then that of the kinds it meets, and not of all of them together.
//
// One problem ends it; the nodes made until then are dropped with the store.
class Compiler {
 public:
  Compiler(std::string_view text, const Variables& variables,
           const Limits& limits, bool is_checked, CodeStore& store)
      : text_(text),
        variables_(variables),
        limits_(limits),
        is_checked_(is_checked),
        store_(store),
        next_slot_(variables.names().size()) {
    store_.slot_count = next_slot_;
  }

  CodeNode Compile(const Expr& node);
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  CodeNode CompileKind(const Expr& node);
  [[gnu::noinline]] CodeNode CompileContainer(const Expr& node);
  [[gnu::noinline]] CodeNode CompileIdentifier(const Expr& node);
  [[gnu::noinline]] CodeNode CompileSelect(const Expr& node);
  CodeNode CompileCall(const Expr& node);
  [[gnu::noinline]] CodeNode CompileOperator(const Expr& node,
                                             const OperatorOpcode& entry);
  using Terms = absl::InlinedVector<CodeNode, 4>;
  [[gnu::noinline]] CodeNode CompileChain(const Expr& node, Opcode opcode);
  void AddTerms(const Expr& chain, Terms& terms);
  [[gnu::noinline]] CodeNode CompileFunction(const Expr& node);
  [[gnu::noinline]] CodeNode RefuseCall(const Expr& node,
                                        const ResolvedCall& call);
  CodeNode CompileComprehension(const Expr& node);
  [[gnu::noinline]] CodeNode CompileLoop(const Expr& node);
  [[gnu::noinline]] CodeNode CompileBind(const Expr& node);
  [[gnu::noinline]] CodeNode CompileBlock(const Expr& node);
  CodeNode CompileNamed(const NameMeaning& meaning);
  CodeNode CompileSlot(std::size_t slot);
  bool UseSet(CodeNode& call);
  bool UsePattern(const Expr& node, CodeNode& call);

  CodeNode Constant(const Value& value);
  CodeNode Fold(const CodeNode& node);
  [[gnu::noinline]] CodeNode FoldClosed(const CodeNode& node,
                                        std::size_t first_slot,
                                        std::size_t least_slot_around);
  std::span<CodeNode> CompileAll(std::span<const Expr* const> nodes);
  std::span<const CodeNode> Keep(std::span<const CodeNode> nodes);
  std::span<const FieldStep> ExtendPath(std::span<const FieldStep> path,
                                        std::string_view field);
  [[gnu::noinline]] CodeNode Refuse(const Expr& node,
                                    const std::string& problem);
  CodeNode Unknown(const Expr& node, const std::string& problem);
  std::string NamesInScope();

  // The variables of the macros around, the innermost last.
  std::uint32_t Open(std::string_view name);
  void Close(std::size_t count);
  std::optional<std::size_t> FindLocal(std::string_view name) const;
  bool BeginsLocally(const Expr& node) const;

  std::string_view text_;
  const Variables& variables_;
  const Limits& limits_;
  bool is_checked_;
  CodeStore& store_;
  std::vector<std::string_view> locals_;
  std::size_t next_slot_;
  // The least slot that was read since a macro last began.
  std::size_t least_slot_ = kNoSlot;
  // Folding is work that a hostile text chooses; what is left over when this
  // is used up is done when the program runs.
  Meter fold_meter_{kFoldBudget};
  Status status_;
};

CodeNode Compiler::Compile(const Expr& node) {
  CodeNode made = CompileKind(node);
  made.run = RunnerOf(made);
  made.units = UnitsOf(made);
  return made;
}

CodeNode Compiler::CompileKind(const Expr& node) {
  switch (node.kind) {
    case ExprKind::kLiteral:
      return Constant(CopyValue(store_.arena, node.literal));
    case ExprKind::kIdentifier:
      return CompileIdentifier(node);
    case ExprKind::kSelect:
      return CompileSelect(node);
    case ExprKind::kCall:
      return CompileCall(node);
    case ExprKind::kList:
    case ExprKind::kMap:
      return CompileContainer(node);
    case ExprKind::kMessage:
      return Refuse(node, "expected a value, got a literal of the message '" +
                              std::string(Shorten(node.name)) +
                              "': there are no message types");
    case ExprKind::kComprehension:
      return CompileComprehension(node);
  }
  return {};
}

CodeNode Compiler::CompileContainer(const Expr& node) {
  bool is_list = node.kind == ExprKind::kList;
  if (node.marks == nullptr) {
    CodeNode made = Make(is_list ? Opcode::kList : Opcode::kMap);
    made.children = CompileAll(node.arguments);
    return Fold(made);
  }
  CodeNode made = Make(is_list ? Opcode::kOptionalList : Opcode::kOptionalMap);
  made.children = CompileAll(node.arguments);
  std::span<bool> flags =
      store_.arena.NewArray<bool>(node.marks->are_optional.size());
  std::copy(node.marks->are_optional.begin(), node.marks->are_optional.end(),
            flags.begin());
  made.are_optional = flags.data();
  return Fold(made);
}

CodeNode Compiler::CompileSlot(std::size_t slot) {
  least_slot_ = std::min(least_slot_, slot);
  CodeNode variable = Make(Opcode::kVariable);
  variable.slot = static_cast<std::uint32_t>(slot);
  return variable;
}

CodeNode Compiler::CompileNamed(const NameMeaning& meaning) {
  return meaning.variable ? CompileSlot(*meaning.variable)
                          : Constant(meaning.type);
}

CodeNode Compiler::CompileIdentifier(const Expr& node) {
  if (auto slot = FindLocal(node.name)) return CompileSlot(*slot);
  if (auto meaning = FindName(node, variables_)) return CompileNamed(*meaning);
  return Unknown(node, "undeclared reference to '" +
                           std::string(Shorten(node.name)) +
                           "': expected one of " + NamesInScope());
}

CodeNode Compiler::CompileSelect(const Expr& node) {
  if (!BeginsLocally(node)) {
    if (auto meaning = FindName(node, variables_)) {
      return CompileNamed(*meaning);
    }
  }
  CodeNode operand = Compile(*node.operand);
  bool is_path =
      operand.opcode == Opcode::kVariable || operand.opcode == Opcode::kPath;
  if (is_path && !node.is_test) {
    operand.opcode = Opcode::kPath;
    operand.fields = ExtendPath(operand.fields, node.name);
    return operand;
  }
  CodeNode select = Make(node.is_test ? Opcode::kHas : Opcode::kSelect);
  select.fields = ExtendPath({}, node.name);
  select.children = Keep(std::span(&operand, 1));
  return Fold(select);
}

CodeNode Compiler::CompileCall(const Expr& node) {
  if (IsCallOf(node, operators::kAnd)) return CompileChain(node, Opcode::kAnd);
  if (IsCallOf(node, operators::kOr)) return CompileChain(node, Opcode::kOr);
  if (IsCallOf(node, operators::kBlock)) return CompileBlock(node);
  for (const OperatorOpcode& entry : kOperatorOpcodes) {
    if (!IsCallOf(node, entry.function)) continue;
    return CompileOperator(node, entry);
  }
  return CompileFunction(node);
}

CodeNode Compiler::CompileOperator(const Expr& node,
                                   const OperatorOpcode& entry) {
  CodeNode call = Make(entry.opcode);
  call.children = CompileAll(node.arguments);
  if (!status_.ok() || entry.of_path == entry.opcode) return Fold(call);
  const CodeNode& left = call.children[0];
  const CodeNode& right = call.children[1];
  bool is_path =
      left.opcode == Opcode::kPath || left.opcode == Opcode::kVariable;
  if (!is_path || right.opcode != Opcode::kConstant ||
      right.constant.is_error()) {
    return Fold(call);
  }
  CodeNode comparison = Make(entry.of_path);
  comparison.slot = left.slot;
  comparison.fields = left.fields;
  comparison.constant = right.constant;
  return comparison;
}

// The operands of a chain, those of chains within it among them.
void Compiler::AddTerms(const Expr& chain, Terms& terms) {
  for (const Expr* argument : chain.arguments) {
    if (IsCallOf(*argument, chain.name)) {
      AddTerms(*argument, terms);
    } else {
      terms.push_back(Compile(*argument));
    }
  }
}

// A chain is one node. A constant that absorbs decides it; one that does not
// is left out, unless nothing else is left.
CodeNode Compiler::CompileChain(const Expr& node, Opcode opcode) {
  Terms terms;
  AddTerms(node, terms);
  bool absorbing = opcode == Opcode::kOr;
  auto is_bool = [](const CodeNode& term, bool wanted) {
    return term.opcode == Opcode::kConstant &&
           term.constant.is(ValueKind::kBool) &&
           term.constant.bool_value() == wanted;
  };
  for (const CodeNode& term : terms) {
    if (is_bool(term, absorbing)) return term;
  }
  auto left_out = std::remove_if(
      terms.begin(), terms.end(),
      [&](const CodeNode& term) { return is_bool(term, !absorbing); });
  terms.erase(left_out, terms.end());
  if (terms.empty()) return Constant(Value::Bool(!absorbing));
  CodeNode chain = Make(opcode);
  chain.children = Keep(terms);
  return Fold(chain);
}

CodeNode Compiler::CompileFunction(const Expr& node) {
  ResolvedCall call = ResolveCall(
      node, variables_, [&](std::string_view name) { return FindLocal(name); });
  if (call.entry == nullptr) return RefuseCall(node, call);
  absl::InlinedVector<const Expr*, 4> operands;
  if (call.has_receiver) operands.push_back(node.operand);
  operands.insert(operands.end(), node.arguments.begin(), node.arguments.end());
  CodeNode made = Make(Opcode::kCall);
  made.entry = call.entry;
  made.children = CompileAll(operands);
  if (!status_.ok()) return made;
  if (IsOrElse(*call.entry)) made.opcode = Opcode::kOrElse;
  if (node.name == operators::kIn) UseSet(made);
  if (call.entry->name == "matches" && !UsePattern(node, made)) return made;
  return Fold(made);
}

CodeNode Compiler::RefuseCall(const Expr& node, const ResolvedCall& call) {
  std::string name(Shorten(node.name));
  std::string full = name;
  if (node.operand != nullptr && !call.has_receiver) {
    full = QualifiedName(*node.operand) + "." + name;
  }
  if (!IsFunctionName(full)) {
    return Unknown(node, "undeclared reference to function '" + full + "'");
  }
  return Unknown(node, "no function '" + full + "' that is called " +
                           (call.has_receiver ? "on a value" : "by itself") +
                           " with " + std::to_string(node.arguments.size()) +
                           " arguments");
}

CodeNode Compiler::CompileComprehension(const Expr& node) {
  return IsLoop(node.comprehension->macro) ? CompileLoop(node)
                                           : CompileBind(node);
}

Opcode OpcodeOf(Macro macro) {
  switch (macro) {
    case Macro::kAll:
      return Opcode::kAll;
    case Macro::kExists:
      return Opcode::kExists;
    case Macro::kExistsOne:
      return Opcode::kExistsOne;
    case Macro::kTransformMap:
    case Macro::kTransformMapFiltered:
      return Opcode::kMapValues;
    case Macro::kTransformMapEntry:
    case Macro::kTransformMapEntryFiltered:
      return Opcode::kMapEntries;
    default:
      return Opcode::kElements;
  }
}

// What a loop asks of an element before it takes it, and what it then makes
// of it; the arguments after the variables, as written.
struct LoopParts {
  const Expr* filter = nullptr;
  const Expr* body = nullptr;
};

LoopParts PartsOf(const Comprehension& fold) {
  std::span<const Expr* const> written = fold.written->arguments;
  std::span<const Expr* const> rest =
      written.subspan(fold.second_variable.empty() ? 1 : 2);
  if (fold.macro == Macro::kFilter) return {rest[0], written[0]};
  if (fold.macro == Macro::kExistsOne) return {rest[0], rest[0]};
  if (rest.size() == 1) return {nullptr, rest[0]};
  return {rest[0], rest[1]};
}

CodeNode Compiler::CompileLoop(const Expr& node) {
  const Comprehension& fold = *node.comprehension;
  std::size_t least_slot_around = std::exchange(least_slot_, kNoSlot);
  CodeNode range = Compile(*node.operand);
  LoopParts parts = PartsOf(fold);
  auto* loop = store_.arena.New<LoopCode>();
  loop->has_second = !fold.second_variable.empty();
  loop->slot = Open(fold.variable);
  if (loop->has_second) loop->second_slot = Open(fold.second_variable);
  loop->turn_units = 1;
  CodeNode made = Make(OpcodeOf(fold.macro));
  if (parts.filter != nullptr) {
    loop->filter = store_.arena.New<CodeNode>(Compile(*parts.filter));
    loop->turn_units += loop->filter->units;
  }
  if (made.opcode != Opcode::kExistsOne) {
    loop->body = store_.arena.New<CodeNode>(Compile(*parts.body));
    loop->turn_units += loop->body->units;
  }
  Close(loop->has_second ? 2 : 1);
  made.loop = loop;
  made.children = Keep(std::span(&range, 1));
  return FoldClosed(made, loop->slot, least_slot_around);
}

// cel.bind(), and the folds over nothing that other macros become.
CodeNode Compiler::CompileBind(const Expr& node) {
  CodeNode made = Make(Opcode::kBind);
  std::size_t least_slot_around = std::exchange(least_slot_, kNoSlot);
  CodeNode parts[2] = {Compile(*node.arguments[0]), {}};
  made.slot = Open(node.comprehension->accumulator);
  parts[1] = Compile(*node.arguments[3]);
  Close(1);
  made.children = Keep(parts);
  return FoldClosed(made, made.slot, least_slot_around);
}

CodeNode Compiler::CompileBlock(const Expr& node) {
  CodeNode made = Make(Opcode::kBlock);
  made.slot = static_cast<std::uint32_t>(next_slot_);
  std::vector<CodeNode> parts;
  const Expr& list = *node.arguments[0];
  auto add = [&](const CodeNode& part) {
    Open(store_.arena.CopyText("@index" + std::to_string(parts.size())));
    parts.push_back(part);
  };
  if (list.kind == ExprKind::kLiteral) {
    for (const Value& item : list.literal.list().items()) {
      CodeNode constant = Constant(CopyValue(store_.arena, item));
      constant.run = RunnerOf(constant);
      add(constant);
    }
  } else {
    for (const Expr* element : list.arguments) add(Compile(*element));
  }
  std::size_t entries = parts.size();
  parts.push_back(Compile(*node.arguments[1]));
  Close(entries);
  made.children = Keep(parts);
  return made;
}

std::uint32_t Compiler::Open(std::string_view name) {
  locals_.push_back(name);
  auto slot = static_cast<std::uint32_t>(next_slot_++);
  store_.slot_count = std::max(store_.slot_count, next_slot_);
  return slot;
}

void Compiler::Close(std::size_t count) {
  locals_.resize(locals_.size() - count);
  next_slot_ -= count;
}

std::optional<std::size_t> Compiler::FindLocal(std::string_view name) const {
  for (std::size_t i = locals_.size(); i > 0; --i) {
    if (locals_[i - 1] == name) return variables_.names().size() + i - 1;
  }
  return std::nullopt;
}

bool Compiler::BeginsLocally(const Expr& node) const {
  if (locals_.empty()) return false;
  const Expr* root = RootOf(node);
  return root != nullptr && FindLocal(root->name).has_value();
}

// x in [constants]
bool Compiler::UseSet(CodeNode& call) {
  const CodeNode& container = call.children[1];
  if (container.opcode != Opcode::kConstant ||
      !container.constant.is(ValueKind::kList)) {
    return false;
  }
  call.opcode = Opcode::kInSet;
  call.set = store_.arena.New<ConstantSet>(store_.arena,
                                           container.constant.list().items());
  call.children = call.children.first(1);
  return true;
}

// x.matches("constant"): false when the pattern is refused.
bool Compiler::UsePattern(const Expr& node, CodeNode& call) {
  const CodeNode& text = call.children[1];
  if (text.opcode != Opcode::kConstant ||
      !text.constant.is(ValueKind::kString)) {
    return true;
  }
  auto pattern = Pattern::Compile(text.constant.text(), limits_);
  if (!pattern.ok()) {
    Refuse(*node.arguments.back(), std::string(MessageOf(pattern.status())));
    return false;
  }
  store_.patterns.push_back(
      std::make_unique<const Pattern>(*std::move(pattern)));
  call.opcode = Opcode::kMatches;
  call.pattern = store_.patterns.back().get();
  call.children = call.children.first(1);
  return true;
}

CodeNode Compiler::Constant(const Value& value) {
  CodeNode constant = Make(Opcode::kConstant);
  constant.constant = value;
  return constant;
}

// An operation on constants has one result, be it an error.
CodeNode Compiler::Fold(const CodeNode& node) {
  if (!status_.ok()) return node;
  bool is_decided = node.opcode == Opcode::kConditional &&
                    node.children[0].opcode == Opcode::kConstant;
  if (is_decided && node.children[0].constant.is_true()) {
    return node.children[1];
  }
  if (is_decided && node.children[0].constant.is_false()) {
    return node.children[2];
  }
  if (!is_decided && !AreConstant(node.children)) return node;
  if (!fold_meter_.Charge(UnitsOf(node))) return node;
  Value value = RunnerOf(node)(node, {nullptr, store_.arena, fold_meter_});
  return fold_meter_.is_exhausted() ? node : Constant(value);
}

// A macro that reads nothing but its own variables, the first of them in
// `first_slot`, has one result too.
CodeNode Compiler::FoldClosed(const CodeNode& node, std::size_t first_slot,
                              std::size_t least_slot_around) {
  bool is_closed = least_slot_ >= first_slot;
  least_slot_ =
      is_closed ? least_slot_around : std::min(least_slot_, least_slot_around);
  if (!status_.ok() || !is_closed) return node;
  if (!fold_meter_.Charge(UnitsOf(node))) return node;
  Arena scratch;
  std::vector<Value> slots(store_.slot_count);
  Value value = RunnerOf(node)(node, {slots.data(), scratch, fold_meter_});
  if (IsLarge(value)) fold_meter_.Charge(DeepSize(value, fold_meter_.left()));
  if (fold_meter_.is_exhausted()) return node;
  return Constant(CopyValue(store_.arena, value));
}

std::span<CodeNode> Compiler::CompileAll(std::span<const Expr* const> nodes) {
  std::span<CodeNode> compiled = store_.arena.NewArray<CodeNode>(nodes.size());
  for (std::size_t i = 0; i < nodes.size() && status_.ok(); ++i) {
    compiled[i] = Compile(*nodes[i]);
  }
  return compiled;
}

std::span<const CodeNode> Compiler::Keep(std::span<const CodeNode> nodes) {
  std::span<CodeNode> kept = store_.arena.NewArray<CodeNode>(nodes.size());
  std::copy(nodes.begin(), nodes.end(), kept.begin());
  return kept;
}

std::span<const FieldStep> Compiler::ExtendPath(std::span<const FieldStep> path,
                                                std::string_view field) {
  auto* steps = static_cast<FieldStep*>(store_.arena.Allocate(
      (path.size() + 1) * sizeof(FieldStep), alignof(FieldStep)));
  FieldStep* last = std::uninitialized_copy(path.begin(), path.end(), steps);
  std::string_view name = store_.arena.CopyText(field);
  new (last)
      FieldStep{HashedText(name), NoSuchKey(Value::String(name), store_.arena)};
  return {steps, path.size() + 1};
}

CodeNode Compiler::Refuse(const Expr& node, const std::string& problem) {
  if (status_.ok()) {
    status_ = ExpressionError(text_, node.position, problem);
  }
  return {};
}

// A name or function that nobody declared.
CodeNode Compiler::Unknown(const Expr& node, const std::string& problem) {
  if (is_checked_) return Refuse(node, problem);
  return Constant(UndeclaredReference(node, store_.arena));
}

std::string Compiler::NamesInScope() {
  std::string names;
  for (const std::string& name : variables_.names()) {
    if (!names.empty()) names.append(", ");
    names.append(name);
  }
  return names;
}

}  // namespace

Result<const CodeNode*> CompileCode(const Expr& root, std::string_view text,
                                    const Variables& variables,
                                    const Limits& limits, bool is_checked,
                                    CodeStore& store) {
  if (root.depth > kMaxTreeDepth) {
    return ExpressionError(text, root.position,
                           "expected a tree of at most " +
                               std::to_string(kMaxTreeDepth) +
                               " levels, got more");
  }
  Compiler compiler(text, variables, limits, is_checked, store);
  CodeNode code = compiler.Compile(root);
  if (!compiler.status().ok()) return compiler.status();
  return store.arena.New<CodeNode>(code);
}

}  // namespace streamer::cel::internal
