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

// What a walk that recurses accepts. ParseLimits::depth is far stricter; it
// counts a chain of && or || once, though the chain is a balanced tree.
inline constexpr int kMaxTreeDepth = 1000;

enum class ExprKind : std::uint8_t {
  kLiteral,     // `literal`: null, bool, number, text, bytes, or a list of such
  kIdentifier,  // `name`
  kSelect,      // operand.name; has(operand.name) when `is_test`
  kCall,        // name(arguments) or operand.name(arguments); all operators
  kList,        // [arguments…]
  kMap,         // {arguments[0]: arguments[1], …}
};

// Where something stands in the text. Line and column count from 1, columns
// in code points.
struct SourcePosition {
  std::uint32_t offset = 0;  // in bytes
  std::uint32_t line = 1;
  std::uint32_t column = 1;
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
};

// Function names of the operators, as CEL spells them.
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
