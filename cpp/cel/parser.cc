#include "cel/parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cel/internal/expression_parser.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace internal {

Nodes NodesOf(std::span<const Parsed> parsed) {
  Nodes nodes;
  nodes.reserve(parsed.size());
  for (const Parsed& one : parsed) nodes.push_back(one.node);
  return nodes;
}

int DeepestOf(std::span<const Parsed> parsed) {
  int deepest = 0;
  for (const Parsed& one : parsed) deepest = std::max(deepest, one.depth);
  return deepest;
}

Result<Tree> ExpressionParser::Run() {
  Read();
  Parsed root = ParseExpression();
  if (!At(TokenKind::kEnd)) {
    Refuse(token_.position, "expected end of text, got " + Describe(token_));
  }
  if (problem_) {
    return ExpressionError(text_, problem_->position, problem_->message);
  }
  return std::move(builder_).Finish(root.node, std::string(text_));
}

void ExpressionParser::Read() {
  if (problem_) return;
  token_ = lexer_.Next();
  if (lexer_.problem()) {
    Refuse(lexer_.problem()->position, lexer_.problem()->message);
  }
}

bool ExpressionParser::Accept(TokenKind kind) {
  if (!At(kind)) return false;
  Read();
  return true;
}

void ExpressionParser::Expect(TokenKind kind, std::string_view expected) {
  if (Accept(kind)) return;
  Refuse(token_.position,
         "expected " + std::string(expected) + ", got " + Describe(token_));
}

void ExpressionParser::Refuse(SourcePosition position, std::string message) {
  if (problem_) return;
  problem_ = Problem{position, std::move(message)};
  token_ = Token{TokenKind::kEnd, {}, token_.position};
}

void ExpressionParser::RefuseInside(const Token& token,
                                    const LiteralProblem& problem) {
  Refuse(
      PositionAt(text_, token.position, token.position.offset + problem.offset),
      problem.message);
}

// Every construct that nests comes through here, so this one counter bounds
// the stack.
Parsed ExpressionParser::ParseExpression() {
  if (nesting_ >= limits_.depth) {
    Refuse(token_.position, "expected at most " +
                                std::to_string(limits_.depth) +
                                " nested levels, got one more");
    return Literal(Value::Null(), token_.position);
  }
  ++nesting_;
  Parsed parsed = ParseConditional();
  --nesting_;
  return parsed;
}

Parsed ExpressionParser::ParseConditional() {
  Parsed condition = ParseBinary(Precedence::kOr);
  if (!At(TokenKind::kQuestion)) return condition;
  SourcePosition position = token_.position;
  Read();
  Parsed when_true = ParseBinary(Precedence::kOr);
  Expect(TokenKind::kColon, "':'");
  Parsed when_false = ParseExpression();
  const Parsed operands[] = {condition, when_true, when_false};
  return Call(operators::kConditional, position, operands);
}

Parsed ExpressionParser::ParseBinary(Precedence loosest) {
  if (loosest == Precedence::kUnary) return ParseUnary();
  Parsed left = ParseBinary(Tighter(loosest));
  for (;;) {
    const BinaryOperator* binary = FindBinaryOperator(token_.kind);
    if (binary == nullptr || binary->precedence != loosest) return left;
    if (loosest <= Precedence::kAnd) return ParseChain(left, *binary);
    SourcePosition position = token_.position;
    Read();
    Parsed right = ParseBinary(Tighter(loosest));
    const Parsed operands[] = {left, right};
    left = Call(binary->function, position, operands);
  }
}

// A chain of && or of || becomes a balanced tree and counts one level.
Parsed ExpressionParser::ParseChain(Parsed first,
                                    const BinaryOperator& binary) {
  absl::InlinedVector<Parsed, 8> terms = {first};
  SourcePosition position = token_.position;
  while (Accept(binary.token)) {
    terms.push_back(ParseBinary(Tighter(binary.precedence)));
  }
  builder_.set_position(position);
  return Keep(builder_.Chain(binary.function, NodesOf(terms)),
              DeepestOf(terms) + 1);
}

// An even number of `!` says nothing and leaves no trace, as everywhere in
// CEL; so a chain counts one level.
Parsed ExpressionParser::ParseUnary() {
  if (At(TokenKind::kMinus)) return ParseNegated();
  SourcePosition position = token_.position;
  bool is_negated = false;
  while (Accept(TokenKind::kNot)) is_negated = !is_negated;
  Parsed operand = ParseMember(ParsePrimary());
  if (!is_negated) return operand;
  return Call(operators::kNot, position, std::span(&operand, 1));
}

Parsed ExpressionParser::ParseNegated() {
  SourcePosition position = token_.position;
  std::size_t count = 0;
  while (Accept(TokenKind::kMinus)) ++count;
  if (count == 1 && (At(TokenKind::kInt) || At(TokenKind::kDouble))) {
    Value number = ReadNumberToken(Sign::kMinus, position);
    return ParseMember(Literal(number, position));
  }
  Parsed operand = ParseMember(ParsePrimary());
  if (count % 2 == 0) return operand;
  return Call(operators::kNegate, position, std::span(&operand, 1));
}

Parsed ExpressionParser::ParseMember(Parsed operand) {
  for (;;) {
    SourcePosition position = token_.position;
    if (Accept(TokenKind::kDot)) {
      operand = ParseAfterDot(operand, position);
    } else if (Accept(TokenKind::kLeftBracket)) {
      operand = ParseIndex(operand, position);
    } else if (At(TokenKind::kLeftBrace) &&
               !QualifiedName(*operand.node).empty()) {
      operand = ParseMessage(operand);
    } else {
      return operand;
    }
  }
}

Parsed ExpressionParser::ParseIndex(Parsed operand, SourcePosition bracket) {
  bool is_optional = Accept(TokenKind::kQuestion);
  Parsed index = ParseExpression();
  Expect(TokenKind::kRightBracket, "']'");
  const Parsed operands[] = {operand, index};
  return Call(is_optional ? operators::kOptionalIndex : operators::kIndex,
              bracket, operands);
}

Parsed ExpressionParser::ParseAfterDot(Parsed operand, SourcePosition dot) {
  bool is_optional = Accept(TokenKind::kQuestion);
  Token name = token_;
  std::string field = ParseFieldName();
  if (is_optional) {
    Parsed key = Literal(Value::String(field), name.position);
    const Parsed operands[] = {operand, key};
    return Call(operators::kOptionalSelect, dot, operands);
  }
  if (At(TokenKind::kLeftParenthesis) && name.kind == TokenKind::kIdentifier) {
    return ParseMemberCall(operand, name);
  }
  builder_.set_position(dot);
  return Keep(builder_.Select(operand.node, field), operand.depth + 1);
}

Parsed ExpressionParser::ParseMemberCall(Parsed receiver, const Token& name) {
  std::vector<Parsed> arguments = ParseArguments();
  if (problem_) return receiver;
  if (auto block = TryBlockMacro(name, receiver, arguments)) return *block;
  Macro macro = FindMacro(name.text, *receiver.node, arguments.size());
  if (macro != Macro::kNone) {
    return MakeMacro(macro, name, receiver, arguments);
  }
  builder_.set_position(name.position);
  return Keep(builder_.MemberCall(receiver.node, name.text, NodesOf(arguments)),
              std::max(receiver.depth, DeepestOf(arguments)) + 1);
}

Parsed ExpressionParser::MakeMacro(Macro macro, const Token& name,
                                   Parsed receiver,
                                   std::span<const Parsed> arguments) {
  Nodes nodes = NodesOf(arguments);
  const Expr* culprit = receiver.node;
  std::string problem = MacroProblem(macro, nodes, culprit);
  if (!problem.empty()) {
    Refuse(culprit->position, problem);
    return receiver;
  }
  builder_.set_position(name.position);
  return Keep(ExpandMacro(builder_, macro, name.text, receiver.node, nodes),
              std::max(receiver.depth, DeepestOf(arguments)) + 1);
}

// cel.block([…], t), cel.index(0), cel.iterVar(0, 0), cel.accuVar(0, 0): what
// programs that look for repeated parts write.
std::optional<Parsed> ExpressionParser::TryBlockMacro(
    const Token& name, const Parsed& receiver,
    std::span<const Parsed> arguments) {
  if (receiver.node->kind != ExprKind::kIdentifier ||
      receiver.node->name != "cel") {
    return std::nullopt;
  }
  if (name.text == "block" && arguments.size() == 2) {
    if (!IsListOfEntries(*arguments[0].node)) {
      Refuse(arguments[0].node->position,
             "expected a list as the first argument of cel.block()");
    }
    return Call(operators::kBlock, name.position, arguments);
  }
  std::optional<std::string> variable =
      BlockVariable(name.text, NodesOf(arguments));
  if (!variable) return std::nullopt;
  builder_.set_position(receiver.node->position);
  return Keep(builder_.Identifier(*variable), 1);
}

Parsed ExpressionParser::ParsePrimary() {
  SourcePosition position = token_.position;
  switch (token_.kind) {
    case TokenKind::kLeftParenthesis: {
      Read();
      Parsed inside = ParseExpression();
      Expect(TokenKind::kRightParenthesis, "')'");
      return inside;
    }
    case TokenKind::kLeftBracket:
      return ParseList();
    case TokenKind::kLeftBrace:
      return ParseMap();
    case TokenKind::kIdentifier:
    case TokenKind::kDot:
      return ParseName();
    case TokenKind::kMinus:
      break;
    default:
      if (auto value = ReadConstant()) return Literal(*value, position);
  }
  Refuse(position, "expected an expression, got " + Describe(token_));
  return Literal(Value::Null(), position);
}

// An identifier or a call, perhaps with a leading dot, which stays part of
// the name.
Parsed ExpressionParser::ParseName() {
  SourcePosition position = token_.position;
  bool has_dot = Accept(TokenKind::kDot);
  Token name = token_;
  if (!At(TokenKind::kIdentifier)) {
    Refuse(name.position, "expected a name, got " + Describe(name));
  }
  if (IsReservedWord(name.text)) {
    Refuse(name.position,
           "expected an expression, got the reserved word " + Describe(name));
  }
  Read();
  std::string full_name = (has_dot ? "." : "") + std::string(name.text);
  name.position = position;
  if (At(TokenKind::kLeftParenthesis)) return ParseCall(name, full_name);
  builder_.set_position(position);
  return Keep(builder_.Identifier(full_name), 1);
}

Parsed ExpressionParser::ParseCall(const Token& name,
                                   std::string_view function) {
  std::vector<Parsed> arguments = ParseArguments();
  if (function == "has") return MakeHas(name, arguments);
  return Call(function, name.position, arguments);
}

Parsed ExpressionParser::MakeHas(const Token& name,
                                 std::span<const Parsed> arguments) {
  if (arguments.size() != 1) {
    Refuse(name.position, "expected one argument of has(), got " +
                              std::to_string(arguments.size()));
  } else if (arguments[0].node->kind != ExprKind::kSelect ||
             arguments[0].node->is_test) {
    Refuse(arguments[0].node->position,
           "expected a field such as a.b as the argument of has()");
  }
  if (problem_) return Literal(Value::Null(), name.position);
  const Expr& select = *arguments[0].node;
  builder_.set_position(name.position);
  return Keep(builder_.Has(select.operand, select.name), arguments[0].depth);
}

std::vector<Parsed> ExpressionParser::ParseArguments() {
  Expect(TokenKind::kLeftParenthesis, "'('");
  std::vector<Parsed> arguments;
  if (Accept(TokenKind::kRightParenthesis)) return arguments;
  do {
    arguments.push_back(ParseExpression());
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParenthesis, "',' or ')'");
  return arguments;
}

Parsed ExpressionParser::Keep(const Expr* node, int depth) {
  if (builder_.node_count() > limits_.nodes) {
    Refuse(node->position, "expected at most " + std::to_string(limits_.nodes) +
                               " nodes, got more");
  }
  if (depth > limits_.depth || node->depth > kMaxTreeDepth) {
    Refuse(node->position, "expected at most " + std::to_string(limits_.depth) +
                               " nested levels, got more");
  }
  return {node, depth};
}

Parsed ExpressionParser::Literal(const Value& value, SourcePosition position) {
  builder_.set_position(position);
  return Keep(builder_.Literal(value), 1);
}

Parsed ExpressionParser::Call(std::string_view function,
                              SourcePosition position,
                              std::span<const Parsed> arguments) {
  builder_.set_position(position);
  return Keep(builder_.Call(function, NodesOf(arguments)),
              DeepestOf(arguments) + 1);
}

}  // namespace internal

Result<Tree> Parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.text_bytes) {
    return ExpressionError(
        text, {},
        "expected at most " + std::to_string(limits.text_bytes) +
            " bytes of text, got " + std::to_string(text.size()));
  }
  std::size_t malformed = FindMalformed(text);
  if (malformed < text.size()) {
    return ExpressionError(
        text, internal::PositionAt(text, {}, malformed),
        "expected UTF-8, got " + DescribeStart(text.substr(malformed)));
  }
  return internal::ExpressionParser(text, limits).Run();
}

}  // namespace streamer::cel
