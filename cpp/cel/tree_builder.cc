#include "cel/tree_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "cel/macros.h"
#include "value/owned_value.h"
#include "value/time_text.h"

namespace streamer::cel {
namespace {

void RaiseDepth(Expr& parent, const Expr& child) {
  constexpr std::uint16_t kGreatest = std::numeric_limits<std::uint16_t>::max();
  if (child.depth == kGreatest) {
    parent.depth = kGreatest;
  } else {
    parent.depth = std::max<std::uint16_t>(parent.depth, child.depth + 1);
  }
}

void RaiseDepth(Expr& parent, std::span<const Expr* const> children) {
  for (const Expr* child : children) RaiseDepth(parent, *child);
}

// Whether CEL has a literal for `value`; a list has if its items have.
bool IsWritable(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kDouble:
      return std::isfinite(value.double_value());
    case ValueKind::kList:
      return std::all_of(value.list().items().begin(),
                         value.list().items().end(), IsWritable);
    case ValueKind::kMap:
    case ValueKind::kTimestamp:
    case ValueKind::kDuration:
    case ValueKind::kType:
    case ValueKind::kOptional:
    case ValueKind::kError:
      return false;
    default:
      return true;
  }
}

std::string_view NameOfDouble(double number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

// The chain's middle, as every implementation of CEL splits it: trees can be
// compared node by node.
const Expr* Balance(TreeBuilder& builder, std::string_view function,
                    std::span<const Expr* const> terms) {
  if (terms.size() == 1) return terms[0];
  std::size_t left_terms = (terms.size() + 1) / 2;
  const Expr* left = Balance(builder, function, terms.first(left_terms));
  const Expr* right = Balance(builder, function, terms.subspan(left_terms));
  return builder.Call(function, {left, right});
}

}  // namespace

Expr* TreeBuilder::NewNode(ExprKind kind) {
  Expr* node = arena_->New<Expr>();
  node->kind = kind;
  node->id = next_id_++;
  node->position = position_;
  return node;
}

std::span<const Expr* const> TreeBuilder::CopyNodes(
    std::span<const Expr* const> nodes) {
  std::span<const Expr*> copy = arena_->NewArray<const Expr*>(nodes.size());
  std::copy(nodes.begin(), nodes.end(), copy.begin());
  return copy;
}

const Expr* TreeBuilder::Literal(const Value& value) {
  if (IsWritable(value)) {
    Expr* node = NewNode(ExprKind::kLiteral);
    node->literal = CopyValue(*arena_, value);
    return node;
  }
  switch (value.kind()) {
    case ValueKind::kDouble:
      return Call("double",
                  {Literal(Value::String(NameOfDouble(value.double_value())))});
    case ValueKind::kTimestamp:
      return Call("timestamp",
                  {Literal(Value::String(FormatTimestamp(value.time())))});
    case ValueKind::kDuration:
      return Call("duration",
                  {Literal(Value::String(FormatDuration(value.time())))});
    case ValueKind::kType:
      return TypeName(value.text());
    case ValueKind::kOptional:
      return OptionalOf(value);
    case ValueKind::kList:
      return ListOf(value.list());
    default:
      return MapOf(value.map());
  }
}

// google.protobuf.Timestamp is a select of a select, as the parser reads it.
const Expr* TreeBuilder::TypeName(std::string_view name) {
  std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return Identifier(name);
  return Select(TypeName(name.substr(0, dot)), name.substr(dot + 1));
}

const Expr* TreeBuilder::OptionalOf(const Value& optional) {
  const Expr* library = Identifier("optional");
  if (optional.optional() == nullptr) return MemberCall(library, "none", {});
  const Expr* content = Literal(*optional.optional());
  return MemberCall(library, "of", std::span(&content, 1));
}

const Expr* TreeBuilder::ListOf(const ListValue& list) {
  std::vector<const Expr*> elements;
  elements.reserve(list.size());
  for (const Value& item : list.items()) elements.push_back(Literal(item));
  return List(elements);
}

const Expr* TreeBuilder::MapOf(const MapValue& map) {
  std::vector<const Expr*> entries;
  entries.reserve(map.size() * 2);
  for (const MapEntry& entry : map.entries()) {
    entries.push_back(Literal(entry.key));
    entries.push_back(Literal(entry.value));
  }
  return Map(entries);
}

const Expr* TreeBuilder::Identifier(std::string_view name) {
  Expr* node = NewNode(ExprKind::kIdentifier);
  node->name = arena_->CopyText(name);
  return node;
}

const Expr* TreeBuilder::Select(const Expr* operand, std::string_view field) {
  Expr* node = NewNode(ExprKind::kSelect);
  node->name = arena_->CopyText(field);
  node->operand = operand;
  RaiseDepth(*node, *operand);
  return node;
}

const Expr* TreeBuilder::Has(const Expr* operand, std::string_view field) {
  Expr* node = NewNode(ExprKind::kSelect);
  node->is_test = true;
  node->name = arena_->CopyText(field);
  node->operand = operand;
  RaiseDepth(*node, *operand);
  return node;
}

const Expr* TreeBuilder::Call(std::string_view function,
                              std::initializer_list<const Expr*> arguments) {
  return Call(function, std::span(arguments.begin(), arguments.size()));
}

const Expr* TreeBuilder::Call(std::string_view function,
                              std::span<const Expr* const> arguments) {
  Expr* node = NewNode(ExprKind::kCall);
  node->name = arena_->CopyText(function);
  node->arguments = CopyNodes(arguments);
  RaiseDepth(*node, arguments);
  return node;
}

const Expr* TreeBuilder::MemberCall(const Expr* receiver,
                                    std::string_view function,
                                    std::span<const Expr* const> arguments) {
  Expr* node = NewNode(ExprKind::kCall);
  node->name = arena_->CopyText(function);
  node->operand = receiver;
  node->arguments = CopyNodes(arguments);
  RaiseDepth(*node, *receiver);
  RaiseDepth(*node, arguments);
  return node;
}

const Expr* TreeBuilder::Chain(std::string_view function,
                               std::span<const Expr* const> terms) {
  return Balance(*this, function, terms);
}

const EntryMarks* TreeBuilder::CopyMarks(
    std::span<const std::string_view> fields,
    std::span<const bool> are_optional) {
  bool has_optional = std::find(are_optional.begin(), are_optional.end(),
                                true) != are_optional.end();
  if (fields.empty() && !has_optional) return nullptr;
  std::span<std::string_view> names =
      arena_->NewArray<std::string_view>(fields.size());
  std::transform(fields.begin(), fields.end(), names.begin(),
                 [&](std::string_view name) { return arena_->CopyText(name); });
  std::span<bool> flags =
      arena_->NewArray<bool>(has_optional ? are_optional.size() : 0);
  std::copy_n(are_optional.begin(), flags.size(), flags.begin());
  return arena_->New<EntryMarks>(EntryMarks{names, flags});
}

const Expr* TreeBuilder::List(std::span<const Expr* const> elements,
                              std::span<const bool> are_optional) {
  const EntryMarks* marks = CopyMarks({}, are_optional);
  bool is_constant =
      marks == nullptr &&
      std::all_of(elements.begin(), elements.end(), [](const Expr* element) {
        return element->kind == ExprKind::kLiteral;
      });
  if (!is_constant) {
    Expr* node = NewNode(ExprKind::kList);
    node->arguments = CopyNodes(elements);
    node->marks = marks;
    RaiseDepth(*node, elements);
    return node;
  }
  std::span<Value> items = arena_->NewArray<Value>(elements.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = elements[i]->literal;
  }
  Expr* node = NewNode(ExprKind::kLiteral);
  node->literal = Value::List(arena_->New<ListValue>(items));
  return node;
}

const Expr* TreeBuilder::Map(std::span<const Expr* const> entries,
                             std::span<const bool> are_optional) {
  Expr* node = NewNode(ExprKind::kMap);
  node->arguments = CopyNodes(entries);
  node->marks = CopyMarks({}, are_optional);
  RaiseDepth(*node, entries);
  return node;
}

const Expr* TreeBuilder::Message(std::string_view type,
                                 std::span<const std::string_view> fields,
                                 std::span<const Expr* const> values,
                                 std::span<const bool> are_optional) {
  Expr* node = NewNode(ExprKind::kMessage);
  node->name = arena_->CopyText(type);
  node->arguments = CopyNodes(values);
  node->marks = CopyMarks(fields, are_optional);
  RaiseDepth(*node, values);
  return node;
}

const Expr* TreeBuilder::Fold(const Comprehension& comprehension,
                              const Expr* range,
                              std::initializer_list<const Expr*> parts) {
  Expr* node = NewNode(ExprKind::kComprehension);
  Comprehension own = comprehension;
  own.variable = arena_->CopyText(own.variable);
  own.second_variable = arena_->CopyText(own.second_variable);
  own.accumulator = arena_->CopyText(own.accumulator);
  node->comprehension = arena_->New<Comprehension>(own);
  node->operand = range;
  node->arguments = CopyNodes(std::span(parts.begin(), parts.size()));
  RaiseDepth(*node, *range);
  RaiseDepth(*node, node->arguments);
  return node;
}

// A macro is copied as it was written and written out again: its parts stand
// in both, and copying both would double them at every level.
const Expr* TreeBuilder::CopyMacro(const Expr& written, Macro macro) {
  const Expr* receiver =
      written.operand != nullptr ? Copy(*written.operand) : nullptr;
  std::vector<const Expr*> arguments;
  for (const Expr* argument : written.arguments) {
    arguments.push_back(Copy(*argument));
  }
  set_position(written.position);
  return ExpandMacro(*this, macro, written.name, receiver, arguments);
}

const Expr* TreeBuilder::Copy(const Expr& other) {
  if (other.kind == ExprKind::kComprehension) {
    return CopyMacro(*other.comprehension->written, other.comprehension->macro);
  }
  std::vector<const Expr*> arguments;
  arguments.reserve(other.arguments.size());
  const Expr* operand = other.operand ? Copy(*other.operand) : nullptr;
  for (const Expr* argument : other.arguments) {
    arguments.push_back(Copy(*argument));
  }
  Expr* node = NewNode(other.kind);
  std::uint32_t id = std::exchange(node->id, 0);
  *node = other;
  node->id = id;
  node->name = arena_->CopyText(other.name);
  node->literal = CopyValue(*arena_, other.literal);
  node->operand = operand;
  node->arguments = CopyNodes(arguments);
  if (other.marks != nullptr) {
    node->marks = CopyMarks(other.marks->fields, other.marks->are_optional);
  }
  return node;
}

Tree TreeBuilder::Finish(const Expr* root, std::string text) && {
  return {std::move(arena_), root, std::move(text)};
}

}  // namespace streamer::cel
