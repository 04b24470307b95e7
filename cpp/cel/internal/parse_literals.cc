#include <algorithm>
#include <memory>
#include <utility>

#include "cel/internal/expression_parser.h"

namespace streamer::cel::internal {
namespace {

// Flags in one piece, which std::vector<bool> is not.
class Flags {
 public:
  void Add(bool flag) { flags_.push_back(flag ? 1 : 0); }
  std::span<const bool> span() {
    copy_ = std::make_unique<bool[]>(flags_.size());
    std::copy(flags_.begin(), flags_.end(), copy_.get());
    return {copy_.get(), flags_.size()};
  }

 private:
  std::vector<char> flags_;
  std::unique_ptr<bool[]> copy_;
};

const Expr* MakeList(TreeBuilder& builder, const ListElements& elements) {
  Flags are_optional;
  for (bool flag : elements.are_optional) are_optional.Add(flag);
  return builder.List(NodesOf(elements.nodes), are_optional.span());
}

}  // namespace

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
    return Keep(MakeList(builder_, elements), elements.depth + 1);
  }
  list_values_ += elements.values.size();
  ListValue list(elements.values);
  return Keep(builder_.Literal(Value::List(&list)), elements.depth + 1);
}

// A constant list may hold thousands of values, so they become nodes only
// once an element turns up that is not constant.
void ExpressionParser::ParseElement(ListElements& elements) {
  SourcePosition position = token_.position;
  bool is_optional = Accept(TokenKind::kQuestion);
  std::optional<Value> value;
  if (!is_optional) value = TryConstantElement();
  Parsed parsed;
  if (!value) {
    parsed = ParseExpression();
    elements.depth = std::max(elements.depth, parsed.depth);
    if (parsed.node->kind == ExprKind::kLiteral) value = parsed.node->literal;
  }
  if (elements.is_constant && value && !is_optional) {
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
  elements.are_optional.push_back(is_optional);
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
    elements.are_optional.push_back(false);
  }
}

Parsed ExpressionParser::ParseMap() {
  SourcePosition position = token_.position;
  Read();
  std::vector<Parsed> entries;
  Flags are_optional;
  while (!At(TokenKind::kRightBrace) && !problem_) {
    are_optional.Add(Accept(TokenKind::kQuestion));
    entries.push_back(ParseExpression());
    Expect(TokenKind::kColon, "':'");
    entries.push_back(ParseExpression());
    if (!Accept(TokenKind::kComma)) break;
  }
  Expect(TokenKind::kRightBrace, "',' or '}'");
  builder_.set_position(position);
  return Keep(builder_.Map(NodesOf(entries), are_optional.span()),
              DeepestOf(entries) + 1);
}

// What stands before the brace is a name, perhaps with dots.
Parsed ExpressionParser::ParseMessage(Parsed type) {
  SourcePosition position = token_.position;
  Read();
  std::vector<std::string> fields;
  std::vector<Parsed> values;
  Flags are_optional;
  while (!At(TokenKind::kRightBrace) && !problem_) {
    are_optional.Add(Accept(TokenKind::kQuestion));
    fields.push_back(ParseFieldName());
    Expect(TokenKind::kColon, "':'");
    values.push_back(ParseExpression());
    if (!Accept(TokenKind::kComma)) break;
  }
  Expect(TokenKind::kRightBrace, "',' or '}'");
  builder_.set_position(position);
  std::vector<std::string_view> names(fields.begin(), fields.end());
  return Keep(builder_.Message(QualifiedName(*type.node), names,
                               NodesOf(values), are_optional.span()),
              DeepestOf(values) + 1);
}

// A name after a dot, or before the colon of a message's field.
std::string ExpressionParser::ParseFieldName() {
  Token name = token_;
  if (!At(TokenKind::kQuotedIdentifier)) {
    Expect(TokenKind::kIdentifier, "a field name");
    return std::string(name.text);
  }
  std::string quoted;
  if (auto problem = ReadText(name, quoted)) {
    RefuseInside(name, *problem);
  } else if (quoted.empty()) {
    Refuse(name.position, "expected a field name, got an empty one");
  }
  Read();
  return quoted;
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

}  // namespace streamer::cel::internal
