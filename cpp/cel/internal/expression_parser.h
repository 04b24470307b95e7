// ExpressionParser: the grammar of CEL, by precedence climbing.
//
// cel/parser.cc holds the grammar of operators, members and calls,
// internal/parse_literals.cc that of constants, lists, maps and messages.
#ifndef STREAMER_CEL_INTERNAL_EXPRESSION_PARSER_H_
#define STREAMER_CEL_INTERNAL_EXPRESSION_PARSER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/arena.h"
#include "base/status.h"
#include "cel/internal/lexer.h"
#include "cel/internal/literal.h"
#include "cel/internal/syntax.h"
#include "cel/limits.h"
#include "cel/macros.h"
#include "cel/tree_builder.h"

namespace streamer::cel::internal {

// A node and its depth as Limits counts it.
struct Parsed {
  const Expr* node = nullptr;
  int depth = 1;
};

// What has been read of a list.
struct ListElements {
  SourcePosition position;
  bool is_constant = true;
  std::vector<Value> values;  // while it is constant
  std::vector<SourcePosition> positions;
  std::vector<Parsed> nodes;       // once it is not
  std::vector<bool> are_optional;  // of the nodes
  int depth = 0;
};

// The first problem is kept, and from then on the text seems to be at its
// end: every loop stops and every function returns some node, so that no
// caller has to check. Only Run looks.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const Limits& limits)
      : text_(text), limits_(limits), lexer_(text) {}

  Result<Tree> Run();

 private:
  // Tokens.
  void Read();
  [[nodiscard]] bool At(TokenKind kind) const { return token_.kind == kind; }
  bool Accept(TokenKind kind);
  void Expect(TokenKind kind, std::string_view expected);
  void Refuse(SourcePosition position, std::string message);
  void RefuseInside(const Token& token, const LiteralProblem& problem);

  // Grammar, from loose to tight.
  Parsed ParseExpression();
  Parsed ParseConditional();
  Parsed ParseBinary(Precedence loosest);
  Parsed ParseChain(Parsed first, const BinaryOperator& binary);
  Parsed ParseUnary();
  Parsed ParseNegated();
  Parsed ParseMember(Parsed operand);
  Parsed ParseAfterDot(Parsed operand, SourcePosition dot);
  Parsed ParsePrimary();
  Parsed ParseName();
  Parsed ParseCall(const Token& name, std::string_view function);
  Parsed ParseMemberCall(Parsed receiver, const Token& name);
  Parsed ParseList();
  void ParseElement(ListElements& elements);
  void MakeNodes(ListElements& elements);
  Parsed ParseMap();
  std::vector<Parsed> ParseArguments();
  Parsed MakeHas(const Token& name, std::span<const Parsed> arguments);
  Parsed ParseIndex(Parsed operand, SourcePosition bracket);
  Parsed ParseMessage(Parsed type);
  std::string ParseFieldName();

  // Macros.
  Parsed MakeMacro(Macro macro, const Token& name, Parsed receiver,
                   std::span<const Parsed> arguments);
  std::optional<Parsed> TryBlockMacro(const Token& name, const Parsed& receiver,
                                      std::span<const Parsed> arguments);

  // Constants.
  std::optional<Value> TryConstantElement();
  std::optional<Value> ReadConstant();
  Value ReadNumberToken(Sign sign, SourcePosition position);
  std::string_view ReadTextToken();

  // Nodes.
  Parsed Keep(const Expr* node, int depth);
  Parsed Literal(const Value& value, SourcePosition position);
  Parsed Call(std::string_view function, SourcePosition position,
              std::span<const Parsed> arguments);

  std::string_view text_;
  const Limits& limits_;
  Lexer lexer_;
  TreeBuilder builder_;
  Arena scratch_;  // constants on their way into the tree
  Token token_;
  int nesting_ = 0;
  std::size_t list_values_ = 0;
  std::optional<Problem> problem_;
};

// Few nodes have more operands.
using Nodes = absl::InlinedVector<const Expr*, 8>;

Nodes NodesOf(std::span<const Parsed> parsed);
int DeepestOf(std::span<const Parsed> parsed);

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_EXPRESSION_PARSER_H_
