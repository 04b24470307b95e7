// TreeBuilder makes trees without text: the way structured conditions become
// expressions. Nothing is ever pasted into source text, so nothing needs to
// be quoted and nothing can be injected. The parser builds with it too.
//
// Thread-safety: none; one owner, one tree.
#ifndef STREAMER_CEL_TREE_BUILDER_H_
#define STREAMER_CEL_TREE_BUILDER_H_

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "cel/expression.h"

namespace streamer::cel {

class TreeBuilder {
 public:
  TreeBuilder() : arena_(std::make_shared<Arena>()) {}

  // The position that following nodes get.
  void set_position(SourcePosition position) { position_ = position; }

  // Values and names are copied into the tree. What CEL has no literal for
  // becomes the expression that makes it: a map {…}, a time timestamp("…"), an
  // infinity double("…"), a type its name. REQUIRES: `value` is no error.
  const Expr* Literal(const Value& value);
  const Expr* Identifier(std::string_view name);
  const Expr* Select(const Expr* operand, std::string_view field);
  // has(operand.field)
  const Expr* Has(const Expr* operand, std::string_view field);
  const Expr* Call(std::string_view function,
                   std::initializer_list<const Expr*> arguments);
  const Expr* Call(std::string_view function,
                   std::span<const Expr* const> arguments);
  // receiver.function(arguments)
  const Expr* MemberCall(const Expr* receiver, std::string_view function,
                         std::span<const Expr* const> arguments);
  // A balanced tree of `function`, && or ||, over `terms`: as the parser makes
  // of a chain. REQUIRES: at least one term.
  const Expr* Chain(std::string_view function,
                    std::span<const Expr* const> terms);
  // A list of literals is itself a literal, as from the parser.
  const Expr* List(std::span<const Expr* const> elements,
                   std::span<const bool> are_optional = {});
  // Keys and values alternate.
  const Expr* Map(std::span<const Expr* const> entries,
                  std::span<const bool> are_optional = {});
  // type{fields[0]: values[0], …}
  const Expr* Message(std::string_view type,
                      std::span<const std::string_view> fields,
                      std::span<const Expr* const> values,
                      std::span<const bool> are_optional = {});
  // A fold; `parts` are the accumulator's start, the condition, the step and
  // the result. Macros make them: see cel/macros.h.
  const Expr* Fold(const Comprehension& comprehension, const Expr* range,
                   std::initializer_list<const Expr*> parts);

  // A deep copy of a node of another tree, positions included.
  const Expr* Copy(const Expr& other);

  [[nodiscard]] std::uint32_t node_count() const { return next_id_ - 1; }
  [[nodiscard]] Arena& arena() { return *arena_; }

  // The finished tree. The builder must not be used afterwards.
  Tree Finish(const Expr* root, std::string text) &&;

 private:
  Expr* NewNode(ExprKind kind);
  const EntryMarks* CopyMarks(std::span<const std::string_view> fields,
                              std::span<const bool> are_optional);
  const Expr* CopyMacro(const Expr& written, Macro macro);
  const Expr* OptionalOf(const Value& optional);
  std::span<const Expr* const> CopyNodes(std::span<const Expr* const> nodes);
  const Expr* TypeName(std::string_view name);
  const Expr* ListOf(const ListValue& list);
  const Expr* MapOf(const MapValue& map);

  std::shared_ptr<Arena> arena_;
  SourcePosition position_;
  std::uint32_t next_id_ = 1;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_TREE_BUILDER_H_
