#include "cel/parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cel/internal/lexer.h"
#include "cel/internal/literal.h"
#include "cel/internal/syntax.h"
#include "cel/tree_builder.h"
#include "value/utf8.h"

namespace streamer::cel {
namespace {

using internal::BinaryOperator;
using internal::Describe;
using internal::FindBinaryOperator;
using internal::IsComprehension;
using internal::IsReservedWord;
using internal::Lexer;
using internal::LiteralProblem;
using internal::PositionAt;
using internal::Precedence;
using internal::Problem;
using internal::Sign;
using internal::Tighter;
using internal::Token;
using internal::TokenKind;

// A node and its depth as ParseLimits counts it.
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
  std::vector<Parsed> nodes;  // once it is not
  int depth = 0;
};

// The first problem is kept, and from then on the text seems to be at its
// end: every loop stops and every function returns some node, so that no
// caller has to check. Only Run looks.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const ParseLimits& limits)
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
  void RefuseMessage(const Expr& type);

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
  const ParseLimits& limits_;
  Lexer lexer_;
  TreeBuilder builder_;
  Arena scratch_;  // constants on their way into the tree
  Token token_;
  int nesting_ = 0;
  std::size_t list_values_ = 0;
  std::optional<Problem> problem_;
};

std::vector<const Expr*> NodesOf(std::span<const Parsed> parsed) {
  std::vector<const Expr*> nodes;
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
  std::vector<Parsed> terms = {first};
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
      Parsed index = ParseExpression();
      Expect(TokenKind::kRightBracket, "']'");
      const Parsed operands[] = {operand, index};
      operand = Call(operators::kIndex, position, operands);
    } else {
      if (At(TokenKind::kLeftBrace)) RefuseMessage(*operand.node);
      return operand;
    }
  }
}

Parsed ExpressionParser::ParseAfterDot(Parsed operand, SourcePosition dot) {
  Token name = token_;
  std::string quoted;
  std::string_view field = name.text;
  if (At(TokenKind::kQuotedIdentifier)) {
    if (auto problem = ReadText(name, quoted)) {
      RefuseInside(name, *problem);
    } else if (quoted.empty()) {
      Refuse(name.position, "expected a field name, got an empty one");
    }
    field = quoted;
    Read();
  } else {
    Expect(TokenKind::kIdentifier, "a field name");
    if (At(TokenKind::kLeftParenthesis)) return ParseMemberCall(operand, name);
  }
  builder_.set_position(dot);
  return Keep(builder_.Select(operand.node, field), operand.depth + 1);
}

Parsed ExpressionParser::ParseMemberCall(Parsed receiver, const Token& name) {
  if (IsComprehension(name.text)) {
    Refuse(name.position,
           "the macro " + std::string(name.text) + "() is not supported");
  }
  std::vector<Parsed> arguments = ParseArguments();
  builder_.set_position(name.position);
  return Keep(builder_.MemberCall(receiver.node, name.text, NodesOf(arguments)),
              std::max(receiver.depth, DeepestOf(arguments)) + 1);
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

Parsed ExpressionParser::ParseList() {
  ListElements elements;
  elements.position = token_.position;
  Read();
  while (!At(TokenKind::kRightBracket) && !problem_) {
    ParseElement(elements);
    if (!Accept(TokenKind::kComma)) break;
  }
  Expect(TokenKind::kRightBracket, "',' or ']'");
  builder_.set_position(elements.position);
  if (!elements.is_constant) {
    return Keep(builder_.List(NodesOf(elements.nodes)), elements.depth + 1);
  }
  list_values_ += elements.values.size();
  ListValue list(elements.values);
  return Keep(builder_.Literal(Value::List(&list)), elements.depth + 1);
}

// A constant list may hold thousands of values, so they become nodes only
// once an element turns up that is not constant.
void ExpressionParser::ParseElement(ListElements& elements) {
  SourcePosition position = token_.position;
  std::optional<Value> value = TryConstantElement();
  Parsed parsed;
  if (!value) {
    parsed = ParseExpression();
    elements.depth = std::max(elements.depth, parsed.depth);
    if (parsed.node->kind == ExprKind::kLiteral) value = parsed.node->literal;
  }
  if (elements.is_constant && value) {
    elements.values.push_back(*value);
    elements.positions.push_back(position);
    if (list_values_ + elements.values.size() > limits_.list_values) {
      Refuse(position, "expected at most " +
                           std::to_string(limits_.list_values) +
                           " values in constant lists, got more");
    }
    return;
  }
  if (elements.is_constant) MakeNodes(elements);
  if (parsed.node == nullptr) parsed = Literal(*value, position);
  elements.nodes.push_back(parsed);
}

// The value of an element that is one token, or a minus and a number. Else
// nothing, and nothing is read.
std::optional<Value> ExpressionParser::TryConstantElement() {
  Lexer lexer = lexer_;
  Token token = token_;
  std::optional<Value> value = ReadConstant();
  if (value && !problem_ &&
      (At(TokenKind::kComma) || At(TokenKind::kRightBracket))) {
    return value;
  }
  if (problem_) return Value::Null();
  lexer_ = lexer;
  token_ = token;
  return std::nullopt;
}

void ExpressionParser::MakeNodes(ListElements& elements) {
  elements.is_constant = false;
  for (std::size_t i = 0; i < elements.values.size(); ++i) {
    elements.nodes.push_back(
        Literal(elements.values[i], elements.positions[i]));
  }
}

Parsed ExpressionParser::ParseMap() {
  SourcePosition position = token_.position;
  Read();
  std::vector<Parsed> entries;
  while (!At(TokenKind::kRightBrace) && !problem_) {
    entries.push_back(ParseExpression());
    Expect(TokenKind::kColon, "':'");
    entries.push_back(ParseExpression());
    if (!Accept(TokenKind::kComma)) break;
  }
  Expect(TokenKind::kRightBrace, "',' or '}'");
  builder_.set_position(position);
  return Keep(builder_.Map(NodesOf(entries)), DeepestOf(entries) + 1);
}

// The value of a literal token, or of a minus sign and a number, in scratch_.
// Nothing if another token stands here.
std::optional<Value> ExpressionParser::ReadConstant() {
  SourcePosition position = token_.position;
  switch (token_.kind) {
    case TokenKind::kMinus:
      Read();
      if (!At(TokenKind::kInt) && !At(TokenKind::kDouble)) return std::nullopt;
      return ReadNumberToken(Sign::kMinus, position);
    case TokenKind::kInt:
    case TokenKind::kUint:
    case TokenKind::kDouble:
      return ReadNumberToken(Sign::kNone, position);
    case TokenKind::kString:
      return Value::String(ReadTextToken());
    case TokenKind::kBytes:
      return Value::Bytes(ReadTextToken());
    case TokenKind::kNull:
      Read();
      return Value::Null();
    case TokenKind::kTrue:
      Read();
      return Value::Bool(true);
    case TokenKind::kFalse:
      Read();
      return Value::Bool(false);
    default:
      return std::nullopt;
  }
}

Value ExpressionParser::ReadNumberToken(Sign sign, SourcePosition position) {
  Token number = token_;
  Read();
  auto value = ReadNumber(number, sign);
  if (value) return *value;
  std::string_view kind = number.kind == TokenKind::kDouble ? "a double"
                          : number.kind == TokenKind::kUint ? "a uint"
                                                            : "an int";
  Refuse(position, "expected a number that fits " + std::string(kind) +
                       ", got " + (sign == Sign::kMinus ? "minus " : "") +
                       Describe(number));
  return Value::Null();
}

std::string_view ExpressionParser::ReadTextToken() {
  Token token = token_;
  Read();
  std::string content;
  if (auto problem = ReadText(token, content)) {
    RefuseInside(token, *problem);
  }
  return scratch_.CopyText(content);
}

void ExpressionParser::RefuseMessage(const Expr& type) {
  const Expr* name = &type;
  while (name->kind == ExprKind::kSelect && !name->is_test) {
    name = name->operand;
  }
  if (name->kind != ExprKind::kIdentifier) return;
  Refuse(token_.position, "message literals are not supported");
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

}  // namespace

Result<Tree> Parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.text_bytes) {
    return ExpressionError(
        text, {},
        "expected at most " + std::to_string(limits.text_bytes) +
            " bytes of text, got " + std::to_string(text.size()));
  }
  std::size_t malformed = FindMalformed(text);
  if (malformed < text.size()) {
    return ExpressionError(
        text, PositionAt(text, {}, malformed),
        "expected UTF-8, got " + DescribeStart(text.substr(malformed)));
  }
  return ExpressionParser(text, limits).Run();
}

}  // namespace streamer::cel
