// Expr and Tree: an expression as a tree, in the shape of CEL's own syntax
// tree (operators are calls, `has(a.b)` is a test-only select), so that a tree
// can be compared with other implementations node by node.
//
// A Tree owns every node in one arena and is immutable; sharing it is sharing
// a pointer. Nodes are plain data: whoever walks them switches on `kind`.
//
// One difference: a chain `a && b && c` (or of `||`) is one call with all its
// operands, so that its length costs no depth.
//
// Invariant: every node knows its depth, so that a walk may recurse after one
// look at the root. A parsed tree is never deeper than kMaxTreeDepth.
// Thread-safety: immutable.
#ifndef STREAMER_CEL_EXPRESSION_H_
#define STREAMER_CEL_EXPRESSION_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "value/value.h"

namespace streamer::cel {

// What a walk that recurses accepts. Limits::depth is far stricter; it
// counts a chain of && or || once, though the chain is a balanced tree.
inline constexpr int kMaxTreeDepth = 1000;

enum class ExprKind : std::uint8_t {
  kLiteral,     // `literal`: null, bool, number, text, bytes, or a list of such
  kIdentifier,  // `name`
  kSelect,      // operand.name; has(operand.name) when `is_test`
  kCall,        // name(arguments) or operand.name(arguments); all operators
  kList,        // [arguments…]
  kMap,         // {arguments[0]: arguments[1], …}
  kMessage,     // name{marks->fields[0]: arguments[0], …}
  kComprehension,  // a macro, written out: see Comprehension
};

// Which macro a comprehension was written as. `filtered` ones take a condition
// before the value.
enum class Macro : std::uint8_t {
  kNone,
  kAll,
  kExists,
  kExistsOne,
  kMap,
  kMapFiltered,
  kFilter,
  kTransformList,
  kTransformListFiltered,
  kTransformMap,
  kTransformMapFiltered,
  kTransformMapEntry,
  kTransformMapEntryFiltered,
  kBind,
  kOptMap,
  kOptFlatMap,
  kSortBy,
};

// Where something stands in the text. Line and column count from 1, columns
// in code points.
struct SourcePosition {
  std::uint32_t offset = 0;  // in bytes
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

struct Expr;

// What a fold needs beside its five expressions, which are the operand and the
// arguments of its node: operand is the range; arguments are the accumulator's
// start, the condition to go on, the step and the result. Every comprehension
// comes from a macro; `written` is the call as it stood in the text.
struct Comprehension {
  std::string_view variable;
  std::string_view second_variable;  // empty unless there are two
  std::string_view accumulator;
  Macro macro = Macro::kNone;
  const Expr* written = nullptr;
};

// The fields of a message, and which elements of a list or entries of a map or
// message are optional: `[?a]`, `{?k: v}`. Empty spans when there are none.
struct EntryMarks {
  std::span<const std::string_view> fields;
  std::span<const bool> are_optional;  // one for each element or entry
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  bool is_test = false;     // kSelect that came from has()
  std::uint16_t depth = 1;  // levels from here down, itself included
  std::uint32_t id = 0;     // from 1, distinct, in order of creation
  SourcePosition position;  // of the operator or the first token
  Value literal;            // kLiteral
  // Identifier, field or function. An identifier or function that was written
  // with a leading dot keeps it.
  std::string_view name;
  const Expr* operand = nullptr;  // of a select; receiver of a call, or null
  std::span<const Expr* const> arguments;
  const EntryMarks* marks = nullptr;  // of some lists, maps, messages
  const Comprehension* comprehension = nullptr;  // kComprehension
};

// The dotted name that `node` spells when it is an identifier or selects of
// one, such as google.protobuf.Timestamp; else empty.
std::string QualifiedName(const Expr& node);

// Whether element or entry `index` of `node` is optional.
inline bool IsOptional(const Expr& node, std::size_t index) {
  return node.marks != nullptr && index < node.marks->are_optional.size() &&
         node.marks->are_optional[index];
}

// Function names of the operators, as CEL spells them; none with an @ can be
// written in text.
namespace operators {
inline constexpr std::string_view kConditional = "_?_:_";
inline constexpr std::string_view kOr = "_||_";
inline constexpr std::string_view kAnd = "_&&_";
inline constexpr std::string_view kNot = "!_";
inline constexpr std::string_view kEqual = "_==_";
inline constexpr std::string_view kNotEqual = "_!=_";
inline constexpr std::string_view kLess = "_<_";
inline constexpr std::string_view kLessEqual = "_<=_";
inline constexpr std::string_view kGreater = "_>_";
inline constexpr std::string_view kGreaterEqual = "_>=_";
inline constexpr std::string_view kIn = "@in";
inline constexpr std::string_view kAdd = "_+_";
inline constexpr std::string_view kSubtract = "_-_";
inline constexpr std::string_view kMultiply = "_*_";
inline constexpr std::string_view kDivide = "_/_";
inline constexpr std::string_view kModulo = "_%_";
inline constexpr std::string_view kNegate = "-_";
inline constexpr std::string_view kIndex = "_[_]";
inline constexpr std::string_view kOptionalIndex = "_[?_]";
inline constexpr std::string_view kOptionalSelect = "_?._";
inline constexpr std::string_view kNotStrictlyFalse = "@not_strictly_false";
inline constexpr std::string_view kBlock = "cel.@block";
inline constexpr std::string_view kMapInsert = "cel.@mapInsert";
inline constexpr std::string_view kSortBy = "@sortByAssociatedKeys";
}  // namespace operators

class Tree {
 public:
  // Takes the arena in which `root` and all below it live. `text` is the
  // source, empty for a tree that was built.
  Tree(std::shared_ptr<const Arena> arena, const Expr* root, std::string text)
      : arena_(std::move(arena)), root_(root), text_(std::move(text)) {}

  [[nodiscard]] const Expr& root() const { return *root_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // For a tree that reuses nodes of this one.
  [[nodiscard]] const std::shared_ptr<const Arena>& arena() const {
    return arena_;
  }

 private:
  std::shared_ptr<const Arena> arena_;
  const Expr* root_;
  std::string text_;
};

}  // namespace streamer::cel

#endif  // STREAMER_CEL_EXPRESSION_H_
